/** The file system, with two rules: no link is followed below the storage's folder, and no file is half written. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, notFound } from './errors.ts';

// Windows has no such flag, and its links need rights that an ordinary user does not have.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

const isMissing = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '');

/** `undefined` where nothing is. Does not follow a link. */
const look = async (path: string) => {
  try {
    return await lstat(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
};

/**
 * The folder's path when it is there and each of its segments is a real folder; `undefined` when it is not
 * there. `root` itself is trusted.
 *
 * @throws HttpError (404) when a segment is a link or a file.
 */
export const findFolder = async (root: string, segments: readonly string[]): Promise<string | undefined> => {
  let path = root;
  for (const segment of segments) {
    path = join(path, segment);
    const stats = await look(path);
    if (stats === undefined) return undefined;
    if (!stats.isDirectory()) throw notFound();
  }
  return path;
};

/** Windows opens no folders, and some file systems of networks flush none: there, names are theirs to keep. */
const CAN_NOT_SYNC = ['EPERM', 'EISDIR', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS', 'EBADF'];

/** Makes sure that a power cut does not take away the names of what was made or renamed in a folder: flushing a file does not (fsync(2)). */
export const syncFolder = async (path: string): Promise<void> => {
  try {
    const handle = await open(path, constants.O_RDONLY | NO_FOLLOW);
    await handle.sync().finally(() => handle.close());
  } catch (thrown) {
    if (!CAN_NOT_SYNC.includes(errnoOf(thrown) ?? '')) throw thrown;
  }
};

/** As `findFolder`, and makes what is not there. */
export const makeFolder = async (root: string, segments: readonly string[]): Promise<string> => {
  await mkdir(root, { recursive: true });
  let path = root;
  for (const segment of segments) {
    const parent = path;
    path = join(parent, segment);
    try {
      await mkdir(path);
      await syncFolder(parent);
    } catch (thrown) {
      if (errnoOf(thrown) !== 'EEXIST') throw thrown;
      const stats = await look(path);
      if (!stats?.isDirectory()) throw notFound();
    }
  }
  return path;
};

/** Opens a file that is there; `undefined` when it is not, or is no ordinary file. */
export const openFile = async (path: string, mode: 'read' | 'write'): Promise<FileHandle | undefined> => {
  const stats = await look(path);
  if (!stats?.isFile()) return undefined;
  try {
    return await open(path, (mode === 'read' ? constants.O_RDONLY : constants.O_WRONLY) | NO_FOLLOW);
  } catch (thrown) {
    if (isMissing(thrown) || errnoOf(thrown) === 'ELOOP') return undefined;
    throw thrown;
  }
};

/** Bytes of an ordinary file; `undefined` when there is none. */
export const fileSize = async (path: string): Promise<number | undefined> => {
  const stats = await look(path);
  return stats?.isFile() ? stats.size : undefined;
};

/** The text of a file, or `undefined` when there is none or it has more than `maxBytes`. */
export const readText = async (path: string, maxBytes: number): Promise<string | undefined> => {
  const handle = await openFile(path, 'read');
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    return size > maxBytes ? undefined : await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
};

/** Replaces a file as a whole: a reader, or a crash in the middle, sees the old text or the new one. Once done, it stays done. */
export const writeAtomically = async (folder: string, name: string, text: string | Uint8Array) => {
  const temporary = join(folder, `.${name}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(folder, name));
    await syncFolder(folder);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
};

/** Names in a folder: none when it is not there. */
export const listFolder = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
};

/**
 * Removes a folder and the files in it. Folders in it stay, and it with them: a prefix that looks like a
 * recording id must not lose its recordings to somebody who may delete that id.
 */
export const removeFolder = async (folder: string): Promise<void> => {
  for (const name of await listFolder(folder)) {
    const stats = await look(join(folder, name));
    if (stats && !stats.isDirectory()) await rm(join(folder, name), { force: true });
  }
  try {
    await rmdir(folder);
  } catch (thrown) {
    const code = errnoOf(thrown) ?? '';
    if (!isMissing(thrown) && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown;
  }
};
