/** What this device keeps of a recording while it runs, and whether it stays when it is over. */
import { MANIFEST_NAME, type Recording } from '../manifest.ts';
import {
  createDirectory,
  journalPath,
  moveDirectory,
  recordingPath,
  removeDirectory,
  writeText,
} from '../opfs.ts';
import type { ByteStore } from './growing-file.ts';
import { MemoryBudget, MemoryStore, OpfsStore } from './stores.ts';

export class LocalCopy {
  /** One for all files of the recording. */
  readonly #memory = new MemoryBudget();

  private constructor(
    private readonly recordingId: string,
    private readonly path: readonly string[],
    /** False when the browser gave us no file system: bytes then lie in memory, and are gone with the tab. */
    readonly durable: boolean,
  ) {}

  /**
   * @param final true when this device is the storage itself; false when the copy is only a journal on the way
   * to another storage.
   */
  static async open(recordingId: string, final: boolean): Promise<LocalCopy> {
    const path = final ? recordingPath(recordingId) : journalPath(recordingId);
    try {
      await createDirectory(path);
      return new LocalCopy(recordingId, path, true);
    } catch (error) {
      // Without a device there is nothing to store on; a journal may also be in memory.
      if (final) throw error;
      return new LocalCopy(recordingId, path, false);
    }
  }

  /** A place for a new file. */
  openStore(name: string, onError: (error: unknown) => void): ByteStore {
    return this.durable ? new OpfsStore(this.path, name, onError) : new MemoryStore(this.#memory);
  }

  /** Keeps the manifest beside the files. */
  async writeManifest(manifest: Recording): Promise<void> {
    if (this.durable) await writeText(this.path, MANIFEST_NAME, JSON.stringify(manifest));
  }

  /** The storage did not take it all: what is here becomes a recording that `device()` lists. */
  async keep(): Promise<void> {
    const target = recordingPath(this.recordingId);
    if (this.durable && this.path.join('/') !== target.join('/')) await moveDirectory(this.path, target);
  }

  /** Deletes what is here. */
  async remove(): Promise<void> {
    if (this.durable) await removeDirectory(this.path);
  }
}
