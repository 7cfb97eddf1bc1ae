/** The worker's side of storage: what a session needs to put a recording somewhere. */
import type { Recording } from '../manifest.ts';
import type { UploadHandle } from '../media.ts';
import type { PageCall } from './storage.ts';

/** A file that grows while it is read. */
export interface UploadSource {
  readonly key: string;
  /** Bytes so far. */
  readonly size: number;
  /** True when `size` is final. */
  readonly sealed: boolean;
  /** Where the upload was when the recording was cut off by a crash. */
  readonly upload?: UploadHandle | undefined;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  waitFor(offset: number, bytes: number, milliseconds: number, signal: AbortSignal): Promise<void>;
  /** The storage has confirmed all bytes before `upTo`: they need not be kept for it any more. */
  release(upTo: number): void;
}

/** What a sink tells the session while it works, and asks it for. */
export interface SinkEvents {
  /** The storage has confirmed this many bytes of a file in all. Must not throw. */
  onStored(key: string, bytes: number): void;
  /** A request failed and will be tried again. Must not throw. */
  onTrouble(detail: string): void;
  /** An upload has begun, or goes on elsewhere: what is needed to go on with it. Must not throw. */
  onUpload(key: string, upload: UploadHandle): void;
  /** When `stop()` was called, in milliseconds of `performance.now()`; `undefined` while recording. */
  stoppedAt(): number | undefined;
  /** What only the page can do. Rejects when the page's function does. */
  ask(call: PageCall): Promise<unknown>;
}

/** Something small that is stored as a whole, beside the files. */
export interface SmallObject {
  key: string;
  bytes: Uint8Array<ArrayBuffer>;
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
   * Stores something small, over the one before; its media type follows from its key. Tries again while the storage can't be
   * reached.
   *
   * @throws StorageError when the storage refuses, or was given up.
   */
  put(object: SmallObject, signal: AbortSignal): Promise<void>;
  /**
   * Follows a file until it is sealed and every byte is durable.
   *
   * @throws StorageError when the storage refuses, or was given up.
   */
  store(source: UploadSource, signal: AbortSignal): Promise<void>;
  /** Deletes what was stored of the recording. Tries once; may not settle after the signal has aborted. */
  remove(recordingId: string, signal: AbortSignal): Promise<void>;
}

/** Headers that the page wants to be sent with the next request. */
export const askForHeaders = async (events: SinkEvents): Promise<Record<string, string>> =>
  (await events.ask({ name: 'headers' })) as Record<string, string>;
