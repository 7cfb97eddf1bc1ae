/**
 * What few recordings need, loaded from beside the worker. The worker of the script-tag build, which is one file, has most of it: there
 * `parts-inline.ts` takes the place of this module. All throw WorkerFailedError (`worker-failed`) when it is not where the page says.
 */
import { load } from '../load.ts';

type Extras = typeof import('./extras.ts');

/** Writing to functions of the page, or into a folder; going on from another recording. */
export const extrasPart = (url: string): Promise<Pick<Extras, 'createPageSink' | 'Turn'>> => load(url);

/** A constant frame rate. */
export const ratePart = (url: string): Promise<Pick<Extras, 'ConstantRate'>> => load(url);

/** Lying in memory. */
export const memoryPart = (url: string): Promise<Pick<Extras, 'memoryStores'>> => load(url);

/** Writing to an S3 store. */
export const s3Part = (url: string): Promise<typeof import('./s3.ts')> => load(url);

/** Finishing what a crash has left behind. */
export const recoveryPart = (url: string): Promise<typeof import('./recover-all.ts')> => load(url);
