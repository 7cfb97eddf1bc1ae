/** What is around a simulated recording: sources, encoders, and storage in memory. */
import { MemoryBudget, MemoryStore } from '../../src/journal/memory-store.ts';
import { type ColorSpace, fileKey } from '../../src/manifest.ts';
import type { AudioInput, VideoInput } from '../../src/source/capture.ts';
import type { StorageSink } from '../../src/storage/sink.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import {
  type EncoderWorld,
  enterWorld,
  type Fate,
  type SimulatedAudioEncoder,
  type SimulatedVideoEncoder,
} from '../support/simulated-encoders.ts';
import { Ledger, SimulatedAudioData, SimulatedFrame } from '../support/simulated-frames.ts';
import { COLORS } from '../support/simulated-packets.ts';
import { SimulatedSource } from '../support/simulated-source.ts';
import { ID } from './server-kit.ts';
import { random } from './source-kit.ts';
import {
  type AudioShape,
  type Kind,
  type Scenario,
  SECOND,
  type Track,
  type VideoShape,
} from './timeline-scenario.ts';

/** As much as `capture.ts` asks the browser to keep. */
const BUFFERS = { video: 60, audio: 300 };

/** By the beginning of the codec string. */
const FAMILIES: Record<string, string> = { avc1: 'avc', vp09: 'vp9', av01: 'av1', vp8: 'vp8' };

export const SINK: StorageSink = {
  writeManifest: async () => undefined,
  put: async () => undefined,
  store: async () => undefined,
  remove: async () => undefined,
};

interface Opened<Item extends { close(): void }, Shape> {
  source: SimulatedSource<Item>;
  shape: Shape;
}

export class World implements EncoderWorld {
  readonly clock = new SimulatedClock();
  readonly ledger = new Ledger();
  readonly videoEncoders: SimulatedVideoEncoder[] = [];
  readonly audioEncoders: SimulatedAudioEncoder[] = [];
  readonly packetSeconds: number | undefined;
  readonly #random: () => number;
  readonly #stores = new Map<string, MemoryStore>();
  readonly #handed: Record<Track, number> = { video: 0, audio: 0 };
  /** When the first frame that a reader has got was captured. */
  #firstFrame: number | undefined;
  #samples: { count: number; captured: number }[] = [];
  /** All that were ever opened: those that were replaced may still be read. */
  readonly #sources: { sleep(microseconds: number, runsOn: boolean): void }[] = [];
  video: Opened<SimulatedFrame, VideoShape> | undefined;
  audio: Opened<SimulatedAudioData, AudioShape> | undefined;

  constructor(private readonly scenario: Scenario) {
    this.#random = random(scenario.seed);
    this.packetSeconds = scenario.encoders.packetSeconds;
    enterWorld(this);
  }

  now(): number {
    return this.clock.now();
  }

  after(microseconds: number, call: () => void): void {
    if (microseconds <= 0) queueMicrotask(call);
    else this.clock.after(microseconds / 1000, call);
  }

  lag(): number {
    return Math.floor(this.#random() ** 2 * this.scenario.encoders.lag);
  }

  bytes(): number {
    return Math.floor(this.#random() ** 4 * this.scenario.encoders.bytes);
  }

  fate(kind: Track): Fate {
    const encoders = kind === 'video' ? this.videoEncoders : this.audioEncoders;
    return this.scenario.encoders[kind][encoders.length - 1] ?? {};
  }

  supports(config: VideoEncoderConfig | AudioEncoderConfig): boolean {
    const { families, pixels } = this.scenario.encoders;
    const { codec } = config;
    if (!('width' in config)) {
      if (codec === 'opus') return config.numberOfChannels <= 2;
      return families.includes('aac');
    }
    const family = FAMILIES[codec.slice(0, 4)] ?? '';
    return families.includes(family) && config.width * config.height <= pixels;
  }

  openVideo({ shape, timing }: Kind<VideoShape>): VideoInput {
    const own = { ...shape };
    const { clock } = this;
    const source = new SimulatedSource<SimulatedFrame>({
      ...{ clock, random: this.#random, timing, buffer: BUFFERS.video },
      step: () => SECOND / own.rate,
      make: timestamp => new SimulatedFrame(this.#picture(own), { timestamp }),
      onHanded: (frame, captured) => {
        this.#firstFrame ??= captured;
        frame.number(++this.#handed.video);
      },
    });
    this.#sources.push(source);
    this.video = { source, shape: own };
    return { readable: source.readable as unknown as ReadableStream<VideoFrame>, frameRate: shape.rate };
  }

  #picture({ rate: _, color, ...shape }: VideoShape) {
    return { ...shape, id: 0, colorSpace: COLORS[color] as ColorSpace, fitted: false };
  }

  openAudio({ shape, timing }: Kind<AudioShape>): AudioInput {
    const own = { ...shape };
    const { clock } = this;
    const frames = (): number => Math.round((own.piece * own.sampleRate) / SECOND);
    const source = new SimulatedSource<SimulatedAudioData>({
      ...{ clock, random: this.#random, timing, buffer: BUFFERS.audio },
      step: () => (frames() * SECOND) / own.sampleRate,
      make: timestamp => new SimulatedAudioData({ ...own, numberOfFrames: frames(), timestamp }),
      onHanded: ({ numberOfFrames }, captured) => {
        this.#handed.audio++;
        this.#samples.push({ count: numberOfFrames, captured });
      },
    });
    this.#sources.push(source);
    this.audio = { source, shape: own };
    const { sampleRate, numberOfChannels } = shape;
    const readable = source.readable as unknown as ReadableStream<AudioData>;
    return { readable, sampleRate, numberOfChannels };
  }

  /** What readers were given. */
  get handed(): Record<Track, number> {
    return { ...this.#handed };
  }

  /** Samples that were captured before the first frame. */
  get early(): number {
    const first = this.#firstFrame ?? Number.POSITIVE_INFINITY;
    return this.#samples.reduce((sum, { count, captured }) => sum + (captured < first ? count : 0), 0);
  }

  openStore(name: string): MemoryStore {
    const store = new MemoryStore(new MemoryBudget(Number.POSITIVE_INFINITY));
    this.#stores.set(fileKey(ID, Number.parseInt(name, 10)), store);
    return store;
  }

  async read(key: string, bytes: number): Promise<Buffer> {
    return Buffer.from((await this.#stores.get(key)?.read(0, bytes)) ?? []);
  }

  /** The machine sleeps from now on. */
  sleep(microseconds: number, clocksRunOn: boolean): void {
    for (const source of this.#sources) source.sleep(microseconds, clocksRunOn);
  }

  /** No source gives anything any more. */
  endSources(): void {
    this.video?.source.end();
    this.audio?.source.end();
  }
}
