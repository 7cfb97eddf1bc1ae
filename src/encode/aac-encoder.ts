/**
 * An AAC encoder in WebAssembly, for browsers that have none of their own (Chromium as Debian builds it).
 * Built as a file of its own and loaded only when `audio.codec: 'aac'` asks for it: it weighs 250 kB, gzipped.
 */
import { registerAacEncoder } from '@mediabunny/aac-encoder';
import { AudioSample, AudioSampleSource, Mp4OutputFormat, NullTarget, Output } from 'mediabunny';
import type { AudioBlock } from '../media.ts';
import type { Fail, PacketEncoder, PacketEncoderFactory, Receive } from './packet-encoder.ts';

registerAacEncoder();

/** How long the encoder's own worker may take to start; milliseconds. */
const PATIENCE = 10_000;

/**
 * Encodes a little silence. The package starts a worker from a blob and does not hear when a content security policy
 * forbids that: it would wait for ever.
 */
export const tryAacEncoder = async (): Promise<void> => {
  const sampleRate = 48_000;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it gave no answer')), PATIENCE);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      encoder.close();
      finish();
    };
    const config = { codec: 'mp4a.40.2', sampleRate, numberOfChannels: 1, bitrate: 64_000 };
    const encoder = new AacPacketEncoder(
      config,
      () => settle(resolve),
      error => settle(() => reject(error)),
    );
    encoder.encode({ planes: [new Float32Array(4096)], sampleRate, time: 0 });
  });
};

/** A factory of encoders for this configuration. */
export const createAacEncoder =
  (config: AudioEncoderConfig): PacketEncoderFactory =>
  (receive, fail) =>
    new AacPacketEncoder(config, receive, fail);

/** The package encodes only for an `Output` of its own, so there is one that keeps nothing. */
class AacPacketEncoder implements PacketEncoder {
  readonly #source: AudioSampleSource;
  readonly #output: Output;
  #added: Promise<void>;

  constructor(
    config: AudioEncoderConfig,
    receive: Receive,
    private readonly fail: Fail,
  ) {
    this.#source = new AudioSampleSource({
      codec: 'aac',
      bitrate: config.bitrate ?? 128_000,
      onEncodedPacket: (packet, metadata) =>
        receive(
          {
            data: packet.data,
            timestamp: Math.round(packet.timestamp * 1e6),
            duration: Math.round(packet.duration * 1e6),
          },
          metadata?.decoderConfig,
        ),
    });
    this.#output = new Output({
      format: new Mp4OutputFormat({ fastStart: 'fragmented' }),
      target: new NullTarget(),
    });
    this.#output.addAudioTrack(this.#source);
    this.#added = this.#output.start();
  }

  encode(block: AudioBlock): void {
    const frames = block.planes[0]?.length ?? 0;
    const data = new Float32Array(frames * block.planes.length);
    block.planes.forEach((plane, channel) => {
      data.set(plane, channel * frames);
    });
    const sample = new AudioSample({
      format: 'f32-planar',
      sampleRate: block.sampleRate,
      numberOfChannels: block.planes.length,
      timestamp: block.time / 1e6,
      data,
    });
    this.#added = this.#added.then(() => this.#source.add(sample)).finally(() => sample.close());
    this.#added.catch(this.fail);
  }

  async flush(): Promise<void> {
    await this.#added;
    await this.#output.finalize();
  }

  close(): void {
    if (this.#output.state === 'started' || this.#output.state === 'pending') void this.#output.cancel();
  }
}
