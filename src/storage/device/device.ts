/** This device as storage, as the page sees it. */
import { StorageNotFoundError } from '../../errors.ts';
import {
  byStartDescending,
  checkManifest,
  isManifestKey,
  MANIFEST_NAME,
  parseKey,
  type Recording,
} from '../../manifest.ts';
import {
  directoryNames,
  fileNames,
  RECORDINGS_PATH,
  readFile,
  recordingPath,
  removeDirectory,
} from '../../opfs.ts';
import { segmentsAmong } from '../../segments.ts';
import type { DeviceConfig, Storage } from '../storage.ts';

/**
 * Keeps recordings in the browser's origin private file system: nothing leaves the device, and only pages of
 * this origin can read it. Recordings that another storage did not take are kept here as well.
 */
export const device = (): Storage => new DeviceStorage();

class DeviceStorage implements Storage {
  readonly kind = 'device';
  readonly config: DeviceConfig = { kind: 'device' };

  url(): undefined {
    return undefined;
  }

  async read(key: string): Promise<Blob> {
    const parsed = parseKey(key);
    const parts = parsed ? await readSegments(recordingPath(parsed.recordingId), parsed.name) : [];
    if (parts.length === 0) throw new StorageNotFoundError(key);
    // Files in the private file system have no type that a media element would take. Nothing is read before it is asked for.
    return new Blob(parts, { type: isManifestKey(key) ? 'application/json' : 'video/mp4' });
  }

  async list(): Promise<Recording[]> {
    const found: Recording[] = [];
    for (const name of await directoryNames(RECORDINGS_PATH)) {
      const manifest = await readManifest(name);
      if (manifest) found.push(manifest);
    }
    return found.sort(byStartDescending);
  }

  delete(recordingId: string): Promise<void> {
    return removeDirectory(recordingPath(recordingId));
  }
}

/** A file in all its segments; nothing when its beginning is not here. */
const readSegments = async (path: readonly string[], name: string): Promise<File[]> => {
  const segments = segmentsAmong(await fileNames(path), name);
  if (segments[0]?.start !== 0) return [];
  const files = await Promise.all(segments.map(segment => readFile(path, segment.name)));
  return files.every(file => file !== undefined) ? files : [];
};

/** A folder without a readable manifest is one that is just being made, or was torn: not a recording. */
const readManifest = async (recordingId: string): Promise<Recording | undefined> => {
  try {
    const file = await readFile(recordingPath(recordingId), MANIFEST_NAME);
    return file && checkManifest(JSON.parse(await file.text()));
  } catch {
    return undefined;
  }
};
