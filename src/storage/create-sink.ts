/** From plain configuration to the sink that does it. */
import { CustomSink } from './custom/sink.ts';
import { DeviceSink } from './device/sink.ts';
import { DirectorySink } from './directory/sink.ts';
import { S3Sink } from './s3/sink.ts';
import type { SinkEvents, StorageSink } from './sink.ts';
import type { StorageConfig } from './storage.ts';
import { TusSink } from './tus/sink.ts';

export const createSink = (config: StorageConfig, events: SinkEvents): StorageSink => {
  switch (config.kind) {
    case 'device':
      return new DeviceSink(events);
    case 'tus':
      return new TusSink(config, events);
    case 's3':
      return new S3Sink(config, events);
    case 'custom':
      return new CustomSink(config, events);
    case 'directory':
      return new DirectorySink(config, events);
  }
};
