/**
 * Storage: where files go. A `Storage` is made in the page and reads there; what the worker needs to write
 * is its `config`, which can be cloned. Keys are those of the manifest, `recordings/<recording id>/0001.mp4`.
 */
import type { Recording } from '../manifest.ts';

/** Writes to this device's origin private file system. */
export interface DeviceConfig {
  kind: 'device';
}

/** Uploads by the tus 1.0 protocol, with the extensions creation and creation-defer-length. */
export interface TusConfig {
  kind: 'tus';
  /** Absolute address of the storage handler, without a slash at the end. */
  endpoint: string;
  /** Sent with every request; `'asked'`: the page says anew before each. */
  headers: Record<string, string> | 'asked';
  /** Bytes that are sent as soon as they are there. */
  chunkBytes: number;
  /** Bytes that are sent at once at the most, where more are there and the link is fast. */
  largestChunk: number;
  /** Seconds after which what is there is sent, although it is less than `chunkBytes`. */
  flushInterval: number;
  /** Seconds without progress after `stop()` until the storage is given up. */
  giveUpAfter: number;
}

/** Uploads straight to an S3 store, in parts, at addresses that the storage handler signs. */
export interface S3Config {
  kind: 's3';
  /** Absolute address of the storage handler, without a slash at the end. */
  endpoint: string;
  /** Sent with every request to the handler; `'asked'`: the page says anew before each. */
  headers: Record<string, string> | 'asked';
  /** Bytes of a part. */
  partBytes: number;
  /** Parts that are sent at once. */
  lanes: number;
  /** Seconds without progress after `stop()` until the storage is given up. */
  giveUpAfter: number;
}

/** Gives everything to functions of the page. */
export interface CustomConfig {
  kind: 'custom';
  /** Tells it from others. */
  endpoint: string;
  /** Bytes that are given at once at the most. */
  chunkBytes: number;
  /** Seconds after which what is there is given, although it is less than `chunkBytes`. */
  flushInterval: number;
  /** Seconds without progress after `stop()` until the storage is given up. */
  giveUpAfter: number;
  /** True when the page can say how much of a file there is. */
  knowsSize: boolean;
}

/** Writes into a folder that the user has chosen. */
export interface DirectoryConfig {
  kind: 'directory';
  /** The folder's name, which tells it from others. */
  endpoint: string;
  handle: FileSystemDirectoryHandle;
  /** Seconds without progress after `stop()` until the storage is given up. */
  giveUpAfter: number;
}

/** What the worker is told about the storage: it can be cloned. */
export type StorageConfig = DeviceConfig | TusConfig | S3Config | CustomConfig | DirectoryConfig;

/** Something that a sink needs and only the page can do. */
export type PageCall =
  | { name: 'headers' }
  /** Bytes of a file from `offset` on; `last` when it has no more than these. */
  | { name: 'write'; key: string; offset: number; bytes: Uint8Array<ArrayBuffer>; last: boolean }
  | { name: 'size'; key: string }
  | { name: 'writeManifest'; manifest: Recording }
  | { name: 'delete'; recordingId: string };

/** Headers as a storage takes them: fixed ones, or a function that gives fresh ones before each request. */
export type HeadersOption =
  | Record<string, string>
  | (() => Record<string, string> | Promise<Record<string, string>>);

/** Reading, listing and deleting, in the page. */
export interface Storage {
  readonly kind: StorageConfig['kind'];
  /** What the worker is told. */
  readonly config: StorageConfig;
  /**
   * One file, or a manifest.
   *
   * @throws StorageNotFoundError (`storage-not-found`), StorageUnreachableError (`storage-unreachable`),
   * StorageUnauthorizedError (`storage-unauthorized`).
   */
  read(key: string, options?: { signal?: AbortSignal }): Promise<Blob>;
  /** An address that a media element can play, where the storage has one; else use `read`. */
  url(key: string): string | undefined;
  /** All manifests, newest first. */
  list(options?: { signal?: AbortSignal }): Promise<Recording[]>;
  /** Deletes a recording with all its files. Does nothing when there is none. */
  delete(recordingId: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** What the worker asks the page for, where its sink needs that. Called by the recorder, not by users. */
  answer?(call: PageCall): Promise<unknown>;
}

/** What a page that only records has no need of. */
export type Access = Pick<Storage, 'read' | 'list' | 'delete'>;

/** What tells one storage from another, without any secret: what the journal knows of where a recording goes. */
export const storageName = (config: StorageConfig): { kind: string; endpoint?: string } => ({
  kind: config.kind,
  ...('endpoint' in config ? { endpoint: config.endpoint } : {}),
});

/** The same in one line, without its secrets. */
export const storageTag = (config: StorageConfig): string => {
  const { kind, endpoint = '' } = storageName(config);
  return `${kind} ${endpoint}`;
};

/** True for two names of the same storage. */
export const isSameStorage = (name: { kind: string; endpoint?: string }, config: StorageConfig): boolean => {
  const other = storageName(config);
  return name.kind === other.kind && name.endpoint === other.endpoint;
};

/**
 * True when a recording that was on its way to one storage can be finished on another.
 *
 * @param anywhere also from one server to another. What this device keeps for itself is finished where it is, and nothing else
 * goes there.
 */
export const canFinishOn = (
  name: { kind: string; endpoint?: string },
  config: StorageConfig,
  anywhere: boolean,
): boolean => isSameStorage(name, config) || (anywhere && name.kind !== 'device' && config.kind !== 'device');
