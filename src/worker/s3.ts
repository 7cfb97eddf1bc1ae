/** The entry of `s3.js`, which a worker loads when a recording goes to an S3 store. */
import { S3Sink } from '../storage/s3/sink.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import type { S3Config } from '../storage/storage.ts';

export const createS3Sink = (config: S3Config, events: SinkEvents): StorageSink => new S3Sink(config, events);
