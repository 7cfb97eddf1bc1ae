/** A private file system that fails, and files of it that are closed before they are read. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GrowingFile } from '../../src/journal/growing-file.ts';
import { Journal } from '../../src/journal/journal.ts';
import { Kept } from '../../src/journal/kept.ts';
import { OpfsStore } from '../../src/journal/opfs-store.ts';
import { Usage } from '../../src/journal/quota.ts';
import { createDirectory, directoryNames, writeWhole } from '../../src/opfs.ts';
import { DeviceSink } from '../../src/storage/device/sink.ts';
import type { SinkEvents } from '../../src/storage/sink.ts';
import { type FilesContext, RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';
import { videoSource } from './cut-kit.ts';
import { ID, manifest, until } from './server-kit.ts';

const NAME = '0001.mp4';
const KEY = `recordings/${ID}/${NAME}`;
const quota = (): DOMException => new DOMException('no room', 'QuotaExceededError');
const failedBy = (cause: unknown) => expect.objectContaining({ code: 'device-storage-failed', cause });

let disk: MemoryOpfs;
beforeEach(() => {
  disk = new MemoryOpfs();
  vi.stubGlobal('navigator', { storage: disk.storage });
});
afterEach(() => vi.unstubAllGlobals());

const PATH = `steadyreel/journal/${ID}`;

const openStore = (name: string, onError: (error: unknown) => void): OpfsStore =>
  new OpfsStore({
    ...{ path: PATH.split('/'), name, segmentBytes: Number.POSITIVE_INFINITY, onError },
    ...{ kept: new Kept(), usage: new Usage() },
  });

const openFile = () => {
  const onError = vi.fn();
  const store = openStore(NAME, onError);
  return { file: new GrowingFile(KEY, store, onError), store, onError };
};

describe('a disk that is full in the middle of a write', () => {
  it.each([false, true])(
    'leaves no hole: whole appends stay, none comes after (throws: %s)',
    async throws => {
      disk.throws = throws;
      const { file, store, onError } = openFile();
      await store.read(0, 0);
      file.append(Uint8Array.of(1, 2, 3, 4));
      disk.room = 6;
      file.append(Uint8Array.of(5, 6, 7, 8));
      expect(disk.read(`${PATH}/${NAME}`)).toEqual(Uint8Array.of(1, 2, 3, 4));
      // There is room for this one.
      file.append(Uint8Array.of(9));
      disk.room = 1_000;
      file.append(Uint8Array.of(10));
      await file.seal();
      expect(disk.read(`${PATH}/${NAME}`)).toEqual(Uint8Array.of(1, 2, 3, 4));
      expect(file.size).toBe(4);
      expect(onError).toHaveBeenCalledTimes(1);
      expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'device-storage-failed' }));
      expect(() => store.append(Uint8Array.of(11))).toThrow(
        expect.objectContaining({ code: 'device-storage-failed' }),
      );
    },
  );

  it('says why', async () => {
    disk.throws = true;
    disk.room = 1;
    const { file, store, onError } = openFile();
    await store.read(0, 0);
    file.append(Uint8Array.of(1, 2));
    expect(onError.mock.calls[0]?.[0]).toMatchObject({
      code: 'device-storage-failed',
      cause: { name: 'QuotaExceededError' },
    });
  });

  it('while what came before the file was open is written', async () => {
    disk.room = 3;
    const { file, store, onError } = openFile();
    file.append(Uint8Array.of(1, 2));
    file.append(Uint8Array.of(3, 4));
    await expect(store.seal()).rejects.toMatchObject({ code: 'device-storage-failed' });
    file.append(Uint8Array.of(5));
    expect(disk.read(`${PATH}/${NAME}`)).toEqual(Uint8Array.of(1, 2));
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'device-storage-failed' });
  });
});

const onDevice = {
  ...{ version: 1 as const, id: ID, startedAt: '', metadata: {} },
  storage: { kind: 'device' },
};

const neverInMemory = (): Promise<never> => Promise.reject(new Error('in memory'));

describe('what the browser throws', () => {
  it.each([
    ['a folder is made', 'folder', () => createDirectory(['a'])],
    ['a recording is begun on this device', 'folder', () => Journal.open(onDevice, neverInMemory)],
    ['folders are listed', 'folder', () => directoryNames(['a'])],
    ['a manifest is opened', 'file', () => writeWhole(['a'], 'manifest.json', '{}')],
    ['a manifest is written', 'write', () => writeWhole(['a'], 'manifest.json', '{}')],
    ['a manifest is closed', 'close', () => writeWhole(['a'], 'manifest.json', '{}')],
    [
      'the device sink writes it',
      'close',
      () => new DeviceSink({} as never).writeManifest({ ...manifest(ID), state: 'recording' }),
    ],
    ['a file is flushed', 'flush', () => openStore(NAME, () => undefined).seal()],
  ] as const)('when %s: device-storage-failed, with the cause', async (_, what, work) => {
    const cause = quota();
    disk.refuse[what] = cause;
    await expect(work()).rejects.toEqual(failedBy(cause));
    expect(disk.aborted).toBe(what === 'write' || what === 'close' ? 1 : 0);
  });
});

describe('a file that is closed', () => {
  it('once it is sealed, and can be read all the same', async () => {
    const { file, onError } = openFile();
    file.append(Uint8Array.of(1, 2, 3, 4));
    await file.close();
    expect(await file.read(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(disk.open).toBe(1);
    file.append(Uint8Array.of(5));
    await file.seal();
    expect(disk.open).toBe(0);
    expect(await file.read(1, 4)).toEqual(Uint8Array.of(2, 3, 4, 5));
    await expect(file.read(4, 2)).rejects.toMatchObject({ code: 'device-storage-failed' });
    expect(disk.open).toBe(0);
    await file.dispose(true);
    expect(disk.read(`${PATH}/${NAME}`)).toBeUndefined();
    expect(onError).not.toHaveBeenCalled();
  });
});

describe('the files of a recording', () => {
  const start = (context: Partial<FilesContext>) => {
    const onStorageError = vi.fn();
    const fail = vi.fn();
    const keeper = new ManifestKeeper({
      id: ID,
      startedAt: '2024-05-01T10:00:00.000Z',
      metadata: {},
      write: async () => undefined,
      onFile: () => undefined,
      onChange: () => undefined,
      onEvent: () => undefined,
      onError: () => undefined,
    });
    const files = new RecordingFiles({
      recordingId: ID,
      startedAt: '2024-05-01T10:00:00.000Z',
      sink: new DeviceSink({ onStored: () => undefined } as unknown as SinkEvents),
      keeper,
      log: new RecordingLog(undefined, fail),
      stats: emptyStats(),
      report: { warn: () => undefined, fail },
      signal: new AbortController().signal,
      openStore: name => openStore(name, fail),
      removeWhenStored: false,
      onStorageError,
      ...context,
    });
    return { files, onStorageError, fail };
  };

  /** Twenty files of a frame each, one after the other; the last one is still open. */
  const record = async (files: RecordingFiles): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const before = files.current;
      const video = { source: videoSource(), family: 'vp8' as const };
      files.begin({ reason: 'video-size', startTime: i * 1e6, video, audioEpoch: undefined });
      before?.endVideo();
      files.current?.addVideo(
        { data: new Uint8Array(100), timestamp: i * 1e6, type: 'key' },
        { codec: 'vp8', codedWidth: 640, codedHeight: 360 },
      );
    }
  };

  it('on this device: only the one that grows stays open', async () => {
    const { files, fail } = start({});
    await record(files);
    await until(() => disk.open === 1, 'nineteen files are closed');
    expect(disk.paths).toHaveLength(20);
    expect(fail).not.toHaveBeenCalled();
  });

  it('after a refusal: the same, and each is told', async () => {
    const refused = new Error('no');
    const nothing = async (): Promise<void> => undefined;
    const sink = { writeManifest: nothing, put: nothing, remove: nothing };
    const store = () => Promise.reject(refused);
    const { files, fail, onStorageError } = start({ sink: { ...sink, store }, removeWhenStored: true });
    await record(files);
    await until(() => disk.open === 1, 'nineteen files are closed');
    // What the storage did not take is kept.
    expect(disk.paths).toHaveLength(20);
    expect(onStorageError).toHaveBeenCalledTimes(20);
    expect(fail).not.toHaveBeenCalled();
  });
});
