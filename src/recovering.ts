/** What `recover.ts` does: a chunk of its own, which the page loads when it is needed. */
import { answer } from './answer.ts';
import { errorFromMessage } from './error-from-message.ts';
import { asSteadyreelError, RecoveryIncompleteError, WorkerFailedError } from './errors.ts';
import { addressOf, startWorker } from './hand-over.ts';
import { lockedRecordings } from './journal/lock.ts';
import { journalFolders, readSetup } from './journal/setup.ts';
import type { Recording } from './manifest.ts';
import type { RecoverOptions, UnfinishedRecording } from './recover.ts';
import { canFinishOn } from './storage/storage.ts';
import type { FromWorker, ToWorker } from './worker/protocol.ts';

/** As `unfinishedRecordings` of `recover.ts` says. */
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

/** As `recover` of `recover.ts` says. */
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
        const setup = {
          ...{ storage: storage.config, fromAnyStorage },
          extrasUrl: addressOf('extras.js', workerUrl),
          recoveryUrl: addressOf('recovery.js', workerUrl),
        };
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
