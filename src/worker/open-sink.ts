/** From a storage's plain configuration to its sink: those that few pages need are loaded first. */

import { createSink } from '../storage/create-sink.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import type { StorageConfig } from '../storage/storage.ts';
import { extrasPart, s3Part } from './parts.ts';
import type { PartUrls } from './protocol.ts';

export type OpenSink = (events: SinkEvents) => StorageSink;

/**
 * All that a sink needs is there before the recording begins: the network may be gone later.
 *
 * @throws WorkerFailedError (`worker-failed`) when the code for such a storage is not where the page says.
 */
export const sinkFor = async ({
  storage,
  s3Url,
  extrasUrl,
}: PartUrls & { storage: StorageConfig }): Promise<OpenSink> => {
  switch (storage.kind) {
    case 's3': {
      const { createS3Sink } = await s3Part(s3Url);
      return events => createS3Sink(storage, events);
    }
    case 'custom':
    case 'directory': {
      const { createPageSink } = await extrasPart(extrasUrl);
      return events => createPageSink(storage, events);
    }
    default:
      return events => createSink(storage, events);
  }
};
