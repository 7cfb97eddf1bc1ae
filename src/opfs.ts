/** Thin helpers over the origin private file system, and the folders that steadyreel keeps there. */
import { DeviceStorageError } from './errors.ts';

/** `FileSystemSyncAccessHandle`, which TypeScript's DOM library leaves to its worker library. */
export interface SyncAccessHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  read(into: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}
export interface SyncFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}
interface Movable {
  move?(directory: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Folder of everything of ours. */
const ROOT = 'steadyreel';
/** Recordings that this device keeps: what `device()` lists. */
export const recordingPath = (recordingId: string): string[] => [ROOT, 'recordings', recordingId];
/** Recordings on their way to another storage. */
export const journalPath = (recordingId: string): string[] => [ROOT, 'journal', recordingId];
/** Where all kept recordings lie. */
export const RECORDINGS_PATH = [ROOT, 'recordings'];

/** Opens a folder, making it and those above it when they are not there. */
export const createDirectory = async (path: readonly string[]): Promise<FileSystemDirectoryHandle> => {
  let directory = await root();
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
  return directory;
};

/** Opens a folder, or gives `undefined` when it is not there. */
export const openDirectory = async (
  path: readonly string[],
): Promise<FileSystemDirectoryHandle | undefined> => {
  let directory = await root();
  for (const name of path) {
    try {
      directory = await directory.getDirectoryHandle(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw new DeviceStorageError(`folder "${path.join('/')}" could not be opened`, error);
    }
  }
  return directory;
};

const root = async (): Promise<FileSystemDirectoryHandle> => {
  try {
    return await navigator.storage.getDirectory();
  } catch (error) {
    throw new DeviceStorageError('there is no private file system', error);
  }
};

/** True when the browser says that a file or folder is not there. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'NotFoundError';

/** Deletes a folder with all that is in it; does nothing when it is not there. */
export const removeDirectory = async (path: readonly string[]): Promise<void> => {
  const parent = await openDirectory(path.slice(0, -1));
  await parent?.removeEntry(path.at(-1) ?? '', { recursive: true }).catch(error => {
    if (!isNotFound(error))
      throw new DeviceStorageError(`folder "${path.join('/')}" could not be deleted`, error);
  });
};

/** Writes a small text file in a worker. The old one stays whole until the new one is complete. */
export const writeText = async (path: readonly string[], name: string, text: string): Promise<void> => {
  const directory = await createDirectory(path);
  // A writable stream writes into a copy and swaps it in on close; a synchronous handle would tear.
  const file = await directory.getFileHandle(name, { create: true });
  const stream = await file.createWritable();
  await stream.write(text);
  await stream.close();
};

/** A file's content, or `undefined` when it is not there. */
export const readFile = async (path: readonly string[], name: string): Promise<File | undefined> => {
  try {
    return await (await (await openDirectory(path))?.getFileHandle(name))?.getFile();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw new DeviceStorageError(`"${name}" could not be read`, error);
  }
};

/** Moves all files of one folder into another and removes the empty one. */
export const moveDirectory = async (from: readonly string[], to: readonly string[]): Promise<void> => {
  const source = await openDirectory(from);
  if (!source) return;
  const target = await createDirectory(to);
  const entries = (source as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }).entries();
  const files: FileSystemFileHandle[] = [];
  for await (const [, handle] of entries)
    if (handle.kind === 'file') files.push(handle as FileSystemFileHandle);
  for (const file of files) {
    const movable = file as FileSystemFileHandle & Movable;
    if (movable.move) await movable.move(target, file.name);
    else await copy(file, target);
  }
  await removeDirectory(from);
};

const copy = async (file: FileSystemFileHandle, target: FileSystemDirectoryHandle): Promise<void> => {
  const stream = await (await target.getFileHandle(file.name, { create: true })).createWritable();
  await (await file.getFile()).stream().pipeTo(stream);
};

/** Names of the folders in a folder. */
export const directoryNames = async (path: readonly string[]): Promise<string[]> => {
  const directory = await openDirectory(path);
  if (!directory) return [];
  const names: string[] = [];
  const entries = (
    directory as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }
  ).entries();
  for await (const [name, handle] of entries) if (handle.kind === 'directory') names.push(name);
  return names;
};
