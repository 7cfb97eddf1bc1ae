/** From plain configuration to the sink that does it: those that every worker has. */
import { DeviceSink } from './device/sink.ts';
import type { SinkEvents, StorageSink } from './sink.ts';
import type { DeviceConfig, TusConfig } from './storage.ts';
import { TusSink } from './tus/sink.ts';

export const createSink = (config: DeviceConfig | TusConfig, events: SinkEvents): StorageSink => {
  return config.kind === 'device' ? new DeviceSink(events) : new TusSink(config, events);
};
