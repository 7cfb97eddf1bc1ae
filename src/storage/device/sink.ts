/** Stores a recording on this device: its files are already where they belong, so only the manifest is written. */
import { fileNameOf, MANIFEST_NAME, type Recording } from '../../manifest.ts';
import { folderPath, recordingPath, removeDirectory, writeWhole } from '../../opfs.ts';
import type { SinkEvents, SmallObject, StorageSink, UploadSource } from '../sink.ts';

/** How often what is on disk is counted, in milliseconds. */
const INTERVAL = 500;

export class DeviceSink implements StorageSink {
  constructor(private readonly events: SinkEvents) {}

  writeManifest(manifest: Recording): Promise<void> {
    return writeWhole(recordingPath(manifest.id), MANIFEST_NAME, JSON.stringify(manifest));
  }

  put({ key, bytes }: SmallObject): Promise<void> {
    return writeWhole(folderPath(key), fileNameOf(key), bytes);
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    let stored = 0;
    while (!(source.sealed && stored === source.size)) {
      await source.waitFor(stored, Number.POSITIVE_INFINITY, INTERVAL, signal);
      stored = source.size;
      this.events.onStored(source.key, stored);
    }
  }

  remove(recordingId: string): Promise<void> {
    return removeDirectory(recordingPath(recordingId));
  }
}
