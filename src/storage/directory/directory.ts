/** A folder of the user's as storage, as the page sees it. */
import { OptionInvalidError } from '../../errors.ts';
import { LoadedStorage } from '../loaded-storage.ts';
import { checkNames, numberOption } from '../options.ts';
import type { Storage } from '../storage.ts';

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
  return new LoadedStorage({
    ...{ kind: 'directory', endpoint: handle.name, handle },
    giveUpAfter: numberOption(options.giveUpAfter, 'directory.giveUpAfter', giveUpAfter),
  });
};
