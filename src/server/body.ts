/** Bodies of requests, within limits. No Node modules. */
import { checkManifest, type Recording } from '../manifest.ts';
import { requestInvalid, tooLarge } from './errors.ts';

/** Bytes of a thumbnail, of a sheet of them, or of their index: of 25,000 that is 2 MiB. */
export const MAX_THUMBNAIL_BYTES = 4 * 1024 ** 2;

/** Pieces in a row as one. */
const concatenate = (pieces: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
};

/**
 * The whole body as bytes. `what` is what it holds, such as "A manifest".
 *
 * @throws HttpError (413) when it has more than `limit`, (400) when it broke off.
 */
export const readBody = async (
  source: { headers: Headers; body: ReadableStream<Uint8Array> | null },
  limit: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> => {
  if (Number(source.headers.get('content-length') ?? 0) > limit) throw tooLarge(what, limit);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = source.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch(() => {
      throw requestInvalid('The body broke off.');
    });
    if (done) break;
    size += value.byteLength;
    if (size > limit) throw tooLarge(what, limit);
    pieces.push(value);
  }
  return concatenate(pieces, size);
};

/** @throws HttpError (400) when it is no JSON. */
export const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw requestInvalid('The body is no JSON in UTF-8.');
  }
};

/**
 * The bytes of a manifest that was sent for a recording.
 *
 * @throws HttpError (400, 413), ManifestInvalidError.
 */
export const readManifestBody = async (
  request: Request,
  recordingId: string,
  maxManifestBytes: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = await readBody(request, maxManifestBytes, 'A manifest');
  const manifest = checkManifest(parseJson(bytes));
  if (manifest.id !== recordingId) {
    throw requestInvalid(`The manifest is of recording ${manifest.id}, the address of ${recordingId}.`);
  }
  return bytes;
};

/** A manifest, and its text as it is stored: deep JSON can be parsed, but written again only with a deep stack. */
export interface StoredManifest {
  manifest: Recording;
  text: string;
}

/** The stored manifest of a recording; `undefined` when it can't be used, so that one does not hide the others. */
export const parseStoredManifest = (text: string, recordingId: string): StoredManifest | undefined => {
  try {
    const manifest = checkManifest(JSON.parse(text));
    return manifest.id === recordingId ? { manifest, text } : undefined;
  } catch {
    return undefined;
  }
};
