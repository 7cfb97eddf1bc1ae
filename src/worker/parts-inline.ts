/**
 * Takes the place of `parts.ts` in the worker of the script-tag build, which records to S3, tus and this device, and recovers, all by
 * itself.
 */
import { load } from '../load.ts';
import { S3Sink } from '../storage/s3/sink.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import type { S3Config, StorageConfig } from '../storage/storage.ts';
import type * as parts from './parts.ts';
import { recoverAll } from './recover-all.ts';

const createSink = (config: StorageConfig, events: SinkEvents): StorageSink =>
  new S3Sink(config as S3Config, events);
const here = async () => ({ createSink, recoverAll });

/** What else there is may not lie beside the one file: nobody is to see that it could not be loaded who has no need of it. */
export const prepare: typeof parts.prepare = () => undefined;
export const sinkPart: typeof parts.sinkPart = (url, kind) => (kind === 's3' ? here() : load(url));
export const turnPart: typeof parts.turnPart = load;
export const ratePart: typeof parts.ratePart = load;
export const memoryPart: typeof parts.memoryPart = load;
export const recoveryPart: typeof parts.recoveryPart = here;
