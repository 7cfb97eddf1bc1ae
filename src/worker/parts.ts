/**
 * What few recordings need, loaded from beside the worker. The worker of the script-tag build, which is one file, has most of it: there
 * `parts-inline.ts` takes the place of this module. All throw WorkerFailedError (`worker-failed`) when it is not where the page says.
 */
import { load } from '../load.ts';
import type { StorageConfig } from '../storage/storage.ts';

type Extras = typeof import('./extras.ts');

/** Loads what a recording could need that begins later, when the network may be gone. Never throws: it is tried again then. */
export const prepare = (url: string): void => void load(url).catch(() => undefined);

/** Writing to a storage that not every worker knows. */
export const sinkPart = (url: string, _: StorageConfig['kind']): Promise<Pick<Extras, 'createSink'>> =>
  load(url);

/** Going on from another recording. */
export const turnPart = (url: string): Promise<Pick<Extras, 'Turn'>> => load(url);

/** A constant frame rate. */
export const ratePart = (url: string): Promise<Pick<Extras, 'ConstantRate'>> => load(url);

/** Lying in memory. */
export const memoryPart = (url: string): Promise<Pick<Extras, 'memoryStores'>> => load(url);

/** Finishing what a crash has left behind. */
export const recoveryPart = (url: string): Promise<typeof import('./recover-all.ts')> => load(url);
