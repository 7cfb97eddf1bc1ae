/** An audio encoder that runs on over cuts for as long as the audio's parameters stay the same. */
import { CodecUnsupportedError } from '../errors.ts';
import type { AudioBlock, AudioCodecFamily, AudioPacket } from '../media.ts';
import type { AudioChoice } from './choose.ts';
import { inTime } from './in-time.ts';
import { continuedOpusHead, correctedOpusHead, preSkipOf } from './opus.ts';
import type {
  AacEncoderModule,
  Fail,
  PacketEncoder,
  PacketEncoderFactory,
  Receive,
} from './packet-encoder.ts';

/** What the encoder gives back. */
export interface AudioEncoderOutput {
  /** `decoderConfig` comes with the first packet. */
  onPacket(packet: AudioPacket, decoderConfig: AudioDecoderConfig | undefined): void;
  /** The encoder is dead. Called at most once. */
  onError(error: unknown): void;
}

/** Seconds by which a decoder gives sound out late (encoder delay). */
const delayOf = (family: AudioCodecFamily, config: AudioDecoderConfig): number => {
  if (family === 'opus') return preSkipOf(config.description as Uint8Array | undefined) / 48_000;
  // FFmpeg's AAC encoder, and the platform encoders behind WebCodecs, prime with one frame.
  return 1024 / config.sampleRate;
};

/** The configuration for a file that begins in the middle of an encoder's output. */
export const continuedConfig = (config: AudioDecoderConfig, family: AudioCodecFamily): AudioDecoderConfig =>
  family === 'opus' && config.description instanceof Uint8Array
    ? { ...config, description: continuedOpusHead(config.description) }
    : config;

/** The description as plain bytes, and what Chromium gets wrong in it put right. */
const corrected = (
  config: AudioDecoderConfig,
  family: AudioCodecFamily,
  sampleRate: number,
): AudioDecoderConfig => {
  if (config.description === undefined) return config;
  const { description } = config;
  const bytes = ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer as ArrayBuffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description as ArrayBuffer);
  return { ...config, description: family === 'opus' ? correctedOpusHead(bytes, sampleRate) : bytes };
};

let aacEncoder: Promise<AacEncoderModule> | undefined;

/**
 * Loads the WebAssembly encoder and lets it work once.
 *
 * @throws CodecUnsupportedError (`codec-unsupported`) when it can't be loaded, or the page's content security policy
 * forbids it: it needs `script-src 'wasm-unsafe-eval'` and `worker-src blob:`.
 */
export const loadAacEncoder = (url: string): Promise<AacEncoderModule> => {
  aacEncoder ??= (async () => {
    try {
      const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ url)) as AacEncoderModule;
      await module.tryAacEncoder();
      return module;
    } catch (error) {
      aacEncoder = undefined;
      const detail = `its WebAssembly encoder at ${url} does not start: ${String(error)}; a content security policy must allow 'wasm-unsafe-eval' and blob workers`;
      throw new CodecUnsupportedError('audio', 'aac', detail);
    }
  })();
  return aacEncoder;
};

/** Encodes blocks of audio that follow each other without a gap. */
export class TrackAudioEncoder {
  readonly #encoder: PacketEncoder;
  #dead = false;
  #delay: number | undefined;
  #pendingSamples = 0;
  /** Where the sound ends so far; microseconds. */
  #end = 0;
  #finishing = false;
  #goOnAt: number | undefined;

