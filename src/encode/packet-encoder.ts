/** What an audio encoder is to us, the browser's own or one in WebAssembly. */
import type { AudioBlock, AudioPacket } from '../media.ts';

export interface PacketEncoder {
  encode(block: AudioBlock): void;
  /** Resolves when all packets are out. */
  flush(): Promise<void>;
  close(): void;
}

/** Takes a packet; `config` comes with the first. */
export type Receive = (packet: AudioPacket, config: AudioDecoderConfig | undefined) => void;
/** Takes the error that the encoder ended with. */
export type Fail = (error: unknown) => void;

/** Makes an encoder, given where its packets and its failure go. */
export type PacketEncoderFactory = (receive: Receive, fail: Fail) => PacketEncoder;

/** What `aac-encoder.js`, loaded on demand, exports. */
export interface AacEncoderModule {
  /** Resolves when an encoder has worked once; rejects when the page's content security policy forbids it. */
  tryAacEncoder(): Promise<void>;
  createAacEncoder(config: AudioEncoderConfig): PacketEncoderFactory;
}
