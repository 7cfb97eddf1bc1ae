/** Storages of the user's own: functions of the page, and a folder. Whole recordings, looked at from outside. */
import {
  custom,
  directory,
  listRecordings,
  Recorder,
  type Recording,
  recover,
  type Storage,
  unfinishedRecordings,
} from 'steadyreel';
import { expect, test } from 'vitest';
import { checkCounters, checkFiles } from './support/check.ts';
import { saveRecording } from './support/save.ts';
import { AudioSource, VideoSource } from './support/source.ts';

/** Two sizes, so two files. */
const record = async (storage: Storage): Promise<{ recorder: Recorder; recording: Recording }> => {
  const [video, audio] = [new VideoSource(), new AudioSource()];
  const thumbnails = { interval: 1 };
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage, thumbnails });
  await recorder.start();
  const sound = audio.feed(3);
  await video.feed(45, { width: 320, height: 180 });
  await video.feed(45, { width: 640, height: 360 });
  await sound;
  return { recorder, recording: await recorder.stop() };
};

/** Three seconds: three pictures, a sheet of them, and its index. */
const checkThumbnails = async (storage: Storage, { thumbnails }: Recording): Promise<void> => {
  const { items = [], sprites = [], vtt = '', bytes } = thumbnails ?? {};
  expect([items.length, sprites.length]).toEqual([3, 1]);
  const blobs = await Promise.all([...items, ...sprites].map(({ key }) => storage.read(key)));
  const sizes = await Promise.all(blobs.map(async blob => (await createImageBitmap(blob)).width));
  expect(sizes).toEqual([320, 320, 320, 800]);
  const index = await storage.read(vtt);
  expect(await index.text()).toMatch(/^WEBVTT\n\n00:00:00\.000 --> /);
  expect([...blobs, index].reduce((sum, { size }) => sum + size, 0)).toBe(bytes);
};

const check = async (storage: Storage, recording: Recording): Promise<void> => {
  expect(recording.files).toHaveLength(2);
  expect((await listRecordings(storage)).find(({ id }) => id === recording.id)).toEqual(recording);
  const saved = await saveRecording(recording, storage);
  await checkFiles(saved);
  await checkCounters(saved, 90);
  await checkThumbnails(storage, recording);
  expect(await unfinishedRecordings({ storage })).toEqual([]);
  await storage.delete(recording.id);
  expect(await storage.list()).toEqual([]);
};

/** Keeps files in memory, and fails now and then. */
const archive = (failsEvery: number): Storage => {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const manifests = new Map<string, Recording>();
  let calls = 0;
  const mayFail = (): void => {
    if (++calls % failsEvery === 0) throw new Error('The archive is busy.');
  };
  return custom({
    name: `archive ${failsEvery}`,
    chunkBytes: 20_000,
    flushInterval: 0.2,
    write: async ({ key, offset, bytes }) => {
      mayFail();
      const before = files.get(key) ?? new Uint8Array();
      const after = new Uint8Array(offset + bytes.length);
      after.set(before.subarray(0, offset));
      after.set(bytes, offset);
      files.set(key, after);
      mayFail();
    },
    writeManifest: async manifest => {
      mayFail();
      manifests.set(manifest.id, manifest);
    },
    size: async key => files.get(key)?.length ?? 0,
    read: async key => {
      const bytes = files.get(key);
      return bytes && new Blob([bytes]);
    },
    list: async () => [...manifests.values()],
    delete: async id => {
      manifests.delete(id);
      for (const key of files.keys()) if (key.includes(id)) files.delete(key);
    },
  });
};

test.concurrent('functions of the page get a recording, also when they fail now and then', async () => {
  const storage = archive(7);
  const { recording } = await record(storage);
  expect(recording.state).toBe('complete');
  await check(storage, recording);
});

test.concurrent('functions that always fail: the recording goes on, and is finished by others later', async () => {
  const storage = custom({
    name: 'archive 1000',
    giveUpAfter: 0.5,
    write: async () => Promise.reject(new Error('The archive is closed.')),
    writeManifest: async () => undefined,
  });
  await expect(record(storage)).rejects.toMatchObject({ code: 'storage-unreachable' });
  const later = archive(1000);
  const [recovered, ...others] = await recover({ storage: later });
  expect(others).toEqual([]);
  expect(recovered?.state).toBe('recovered');
  const saved = await saveRecording(recovered as Recording, later);
  await checkFiles({ ...saved, state: 'complete' });
  await checkCounters(saved, 90);
});

test.concurrent('a folder of the user gets a recording, file by file', async () => {
  // The private file system has folders of the same kind as those that are picked.
  const root = await navigator.storage.getDirectory();
  const handle = await root.getDirectoryHandle('picked', { create: true });
  const storage = directory(handle);
  const { recording } = await record(storage);
  expect(recording.state).toBe('complete');
  const recordings = await handle.getDirectoryHandle('recordings');
  const folder = await recordings.getDirectoryHandle(recording.id);
  for (const name of ['0001.mp4', '0002.mp4', 'manifest.json']) await folder.getFileHandle(name);
  await check(storage, recording);
});

test.concurrent('a folder that is no more: said as trouble, kept on this device', async () => {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getDirectoryHandle('gone', { create: true });
  await root.removeEntry('gone');
  const storage = directory(handle, { giveUpAfter: 0.5 });
  await expect(record(storage)).rejects.toMatchObject({ code: 'storage-unreachable' });
  expect(await unfinishedRecordings({ storage })).toHaveLength(1);
  const again = directory(await root.getDirectoryHandle('gone', { create: true }));
  const [recovered] = await recover({ storage: again });
  const saved = await saveRecording(recovered as Recording, again);
  await checkFiles({ ...saved, state: 'complete' });
  await checkCounters(saved, 90);
});
