/** Stores a recording on this device: its files are already where they belong, so only the manifest is written. */
import { MANIFEST_NAME, type Recording } from '../../manifest.ts';
import { recordingPath, removeDirectory, writeText } from '../../opfs.ts';
import type { SinkEvents, StorageSink, UploadSource } from '../sink.ts';

/** How often what is on disk is counted, in milliseconds. */
const INTERVAL = 500;

export class DeviceSink implements StorageSink {
  constructor(private readonly events: SinkEvents) {}

  writeManifest(manifest: Recording): Promise<void> {
    return writeText(recordingPath(manifest.id), MANIFEST_NAME, JSON.stringify(manifest));
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
