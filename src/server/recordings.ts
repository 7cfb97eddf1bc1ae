/** Manifests and whole recordings: put, list, delete. */
import { join } from 'node:path';
import { isRecordingId, MANIFEST_NAME, parseKey, RECORDINGS_PREFIX, THUMBNAILS_FOLDER } from '../manifest.ts';
import {
  MAX_THUMBNAIL_BYTES,
  parseStoredManifest,
  readBody,
  readManifestBody,
  type StoredManifest,
} from './body.ts';
import { findFolder, listFolder, makeFolder, readText, removeFolder, writeAtomically } from './disk.ts';
import { notFound } from './errors.ts';
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

/** The folder that something of a recording lies in, below the root, and its name there. */
export const locate = (
  place: Place,
  { recordingId, name }: { recordingId: string; name: string },
): { folders: string[]; name: string } => {
  const [last = '', ...folders] = name.split('/').reverse();
  return { folders: [...place.prefix, recordingId, ...folders], name: last };
};

/** One lock for all thumbnails of a recording: a deletion does not know which of them are just being put. */
const thumbnailsLock = (place: Place, recordingId: string): string =>
  idOf(place, recordingId, THUMBNAILS_FOLDER);

/**
 * Stores a thumbnail, a sheet of them or their index in one step.
 *
 * @throws HttpError (400, 413), and errors of the file system.
 */
export const putThumbnail = async (
  request: Request,
  place: Place,
  key: string,
  locker: UploadLocker,
): Promise<void> => {
  const parts = parseKey(key);
  if (!parts) throw notFound();
  const bytes = await readBody(request, MAX_THUMBNAIL_BYTES, 'A thumbnail');
  await locker.during([thumbnailsLock(place, parts.recordingId)], request.signal, async () => {
    const { folders, name } = locate(place, parts);
    await writeAtomically(await makeFolder(place.root, folders), name, bytes);
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
    await findFolder(place.root, [...below, THUMBNAILS_FOLDER]),
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
  ids.push(thumbnailsLock(place, recordingId));
  // An upload that still runs would write its info anew after it was deleted.
  await locker.during(ids, signal, async () => {
    for (const folder of folders) await removeFolder(folder);
  });
};
