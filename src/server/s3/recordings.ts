/** Manifests, whole recordings, and reads of files. */
import {
  fileKey,
  fileNameOf,
  isRecordingId,
  MANIFEST_NAME,
  manifestKey,
  mediaTypeOf,
  parseKey,
  RECORDINGS_PREFIX,
  THUMBNAILS_FOLDER,
} from '../../manifest.ts';
import { MAX_THUMBNAIL_BYTES, parseStoredManifest, readBody, readManifestBody } from '../body.ts';
import { notFound } from '../errors.ts';
import { matchesEtag } from '../etag.ts';
import { noContent } from '../frame.ts';
import { inBatches, listJson, listResponse } from '../listing.ts';
import type { S3Client } from './client.ts';
import type { OpenUpload, S3Store } from './store.ts';

/** Requests to the store that run at once. */
const BATCH = 16;
/** Files of a recording that may be on their way into the store; what a manifest says is not to cost more requests than that. */
const MOST_OPEN = 100;

/** Key in the bucket of a key in the manifest, for the user with this prefix. */
export const objectKeyOf = (prefix: readonly string[], key: string): string => [...prefix, key].join('/');

const headersOf = (objectKey: string, etag: string): Record<string, string> => ({
  'Content-Type': mediaTypeOf(objectKey),
  // No scripts.
  'Content-Security-Policy': 'sandbox allow-same-origin',
  'Cache-Control': 'private, no-cache',
  ETag: etag,
});

/**
 * The manifest, or what belongs to the thumbnails, as it is stored: through the handler, so that what an index names can be found
 * beside it. @throws HttpError (404).
 */
export const readWhole = async (
  request: Request,
  store: S3Store,
  objectKey: string,
  maxBytes: number,
): Promise<Response> => {
  const stored = await store.get(objectKey, maxBytes);
  if (stored === undefined) throw notFound();
  const etag = stored.headers.get('etag') ?? '""';
  const headers = headersOf(objectKey, etag);
  if (matchesEtag(request.headers.get('if-none-match'), etag))
    return new Response(null, { status: 304, headers });
  const length = { 'Content-Length': String(stored.bytes.byteLength) };
  return new Response(request.method === 'HEAD' ? null : stored.bytes, {
    headers: { ...headers, ...length },
  });
};

/** Stores a manifest in one step. @throws HttpError (400, 413), ManifestInvalidError. */
export const putManifest = async (
  request: Request,
  store: S3Store,
  objectKey: string,
  { recordingId, maxManifestBytes }: { recordingId: string; maxManifestBytes: number },
): Promise<Response> => {
  await store.put(
    objectKey,
    await readManifestBody(request, recordingId, maxManifestBytes),
    'application/json',
  );
  return noContent();
};

/** Stores a thumbnail, a sheet of them or their index in one step. @throws HttpError (400, 413). */
export const putThumbnail = async (
  request: Request,
  store: S3Store,
  objectKey: string,
): Promise<Response> => {
  const bytes = await readBody(request, MAX_THUMBNAIL_BYTES, 'A thumbnail');
  await store.put(objectKey, bytes, mediaTypeOf(objectKey));
  return noContent();
};

/** All manifests, newest first. */
export const listRecordings = async (
  store: S3Store,
  prefix: readonly string[],
  { limit, maxManifestBytes }: { limit: number; maxManifestBytes: number },
): Promise<Response> => {
  const { folders } = await store.list(objectKeyOf(prefix, RECORDINGS_PREFIX));
  const manifests = await inBatches(folders.filter(isRecordingId), BATCH, async id => {
    const stored = await store.get(objectKeyOf(prefix, manifestKey(id)), maxManifestBytes);
    return stored && parseStoredManifest(new TextDecoder().decode(stored.bytes), id);
  });
  return listResponse(listJson(manifests, limit));
};

/** Names of what lies in a recording's folder, thumbnails by the name of theirs. */
const namesIn = async (store: S3Store, folder: string): Promise<string[]> => {
  const { files, folders } = await store.list(folder);
  if (!folders.includes(THUMBNAILS_FOLDER)) return files;
  const thumbnails = await store.list(`${folder}${THUMBNAILS_FOLDER}/`);
  return [...files, ...thumbnails.files.map(name => `${THUMBNAILS_FOLDER}/${name}`)];
};

/** Ends the uploads of these keys, one by one: MinIO lists uploads by a key's whole name only (minio/minio, issue 11686). */
const endUploadsOf = async (store: S3Store, objectKeys: readonly string[]): Promise<OpenUpload[]> => {
  const lists = await inBatches(objectKeys, BATCH, async objectKey =>
    (await store.listUploads(objectKey)).filter(({ key }) => key === objectKey),
  );
  const uploads = lists.flat();
  await inBatches(uploads, BATCH, upload => store.abortUpload(upload));
  return uploads;
};

