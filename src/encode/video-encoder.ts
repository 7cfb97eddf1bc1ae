/** A video encoder for exactly one file. */
import type { VideoPacket } from '../media.ts';
import { inTime } from './in-time.ts';

/** What the encoder gives back. */
export interface VideoEncoderOutput {
  /** `decoderConfig` comes with the first packet, and again whenever the encoder changes it by itself. */
  onPacket(packet: VideoPacket, decoderConfig: VideoDecoderConfig | undefined): void;
  /** The encoder is dead; frames in its queue are lost. Called at most once. */
  onError(error: unknown): void;
}

/**
 * Opened fresh for each file: reconfiguring one to another size gives an `avcC` that still holds the old SPS
 * in front of the new one (measured on Chromium 156).
 */
export class FileVideoEncoder {
  readonly #encoder: VideoEncoder;
  #dead = false;
  #lastKey: number | undefined;
  #pending = 0;
  #waiting: (() => void) | undefined;

  constructor(
    config: VideoEncoderConfig,
    private readonly keyFrameInterval: number,
    private readonly output: VideoEncoderOutput,
  ) {
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#emit(chunk, metadata),
      error: error => this.#fail(error),
    });
    this.#encoder.configure(config);
  }

  #emit(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    this.#pending--;
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const packet: VideoPacket = { data, timestamp: chunk.timestamp, type: chunk.type };
    this.output.onPacket(packet, metadata?.decoderConfig);
    if (this.#pending === 0) this.#waiting?.();
  }

  /** Resolves when every frame that went in has come out, or after so many milliseconds: some encoders hold one back. */
  async caughtUp(milliseconds: number): Promise<void> {
    if (this.pending === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>(resolve => {
      this.#waiting = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.#waiting = undefined;
  }

  #fail(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    this.output.onError(error);
  }

  /**
   * Encodes and closes the frame, whose timestamp is its time on the timeline. The first is a key frame.
   *
   * @param key true when this one is to be one, too.
   * @returns false when the encoder was dead already: the frame is lost, and not among those of `lost`.
   */
  encode(frame: VideoFrame, key = false): boolean {
    try {
      if (this.#dead) return false;
      const due =
        key || this.#lastKey === undefined || frame.timestamp - this.#lastKey >= this.keyFrameInterval;
      this.#pending++;
      this.#encoder.encode(frame, { keyFrame: due });
      if (due) this.#lastKey = frame.timestamp;
    } catch (error) {
      this.#fail(error);
    } finally {
      frame.close();
    }
    return true;
  }

  /** Frames that went in and have not come out. */
  get pending(): number {
    return this.#dead ? 0 : this.#pending;
  }

  /** Frames that went in and were lost, once the encoder is dead. */
  get lost(): number {
    return this.#dead ? this.#pending : 0;
  }

  /** Waits until all packets are out, then lets the encoder go. Never rejects: a failure goes to `onError`. */
  async finish(): Promise<void> {
    try {
      if (!this.#dead) await inTime(this.#encoder.flush());
    } catch (error) {
      this.#fail(error);
    }
    this.close();
  }

  /** Lets the encoder go at once. */
  close(): void {
    this.#dead = true;
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }
}
