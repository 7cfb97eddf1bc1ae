/** Options of the storage handler, their defaults, and the checks on them. */
import { mkdirSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { OptionInvalidError } from '../errors.ts';
import {
  type CommonHandlerOptions,
  type ResolvedCommonOptions,
  resolveCommonOptions,
} from './common-options.ts';

/** Options of `createStorageHandler`. */
export interface StorageHandlerOptions extends CommonHandlerOptions {
  /** Folder for the recordings; made when it is not there. */
  dir: string;
}

/** The options with all defaults filled in. */
export interface ResolvedHandlerOptions extends ResolvedCommonOptions {
  dir: string;
}

/** Makes the folder, and resolves links in its own path once, so that none below it needs to be followed. */
const openFolder = (dir: unknown): string => {
  if (typeof dir !== 'string' || dir === '') throw new OptionInvalidError('dir', 'path of a folder', dir);
  try {
    mkdirSync(resolve(dir), { recursive: true });
    return realpathSync(resolve(dir));
  } catch (cause) {
    const detail = cause instanceof Error ? ` (${cause.message})` : '';
    throw new OptionInvalidError('dir', `a folder that can be written${detail}`, dir);
  }
};

/**
 * Checks options and fills in defaults; makes the folder.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const resolveHandlerOptions = (options: StorageHandlerOptions): ResolvedHandlerOptions => ({
  ...resolveCommonOptions(options, ['dir']),
  dir: openFolder(options.dir),
});
