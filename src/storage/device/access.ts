/** Reading, listing and deleting what this device keeps. In the page. */
import { StorageNotFoundError } from '../../errors.ts';
import {
  byStartDescending,
  checkManifest,
  fileNameOf,
  MANIFEST_NAME,
  mediaTypeOf,
  parseKey,
  type Recording,
} from '../../manifest.ts';
import {
  directoryNames,
  fileNames,
  folderPath,
  JOURNALS_PATH,
  journalPath,
  RECORDINGS_PATH,
  readFile,
  recordingPath,
  removeDirectory,
} from '../../opfs.ts';
import { segmentsAmong } from '../../segments.ts';
import type { Access } from '../storage.ts';

export class DeviceAccess implements Access {
  async read(key: string): Promise<Blob> {
    const parsed = parseKey(key);
    const parts = parsed ? await readParts(key, parsed) : [];
    if (parts.length === 0) throw new StorageNotFoundError(key);
    // Files in the private file system have no type that a media element would take. Nothing is read before it is asked for.
    return new Blob(parts, { type: mediaTypeOf(key) });
  }

  async list(): Promise<Recording[]> {
    const found: Recording[] = [];
    for (const id of await directoryNames(RECORDINGS_PATH)) {
      const manifest = await readManifest(recordingPath(id));
      if (manifest) found.push(manifest);
    }
    for (const id of await directoryNames(JOURNALS_PATH)) {
      const manifest = await readManifest(journalPath(id));
      if (manifest?.state === 'failed' && (await isWhole(manifest))) found.push(withoutThumbnails(manifest));
    }
    return found.sort(byStartDescending);
  }

  async delete(recordingId: string): Promise<void> {
    await removeDirectory(recordingPath(recordingId));
    // What is on its way to another storage is none of this one's, until it has failed.
    const journal = journalPath(recordingId);
    if ((await readManifest(journal))?.state === 'failed') await removeDirectory(journal);
  }
}

/** Where a recording may lie: kept for good, or on its way to a storage that did not take it. */
const placesOf = (recordingId: string): string[][] => [recordingPath(recordingId), journalPath(recordingId)];

/** What is small lies in one piece, and only where the recording is kept. */
const readParts = async (
  key: string,
  { recordingId, name }: { recordingId: string; name: string },
): Promise<File[]> => {
  if (mediaTypeOf(key) !== 'image/jpeg') return readSegments(recordingId, name);
  const file = await readFile(folderPath(key), fileNameOf(key));
  return file ? [file] : [];
};

/** Those of a recording that another storage did not take are there, if anywhere. */
const withoutThumbnails = ({ thumbnails: _, ...manifest }: Recording): Recording => manifest;

/** A file in all its segments; nothing when its beginning is not here. */
const readSegments = async (recordingId: string, name: string): Promise<File[]> => {
  for (const path of placesOf(recordingId)) {
    const segments = segmentsAmong(await fileNames(path), name);
    if (segments[0]?.start !== 0) continue;
    const files = await Promise.all(segments.map(segment => readFile(path, segment.name)));
    if (files.every(file => file !== undefined)) return files;
  }
  return [];
};

/** False when the beginning of a file was let go, because the storage has it. */
const isWhole = async ({ id, files }: Recording): Promise<boolean> => {
  const names = await fileNames(journalPath(id));
  return files.every(({ key }) => segmentsAmong(names, fileNameOf(key))[0]?.start === 0);
};

/** A folder without a readable manifest is one that is just being made, or was torn: not a recording. */
const readManifest = async (path: readonly string[]): Promise<Recording | undefined> => {
  try {
    const file = await readFile(path, MANIFEST_NAME);
    return file && checkManifest(JSON.parse(await file.text()));
  } catch {
    return undefined;
  }
};
