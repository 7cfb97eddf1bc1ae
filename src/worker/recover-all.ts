/** Finishes all recordings that tabs have left behind, one after another. */
import { errorToMessage } from '../errors.ts';
import { LeftJournal } from '../journal/left-journal.ts';
import { journalFolders } from '../journal/setup.ts';
import type { Recording } from '../manifest.ts';
import { canFinishOn, isSameStorage, storageTag } from '../storage/storage.ts';
import type { Asks } from './asks.ts';
import { sinkFor } from './open-sink.ts';
import type { FromWorker, RecoverySetup } from './protocol.ts';
import { Recovery } from './recovery.ts';

interface Work {
  setup: RecoverySetup;
  asks: Asks;
  signal: AbortSignal;
  send(message: FromWorker): void;
}

const recoverOne = async (
  { setup, asks, signal, send }: Work,
  { id, path }: { id: string; path: string[] },
): Promise<Recording | undefined> => {
  const openSink = await sinkFor(setup);
  const found = await LeftJournal.reopen(id, path);
  if (!found) return undefined;
  const { storage } = found.journal.setup;
  if (!canFinishOn(storage, setup.storage, setup.fromAnyStorage)) {
    found.journal.leave();
    return undefined;
  }
  const stored = new Map<string, number>();
  const tell = (): void => {
    const storedBytes = [...stored.values()].reduce((sum, size) => sum + size, 0);
    send({ type: 'recovering', recordingId: id, storedBytes, recordedBytes: recovery.recordedBytes });
  };
  const onStored = (key: string, bytes: number): void => {
    stored.set(key, bytes);
    tell();
  };
  const recovery = new Recovery(found, {
    openSink: events => openSink({ ...events, onStored, ask: call => asks.ask(call) }),
    tag: storageTag(setup.storage),
    moves: !isSameStorage(storage, setup.storage),
    onWritten: tell,
    signal,
  });
  return recovery.run();
};

/** Never rejects: what goes wrong is sent, recording by recording. */
export const recoverAll = async (work: Work): Promise<void> => {
  const recordings: Recording[] = [];
  const failures: Extract<FromWorker, { type: 'recovered' }>['failures'] = [];
  for (const folder of await journalFolders()) {
    if (work.signal.aborted) break;
    try {
      const recording = await recoverOne(work, folder);
      if (recording) recordings.push(recording);
    } catch (error) {
      failures.push({ recordingId: folder.id, error: errorToMessage(error) });
    }
  }
  work.send({ type: 'recovered', recordings, failures });
};
