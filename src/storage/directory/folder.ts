/** Files in a folder that the user has chosen, where a recording has a folder of its own. Runs in the page and in the worker. */
import { fileNameOf, RECORDINGS_PREFIX } from '../../manifest.ts';
import { isNotFound } from '../../opfs.ts';

const orUndefined = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};

export class Folder {
  constructor(private readonly handle: FileSystemDirectoryHandle) {}

  /** The folder that something lies in: its key names all of them. */
  async #folderOf(key: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    let folder = this.handle;
    for (const name of key.split('/').slice(0, -1))
      folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  }

  #recordings(): Promise<FileSystemDirectoryHandle | undefined> {
    return orUndefined(this.#folderOf(RECORDINGS_PREFIX, false));
  }

  /** A stream into a file, whose old content stays until the stream is closed. */
  async writable(key: string): Promise<FileSystemWritableFileStream> {
    const folder = await this.#folderOf(key, true);
    return (await folder.getFileHandle(fileNameOf(key), { create: true })).createWritable();
  }

  /** A file, or `undefined` when it is not there. */
  file(key: string): Promise<File | undefined> {
    return orUndefined(
      this.#folderOf(key, false)
        .then(folder => folder.getFileHandle(fileNameOf(key)))
        .then(file => file.getFile()),
    );
  }

  /** Names of the recordings' folders. */
  async names(): Promise<string[]> {
    const folder = await this.#recordings();
    const names: string[] = [];
    // TypeScript's DOM library does not know that folders can be gone through.
    const entries = folder as unknown as { keys(): AsyncIterable<string> } | undefined;
    if (entries) for await (const name of entries.keys()) names.push(name);
    return names;
  }

  async remove(recordingId: string): Promise<void> {
    const folder = await this.#recordings();
    if (folder) await orUndefined(folder.removeEntry(recordingId, { recursive: true }));
  }
}