/** Files of a recording that may have uploads: those of the manifest that are not there, and the one after them. */
const openFiles = async (
  store: S3Store,
  folder: string,
  { recordingId, maxManifestBytes }: { recordingId: string; maxManifestBytes: number },
): Promise<string[]> => {
  const stored = await store.get(folder + MANIFEST_NAME, maxManifestBytes);
  const text = stored && new TextDecoder().decode(stored.bytes);
  const files = (text && parseStoredManifest(text, recordingId)?.manifest.files) || [];
  const last = files.reduce((most, { index }) => Math.max(most, index), 0);
  const keys = [...files.map(({ key }) => key), fileKey(recordingId, last + 1)];
  const names = keys.filter(key => parseKey(key)?.recordingId === recordingId).map(fileNameOf);
  const there = new Set((await store.list(folder)).files);
  return names.filter(name => !there.has(name)).slice(-MOST_OPEN);
};

/**
 * Ends a recording's uploads and deletes its files, the manifest last, so that a deletion that broke off can be
 * found and repeated. What is not of a recording's shape stays: a prefix may look like a recording.
 */
export const deleteRecording = async (
  store: S3Store,
  prefix: readonly string[],
  { recordingId, maxManifestBytes }: { recordingId: string; maxManifestBytes: number },
): Promise<Response> => {
  const key = `${RECORDINGS_PREFIX}${recordingId}/`;
  const folder = objectKeyOf(prefix, key);
  const isOurs = (name: string): boolean => parseKey(key + name) !== undefined;
  // First: an upload that is completed now is found below, one that is not can't be completed any more.
  const uploads = await store.listUploads(folder);
  const open = uploads.filter(upload => isOurs(upload.key.slice(folder.length)));
  await inBatches(open, BATCH, upload => store.abortUpload(upload));
  if (uploads.length === 0) {
    const names = await openFiles(store, folder, { recordingId, maxManifestBytes });
    await endUploadsOf(
      store,
      names.map(name => folder + name),
    );
  }
  const files = (await namesIn(store, folder)).filter(isOurs);
  const media = files.filter(name => name !== MANIFEST_NAME);
  await inBatches(media, BATCH, name => store.delete(folder + name));
  if (files.includes(MANIFEST_NAME)) await store.delete(folder + MANIFEST_NAME);
  return noContent();
};

/** Deletes one file, and ends uploads of it. @throws HttpError (404) when there is neither. */
export const deleteFile = async (store: S3Store, objectKey: string): Promise<Response> => {
  const uploads = await endUploadsOf(store, [objectKey]);
  const isThere = (await store.head(objectKey)) !== undefined;
  if (isThere) await store.delete(objectKey);
  if (!isThere && uploads.length === 0) throw notFound();
  return noContent();
};

/**
 * Where a file can be read: a redirect, or the address as JSON when the request has `?presign`.
 *
 * @throws HttpError (404).
 */
export const readFile = async (
  request: Request,
  store: S3Store,
  objectKey: string,
  { client, key, expiresIn }: { client: S3Client; key: string; expiresIn: number },
): Promise<Response> => {
  // The store's own 404 has no CORS headers everywhere.
  if ((await store.head(objectKey)) === undefined) throw notFound();
  const { searchParams } = new URL(request.url);
  const { recordingId, name } = parseKey(key) ?? { recordingId: '', name: '' };
  // Without a space, which stores read differently in a query.
  const disposition = { 'response-content-disposition': `attachment;filename="${recordingId}-${name}"` };
  const url = await client.presign('GET', objectKey, {
    query: { 'response-content-type': 'video/mp4', ...(searchParams.has('download') ? disposition : {}) },
    expiresIn,
  });
  const headers = { 'Cache-Control': 'no-store' };
  if (searchParams.has('presign')) return Response.json({ url, expiresIn }, { headers });
  return new Response(null, { status: 307, headers: { ...headers, Location: url } });
};

/** What is known of a file. @throws HttpError (404). */
export const headFile = async (store: S3Store, objectKey: string): Promise<Response> => {
  const file = await store.head(objectKey);
  if (file === undefined) throw notFound();
  return new Response(null, {
    headers: {
      'Content-Type': 'video/mp4',
      'Content-Length': String(file.size),
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'private, no-cache',
      ETag: file.etag,
      ...(file.lastModified === null ? {} : { 'Last-Modified': file.lastModified }),
    },
  });
};
