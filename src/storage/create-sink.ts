/** From plain configuration to the sink that does it. */
import { DeviceSink } from './device/sink.ts';
import { S3Sink } from './s3/sink.ts';
import type { SinkEvents, StorageSink } from './sink.ts';
import type { DeviceConfig, S3Config, TusConfig } from './storage.ts';
import { TusSink } from './tus/sink.ts';

export const createSink = (config: DeviceConfig | TusConfig | S3Config, events: SinkEvents): StorageSink => {
  switch (config.kind) {
    case 'device':
      return new DeviceSink(events);
    case 'tus':
      return new TusSink(config, events);
    case 's3':
      return new S3Sink(config, events);
  }
};
