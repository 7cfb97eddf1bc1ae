/** What a session is made of, all of it there before anything is recorded: the network may be gone later. */
import { Journal } from '../journal/journal.ts';
import type { JournalSetup } from '../journal/setup.ts';
import { storageName } from '../storage/storage.ts';
import { type OpenSink, sinkFor } from './open-sink.ts';
import { memoryPart, turnPart } from './parts.ts';
import type { SessionSetup } from './protocol.ts';
import { methodOf, type OpenTracks, tracksFor } from './session-tracks.ts';
import type { Turn } from './turn.ts';

export interface SessionParts {
  journal: Journal;
  openSink: OpenSink;
  openTracks: OpenTracks;
  /** Absent where no other recording ends for it. */
  turn: Turn | undefined;
}

/** What the journal is told of it. */
const journalSetupOf = (setup: SessionSetup): JournalSetup => {
  const { recordingId: id, startedAt, options, storage, kind, linked } = setup;
  const about = { version: 1, id, startedAt, metadata: options.metadata, kind, linked } as const;
  return { ...about, storage: storageName(storage), method: methodOf(setup) };
};

/**
 * @param given how its tracks are opened; default: by its setup.
 * @throws WorkerFailedError (`worker-failed`), DeviceStorageError (`device-storage-failed`).
 */
export const openParts = async (setup: SessionSetup, given?: OpenTracks): Promise<SessionParts> => {
  const { after, extrasUrl } = setup;
  const [openSink, openTracks, turn] = await Promise.all([
    sinkFor(setup),
    given ?? tracksFor(setup),
    after && turnPart(extrasUrl).then(({ Turn }) => new Turn(after)),
  ]);
  const inMemory = async () => (await memoryPart(extrasUrl)).memoryStores();
  const journal = await Journal.open(journalSetupOf(setup), inMemory);
  return { journal, openSink, openTracks, turn };
};
