/**
 * What few recordings need, loaded from beside the worker. The worker of the script-tag build, which is one file, has it: there
 * `parts-inline.ts` takes the place of this module.
 */
import { load } from '../load.ts';

/** @throws WorkerFailedError (`worker-failed`) when it is not where the page says. */
export const s3Part = (url: string): Promise<typeof import('./s3.ts')> => load(url);

/** @throws WorkerFailedError (`worker-failed`) when it is not where the page says. */
export const recoveryPart = (url: string): Promise<typeof import('./recover-all.ts')> => load(url);
