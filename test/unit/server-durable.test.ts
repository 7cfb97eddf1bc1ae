/** What has been answered survives a power cut: not the bytes alone, but the names of files and folders, too. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ID, newStorage, noise } from './server-kit.ts';

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
