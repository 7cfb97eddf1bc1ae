/**
 * Stands in for the browser's encoders, in Node. They answer later, in order, by a simulated clock; they say what they
 * encode with the first packet and whenever it changes; they scale other sizes silently and refuse other rotations, as
 * Chromium's do; and they fail when they are told to.
 */
import type { ColorSpace } from '../../src/manifest.ts';
import {
  type Ledger,
  noteIn,
  SimulatedAudioData,
  SimulatedChunk,
  SimulatedFrame,
} from './simulated-frames.ts';
import {
  aacDescription,
  avcDescription,
  colorIndex,
  encodedColor,
  opusHead,
  writeTrace,
} from './simulated-packets.ts';

/** What is to become of an encoder. Numbers of inputs count from 1. */
export interface Fate {
  /** It dies when this one has gone in; what is inside is lost. */
  diesAt?: number | undefined;
  /** It tells so much later of its death; microseconds. Until then it takes everything, unless `closesAtOnce`. */
  tellsAfter?: number;
  closesAtOnce?: boolean;
  /** Nothing ever comes out of it. */
  hangs?: boolean;
  /** It changes its parameters by itself at this one. */
  changesAt?: number | undefined;
}

/** What encoders need to know of the world around them. */
export interface EncoderWorld {
  ledger: Ledger;
  /** Simulated time; microseconds. */
  now(): number;
  /** Calls back after so many microseconds of simulated time. */
  after(microseconds: number, call: () => void): void;
  /** How long the next packet takes; microseconds. */
  lag(): number;
  /** Bytes of the next packet. */
  bytes(kind: 'video' | 'audio'): number;
  /** What becomes of an encoder that is configured now. */
  fate(kind: 'video' | 'audio', codec: string): Fate;
  supports(config: VideoEncoderConfig | AudioEncoderConfig): boolean;
  videoEncoders: SimulatedVideoEncoder[];
  audioEncoders: SimulatedAudioEncoder[];
  /** Seconds of audio in a packet, where that is not what the codec has. */
  packetSeconds?: number | undefined;
}

let world: EncoderWorld;

type State = 'unconfigured' | 'configured' | 'closed';

/** What both kinds have in common: a queue that is emptied in order, and the ways to end. */
abstract class Encoder {
  state: State = 'unconfigured';
  protected readonly world = world;
  protected fate: Fate = {};
  protected codec = '';
  /** Inputs so far. */
  inputs = 0;
  /** Packets that were given out. */
  emitted = 0;
  dead = false;
  #waiting: (() => void)[] = [];
  #lastDue = 0;
  #flushes: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(private readonly error: (error: DOMException) => void) {}

  protected begin(kind: 'video' | 'audio', codec: string): void {
    this.codec = codec;
    this.fate = this.world.fate(kind, codec);
    this.state = 'configured';
  }

  protected checkOpen(): void {
    if (this.state !== 'configured')
      throw new DOMException(`The encoder is ${this.state}.`, 'InvalidStateError');
  }

  /** Counts an input, and ends the encoder when its time has come. */
  protected count(): void {
    this.inputs++;
    if (this.inputs === this.fate.diesAt) this.die();
  }

  /** The browser reclaims it, or its hardware is lost. */
  die(): void {
    if (this.state !== 'configured' || this.dead) return;
    this.dead = true;
    if (this.fate.closesAtOnce) this.#end();
    this.world.after(this.fate.tellsAfter ?? 0, () => {
      const closedByUser = this.state === 'closed' && !this.fate.closesAtOnce;
      this.#end();
      if (!closedByUser) this.error(new DOMException('The codec was reclaimed.', 'QuotaExceededError'));
    });
  }

