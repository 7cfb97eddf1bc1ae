/** A device without room: of a file that could not be written, the journal has what is missing, and nothing else of it is lost. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DeviceStorageError } from '../../src/errors.ts';
import type { ByteStore } from '../../src/journal/growing-file.ts';
import { Journal } from '../../src/journal/journal.ts';
import type { Tail } from '../../src/journal/tail.ts';
import type { Recording } from '../../src/manifest.ts';
import { RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import type { OpenFile } from '../../src/worker/open-file.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';
import { videoSource } from './cut-kit.ts';
import { FakeStorage, recoverOn } from './recovery-kit.ts';
import { ID } from './server-kit.ts';
import { STARTED } from './timeline-recording.ts';

afterEach(() => vi.unstubAllGlobals());

const FRAME = 100_000;
/** Frames of a file, with a key frame every second. */
const FRAMES = 35;
const VIDEO = { source: videoSource(), family: 'vp8' as const };
const CONFIG: VideoDecoderConfig = { codec: 'vp8', codedWidth: 640, codedHeight: 360 };

const start = async () => {
  const disk = new MemoryOpfs();
  vi.stubGlobal('navigator', { storage: disk.storage });
  const setup = { version: 1 as const, id: ID, startedAt: STARTED, metadata: {} };
  const journal = await Journal.open(
    { ...setup, storage: { kind: 'tus', endpoint: 'https://storage.example' } },
    () => Promise.reject(new Error('There is a disk.')),
  );
  const storage = new FakeStorage();
  const log = new RecordingLog(journal.tail, () => undefined);
  const keeper = new ManifestKeeper({
    ...{ id: ID, startedAt: STARTED, metadata: {}, write: async () => undefined },
    ...{ onFile: () => undefined, onChange: () => undefined, onError: () => undefined },
    onEvent: event => log.event(event),
  });
  /** Names of files that there is no more room for. */
  const full = new Set<string>();
  const openStore = (name: string): ByteStore => {
    const store = journal.openStore(name, () => undefined);
    const append = store.append.bind(store);
    store.append = bytes => {
      if (full.has(name)) throw new DeviceStorageError('no room');
      append(bytes);
    };
    return store;
  };
  const files = new RecordingFiles({
    ...{ recordingId: ID, startedAt: STARTED, sink: storage, keeper, log, stats: emptyStats() },
    report: { warn: () => undefined, fail: () => undefined },
    signal: new AbortController().signal,
    ...{ openStore, removeWhenStored: true, onStorageError: () => undefined },
  });
  return { disk, journal, storage, log, keeper, full, files };
};

type Run = Awaited<ReturnType<typeof start>>;

const begin = ({ files }: Run, at: number): OpenFile =>
  files.begin({
    reason: at === 0 ? 'start' : 'video-size',
    startTime: at * FRAME,
    video: VIDEO,
    audioEpoch: undefined,
  });

/** Frames come, and all that follows from them happens. */
const add = async ({ log }: Run, file: OpenFile, from: number, to: number): Promise<void> => {
  const first = file.setup.startTime / FRAME;
  for (let i = from; i < to; i++) {
    const type = (i - first) % 10 === 0 ? 'key' : 'delta';
    const packet = { data: new Uint8Array(200).fill(i), timestamp: i * FRAME, type } as const;
    file.addVideo(packet, i === first ? CONFIG : undefined);
  }
  await log.settled();
};

const end = async (file: OpenFile, at: number): Promise<void> => {
  file.endTime = at * FRAME;
  file.endVideo();
  await file.finished;
};

/** What is recovered when the tab dies now. */
const recovered = async (
  { disk, storage }: Run,
  copy = storage.copy(),
): Promise<[frames: number, whole: boolean][]> => {
  const recording = (await recoverOn(disk.copy(), copy)) as Recording;
  vi.stubGlobal('navigator', { storage: disk.storage });
  expect(copy.faults).toEqual([]);
  return recording.files.map(file => [
    file.video?.frames ?? 0,
    copy.files.get(file.key)?.bytes.length === file.bytes && copy.files.get(file.key)?.complete === true,
  ]);
};

describe('a device without room at a cut', () => {
  it('for the end of the old file: the new one goes on, and both are recovered', async () => {
    const run = await start();
    const old = begin(run, 0);
    await add(run, old, 0, FRAMES);
    const next = begin(run, FRAMES);
    await add(run, next, FRAMES, FRAMES + 5);
    run.full.add('0001.mp4');
    await end(old, FRAMES);
    expect(run.files.damaged).toBe(true);
    await add(run, next, FRAMES + 5, 2 * FRAMES);
    expect(await recovered(run)).toEqual([
      [FRAMES, true],
      [FRAMES, true],
    ]);
    await end(next, 2 * FRAMES);
    await run.files.stored();
    expect(await recovered(run)).toEqual([
      [FRAMES, true],
      [FRAMES, true],
    ]);
  });

  it('for the new file: the old one is finished, and both are recovered', async () => {
    const run = await start();
    const old = begin(run, 0);
    await add(run, old, 0, FRAMES - 1);
    const next = begin(run, FRAMES);
    run.full.add('0002.mp4');
    await add(run, next, FRAMES, FRAMES + 15);
    expect(run.files.damaged).toBe(true);
    // The encoder of the old file gives its last packet now.
    await add(run, old, FRAMES - 1, FRAMES);
    await end(old, FRAMES);
    await add(run, next, FRAMES + 15, 2 * FRAMES);
    expect(await recovered(run)).toEqual([
      [FRAMES, true],
      [FRAMES, true],
    ]);
    await end(next, 2 * FRAMES);
    await run.files.stored();
    expect(await recovered(run)).toEqual([
      [FRAMES, true],
      [FRAMES, true],
    ]);
  });
});

describe('a tail of the journal', () => {
  it('that could not be written to its end keeps what is finished here, although it is stored', async () => {
    const run = await start();
    const old = begin(run, 0);
    await add(run, old, 0, FRAMES);
    const next = begin(run, FRAMES);
    await add(run, next, FRAMES, 2 * FRAMES);
    for (const name of ['append', 'begin'] as const)
      vi.spyOn(run.journal.tail as Tail, name).mockImplementation(() => {
        throw new DOMException('no room', 'QuotaExceededError');
      });
    await end(old, FRAMES);
    await end(next, 2 * FRAMES);
    await run.files.stored();
    expect(await recovered(run, new FakeStorage())).toEqual([
      [FRAMES, true],
      [FRAMES, true],
    ]);
  });

  it('that can not be read is not deleted with all that lies beside it', async () => {
    const run = await start();
    const { disk, journal, keeper, storage } = run;
    await add(run, begin(run, 0), 0, FRAMES);
    await journal.writeManifest(keeper.manifest);
    for (const path of disk.paths.filter(path => path.includes('tail-'))) disk.write(path, new Uint8Array(9));
    const left = disk.copy();
    const before = left.paths.filter(path => !path.includes('ballast'));
    for (const _ of ['first', 'again'])
      await expect(recoverOn(left, storage)).rejects.toThrow(
        expect.objectContaining({ code: 'device-storage-failed' }),
      );
    expect(left.paths).toEqual(before);
    expect([left.open, storage.files.size]).toEqual([0, 1]);
  });
});
