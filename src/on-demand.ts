/**
 * What a page that only records has no need of: chunks of its own, which bundlers see by these very expressions. The script-tag build, which is
 * one file, replaces this module by `on-demand-inline.ts`.
 */
import { WorkerFailedError } from './errors.ts';
import type { keepOpen as KeepOpen } from './keep-open.ts';
import type { openAccess as OpenAccess } from './storage/access.ts';
import type { Access } from './storage/storage.ts';

const failed = (error: unknown): never => {
  throw new WorkerFailedError('a part of the script could not be loaded', error);
};

/** Reading, listing and deleting what is in storage. @throws WorkerFailedError (`worker-failed`). */
export const openAccess = async (...given: Parameters<typeof OpenAccess>): Promise<Access> =>
  (await import('./storage/access.ts').catch(failed)).openAccess(...given);

/** Finishing what a crash has left behind. @throws WorkerFailedError (`worker-failed`). */
export const recovering = (): Promise<typeof import('./recovering.ts')> =>
  import('./recovering.ts').catch(failed);

/** Keeping the page awake and open. Where the code for it can't be loaded, it is warned of. */
export const keepOpen: typeof KeepOpen = (options, warn) => {
  if (!options.wakeLock && !options.confirmUnload) return () => undefined;
  const kept = import('./keep-open.ts')
    .catch(failed)
    .then(module => module.keepOpen(options, warn))
    .catch(error => {
      warn({ code: 'wake-lock-refused', message: String(error), count: 1 });
      return () => undefined;
    });
  return () => void kept.then(release => release());
};
