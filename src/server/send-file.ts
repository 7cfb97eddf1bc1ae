/** Answers `GET` and `HEAD` from a file: ranges, revalidation, and no more memory than one piece. */
import type { FileHandle } from 'node:fs/promises';
import { openFile } from './disk.ts';
import { HttpError, internal } from './errors.ts';
import { matchesEtag } from './etag.ts';
import { type ByteRange, parseRange } from './range.ts';

const PIECE_BYTES = 256 * 1024;

/** Both ends belong to it. The handle is closed at the end, at an error, and when nobody reads on. */
const streamRange = (handle: FileHandle, { start, end }: ByteRange): ReadableStream<Uint8Array> => {
  let position = start;
  const read = async (): Promise<Uint8Array> => {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - position + 1));
    const { bytesRead } = await handle.read(piece, 0, piece.byteLength, position);
    // The file got shorter while it was read; the answer has begun, so all that is left is to break it off.
    if (bytesRead === 0) throw internal();
    position += bytesRead;
    return piece.subarray(0, bytesRead);
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async controller => {
        try {
          controller.enqueue(await read());
        } catch (thrown) {
          await handle.close();
          throw thrown;
        }
        if (position <= end) return;
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
};

/** A range holds for the file as it was when the first part was fetched (RFC 9110, section 13.1.5). */
const rangeOf = (request: Request, etag: string, size: number): ByteRange | 'whole' | 'unsatisfiable' => {
  const condition = request.headers.get('if-range');
  // Range is defined for GET only (RFC 9110, section 14.2).
  if (request.method !== 'GET' || (condition !== null && condition !== etag)) return 'whole';
  return parseRange(request.headers.get('range'), size);
};

/**
 * The response, or `undefined` when there is no such file. Of a file that grows, what was there at the
 * beginning is sent.
 *
 * @throws HttpError (416) for a range outside the file.
 */
export const sendFile = async (
  request: Request,
  path: string,
  headers: Record<string, string>,
): Promise<Response | undefined> => {
  const handle = await openFile(path, 'read');
  if (handle === undefined) return undefined;
  let isHandedOver = false;
  try {
    const stats = await handle.stat({ bigint: true });
    const size = Number(stats.size);
    const etag = `"${stats.ino.toString(36)}-${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}"`;
    const all = { ...headers, 'Accept-Ranges': 'bytes', ETag: etag };
    if (matchesEtag(request.headers.get('if-none-match'), etag)) {
      return new Response(null, { status: 304, headers: all });
    }
    const range = rangeOf(request, etag, size);
    if (range === 'unsatisfiable') {
      throw new HttpError(416, 'range-invalid', `The range lies outside the file's ${size} bytes.`, {
        'Content-Range': `bytes */${size}`,
      });
    }
    const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range;
    const length = { 'Content-Length': String(end - start + 1) };
    const part = range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` };
    const status = range === 'whole' ? 200 : 206;
    isHandedOver = request.method === 'GET' && end >= start;
    const body = isHandedOver ? streamRange(handle, { start, end }) : null;
    return new Response(body, { status, headers: { ...all, ...length, ...part } });
  } finally {
    if (!isHandedOver) await handle.close();
  }
};
