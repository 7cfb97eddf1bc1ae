/** From a storage's plain configuration to its sink: those that few pages need are loaded first. */

import { createSink } from '../storage/create-sink.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import { sinkPart } from './parts.ts';
import type { SessionSetup } from './protocol.ts';

export type OpenSink = (events: SinkEvents) => StorageSink;

/**
 * All that a sink needs is there before the recording begins: the network may be gone later.
 *
 * @throws WorkerFailedError (`worker-failed`) when the code for such a storage is not where the page says.
 */
export const sinkFor = async ({
  storage,
  extrasUrl,
}: Pick<SessionSetup, 'storage' | 'extrasUrl'>): Promise<OpenSink> => {
  if (storage.kind === 'tus' || storage.kind === 'device') return events => createSink(storage, events);
  const part = await sinkPart(extrasUrl, storage.kind);
  return events => part.createSink(storage, events);
};
