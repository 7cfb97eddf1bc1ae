/** Manifests and whole recordings: put, list, delete. */
import { join } from 'node:path';
import {
  byStartDescending,
  checkManifest,
  isRecordingId,
  MANIFEST_NAME,
  parseKey,
  RECORDINGS_PREFIX,
  type Recording,
} from '../manifest.ts';
import { findFolder, listFolder, makeFolder, readText, removeFolder, writeAtomically } from './disk.ts';
import { requestInvalid, tooLarge } from './errors.ts';
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

/** The whole body as bytes. @throws HttpError (413) when it has more than `limit`, (400) when it broke off. */
const readBody = async (request: Request, limit: number): Promise<Uint8Array> => {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge('A manifest', limit);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch(() => {
      throw requestInvalid('The body broke off.');
    });
    if (done) break;
    size += value.byteLength;
    if (size > limit) throw tooLarge('A manifest', limit);
    pieces.push(value);
  }
  return Buffer.concat(pieces);
};

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw requestInvalid('The body is no JSON in UTF-8.');
  }
};

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
  const bytes = await readBody(request, options.maxManifestBytes);
  const manifest = checkManifest(parseJson(bytes));
  if (manifest.id !== recordingId) {
    throw requestInvalid(`The manifest is of recording ${manifest.id}, the address of ${recordingId}.`);
  }
  await options.locker.during([idOf(place, recordingId, MANIFEST_NAME)], request.signal, async () => {
    const folder = await makeFolder(place.root, [...place.prefix, recordingId]);
    await writeAtomically(folder, MANIFEST_NAME, bytes);
  });
};

interface Listed {
  manifest: Recording;
  /** As it is stored: JSON that nests deeply can be parsed, but written again only with a deep stack. */
  text: string;
}

/** One manifest; `undefined` when it is not there or can't be used, so that one does not hide the others. */
const readManifest = async (
  place: Place,
  recordingId: string,
  maxBytes: number,
): Promise<Listed | undefined> => {
  try {
    const folder = await findFolder(place.root, [...place.prefix, recordingId]);
    const text = folder && (await readText(join(folder, MANIFEST_NAME), maxBytes));
    if (!text) return undefined;
    const manifest = checkManifest(JSON.parse(text));
    return manifest.id === recordingId ? { manifest, text } : undefined;
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
  const listed: Listed[] = [];
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH).map(id => readManifest(place, id, maxBytes));
    for (const one of await Promise.all(batch)) if (one) listed.push(one);
  }
  listed.sort((a, b) => byStartDescending(a.manifest, b.manifest));
  const texts = listed.slice(0, limit).map(one => one.text);
  return `{"recordings":[${texts.join(',')}]}`;
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
