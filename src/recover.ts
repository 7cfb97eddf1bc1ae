/** Recordings that a crash has left behind: which there are, and finishing them. What it takes is loaded when it is needed. In the page. */
import type { Recording } from './manifest.ts';
import { recovering } from './on-demand.ts';
import type { Storage } from './storage/storage.ts';

/** A recording that was cut off by a crash, or that its storage did not take to the end. */
export interface UnfinishedRecording {
  id: string;
  /** RFC 3339, UTC. */
  startedAt: string;
  metadata: Record<string, unknown>;
}

/** How far a recovery is. Sizes are bytes. */
export interface RecoveryProgress {
  recordingId: string;
  /** Bytes of its files that the storage has confirmed, of those that had to be stored. */
  storedBytes: number;
  /** Bytes of the files that have to be stored: those that were being written, and others that still lie here. */
  recordedBytes: number;
}

/** Options of `recover`. */
export interface RecoverOptions {
  /** Where the recordings were on their way to, and go on to now. */
  storage: Storage;
  /**
   * `true`: also those that were on their way to another server, from their beginnings. Those whose beginnings only that one has are
   * refused (`recording-elsewhere`). Default `false`.
   */
  fromAnyStorage?: boolean;
  /** Hears how far it is. */
  onProgress?: (progress: RecoveryProgress) => void;
  /** Ends it early; what was not finished stays as it was. */
  signal?: AbortSignal;
  /** Address of `worker.js`; see `RecorderOptions`. */
  workerUrl?: string | URL;
}

/**
 * Recordings that `recover` would finish: no tab is busy with them, and they were on their way to this storage.
 *
 * @param options `storage` as for `recover`.
 * @throws DeviceStorageError (`device-storage-failed`), WorkerFailedError (`worker-failed`) when the code for it could not be loaded.
 */
export const unfinishedRecordings = async (
  options: Pick<RecoverOptions, 'storage' | 'fromAnyStorage'>,
): Promise<UnfinishedRecording[]> => (await recovering()).unfinishedRecordings(options);

/**
 * Finishes what a crash has left behind: of every recording that no tab is busy with, the tail is put together from the journal,
 * the upload goes on from what the storage has already, and the manifest is marked `recovered`. It does no harm to call it
 * twice, in two tabs, or to be cut off by another crash.
 *
 * @returns the recordings that were finished, in the order in which they were.
 * @throws RecoveryIncompleteError (`recovery-incomplete`), which carries what was finished and why the rest was not;
 * WorkerFailedError (`worker-failed`); DeviceStorageError (`device-storage-failed`).
 */
export const recover = async (options: RecoverOptions): Promise<Recording[]> =>
  (await recovering()).recover(options);
