/** Serves a folder of a built site. */
import { realpathSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { OptionInvalidError } from '../errors.ts';
import { asHttpError, errnoOf, errorResponse, HttpError, methodNotAllowed, notFound } from './errors.ts';
import { sendFile } from './send-file.ts';

const TYPES: Record<string, string> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.m4a': 'audio/mp4',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
};

/** The MIME type of a file by its name. */
export const mimeType = (name: string): string =>
  TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream';

/**
 * The segments of a request's path, decoded; `undefined` for one that may not be served: hidden files, and
 * whatever a file system could take for a way out of the folder.
 */
export const staticSegments = (pathname: string): string[] | undefined => {
  const segments = pathname.split('/').filter(segment => segment !== '');
  try {
    const decoded = segments.map(decodeURIComponent);
    const isSafe = (segment: string): boolean => !segment.startsWith('.') && !/[/\\:\0]/.test(segment);
    return decoded.every(isSafe) ? decoded : undefined;
  } catch {
    return undefined;
  }
};

/** The real path of something below `root`; `undefined` when nothing is there, or a link leads out. */
const resolveBelow = async (root: string, segments: readonly string[]): Promise<string | undefined> => {
  try {
    const path = await realpath(join(root, ...segments));
    return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep) ? path : undefined;
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(errnoOf(thrown) ?? '')) return undefined;
    throw thrown;
  }
};

const respond = async (root: string, request: Request): Promise<Response> => {
  if (!['GET', 'HEAD'].includes(request.method)) throw methodNotAllowed(request.method, ['GET', 'HEAD']);
  const { pathname, search } = new URL(request.url);
  const segments = staticSegments(pathname);
  const path = segments && (await resolveBelow(root, segments));
  if (!segments || path === undefined) throw notFound();
  const isFolder = (await stat(path)).isDirectory();
  if (isFolder && !pathname.endsWith('/')) {
    // Made of the segments: a path that begins with // would lead to another host.
    const location = `/${segments.map(encodeURIComponent).join('/')}/${search}`;
    return new Response(null, { status: 308, headers: { Location: location } });
  }
  const file = isFolder ? await resolveBelow(root, [...segments, 'index.html']) : path;
  const response =
    file &&
    (await sendFile(request, file, {
      'Content-Type': mimeType(file),
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    }));
  if (!response) throw notFound();
  return response;
};

/**
 * Makes a handler that serves a folder: `index.html` for folders, no listings, nothing that begins with a
 * dot, and nothing outside of it.
 *
 * @throws OptionInvalidError (`option-invalid`) when there is no such folder.
 */
export const createStaticHandler = (folder: string): ((request: Request) => Promise<Response>) => {
  let root: string;
  try {
    root = realpathSync(folder);
  } catch {
    throw new OptionInvalidError('static', 'a folder that is there', folder);
  }
  return request =>
    respond(root, request).catch(thrown => {
      const known = asHttpError(thrown);
      if (known === undefined) console.error('steadyreel:', thrown);
      return errorResponse(known ?? new HttpError(500, 'internal', 'The file could not be read.'));
    });
};
