/** What an audio encoder is to us, the browser's own or one in WebAssembly. */
import type { AudioBlock, AudioPacket } from '../media.ts';

export interface PacketEncoder {
  encode(block: AudioBlock): void;
  /** Resolves when all packets are out. */
  flush(): Promise<void>;
  close(): void;
}

/** Makes an encoder, given where its packets and its failure go. */
export type PacketEncoderFactory = (
  receive: (packet: AudioPacket, config: AudioDecoderConfig | undefined) => void,
  fail: (error: unknown) => void,
) => PacketEncoder;

/** What `aac-encoder.js`, loaded on demand, exports. */
export interface AacEncoderModule {
  createAacEncoder(config: AudioEncoderConfig): Promise<PacketEncoderFactory>;
}
