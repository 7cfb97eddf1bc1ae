/** What has been answered survives a power cut: not the bytes alone, but the names of files and folders, too. */
import { appendFile, type FileHandle, open, readdir, readlink, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { filePath, ID, newStorage, noise } from './server-kit.ts';

/** Folders whose names were made to stay, by the numbers of their inodes. */
const watchFolders = async (): Promise<Set<number>> => {
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const synced = new Set<number>();
  const { sync } = prototype;
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    const stats = await this.stat();
    await sync.call(this);
    if (stats.isDirectory()) synced.add(stats.ino);
  });
  onTestFinished(() => spy.mockRestore());
  return synced;
};

const inodes = (paths: readonly string[]): Promise<number[]> =>
  Promise.all(paths.map(async path => (await stat(path)).ino));

test('an upload: its file, its info, and the folders that were made for both', async () => {
  const { client, dir } = await newStorage();
  const synced = await watchFolders();
  expect((await client.create()).status).toBe(201);
  const folders = ['', ID, '.uploads', `.uploads/${ID}`].map(name => join(dir, name));
  expect([...synced]).toEqual(expect.arrayContaining(await inodes(folders)));
  synced.clear();
  // From then on there is no name that is new.
  expect((await client.patch(0, noise(10))).status).toBe(204);
  expect([...synced]).toEqual([]);
});

test('a manifest that takes the place of the one before', async () => {
  const { client, dir } = await newStorage();
  await client.upload(noise(10));
  const synced = await watchFolders();
  expect((await client.putManifest()).ok).toBe(true);
  expect([...synced]).toEqual(await inodes([join(dir, ID)]));
});

/** Stands in for a disk's `fdatasync`. */
const onDatasync = async (flush: (handle: FileHandle) => Promise<void>) => {
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const spy = vi.spyOn(prototype, 'datasync').mockImplementation(function (this: FileHandle) {
    return flush(this);
  });
  onTestFinished(() => spy.mockRestore());
  return spy;
};

test('an offset that is told after the process died: what lies there by then is flushed first', async () => {
  const { client, dir } = await newStorage();
  await client.create();
  const path = join(dir, ID, '0001.mp4');
  await appendFile(path, noise(10));
  const { ino } = await stat(path);
  const flushed: number[] = [];
  await onDatasync(async handle => void flushed.push((await handle.stat()).ino));
  expect(await client.offset()).toEqual({ offset: 10, length: undefined });
  expect(flushed).toEqual([ino]);
});

test('bytes that could not be flushed are not confirmed by the next answer', async () => {
  const { client } = await newStorage({ onError: () => undefined });
  await client.create();
  expect((await client.patch(0, noise(10))).status).toBe(204);
  const spy = await onDatasync(() => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })));
  expect((await client.patch(10, noise(10))).status).toBe(500);
  spy.mockRestore();
  expect(await client.offset()).toEqual({ offset: 10, length: undefined });
});

// Where the system lists what is open.
test.runIf(process.platform === 'linux')(
  'a file that gets shorter while it is sent is let go of',
  async () => {
    const { client, dir } = await newStorage();
    await client.upload(noise(1_000_000));
    const path = join(dir, ID, '0001.mp4');
    const reader = (await client.send('GET', filePath())).body?.getReader();
    await reader?.read();
    await truncate(path, 10);
    const rest = async (): Promise<void> => {
      while (!(await reader?.read())?.done);
    };
    await expect(rest()).rejects.toThrow();
    const fds = await readdir('/proc/self/fd');
    const links = await Promise.all(fds.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
    expect(links).not.toContain(path);
  },
);
