/** From plain configuration to the sink that does it. */
import { DeviceSink } from './device/sink.ts';
import type { SinkEvents, StorageSink } from './sink.ts';
import type { StorageConfig } from './storage.ts';
import { TusSink } from './tus/sink.ts';

export const createSink = (config: StorageConfig, events: SinkEvents): StorageSink => {
  switch (config.kind) {
    case 'device':
      return new DeviceSink(events);
    case 'tus':
      return new TusSink(config, events);
  }
};
