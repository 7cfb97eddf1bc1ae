/** Manifests and whole recordings: put, list, delete. */
import { join } from 'node:path';
import { isRecordingId, MANIFEST_NAME, parseKey, RECORDINGS_PREFIX } from '../manifest.ts';
import { parseStoredManifest, readManifestBody, type StoredManifest } from './body.ts';
import { findFolder, listFolder, makeFolder, readText, removeFolder, writeAtomically } from './disk.ts';
import { inBatches, listJson } from './listing.ts';
import type { UploadLocker } from './locks.ts';
import { UPLOADS_FOLDER } from './store.ts';

/** Where one user's recordings lie. */
export interface Place {
  root: string;
  /** Segments below `root`. */
  prefix: readonly string[];
}

/** Id in the store, and for locks. */
export const idOf = (place: Place, recordingId: string, name: string): string =>
  [...place.prefix, recordingId, name].join('/');

/**
 * Stores a manifest in one step.
 *
 * @throws HttpError (400, 413), ManifestInvalidError, and errors of the file system.
 */
export const putManifest = async (
  request: Request,
  place: Place,
  recordingId: string,
  options: { locker: UploadLocker; maxManifestBytes: number },
): Promise<void> => {
  const bytes = await readManifestBody(request, recordingId, options.maxManifestBytes);
  await options.locker.during([idOf(place, recordingId, MANIFEST_NAME)], request.signal, async () => {
    const folder = await makeFolder(place.root, [...place.prefix, recordingId]);
    await writeAtomically(folder, MANIFEST_NAME, bytes);
  });
};

/** One manifest; `undefined` when it is not there or can't be used, so that one does not hide the others. */
const readManifest = async (
  place: Place,
  recordingId: string,
  maxBytes: number,
): Promise<StoredManifest | undefined> => {
  try {
    const folder = await findFolder(place.root, [...place.prefix, recordingId]);
    const text = folder && (await readText(join(folder, MANIFEST_NAME), maxBytes));
    return text ? parseStoredManifest(text, recordingId) : undefined;
  } catch {
    return undefined;
  }
};

/** Manifests that are read at once. */
const BATCH = 32;

/** The JSON of all manifests, newest first, at most `limit` of them. */
export const listManifests = async (place: Place, limit: number, maxBytes: number): Promise<string> => {
  const folder = await findFolder(place.root, place.prefix);
  const ids = folder === undefined ? [] : (await listFolder(folder)).filter(isRecordingId);
  const manifests = await inBatches(ids, BATCH, id => readManifest(place, id, maxBytes));
  return listJson(manifests, limit);
};

/** Removes a recording's folder and the infos of its uploads. Does nothing when there is none. */
export const deleteRecording = async (
  place: Place,
  recordingId: string,
  locker: UploadLocker,
  signal: AbortSignal,
): Promise<void> => {
  const below = [...place.prefix, recordingId];
  const folders = [
    await findFolder(place.root, below),
    await findFolder(place.root, [UPLOADS_FOLDER, ...below]),
  ].filter(folder => folder !== undefined);
  const names = new Set([MANIFEST_NAME]);
  for (const folder of folders) {
    for (const name of await listFolder(folder)) names.add(name.replace(/\.json$/, ''));
  }
  const isFile = (name: string): boolean =>
    parseKey(`${RECORDINGS_PREFIX}${recordingId}/${name}`) !== undefined;
  const ids = [...names].filter(isFile).map(name => idOf(place, recordingId, name));
  // An upload that still runs would write its info anew after it was deleted.
  await locker.during(ids, signal, async () => {
    for (const folder of folders) await removeFolder(folder);
  });
};
