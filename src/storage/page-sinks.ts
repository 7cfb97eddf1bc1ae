/** The sinks of storages that only some pages have: functions of theirs, or a folder that the user has chosen. */
import { CustomSink } from './custom/sink.ts';
import { DirectorySink } from './directory/sink.ts';
import type { SinkEvents, StorageSink } from './sink.ts';
import type { CustomConfig, DirectoryConfig } from './storage.ts';

export const createPageSink = (config: CustomConfig | DirectoryConfig, events: SinkEvents): StorageSink =>
  config.kind === 'custom' ? new CustomSink(config, events) : new DirectorySink(config, events);
