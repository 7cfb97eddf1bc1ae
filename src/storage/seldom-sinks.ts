/** The sinks of storages that only some pages have: S3, functions of theirs, or a folder that the user has chosen. */
import { CustomSink } from './custom/sink.ts';
import { DirectorySink } from './directory/sink.ts';
import { S3Sink } from './s3/sink.ts';
import type { SinkEvents, StorageSink } from './sink.ts';
import type { CustomConfig, DirectoryConfig, S3Config } from './storage.ts';

export const createSink = (
  config: S3Config | CustomConfig | DirectoryConfig,
  events: SinkEvents,
): StorageSink => {
  switch (config.kind) {
    case 's3':
      return new S3Sink(config, events);
    case 'custom':
      return new CustomSink(config, events);
    case 'directory':
      return new DirectorySink(config, events);
  }
};