  /** Gives something out later, after all that went in before. */
  protected later(give: () => void): void {
    this.#waiting.push(give);
    if (this.fate.hangs) return;
    const now = this.world.now();
    const due = Math.max(now + this.world.lag(), this.#lastDue);
    this.#lastDue = due;
    this.world.after(due - now, () => this.#giveNext());
  }

  #giveNext(): void {
    const give = this.#waiting.shift();
    if (!give || this.state !== 'configured' || this.dead) return;
    this.emitted++;
    give();
    this.#settleFlushes();
  }

  #settleFlushes(): void {
    if (this.#waiting.length > 0) return;
    for (const { resolve } of this.#flushes.splice(0)) resolve();
  }

  flush(): Promise<void> {
    try {
      this.checkOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    this.drain();
    return new Promise((resolve, reject) => {
      this.#flushes.push({ resolve, reject });
      if (!this.dead) this.#settleFlushes();
    });
  }

  /** Puts what is not yet a whole packet into the queue. */
  protected abstract drain(): void;

  #end(): void {
    this.state = 'closed';
    const error = new DOMException('The encoder was closed.', 'AbortError');
    for (const { reject } of this.#flushes.splice(0)) reject(error);
  }

  close(): void {
    if (this.state === 'closed') throw new DOMException('The encoder is closed.', 'InvalidStateError');
    this.#end();
  }
}

type VideoOutput = (chunk: SimulatedChunk, metadata: { decoderConfig?: VideoDecoderConfig }) => void;

export class SimulatedVideoEncoder extends Encoder {
  readonly id: number;
  #config: VideoEncoderConfig | undefined;
  #orientation: string | undefined;
  #told: string | undefined;
  #version = 0;

  constructor(private readonly init: { output: VideoOutput; error: (error: DOMException) => void }) {
    super(init.error);
    this.id = this.world.videoEncoders.push(this) - 1;
  }

  static async isConfigSupported(config: VideoEncoderConfig): Promise<{ supported: boolean }> {
    return { supported: world.supports(config) };
  }

  configure(config: VideoEncoderConfig): void {
    this.#config = config;
    this.begin('video', config.codec);
  }

  encode(frame: SimulatedFrame, { keyFrame }: { keyFrame: boolean }): void {
    this.checkOpen();
    const { picture, timestamp } = frame;
    const orientation = `${picture.rotation} ${picture.flip}`;
    this.#orientation ??= orientation;
    if (this.#orientation !== orientation)
      throw new DOMException('The frame has another orientation.', 'DataError');
    if (this.inputs + 1 === this.fate.changesAt) this.#version++;
    const space = encodedColor(picture.colorSpace);
    const told = JSON.stringify([space, this.#version]);
    const key = keyFrame || told !== this.#told;
    const decoderConfig = told === this.#told ? undefined : this.#decoderConfig(space);
    this.#told = told;
    const { width, height, rotation, flip, fitted } = picture;
    const data = writeTrace(
      {
        kind: 'video',
        encoder: this.id,
        index: this.inputs,
        picture: picture.id,
        ...{ timestamp, key, width, height, rotation, flip, fitted },
        color: colorIndex(picture.colorSpace),
        version: this.#version,
      },
      this.world.bytes('video'),
    );
    this.later(() => {
      const chunk = new SimulatedChunk(data, key ? 'key' : 'delta', timestamp, null);
      this.init.output(chunk, decoderConfig ? { decoderConfig } : {});
    });
    this.count();
  }

  #decoderConfig(colorSpace: ColorSpace): VideoDecoderConfig {
    const { width = 0, height = 0 } = this.#config ?? {};
    const details = [width >> 8, width & 0xff, height >> 8, height & 0xff, this.#version];
    return {
      codec: this.codec,
      codedWidth: width,
      codedHeight: height,
      colorSpace: colorSpace as VideoColorSpaceInit,
      ...(this.codec.startsWith('avc1') ? { description: avcDescription(this.codec, details) } : {}),
    };
  }

  protected override drain(): void {}
}

type AudioOutput = (chunk: SimulatedChunk, metadata: { decoderConfig?: AudioDecoderConfig }) => void;

export class SimulatedAudioEncoder extends Encoder {
  readonly id: number;
  sampleRate = 0;
  #channels = 0;
  /** Samples of a packet. */
  packet = 0;
  /** Samples that went in. */
  samples = 0;
  /** Samples that went in with the last piece. */
  lastPiece = 0;
  /** Timestamp of the first sample; microseconds. */
  base: number | undefined;
  /** True once `flush()` was called. */
  flushed = false;
  #queued = 0;
  #told = false;

  constructor(private readonly init: { output: AudioOutput; error: (error: DOMException) => void }) {
    super(init.error);
    this.id = this.world.audioEncoders.push(this) - 1;
  }

  static async isConfigSupported(config: AudioEncoderConfig): Promise<{ supported: boolean }> {
    return { supported: world.supports(config) };
  }

  configure(config: AudioEncoderConfig): void {
    this.sampleRate = config.sampleRate;
    this.#channels = config.numberOfChannels;
    const seconds = this.world.packetSeconds;
    if (seconds) this.packet = Math.round(config.sampleRate * seconds);
    else this.packet = config.codec === 'opus' ? Math.round(config.sampleRate / 50) : 1024;
    this.begin('audio', config.codec);
  }

  encode(data: SimulatedAudioData): void {
    this.checkOpen();
    const { ledger } = this.world;
    if (!data.isOpen) ledger.fault('audio is encoded after it was closed');
    if (data.sampleRate !== this.sampleRate || data.numberOfChannels !== this.#channels)
      ledger.fault(`audio of ${data.sampleRate} Hz, ${data.numberOfChannels} channels in another's encoder`);
    this.base ??= data.timestamp;
    const expected = this.base + (this.samples * 1e6) / this.sampleRate;
    if (Math.abs(data.timestamp - expected) > 2)
      ledger.fault(`audio encoder ${this.id}: a piece lies at ${data.timestamp}, not at ${expected}`);
    this.lastPiece = data.numberOfFrames;
    this.samples += data.numberOfFrames;
    while ((this.#queued + 1) * this.packet <= this.samples) this.#give();
    this.count();
  }

  #give(): void {
    const index = this.#queued++;
    const first = !this.#told;
    this.#told = true;
    const timestamp = Math.round((this.base ?? 0) + (index * this.packet * 1e6) / this.sampleRate);
    const next = Math.round((this.base ?? 0) + ((index + 1) * this.packet * 1e6) / this.sampleRate);
    const { sampleRate, id } = this;
    const trace = { encoder: id, index, timestamp, sampleRate, numberOfChannels: this.#channels };
    const data = writeTrace({ kind: 'audio', ...trace }, this.world.bytes('audio'));
    this.later(() => {
      const chunk = new SimulatedChunk(data, 'key', timestamp, next - timestamp);
      this.init.output(chunk, first ? { decoderConfig: this.#decoderConfig() } : {});
    });
  }

  #decoderConfig(): AudioDecoderConfig {
    const { codec, sampleRate } = this;
    const numberOfChannels = this.#channels;
    const describe = codec === 'opus' ? opusHead : aacDescription;
    return { codec, sampleRate, numberOfChannels, description: describe(sampleRate, numberOfChannels) };
  }

  protected override drain(): void {
    this.flushed = true;
    if (this.#queued * this.packet < this.samples) this.#give();
  }
}

/** Puts the stand-ins where the browser has its own, with this world around them. */
export const enterWorld = (next: EncoderWorld): void => {
  world = next;
  noteIn(next.ledger);
  Object.assign(globalThis, {
    VideoFrame: SimulatedFrame,
    AudioData: SimulatedAudioData,
    VideoEncoder: SimulatedVideoEncoder,
    AudioEncoder: SimulatedAudioEncoder,
    EncodedVideoChunk: SimulatedChunk,
    EncodedAudioChunk: SimulatedChunk,
  });
};
