/** A folder of the user's as storage, as the page sees it. */
import { OptionInvalidError, StorageNotFoundError } from '../../errors.ts';
import {
  byStartDescending,
  checkManifest,
  manifestKey,
  mediaTypeOf,
  parseKey,
  type Recording,
} from '../../manifest.ts';
import { checkNames, numberOption } from '../options.ts';
import type { DirectoryConfig, Storage } from '../storage.ts';
import { Folder } from './folder.ts';

/** Options of `directory()`. */
export interface DirectoryOptions {
  /** Seconds without any progress after `stop()` until the folder is given up. Default 30. */
  giveUpAfter?: number;
}

/**
 * Writes into a folder on the user's disk that they have chosen with `showDirectoryPicker({ mode: 'readwrite' })`, as
 * `recordings/<recording id>/0001.mp4`. A file shows itself there when it is whole; until then its bytes are in the journal too.
 * The permission ends with the page: after a reload ask for it again with `handle.requestPermission({ mode: 'readwrite' })`.
 *
 * @param handle of the folder (File System Access, "FileSystemDirectoryHandle"); Chromium only.
 * @throws OptionInvalidError (`option-invalid`), OptionUnknownError (`option-unknown`).
 */
export const directory = (handle: FileSystemDirectoryHandle, options: DirectoryOptions = {}): Storage => {
  if (handle?.kind !== 'directory')
    throw new OptionInvalidError('directory', 'what showDirectoryPicker() gives', handle);
  checkNames(options, ['giveUpAfter']);
  const giveUpAfter = { from: 0, to: 86_400, unit: 'seconds', fallback: 30 };
  return new DirectoryStorage({
    ...{ kind: 'directory', endpoint: handle.name, handle },
    giveUpAfter: numberOption(options.giveUpAfter, 'directory.giveUpAfter', giveUpAfter),
  });
};

class DirectoryStorage implements Storage {
  readonly kind = 'directory';
  readonly #folder: Folder;

  constructor(readonly config: DirectoryConfig) {
    this.#folder = new Folder(config.handle);
  }

  url(): undefined {
    return undefined;
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
