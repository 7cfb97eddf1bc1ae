/** An audio encoder that runs on over cuts for as long as the audio's parameters stay the same. */
import type { AudioBlock, AudioCodecFamily, AudioPacket } from '../media.ts';
import type { AudioChoice } from './choose.ts';
import type { AacEncoderModule, PacketEncoder } from './packet-encoder.ts';

/** What the encoder gives back. */
export interface AudioEncoderOutput {
  /** `decoderConfig` comes with the first packet. */
  onPacket(packet: AudioPacket, decoderConfig: AudioDecoderConfig | undefined): void;
  /** The encoder is dead. Called at most once. */
  onError(error: unknown): void;
}

/** Samples that a decoder gives out before those of the first input sample (encoder delay). */
const delayOf = (
  family: AudioCodecFamily,
  description: Uint8Array | undefined,
): { samples: number; rate: number } => {
  if (family === 'opus') {
    // OpusHead: pre-skip in samples at 48 kHz, whatever the input's rate (RFC 7845, 5.1).
    const preSkip =
      description === undefined || description.length < 12
        ? 312
        : (description[10] ?? 0) | ((description[11] ?? 0) << 8);
    return { samples: preSkip, rate: 48_000 };
  }
  // FFmpeg's AAC encoder, and the platform encoders behind WebCodecs, prime with one frame.
  return { samples: 1024, rate: 0 };
};

/** Encodes blocks of audio that follow each other without a gap. */
export class TrackAudioEncoder {
  readonly #encoder: PacketEncoder;
  #dead = false;
  #delay: number | undefined;
  #pendingSamples = 0;

  private constructor(
    private readonly choice: AudioChoice,
    private readonly output: AudioEncoderOutput,
    create: (
      receive: (packet: AudioPacket, config: AudioDecoderConfig | undefined) => void,
      fail: (error: unknown) => void,
    ) => PacketEncoder,
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
    if (!choice.wasm)
      return new TrackAudioEncoder(
        choice,
        output,
        (receive, fail) => new NativeEncoder(choice.config, receive, fail),
      );
    const module = (await import(
      /* @vite-ignore */ /* webpackIgnore: true */ aacEncoderUrl
    )) as AacEncoderModule;
    const encoder = await module.createAacEncoder(choice.config);
    return new TrackAudioEncoder(choice, output, (receive, fail) => encoder(receive, fail));
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

  #emit(packet: AudioPacket, config: AudioDecoderConfig | undefined): void {
    if (config !== undefined && this.#delay === undefined) this.#delay = this.#delayMicroseconds(config);
    this.#pendingSamples = Math.max(
      0,
      this.#pendingSamples - Math.round((packet.duration * this.sampleRate) / 1e6),
    );
    const timestamp = packet.timestamp - (this.#delay ?? 0);
    this.output.onPacket({ ...packet, timestamp }, config);
  }

  #delayMicroseconds(config: AudioDecoderConfig): number {
    const bytes =
      config.description === undefined ? undefined : new Uint8Array(config.description as ArrayBuffer);
    const { samples, rate } = delayOf(this.choice.family, bytes);
    return Math.round((samples / (rate || this.sampleRate)) * 1e6);
  }

  #fail(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    this.output.onError(error);
  }

  /** Encodes a block with this encoder's rate and number of channels. */
  encode(block: AudioBlock): void {
    if (this.#dead) return;
    const frames = block.planes[0]?.length ?? 0;
    if (frames === 0) return;
    this.#pendingSamples += frames;
    try {
      this.#encoder.encode(block);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Pieces of 20 ms that went in and have not come out. */
  get pending(): number {
    return Math.round(this.#pendingSamples / (this.sampleRate / 50));
  }

  /** Waits until all packets are out, then lets the encoder go. Never rejects. */
  async finish(): Promise<void> {
    try {
      if (!this.#dead) await this.#encoder.flush();
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

  constructor(
    config: AudioEncoderConfig,
    receive: (packet: AudioPacket, config: AudioDecoderConfig | undefined) => void,
    fail: (error: unknown) => void,
  ) {
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
    this.#encoder.encode(data);
    data.close();
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
