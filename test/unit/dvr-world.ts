/**
 * A ring in simulated time as its worker runs it, and recordings that are made of it as theirs do: the real host, tracks, lanes,
 * ring, files and muxer, with only the browser's own parts simulated.
 */
import { vi } from 'vitest';
import type { RingRequest } from '../../src/clip/protocol.ts';
import { MemoryBudget, MemoryStore } from '../../src/journal/memory-store.ts';
import type { Recording } from '../../src/manifest.ts';
import { type RecorderOptions, resolveOptions } from '../../src/options.ts';
import { ConstantRate } from '../../src/source/constant-rate.ts';
import { RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import type { FromWorker } from '../../src/worker/protocol.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { RingHost } from '../../src/worker/ring-host.ts';
import { RingTracks } from '../../src/worker/ring-tracks.ts';
import type { SessionTracks } from '../../src/worker/session-tracks.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { Tracks } from '../../src/worker/tracks.ts';
import type { SimulatedClock } from '../support/simulated-clock.ts';
import type { Fate } from '../support/simulated-encoders.ts';
import { SimulatedFrame } from '../support/simulated-frames.ts';
import { COLORS, readTrace } from '../support/simulated-packets.ts';
import { ID } from './server-kit.ts';
import { type ReadFile, readFile } from './timeline-bytes.ts';
import { type Scenario, SECOND } from './timeline-scenario.ts';
import { SINK, World } from './timeline-world.ts';

/** One end of a channel, in simulated time: what comes before anybody listens waits. */
class Port {
  #listener: ((event: { data: unknown }) => void) | null = null;
  #waiting: unknown[] = [];
  other: Port | undefined;

  set onmessage(listener: ((event: { data: unknown }) => void) | null) {
    this.#listener = listener;
    if (listener) for (const data of this.#waiting.splice(0)) listener({ data });
  }

  postMessage(message: unknown): void {
    const [data, { other }] = [structuredClone(message), this];
    queueMicrotask(() => other?.take(data));
  }

  take(data: unknown): void {
    if (this.#listener) this.#listener({ data });
    else this.#waiting.push(data);
  }

  close(): void {
    this.other = undefined;
  }
}

export const channel = (): [MessagePort, MessagePort] => {
  const [one, two] = [new Port(), new Port()];
  one.other = two;
  two.other = one;
  return [one as unknown as MessagePort, two as unknown as MessagePort];
};

interface Chunk {
  timestamp: number;
  data: Uint8Array;
}

/** Makes frames of the packets of simulated encoders: as many as `flush` or its turn lets out, as browsers do. */
class SimulatedDecoder {
  state = 'unconfigured';
  decodeQueueSize = 0;
  readonly #output: (frame: SimulatedFrame) => void;

  constructor({ output }: { output: (frame: SimulatedFrame) => void }) {
    this.#output = output;
  }

  configure(): void {
    this.state = 'configured';
  }

  decode({ timestamp, data }: Chunk): void {
    const trace = readTrace(data);
    if (trace.kind !== 'video') throw new TypeError('This is sound.');
    const { picture: id, color, ...shape } = trace;
    const picture = { ...shape, id, colorSpace: COLORS[color] ?? (COLORS[0] as never), format: 'I420' };
    this.#output(new SimulatedFrame(picture, { timestamp }));
  }

  async flush(): Promise<void> {}

  close(): void {
    this.state = 'closed';
  }
}

/** What became of a recording. */
export interface Made {
  recording: Recording;
  files: ReadFile[];
  /** Numbers of its pictures, as the source gave them. */
  pictures: number[];
}

/** A recording of the ring, as a session makes it. */
export class MadeOfRing {
  readonly failures: unknown[] = [];
  readonly warnings: string[] = [];
  /** Whether its stream is away, as its page is told. */
  readonly told: ('waiting' | 'resumed')[] = [];
  readonly tracks: RingTracks;
  readonly #stores = new Map<string, MemoryStore>();
  readonly #keeper: ManifestKeeper;
  readonly #files: RecordingFiles;
  #stopping: Promise<void> | undefined;
  over = false;

  constructor(world: Pick<World, 'clock'>, options: RecorderOptions, port: MessagePort, exact: boolean) {
    const startedAt = '2024-05-01T10:00:00.000Z';
    const fail = (error: unknown): void => {
      this.failures.push(error);
      void this.stop();
    };
    const report = { warn: (code: string) => void this.warnings.push(code), fail };
    const stats = emptyStats();
    this.#keeper = new ManifestKeeper({
      ...{ id: ID, startedAt, metadata: {}, write: async () => undefined },
      ...{ onFile: () => undefined, onChange: () => undefined, onEvent: () => undefined, onError: fail },
    });
    const shared = { keeper: this.#keeper, stats, report };
    this.#files = new RecordingFiles({
      ...{ ...shared, recordingId: ID, startedAt, sink: SINK, log: new RecordingLog(undefined, fail) },
      ...{ signal: new AbortController().signal, removeWhenStored: false, onStorageError: fail },
      openStore: name => {
        const store = new MemoryStore(new MemoryBudget(Number.POSITIVE_INFINITY));
        this.#stores.set(name, store);
        return store;
      },
    });
    const setup = {
      ...{ recordingId: ID, startedAt, options: resolveOptions(options), aacEncoderUrl: 'none' },
      ...{ storage: { kind: 'device' } as const, video: undefined, audio: undefined },
    };
    this.tracks = new RingTracks(
      {
        ...{ ...shared, setup, files: this.#files, wall: world.clock },
        onWaiting: () => void this.told.push('waiting'),
        onResumed: () => void this.told.push('resumed'),
        onEnded: () => void this.stop(),
      },
      { port, url: 'none', exact, method: 'encoding', frameRate: undefined },
    );
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    await this.tracks.stop();
    await this.#files.settled();
    await this.#files.stored();
    this.over = true;
  }

  /** Its files, as they are stored. */
  bytes(): Promise<Buffer[]> {
    return Promise.all(
      this.recording.files.map(async ({ key, bytes }) => {
        const store = this.#stores.get(key.split('/').at(-1) ?? '');
        return Buffer.from((await store?.read(0, bytes)) ?? []);
      }),
    );
  }

  get recording(): Recording {
    return this.#keeper.manifest;
  }

  async made(): Promise<Made> {
    const { recording } = this;
    const files: ReadFile[] = (await this.bytes()).map(readFile);
    const pictures = files.flatMap(({ video }) => video?.samples.map(({ trace }) => trace.picture) ?? []);
    return { recording, files, pictures };
  }
}

const TIMING = { base: 5_000 * SECOND, ppm: 0, latency: 20_000, jitter: 0, wobble: 0 };

/** 30 pictures and 100 pieces of sound a second. */
const scenario = (video: readonly Fate[]): Scenario => ({
  ...{ seed: 6, options: {}, steps: [] },
  video: {
    timing: TIMING,
    shape: { width: 640, height: 360, rotation: 0, flip: false, color: 0, format: 'I420', rate: 30 },
  },
  audio: { timing: TIMING, shape: { sampleRate: 48_000, numberOfChannels: 2, piece: 10_000 } },
  encoders: {
    ...{ lag: 200_000, families: ['avc1', 'avc', 'aac'], pixels: 1e8, bytes: 0, video, audio: [] },
  },
});

/** What the worker takes from its globals goes by this clock. */
export const stubTime = (clock: SimulatedClock): void => {
  vi.stubGlobal('performance', { timeOrigin: 0, now: () => clock.now() / 1_000 });
  vi.stubGlobal('setTimeout', (call: () => void, milliseconds = 0) => clock.after(milliseconds, call));
  vi.stubGlobal('setInterval', (call: () => void, milliseconds = 0) => clock.every(milliseconds, call));
  for (const clear of ['clearTimeout', 'clearInterval'])
    vi.stubGlobal(clear, (cancel: (() => void) | undefined) => cancel?.());
};

/** To be ended by `endRings` after each test. */
export class PlayedRing {
  readonly world: World;
  readonly host: RingHost;
  readonly told: FromWorker[] = [];
  #lastId = 0;

  /** @param fates what becomes of its video encoders, in the order in which they are opened. */
  constructor(
    private readonly options: RecorderOptions = {},
    fates: readonly Fate[] = [],
  ) {
    const made = scenario(fates);
    const world = new World(made);
    this.world = world;
    const { clock } = world;
    vi.stubGlobal('VideoDecoder', SimulatedDecoder);
    vi.stubGlobal('EncodedVideoChunk', function (this: Chunk, init: Chunk) {
      return init;
    });
    stubTime(clock);
    const { video, audio } = made;
    const { seconds } = options.dvr || { seconds: 60 };
    const setup = {
      ...{ id: ID, seconds, url: 'none', options: resolveOptions(options), aacEncoderUrl: 'none' },
      extrasUrl: 'none',
      video: video && world.openVideo(video),
      audio: audio && world.openAudio(audio),
    };
    this.host = new RingHost(
      setup,
      undefined,
      message => this.told.push(message),
      context => new Tracks({ ...context, wall: clock, Rate: ConstantRate }) as SessionTracks,
    );
  }

  make(request: RingRequest, exact = false): MadeOfRing {
    const [one, two] = channel();
    void this.host.read(++this.#lastId, request, one, exact);
    return new MadeOfRing(this.world, this.options, two, exact);
  }

  /** Lets so many seconds pass. */
  play(seconds: number): Promise<void> {
    return this.world.clock.advance(Math.round(seconds * SECOND));
  }

  /** Lets go of it, and lets everything come to its end. */
  async close(): Promise<void> {
    const closing = this.host.abort();
    await this.play(6);
    await closing;
  }

  /** All tracks end. */
  end(): void {
    this.world.video?.source.end();
    this.world.audio?.source.end();
  }

  /** What the source gives from now on is so wide. */
  resize(width: number): void {
    if (this.world.video) this.world.video.shape.width = width;
  }

  /** The track of the camera ends, or a new one comes. */
  setCamera(on: boolean): Promise<void> {
    const { video } = scenario([]);
    return this.host.replace({ video: on && video ? this.world.openVideo(video) : undefined, audio: 'same' });
  }

  /** Whether the source gives no picture. */
  set still(still: boolean) {
    if (this.world.video) this.world.video.source.muted = still;
  }
}

export const endRings = (): void => void vi.unstubAllGlobals();
