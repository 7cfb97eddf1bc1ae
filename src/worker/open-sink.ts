/** From a storage's plain configuration to its sink: those that few pages need are loaded first. */

import { load } from '../load.ts';
import { createSink } from '../storage/create-sink.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import type { CustomConfig, DirectoryConfig, StorageConfig } from '../storage/storage.ts';
import { s3Part } from './parts.ts';

/** What `page-storage.js`, loaded on demand, exports. */
export interface PageStorageModule {
  createPageSink(config: CustomConfig | DirectoryConfig, events: SinkEvents): StorageSink;
}

export type OpenSink = (events: SinkEvents) => StorageSink;

/**
 * All that a sink needs is there before the recording begins: the network may be gone later.
 *
 * @throws WorkerFailedError (`worker-failed`) when the code for such a storage is not where the page says.
 */
export const sinkFor = async ({
  storage,
  sinkUrl,
}: {
  storage: StorageConfig;
  sinkUrl: string;
}): Promise<OpenSink> => {
  switch (storage.kind) {
    case 's3': {
      const { createS3Sink } = await s3Part(sinkUrl);
      return events => createS3Sink(storage, events);
    }
    case 'custom':
    case 'directory': {
      const { createPageSink } = await load<PageStorageModule>(sinkUrl);
      return events => createPageSink(storage, events);
    }
    default:
      return events => createSink(storage, events);
  }
};
