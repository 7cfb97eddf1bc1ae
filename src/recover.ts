/** Recordings that a crash has left behind: which there are, and finishing them. In the page. */
import { answer } from './answer.ts';
import { errorFromMessage } from './error-from-message.ts';
import { asSteadyreelError, RecoveryIncompleteError, WorkerFailedError } from './errors.ts';
import { pageStorageAt, startWorker } from './hand-over.ts';
import { lockedRecordings } from './journal/lock.ts';
import { journalFolders, readSetup } from './journal/setup.ts';
import type { Recording } from './manifest.ts';
import { canFinishOn, type Storage } from './storage/storage.ts';
import type { FromWorker, ToWorker } from './worker/protocol.ts';

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
 * @throws DeviceStorageError (`device-storage-failed`).
 */
export const unfinishedRecordings = async ({
  storage,
  fromAnyStorage = false,
}: Pick<RecoverOptions, 'storage' | 'fromAnyStorage'>): Promise<UnfinishedRecording[]> => {
  // In this order: a recording that begins meanwhile has no folder yet, or its lock; of one that ends, what says that there is
  // something to be finished goes before its lock does.
  const folders = await journalFolders();
  const busy = await lockedRecordings();
  const found: UnfinishedRecording[] = [];
  for (const { id, path } of folders) {
    const setup = busy.has(id) ? undefined : await readSetup(path);
    if (!setup || !canFinishOn(setup.storage, storage.config, fromAnyStorage)) continue;
    const { startedAt, metadata } = setup;
    found.push({ id, startedAt, metadata });
  }
  return found.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
};

/**
 * Finishes what a crash has left behind: of every recording that no tab is busy with, the tail is put together from the journal,
 * the upload goes on from what the storage has already, and the manifest is marked `recovered`. It does no harm to call it
 * twice, in two tabs, or to be cut off by another crash.
 *
 * @returns the recordings that were finished, in the order in which they were.
 * @throws RecoveryIncompleteError (`recovery-incomplete`), which carries what was finished and why the rest was not;
 * WorkerFailedError (`worker-failed`); DeviceStorageError (`device-storage-failed`).
 */
export const recover = async (options: RecoverOptions): Promise<Recording[]> => {
  const { storage, fromAnyStorage = false, signal, onProgress, workerUrl } = options;
  signal?.throwIfAborted();
  if ((await unfinishedRecordings(options)).length === 0) return [];
  const worker = startWorker(workerUrl);
  const post = (message: ToWorker): void => worker.postMessage(message);
  const abort = (): void => post({ type: 'abort' });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const { recordings, failures } = await new Promise<Extract<FromWorker, { type: 'recovered' }>>(
      (resolve, reject) => {
        worker.onerror = event =>
          reject(new WorkerFailedError(event.message || 'its script could not be loaded'));
        worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
          if (data.type === 'recovered') resolve(data);
          if (data.type === 'failed') reject(errorFromMessage(data.error));
          if (data.type === 'ask') void answer(storage, data, post);
          if (data.type === 'recovering') {
            const { type: _, ...progress } = data;
            onProgress?.(progress);
          }
        };
        const setup = { storage: storage.config, fromAnyStorage, pageStorageUrl: pageStorageAt(workerUrl) };
        post({ type: 'recover', setup });
      },
    );
    signal?.throwIfAborted();
    if (failures.length === 0) return recordings;
    const failed = failures.map(({ recordingId, error }) => ({
      recordingId,
      error: errorFromMessage(error),
    }));
    throw new RecoveryIncompleteError(recordings, failed);
  } catch (error) {
    throw signal?.aborted ? signal.reason : asSteadyreelError(error);
  } finally {
    signal?.removeEventListener('abort', abort);
    worker.terminate();
  }
};
