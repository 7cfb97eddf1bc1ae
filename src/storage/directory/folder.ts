/** Files in a folder that the user has chosen, where a recording has a folder of its own. Runs in the page and in the worker. */
import { parseKey } from '../../manifest.ts';
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

  #recordings(create: boolean): Promise<FileSystemDirectoryHandle> {
    return this.handle.getDirectoryHandle('recordings', { create });
  }

  /** A stream into a file, whose old content stays until the stream is closed. */
  async writable(key: string): Promise<FileSystemWritableFileStream> {
    const { recordingId = '', name = '' } = parseKey(key) ?? {};
    const folder = await (await this.#recordings(true)).getDirectoryHandle(recordingId, { create: true });
    return (await folder.getFileHandle(name, { create: true })).createWritable();
  }

  /** A file, or `undefined` when it is not there. */
  file(key: string): Promise<File | undefined> {
    const { recordingId = '', name = '' } = parseKey(key) ?? {};
    return orUndefined(
      this.#recordings(false)
        .then(folder => folder.getDirectoryHandle(recordingId))
        .then(folder => folder.getFileHandle(name))
        .then(file => file.getFile()),
    );
  }

  /** Names of the recordings' folders. */
  async names(): Promise<string[]> {
    const folder = await orUndefined(this.#recordings(false));
    const names: string[] = [];
    // TypeScript's DOM library does not know that folders can be gone through.
    const entries = folder as unknown as { keys(): AsyncIterable<string> } | undefined;
    if (entries) for await (const name of entries.keys()) names.push(name);
    return names;
  }

  async remove(recordingId: string): Promise<void> {
    const folder = await orUndefined(this.#recordings(false));
    if (folder) await orUndefined(folder.removeEntry(recordingId, { recursive: true }));
  }
}
