/** The worker's side of storage: what a session needs to put a recording somewhere. */
import type { Recording } from '../manifest.ts';

/** A file that grows while it is read. */
export interface UploadSource {
  readonly key: string;
  /** Bytes so far. */
  readonly size: number;
  /** True when `size` is final. */
  readonly sealed: boolean;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  waitFor(offset: number, bytes: number, milliseconds: number, signal: AbortSignal): Promise<void>;
  /** The storage has confirmed all bytes before `upTo`: they need not be kept in memory for it any more. */
  release(upTo: number): void;
}

/** What a sink tells the session while it works. None of these may throw. */
export interface SinkEvents {
  /** The storage has confirmed this many bytes of a file in all. */
  onStored(key: string, bytes: number): void;
  /** A request failed and will be tried again. */
  onTrouble(detail: string): void;
  /** When `stop()` was called, in milliseconds of `performance.now()`; `undefined` while recording. */
  stoppedAt(): number | undefined;
}

/** Puts one recording into storage. */
export interface StorageSink {
  /**
   * Stores the manifest, over the one before. Tries again while the storage can't be reached.
   *
   * @throws StorageError when the storage refuses, or was given up.
   */
  writeManifest(manifest: Recording, signal: AbortSignal): Promise<void>;
  /**
   * Follows a file until it is sealed and every byte is durable.
   *
   * @throws StorageError when the storage refuses, or was given up.
   */
  store(source: UploadSource, signal: AbortSignal): Promise<void>;
  /** Deletes what was stored of the recording. Tries once. */
  remove(recordingId: string, signal: AbortSignal): Promise<void>;
}