  private constructor(
    private readonly choice: AudioChoice,
    private readonly output: AudioEncoderOutput,
    create: PacketEncoderFactory,
  ) {
    this.#encoder = create(
      (packet, config) => this.#emit(packet, config),
      error => this.#fail(error),
    );
  }

  /** Opens an encoder; loads the WebAssembly one from `aacEncoderUrl` when the choice says so. */
  static async open(
    choice: AudioChoice,
    output: AudioEncoderOutput,
    aacEncoderUrl: string,
  ): Promise<TrackAudioEncoder> {
    const create = choice.wasm
      ? (await loadAacEncoder(aacEncoderUrl)).createAacEncoder(choice.config)
      : (receive: Receive, fail: Fail) => new NativeEncoder(choice.config, receive, fail);
    return new TrackAudioEncoder(choice, output, create);
  }

  get family(): AudioCodecFamily {
    return this.choice.family;
  }
  get sampleRate(): number {
    return this.choice.config.sampleRate;
  }
  get numberOfChannels(): number {
    return this.choice.config.numberOfChannels;
  }

  #emit(packet: AudioPacket, given: AudioDecoderConfig | undefined): void {
    const config = given && corrected(given, this.choice.family, this.sampleRate);
    if (config) this.#delay ??= Math.round(delayOf(this.choice.family, config) * 1e6);
    this.#pendingSamples = Math.max(
      0,
      this.#pendingSamples - Math.round((packet.duration * this.sampleRate) / 1e6),
    );
    const timestamp = packet.timestamp - (this.#delay ?? 0);
    const left = this.#end - timestamp;
    // The last packets are filled up with silence; what lies behind the sound's end is no part of it.
    if (this.#finishing && left <= 0) return;
    // A sample at the least, or it would be no time at all in the file.
    const rest = Math.max(Math.ceil(1e6 / this.sampleRate), Math.round(left));
    const duration = this.#finishing ? Math.min(packet.duration, rest) : packet.duration;
    this.#goOnAt = timestamp + duration + (this.#delay ?? 0);
    this.output.onPacket({ data: packet.data, timestamp, duration }, config);
  }

  #fail(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    this.output.onError(error);
  }

  /**
   * Encodes a block with this encoder's rate and number of channels.
   *
   * @returns false when the encoder was dead already: the block is lost, and not among what `lost` counts.
   */
  encode(block: AudioBlock): boolean {
    if (this.#dead) return false;
    const frames = block.planes[0]?.length ?? 0;
    if (frames === 0) return true;
    this.#pendingSamples += frames;
    this.#end = block.time + (frames / block.sampleRate) * 1e6;
    try {
      this.#encoder.encode(block);
    } catch (error) {
      this.#fail(error);
    }
    return true;
  }

  /**
   * Where the first sample of an encoder has to lie that takes over from this one, so that its first packet follows this
   * one's last; microseconds. Undefined before the first packet.
   */
  get goOnAt(): number | undefined {
    return this.#goOnAt;
  }

  /** Pieces of 20 ms that went in and have not come out. */
  get pending(): number {
    return Math.round(this.#pendingSamples / (this.sampleRate / 50));
  }

  /** Samples that went in and were lost, once the encoder is dead. */
  get lost(): number {
    return this.#dead ? this.#pendingSamples : 0;
  }

  /**
   * What went in last is still in the encoder by its delay, and by that of the resampler in front of Chromium's
   * Opus encoder (24 ms were missing at 44,100 Hz). Silence pushes it out.
   */
  #pushOut(): void {
    if (this.#dead || this.#end === 0) return;
    const frames = this.choice.family === 'aac' ? 2048 : Math.round(this.sampleRate / 25);
    const planes = Array.from({ length: this.numberOfChannels }, () => new Float32Array(frames));
    this.#encoder.encode({ planes, sampleRate: this.sampleRate, time: this.#end });
  }

  /** Waits until all packets are out, then lets the encoder go. Never rejects. */
  async finish(): Promise<void> {
    try {
      this.#pushOut();
      this.#finishing = true;
      if (!this.#dead) await inTime(this.#encoder.flush());
    } catch (error) {
      this.#fail(error);
    }
    this.close();
  }

  /** Lets the encoder go at once. */
  close(): void {
    this.#dead = true;
    this.#encoder.close();
  }
}

/** The browser's own encoder. */
class NativeEncoder implements PacketEncoder {
  readonly #encoder: AudioEncoder;

  constructor(config: AudioEncoderConfig, receive: Receive, fail: Fail) {
    this.#encoder = new AudioEncoder({
      output: (chunk, metadata) => {
        const data = new Uint8Array(chunk.byteLength);
        chunk.copyTo(data);
        receive(
          { data, timestamp: chunk.timestamp, duration: chunk.duration ?? 20_000 },
          metadata?.decoderConfig,
        );
      },
      error: fail,
    });
    this.#encoder.configure(config);
  }

  encode(block: AudioBlock): void {
    const data = audioDataOf(block);
    try {
      this.#encoder.encode(data);
    } finally {
      data.close();
    }
  }

  async flush(): Promise<void> {
    await this.#encoder.flush();
  }

  close(): void {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }
}

const audioDataOf = ({ planes, sampleRate, time }: AudioBlock): AudioData => {
  const frames = planes[0]?.length ?? 0;
  const data = new Float32Array(frames * planes.length);
  planes.forEach((plane, channel) => {
    data.set(plane, channel * frames);
  });
  return new AudioData({
    format: 'f32-planar',
    sampleRate,
    numberOfFrames: frames,
    numberOfChannels: planes.length,
    timestamp: Math.round(time),
    data,
    transfer: [data.buffer],
  });
};
