/**
 * What a page that only records has no need of: chunks of its own, which bundlers see by these very expressions. The script-tag build, which is
 * one file, replaces this module by `on-demand-inline.ts`.
 */
import { WorkerFailedError } from './errors.ts';

const failed = (error: unknown): never => {
  throw new WorkerFailedError('a part of the script could not be loaded', error);
};

/** Reading, listing and deleting what is in storage. @throws WorkerFailedError (`worker-failed`). */
export const access = (): Promise<typeof import('./storage/access.ts')> =>
  import('./storage/access.ts').catch(failed);

/** Finishing what a crash has left behind. @throws WorkerFailedError (`worker-failed`). */
export const recovering = (): Promise<typeof import('./recovering.ts')> =>
  import('./recovering.ts').catch(failed);

/** Keeping the page awake and open. @throws WorkerFailedError (`worker-failed`). */
export const keeping = (): Promise<typeof import('./keep-open.ts')> => import('./keep-open.ts').catch(failed);
