/** From a storage's plain configuration to its sink: those that few pages need are loaded first. */

import { load } from '../load.ts';
import { createSink } from '../storage/create-sink.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import type { CustomConfig, DirectoryConfig, StorageConfig } from '../storage/storage.ts';

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
  pageStorageUrl,
}: {
  storage: StorageConfig;
  pageStorageUrl: string;
}): Promise<OpenSink> => {
  if (storage.kind !== 'custom' && storage.kind !== 'directory') return events => createSink(storage, events);
  const { createPageSink } = await load<PageStorageModule>(pageStorageUrl);
  return events => createPageSink(storage, events);
};
