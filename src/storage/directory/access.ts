/** Reading, listing and deleting what lies in a folder of the user's. In the page. */
import { StorageNotFoundError } from '../../errors.ts';
import {
  byStartDescending,
  checkManifest,
  manifestKey,
  mediaTypeOf,
  parseKey,
  type Recording,
} from '../../manifest.ts';
import type { Access, DirectoryConfig } from '../storage.ts';
import { Folder } from './folder.ts';

export class DirectoryAccess implements Access {
  readonly #folder: Folder;

  constructor({ handle }: DirectoryConfig) {
    this.#folder = new Folder(handle);
  }

  async read(key: string): Promise<Blob> {
    const file = parseKey(key) && (await this.#folder.file(key));
    if (!file) throw new StorageNotFoundError(key);
    return file.slice(0, file.size, mediaTypeOf(key));
  }

  async list(): Promise<Recording[]> {
    const found: Recording[] = [];
    for (const name of await this.#folder.names()) {
      // What else lies there is none of ours.
      const file = await this.#folder.file(manifestKey(name)).catch(() => undefined);
      try {
        if (file) found.push(checkManifest(JSON.parse(await file.text())));
      } catch {
        // Half written, or of somebody else.
      }
    }
    return found.sort(byStartDescending);
  }

  delete(recordingId: string): Promise<void> {
    return this.#folder.remove(recordingId);
  }
}
