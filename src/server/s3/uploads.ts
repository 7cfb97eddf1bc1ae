/** Uploads of files: begun, signed, listed, completed and ended. The bytes go from the page to the store. */
import { parseJson, readBody } from '../body.ts';
import { tooLarge } from '../errors.ts';
import { inBatches } from '../listing.ts';
import type { S3Client } from './client.ts';
import { fileComplete, partsMismatch, partsUneven, partTooSmall, uploadNotFound } from './errors.ts';
import {
  areEven,
  type Completion,
  checkCompletion,
  checkSameParts,
  checkTotal,
  checkWantedParts,
  fitAnyhow,
  isFileOf,
} from './parts.ts';
import { isNoUpload, isTooSmall, isWrongParts, type S3Store } from './store.ts';

/** A file of a recording, and what its user may do. */
export interface FileTarget {
  /** Key in the bucket, with the user's prefix. */
  objectKey: string;
  maxFileBytes: number;
}

/** JSON of 1,000 parts to sign has about 100 kB, of 10,000 parts to complete about 700 kB. */
const MAX_JSON_BYTES = 2 * 1024 ** 2;
/** Addresses that are signed at once. */
const BATCH = 100;

const readJson = async (request: Request): Promise<unknown> =>
  parseJson(await readBody(request, MAX_JSON_BYTES, 'The body'));

const answer = (value: unknown, status = 200): Response =>
  Response.json(value, { status, headers: { 'Cache-Control': 'no-store' } });

/** Begins an upload. @throws HttpError (409) when the file is finished. */
export const createUpload = async (store: S3Store, { objectKey }: FileTarget): Promise<Response> => {
  if ((await store.head(objectKey)) !== undefined) throw fileComplete();
  return answer({ uploadId: await store.createUpload(objectKey, 'video/mp4') }, 201);
};

/**
 * Signs an address for each part. The store is asked first: it would refuse a wrong upload too, but in an answer
 * that a page of another origin can't read, and after the bytes were sent. What it has is listed only where the parts could make
 * the file too large: of an upload of 2,000 parts, that is three requests and a third of a megabyte of XML for every part.
 */
export const signParts = async (
  request: Request,
  store: S3Store,
  {
    objectKey,
    maxFileBytes,
    uploadId,
    client,
    expiresIn,
  }: FileTarget & {
    uploadId: string;
    client: S3Client;
    expiresIn: number;
  },
): Promise<Response> => {
  const wanted = checkWantedParts(await readJson(request));
  checkTotal([], wanted, maxFileBytes);
  if (fitAnyhow(wanted, maxFileBytes)) {
    if (!(await store.hasUpload(objectKey, uploadId))) throw uploadNotFound();
  } else {
    const stored = await store.listParts(objectKey, uploadId);
    if (stored === undefined) throw uploadNotFound();
    checkTotal(stored, wanted, maxFileBytes);
  }
  const parts = await inBatches(wanted, BATCH, async ({ number, size, md5 }) => {
    const headers = { 'Content-MD5': md5 };
    const url = await client.presign('PUT', objectKey, {
      query: { partNumber: String(number), uploadId },
      // The browser sets the length by itself and lets no page do it.
      headers: { ...headers, 'Content-Length': String(size) },
      expiresIn,
    });
    return { number, url, headers };
  });
  return answer({ parts, expiresIn });
};

/** What the store has of an upload. @throws HttpError (404). */
export const listParts = async (
  store: S3Store,
  { objectKey }: FileTarget,
  uploadId: string,
): Promise<Response> => {
  const parts = await store.listParts(objectKey, uploadId);
  if (parts === undefined) throw uploadNotFound();
  return answer({ parts });
};

/**
 * The ETag of the file when it is finished and the one that the page means; `undefined` when there is none.
 *
 * @throws HttpError (409) when another one is there.
 */
const finishedEtag = async (
  store: S3Store,
  objectKey: string,
  completion: Completion,
): Promise<string | undefined> => {
  const file = await store.head(objectKey);
  if (file === undefined) return undefined;
  if (!isFileOf(file, completion)) {
    throw partsMismatch(`the file is finished, with ${file.size} bytes and the ETag ${file.etag}`);
  }
  return file.etag;
};

const join = async (
  store: S3Store,
  objectKey: string,
  uploadId: string,
  completion: Completion,
): Promise<string> => {
  const stored = await store.listParts(objectKey, uploadId);
  if (stored !== undefined) {
    checkSameParts(stored, completion);
    try {
      const etag = await store.completeUpload(objectKey, uploadId, completion.parts);
      if (etag !== undefined) return etag;
    } catch (thrown) {
      if (isTooSmall(thrown)) throw partTooSmall();
      if (isWrongParts(thrown) && !areEven(stored)) throw partsUneven();
      if (isWrongParts(thrown)) throw partsMismatch('it changed them meanwhile');
      if (!isNoUpload(thrown)) throw thrown;
    }
  }
  // Somebody was quicker: this request, when its first try went well and the answer was lost, or one like it.
  const etag = await finishedEtag(store, objectKey, completion);
  if (etag === undefined) throw uploadNotFound();
  return etag;
};

/**
 * Joins the parts into the file. May be repeated: a page whose answer got lost asks again and gets the same one.
 * A finished file is never replaced.
 *
 * @throws HttpError (400, 404, 409, 413).
 */
export const completeUpload = async (
  request: Request,
  store: S3Store,
  { objectKey, maxFileBytes }: FileTarget,
  uploadId: string,
): Promise<Response> => {
  const completion = checkCompletion(await readJson(request));
  if (completion.size > maxFileBytes) throw tooLarge('The file', maxFileBytes);
  const finished = await finishedEtag(store, objectKey, completion);
  return answer({ etag: finished ?? (await join(store, objectKey, uploadId, completion)) });
};
