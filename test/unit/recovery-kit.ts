/** Recordings whose journal is a copy of what a disk held at some moment, and a storage that had got so far by then. */
import { vi } from 'vitest';
import { Journal } from '../../src/journal/journal.ts';
import { type LeftBehind, LeftJournal } from '../../src/journal/left-journal.ts';
import type { Recording } from '../../src/manifest.ts';
import type { UploadHandle } from '../../src/media.ts';
import { journalPath } from '../../src/opfs.ts';
import type { StorageSink, UploadSource } from '../../src/storage/sink.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { Recovery } from '../../src/worker/recovery.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';
import { ID } from './server-kit.ts';
import { type OpenDevice, play, STARTED } from './timeline-recording.ts';
import type { Outcome, Scenario } from './timeline-scenario.ts';

const STORAGE = { kind: 'tus' as const, endpoint: 'https://storage.example' };
const TAG = `${STORAGE.kind} ${STORAGE.endpoint}`;

/** A storage that takes what comes as it comes; what it has can't be changed. */
export class FakeStorage implements StorageSink {
  files = new Map<string, { bytes: Buffer; complete: boolean }>();
  manifest: Recording | undefined;
  faults: string[] = [];
  onUpload: (key: string, upload: UploadHandle) => void = () => undefined;
  /** What it was told of uploads that were begun before. */
  goneOnWith: UploadHandle[] = [];
  /** Bytes of a file that are taken at once. */
  chunk = 5_000;
  /** Bytes of each file that it was asked to store and has, as it tells. */
  told = new Map<string, number>();

  copy(): FakeStorage {
    const other = new FakeStorage();
    other.files = new Map(
      [...this.files].map(([key, file]) => [key, { ...file, bytes: Buffer.from(file.bytes) }]),
    );
    other.manifest = this.manifest && structuredClone(this.manifest);
    return other;
  }

  async writeManifest(manifest: Recording): Promise<void> {
    this.manifest = structuredClone(manifest);
  }

  async put(): Promise<void> {
    this.faults.push('put');
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const { key, upload } = source;
    if (upload) this.goneOnWith.push(upload);
    const there = this.files.get(key) ?? { bytes: Buffer.alloc(0), complete: false };
    if (!this.files.has(key)) this.onUpload(key, { of: key });
    else if (upload && upload.of !== key)
      this.faults.push(`${key} goes on with the upload of ${String(upload.of)}`);
    this.files.set(key, there);
    this.told.set(key, there.bytes.length);
    while (!(source.sealed && there.bytes.length >= source.size)) {
      await source.waitFor(there.bytes.length, this.chunk, 100, signal);
      const length = Math.min(this.chunk, source.size - there.bytes.length);
      if (length < 0)
        return void this.faults.push(`${key} has ${source.size} bytes, ${there.bytes.length} were stored`);
      there.bytes = Buffer.concat([there.bytes, await source.read(there.bytes.length, length)]);
      this.told.set(key, there.bytes.length);
      source.release(there.bytes.length);
    }
    there.complete = true;
  }

  async remove(): Promise<void> {
    this.files.clear();
    this.manifest = undefined;
  }
}

/** What a crash leaves: the disk, the storage, and the number of frames that had come out of the encoders. */
export interface Crash {
  disk: MemoryOpfs;
  storage: FakeStorage;
  frames: number;
  /** Those that had before that very moment: what comes at once is written one after the other. */
  earlier: number;
}

const useDisk = (disk: MemoryOpfs): void => {
  vi.stubGlobal('navigator', { storage: disk.storage });
};

/**
 * Plays a recording to its end on a disk, and takes a picture of everything at some of its changes.
 *
 * @param at which changes of the disk, counted from 1.
 * @param perWrite bytes that the disk takes at once: a crash comes between any two such pieces.
 */
export const crashesOf = async (
  scenario: Scenario,
  at: ReadonlySet<number>,
  perWrite = Number.POSITIVE_INFINITY,
): Promise<{ outcome: Outcome; crashes: Crash[]; changes: number }> => {
  const disk = new MemoryOpfs();
  disk.perWrite = perWrite;
  useDisk(disk);
  const journal = await Journal.open(
    {
      ...{ version: 1, id: ID, startedAt: STARTED, metadata: { title: 'Show' } },
      storage: STORAGE,
    },
    () => Promise.reject(new Error('There is a disk.')),
  );
  const storage = new FakeStorage();
  const crashes: Crash[] = [];
  let changes = 0;
  const open: OpenDevice = (world, report, stats) => {
    let [moment, earlier, frames] = [world.now(), 0, 0];
    disk.onChange = () => {
      if (world.now() > moment) [moment, earlier] = [world.now(), frames];
      frames = stats.framesEncoded;
      if (at.has(++changes)) crashes.push({ disk: disk.copy(), storage: storage.copy(), frames, earlier });
    };
    const log = new RecordingLog(journal.tail, report.fail);
    storage.onUpload = (key, upload) => log.upload(key, { ...upload, at: TAG });
    return {
      ...{ log, sink: storage, removeWhenStored: true },
      openStore: name => journal.openStore(name, report.fail),
      writeManifest: async manifest => {
        await log.settled();
        await journal.writeManifest(manifest);
        log.saved(manifest);
        await storage.writeManifest(manifest);
      },
    };
  };
  const outcome = await play(scenario, open);
  disk.onChange = () => undefined;
  return { outcome, crashes, changes };
};

/** Recovers what a crash has left, and takes a picture of everything at some change of the disk, as if it crashed there too. */
export const crashAgain = async (
  { disk, storage, ...rest }: Crash,
  at: number,
): Promise<Crash | undefined> => {
  let again: Crash | undefined;
  let changes = 0;
  disk.onChange = () => {
    if (++changes === at) again = { ...rest, disk: disk.copy(), storage: storage.copy() };
  };
  await recoverOn(disk, storage);
  return again;
};

/** Recovers what lies on a disk. @param before is called when all is set up, and nothing has happened. */
export const recoverOn = async (
  disk: MemoryOpfs,
  storage: FakeStorage,
  { tag = TAG, moves = false } = {},
  before: (found: LeftBehind) => void = () => undefined,
): Promise<Recording | undefined> => {
  useDisk(disk);
  const found = await LeftJournal.reopen(ID, journalPath(ID));
  if (!found) return undefined;
  const recovery = new Recovery(found, {
    openSink: events => {
      storage.onUpload = events.onUpload;
      return storage;
    },
    ...{ tag, moves },
    onWritten: () => undefined,
    signal: new AbortController().signal,
  });
  storage.told.clear();
  before(found);
  const recording = await recovery.run();
  const told = [...storage.told.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (told !== recovery.recordedBytes)
    storage.faults.push(`told of ${told} bytes stored of ${recovery.recordedBytes}`);
  return recording;
};

/** Bytes of a recording's files in storage, in the manifest's order. */
export const storedOf = (storage: FakeStorage, recording: Recording): Buffer[] =>
  recording.files.map(({ key }) => storage.files.get(key)?.bytes ?? Buffer.alloc(0));
