/** Recordings of calls in simulated time: the real tracks, lanes, clocks, files and muxer; only what taps hand over is made up. */
import { expect, vi } from 'vitest';
import type { DecoderLook, EncodedFrame, EncodedInput, FromTap, ToTap } from '../../src/encoded.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { Recording } from '../../src/manifest.ts';
import { type RecorderOptions, resolveOptions } from '../../src/options.ts';
import { CallTracks } from '../../src/worker/call-tracks.ts';
import { RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { md5, readByMp4box } from './mux-kit.ts';
import { ID } from './server-kit.ts';

export const SECOND = 1_000_000;
export const MS = 1_000;
/** From one packet of sound to the next; and a picture is sent with each second one. */
export const PACKET = 20 * MS;

type Kind = 'video' | 'audio';

/** A tap as the recording's worker sees it. */
export class PlayedTap {
  readonly asked: ToTap['type'][] = [];
  /** How often frames were to be handed over; milliseconds. */
  readonly paces: number[] = [];
  readonly input: EncodedInput;
  /** Frames wait to be handed over together. */
  holds = false;
  readonly #held: FromTap[] = [];
  readonly #port = {
    onmessage: null as ((event: { data: FromTap[] }) => void) | null,
    postMessage: (message: ToTap) => {
      this.asked.push(message.type);
      if (message.type === 'pace') this.paces.push(message.every);
      if (message.type === 'close') this.end();
    },
    close: () => undefined,
  };

  constructor(side: EncodedInput['side'] = 'receiver', looks = false, fed = false) {
    this.input = { port: this.#port as unknown as MessagePort, side, looks, fed };
  }

  hand(frame: EncodedFrame): void {
    if (this.holds) this.#held.push({ type: 'frame', frame });
    else this.#port.onmessage?.({ data: [{ type: 'frame', frame }] });
  }

  /** The track is over, or the call. */
  end(): void {
    this.#port.onmessage?.({ data: [...this.#held.splice(0), { type: 'ended' }] });
  }

  /** The recording was slow to take them. */
  overflow(frames: number): void {
    this.#port.onmessage?.({ data: [{ type: 'overflow', frames }] });
  }

  /** The page's decoder has come so far. */
  see(look: DecoderLook): void {
    this.#port.onmessage?.({ data: [{ type: 'look', look }] });
  }

  /** How many key frames were asked for. */
  get keyFrames(): number {
    return this.asked.filter(type => type === 'key-frame').length;
  }
}

/** What is told of a frame, besides what follows from when it is sent. */
export interface More extends Partial<Omit<EncodedFrame, 'data' | 'arrival'>> {
  key?: boolean;
  /** On the way; microseconds. */
  delay?: number;
  /** It has been sent already. */
  again?: Sent;
}

export interface Sent {
  kind: Kind;
  /** Simulated time. */
  at: number;
  data: Uint8Array;
  rtpTimestamp: number;
  sequenceNumber: number;
}

const VP8_KEY = [0x10, 2, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0, 0, 0];
/** Full-band CELT of 20 ms. */
const OPUS = [31 << 3];

let serial = 0;
/** Bytes that no other frame has. */
const withNumber = (begin: readonly number[]): Uint8Array =>
  Uint8Array.of(...begin, ...Buffer.from(`number ${++serial}`));

/** One end of a call that sends in real time, by a clock of its own. */
export class Sender {
  ssrc = 1;
  delay = 40 * MS;
  readonly sent: Sent[] = [];
  #origin: number;
  #number = 65_530;

  constructor(
    readonly kind: Kind,
    private readonly call: Pick<PlayedCall, 'clock'>,
    readonly tap: PlayedTap = new PlayedTap(),
  ) {
    this.#origin = kind === 'video' ? 4_294_900_000 : 12_345;
  }

  /** Goes on as another RTP source, whose timestamps have nothing to do with those before. */
  renew(): void {
    this.ssrc++;
    this.#origin += 987_654_321;
    this.#number += 1_000;
  }

  send({ key = false, delay = this.delay, again, ...more }: More = {}): Sent {
    const { clock } = this.call;
    const rate = this.kind === 'video' ? 0.09 : 0.048;
    const data = withNumber(this.kind === 'audio' ? OPUS : key ? VP8_KEY : [0x11]);
    const rtpTimestamp = (this.#origin + Math.round(clock.now() * rate)) % 2 ** 32;
    const one = again ?? {
      ...{ kind: this.kind, at: clock.now(), data, rtpTimestamp },
      sequenceNumber: this.#number++ % 65_536,
    };
    if (!again) this.sent.push(one);
    const frame = {
      ...{ ssrc: this.ssrc, rtpTimestamp: one.rtpTimestamp },
      ...(this.kind === 'audio'
        ? { mimeType: 'audio/opus', sequenceNumber: one.sequenceNumber }
        : { mimeType: 'video/VP8' }),
      ...more,
    };
    clock.after(delay / MS, () =>
      this.tap.hand({ ...frame, data: one.data.slice().buffer, arrival: clock.now() }),
    );
    return one;
  }
}

/** A frame as it is found in a file. */
export interface Found {
  kind: Kind;
  sent: Sent | undefined;
  /** Seconds on the timeline. */
  time: number;
  key: boolean;
}

const open: PlayedCall[] = [];

export class PlayedCall {
  readonly clock = new SimulatedClock();
  readonly stats = emptyStats();
  readonly warnings: string[] = [];
  /** What the session heard. */
  readonly told: string[] = [];
  readonly failures: unknown[] = [];
  readonly tracks: CallTracks;
  readonly video: Sender | undefined;
  readonly audio: Sender | undefined;
  readonly #stores = new Map<string, MemoryStore>();
  readonly #keeper: ManifestKeeper;
  readonly #files: RecordingFiles;
  readonly #senders: Sender[] = [];

  constructor(
    options: RecorderOptions = {},
    taps: { video?: PlayedTap | undefined; audio?: PlayedTap | undefined } = {
      video: new PlayedTap(),
      audio: new PlayedTap(),
    },
  ) {
    open.push(this);
    vi.stubGlobal('performance', { timeOrigin: 0, now: () => this.clock.now() / MS });
    this.video = taps.video && this.sender('video', taps.video);
    this.audio = taps.audio && this.sender('audio', taps.audio);
    const startedAt = '2024-05-01T10:00:00.000Z';
    const fail = (error: unknown): void => void this.failures.push(error);
    const report = { warn: (code: string) => void this.warnings.push(code), fail };
    const log = new RecordingLog(undefined, fail);
    this.#keeper = new ManifestKeeper({
      ...{ id: ID, startedAt, metadata: {}, write: async () => undefined },
      ...{ onFile: () => undefined, onChange: () => undefined, onEvent: () => undefined, onError: fail },
    });
    const sink = {
      ...{
        writeManifest: async () => undefined,
        put: async () => undefined,
        store: async () => undefined,
        remove: async () => undefined,
      },
    };
    this.#files = new RecordingFiles({
      ...{ recordingId: ID, startedAt, sink, keeper: this.#keeper, log, stats: this.stats, report },
      ...{ signal: new AbortController().signal, removeWhenStored: false, onStorageError: fail },
      openStore: name => {
        const store = new MemoryStore();
        this.#stores.set(name, store);
        return store;
      },
    });
    const resolved = resolveOptions({ ...options, passthrough: { vp8: 'record', ...options.passthrough } });
    this.tracks = new CallTracks({
      setup: {
        ...{ recordingId: ID, startedAt, options: resolved, aacEncoderUrl: 'none', video: undefined },
        ...{ audio: undefined, storage: { kind: 'device' } },
        call: { video: taps.video?.input, audio: taps.audio?.input, url: 'none' },
      },
      ...{ files: this.#files, keeper: this.#keeper, stats: this.stats, report, wall: this.clock },
      ...{ onWaiting: () => void this.told.push('waiting'), onResumed: () => void this.told.push('resumed') },
      onEnded: () => void this.told.push('ended'),
    });
  }

  /** Another end, which is not recorded before it takes the place of another one. */
  sender(kind: Kind, tap?: PlayedTap): Sender {
    const sender = new Sender(kind, this, tap);
    this.#senders.push(sender);
    return sender;
  }

  /** Sound each 20 ms, a picture each 40, for so many seconds. @param each what is done before each packet of sound. */
  async run(seconds: number, { audio = this.audio, video = this.video, each }: Running = {}): Promise<void> {
    for (let i = 0; i < (seconds * SECOND) / PACKET; i++) {
      each?.(i);
      audio?.send();
      if (i % 2 === 0) video?.send({ key: i === 0 });
      await this.clock.advance(PACKET);
    }
  }

  /** What was sent comes. */
  async arrive(): Promise<void> {
    await this.clock.advance(300 * MS);
  }

  /** Ends the recording. @returns what is in its files. */
  async stop(): Promise<{ recording: Recording; found: Found[] }> {
    const stopped = this.tracks.stop();
    await this.clock.advance(SECOND);
    await stopped;
    await this.#files.settled();
    const recording = this.#keeper.manifest;
    const sent = new Map(this.#senders.flatMap(one => one.sent.map(two => [md5(two.data), two])));
    const found: Found[] = [];
    for (const { key, bytes, startTime } of recording.files) {
      const store = this.#stores.get(key.split('/').at(-1) ?? '');
      const tracks = await readByMp4box((await store?.read(0, bytes)) ?? new Uint8Array());
      for (const kind of ['video', 'audio'] as const)
        for (const sample of tracks[kind])
          found.push({ kind, sent: sent.get(sample.data), time: startTime + sample.time, key: sample.key });
    }
    return { recording, found };
  }
}

export interface Running {
  /** Who sends; absent: who is recorded at the start; `null`: nobody. */
  video?: Sender | null;
  audio?: Sender | null;
  each?: (i: number) => void;
}

/** To be called after each test. */
export const endCalls = (): void => {
  for (const call of open.splice(0)) call.tracks.cancel();
  vi.unstubAllGlobals();
};

/** Of one kind. */
export const of = (found: readonly Found[], kind: Found['kind']): Found[] =>
  found.filter(one => one.kind === kind);

/** Those that were sent from one moment to another are all there, once and in order; and no others of the sender. */
export const expectSent = (found: readonly Found[], sent: readonly Sent[], from = 0, to = Infinity): void => {
  const expected = sent.filter(({ at }) => at >= from && at < to);
  const there = found.flatMap(one => (one.sent && sent.includes(one.sent) ? [one.sent.at] : []));
  expect(there).toEqual(expected.map(({ at }) => at));
};

/** By how much the sound lies later than the picture, beside which it was sent; microseconds, by the last ones before a time. */
export const apart = (found: readonly Found[], before: number): number => {
  const offset = (kind: Found['kind']): number => {
    const last = of(found, kind).findLast(({ sent }) => sent !== undefined && sent.at <= before);
    return (last?.time ?? Number.NaN) * SECOND - (last?.sent?.at ?? 0);
  };
  return Math.abs(offset('audio') - offset('video'));
};

/** Decoding order is that of time, and nothing lies on something else. */
export const expectMonotonic = (found: readonly Found[]): void => {
  for (const kind of ['video', 'audio'] as const) {
    const times = of(found, kind).map(({ time }) => time);
    for (const [i, time] of times.entries()) expect(time).toBeGreaterThan(times[i - 1] ?? -1);
  }
};
