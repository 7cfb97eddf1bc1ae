/** Thin helpers over the origin private file system, and the folders that steadyreel keeps there. */
import { DeviceStorageError } from './errors.ts';

/** `FileSystemSyncAccessHandle`, which TypeScript's DOM library leaves to its worker library. */
export interface SyncAccessHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  read(into: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
export interface SyncFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

/** Folder of everything of ours. */
const ROOT = 'steadyreel';
/** Recordings that this device keeps: what `device()` lists. */
export const recordingPath = (recordingId: string): string[] => [ROOT, 'recordings', recordingId];
/** Where something of a kept recording lies: its key names the folders. */
export const folderPath = (key: string): string[] => [ROOT, ...key.split('/').slice(0, -1)];
/** Recordings on their way to another storage. */
export const journalPath = (recordingId: string): string[] => [ROOT, 'journal', recordingId];
/** Where all kept recordings lie, and all on their way. */
export const RECORDINGS_PATH = [ROOT, 'recordings'];
export const JOURNALS_PATH = [ROOT, 'journal'];
/** Rings of streams that run. */
export const RINGS_PATH = [ROOT, 'rings'];
export const ringPath = (id: string): string[] => [...RINGS_PATH, id];

/** Of what is asked for a synchronous handle, Chromium (156) never answers when it becomes garbage meanwhile. */
const asked = new Set<SyncFileHandle>();

/** Opens a file for reading and writing at once, making it when it is not there. In a worker. */
export const openSync = async (
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<SyncAccessHandle> => {
  const file = (await directory.getFileHandle(name, { create: true })) as unknown as SyncFileHandle;
  asked.add(file);
  try {
    return await file.createSyncAccessHandle();
  } finally {
    asked.delete(file);
  }
};

/** What browsers throw, such as `QuotaExceededError`, as an error of ours. */
const typed = async <T>(detail: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DeviceStorageError ? error : new DeviceStorageError(detail, error);
  }
};

/**
 * Opens a folder, making it and those above it when they are not there.
 *
 * @throws DeviceStorageError (`device-storage-failed`), as everything here.
 */
export const createDirectory = (path: readonly string[]): Promise<FileSystemDirectoryHandle> =>
  typed(`folder "${path.join('/')}" could not be made`, async () => {
    let directory = await root();
    for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
    return directory;
  });

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

/** Writes a small file in a worker. The old one stays whole until the new one is complete. */
export const writeWhole = (
  path: readonly string[],
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<void> =>
  typed(`"${name}" could not be written, the disk or the quota may be full`, async () => {
    const directory = await createDirectory(path);
    // A writable stream writes into a copy and swaps it in on close; a synchronous handle would tear.
    const file = await directory.getFileHandle(name, { create: true });
    const stream = await file.createWritable();
    try {
      await stream.write(content);
      await stream.close();
    } catch (error) {
      // Else the copy would stay on the disk.
      await stream.abort().catch(() => undefined);
      throw error;
    }
  });

/** A file's content, or `undefined` when it is not there. */
export const readFile = async (path: readonly string[], name: string): Promise<File | undefined> => {
  try {
    return await (await (await openDirectory(path))?.getFileHandle(name))?.getFile();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw new DeviceStorageError(`"${name}" could not be read`, error);
  }
};

/** Deletes a file; does nothing when it is not there. */
export const removeFile = async (path: readonly string[], name: string): Promise<void> => {
  const directory = await openDirectory(path);
  await directory?.removeEntry(name).catch(error => {
    if (!isNotFound(error)) throw new DeviceStorageError(`"${name}" could not be deleted`, error);
  });
};

/** TypeScript's DOM library does not know that folders can be gone through. */
const entriesOf = (directory: FileSystemDirectoryHandle): AsyncIterable<FileSystemHandle> =>
  (directory as unknown as { values(): AsyncIterable<FileSystemHandle> }).values();

const namesIn = (path: readonly string[], kind: FileSystemHandleKind): Promise<string[]> =>
  typed(`folder "${path.join('/')}" could not be read`, async () => {
    const directory = await openDirectory(path);
    const names: string[] = [];
    if (!directory) return names;
    for await (const handle of entriesOf(directory)) if (handle.kind === kind) names.push(handle.name);
    return names;
  });

/** Names of the folders in a folder. */
export const directoryNames = (path: readonly string[]): Promise<string[]> => namesIn(path, 'directory');

/** Names of the files in a folder. */
export const fileNames = (path: readonly string[]): Promise<string[]> => namesIn(path, 'file');
