/** The storage handler: from a `Request` to a `Response`. */
import { join } from 'node:path';
import { MANIFEST_NAME, parseKey } from '../manifest.ts';
import { findFolder } from './disk.ts';
import {
  asHttpError,
  errorResponse,
  internal,
  methodNotAllowed,
  notFound,
  originForbidden,
  requestInvalid,
  unauthorized,
} from './errors.ts';
import { UploadLocker } from './locks.ts';
import {
  type Access,
  checkMaxFileBytes,
  checkPrefix,
  type ResolvedHandlerOptions,
  resolveHandlerOptions,
  type StorageHandlerOptions,
} from './options.ts';
import { corsHeaders, isAllowedOrigin, preflightHeaders, resourcePolicy } from './origin.ts';
import { deleteRecording, idOf, listManifests, type Place, putManifest } from './recordings.ts';
import { allowedMethods, chooseOperation, keyFromMetadata, matchRoute, type Route } from './route.ts';
import { sendFile } from './send-file.ts';
import { RecordingStore } from './store.ts';
import { createTusHandler, tusOptionsHeaders } from './tus.ts';

/** Answers the requests of the storage; errors are answers too. */
export type StorageHandler = (request: Request) => Promise<Response>;

/** What one handler holds. */
interface Context {
  options: ResolvedHandlerOptions;
  locker: UploadLocker;
  tus: ReturnType<typeof createTusHandler>;
}

/** What `authorize` allowed. */
interface Grant {
  place: Place;
  maxFileBytes: number;
}

// Not by its class: some hosts bring their own.
const isResponse = (value: unknown): value is Response =>
  typeof value === 'object' && value !== null && 'status' in value && 'headers' in value;

const authorize = async (
  options: ResolvedHandlerOptions,
  request: Request,
  access: Access,
): Promise<Grant | Response> => {
  const verdict = await options.authorize(request, access);
  if (isResponse(verdict)) return verdict;
  if (verdict === true) {
    return { place: { root: options.dir, prefix: [] }, maxFileBytes: options.maxFileBytes };
  }
  if (typeof verdict !== 'object' || verdict === null) throw unauthorized();
  return {
    place: { root: options.dir, prefix: checkPrefix(verdict.prefix) },
    maxFileBytes: checkMaxFileBytes(verdict.maxFileBytes, options.maxFileBytes),
  };
};

const read = async (request: Request, place: Place, key: string): Promise<Response> => {
  const parts = parseKey(key);
  const folder = parts && (await findFolder(place.root, [...place.prefix, parts.recordingId]));
  if (!parts || folder === undefined) throw notFound();
  const isDownload = new URL(request.url).searchParams.has('download');
  const response = await sendFile(request, join(folder, parts.name), {
    'Content-Type': parts.name === MANIFEST_NAME ? 'application/json' : 'video/mp4',
    // No scripts. Without its origin, Chromium does not even load a video that is opened in a tab of its own.
    'Content-Security-Policy': 'sandbox allow-same-origin',
    'Cache-Control': 'private, no-cache',
    ...(isDownload
      ? { 'Content-Disposition': `attachment; filename="${parts.recordingId}-${parts.name}"` }
      : {}),
  });
  if (response === undefined) throw notFound();
  return response;
};

const parseLimit = (request: Request): number => {
  const limit = new URL(request.url).searchParams.get('limit');
  if (limit === null) return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}$/.test(limit)) throw requestInvalid('limit: expected a whole number.');
  return Number(limit);
};

const list = async (request: Request, place: Place, maxManifestBytes: number): Promise<Response> => {
  const json = await listManifests(place, parseLimit(request), maxManifestBytes);
  return new Response(json, { headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } });
};

const noContent = (headers: Record<string, string> = {}): Response =>
  new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store', ...headers } });

/** What the request is about, as `authorize` is told. */
const subjectOf = (request: Request, route: Route): { recordingId?: string; key?: string } => {
  if (route.kind === 'base') return keyFromMetadata(request.headers.get('upload-metadata'));
  if (route.kind === 'recordings') return {};
  if (route.kind === 'recording') return { recordingId: route.recordingId };
  return { recordingId: route.recordingId, key: route.key };
};

const respond = async (context: Context, request: Request): Promise<Response> => {
  const { options, locker } = context;
  const route = matchRoute(new URL(request.url).pathname, options.path);
  if (route === undefined) throw notFound();
  const isTus = request.headers.has('tus-resumable');
  const operation = chooseOperation(route, request.method, isTus);
  if (operation === undefined) throw methodNotAllowed(request.method, allowedMethods(route));
  const { recordingId = '', key = '', ...none } = subjectOf(request, route);
  const access: Access = { action: operation.action, ...none };
  if (recordingId) access.recordingId = recordingId;
  if (key) access.key = key;

  const grant = await authorize(options, request, access);
  if (isResponse(grant)) return grant;
  const { place, maxFileBytes } = grant;
  switch (operation.name) {
    case 'tus':
      return context.tus(request, {
        id: idOf(place, recordingId, parseKey(key)?.name ?? ''),
        location: `${options.path}/${key}`,
        maxFileBytes,
      });
    case 'read':
      return read(request, place, key);
    case 'list':
      return list(request, place, options.maxManifestBytes);
    case 'put-manifest':
      await putManifest(request, place, recordingId, { locker, maxManifestBytes: options.maxManifestBytes });
      return noContent();
    case 'delete-recording':
      await deleteRecording(place, recordingId, locker, request.signal);
      return noContent();
  }
};

/** `OPTIONS`: what the tus server can do, and the answer to a CORS preflight. */
const respondToOptions = async ({ options }: Context, request: Request): Promise<Response> => {
  const route = matchRoute(new URL(request.url).pathname, options.path);
  return noContent({
    ...tusOptionsHeaders(options.maxFileBytes),
    // Tells the uploader that recordings are kept here, not only uploads.
    'Steadyreel-Storage': '1',
    ...(route ? { Allow: allowedMethods(route).join(', ') } : {}),
    ...preflightHeaders(request.headers.get('access-control-request-headers')),
  });
};

/** The response with the headers that every one has. A copy, because those of `fetch` can't be changed. */
const withHeaders = (response: Response, request: Request, extra: Record<string, string>): Response => {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(extra)) headers.set(name, value);
  headers.append('Vary', 'Origin');
  const body = request.method === 'HEAD' ? null : response.body;
  return new Response(body, { status: response.status, headers });
};

/**
 * Makes the storage handler that the tus storage of a `Recorder` uploads to: uploads, manifests, listing,
 * deletion, and reads with byte ranges.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`), also when the folder
 * can't be made.
 */
export const createStorageHandler = (handlerOptions: StorageHandlerOptions): StorageHandler => {
  const options = resolveHandlerOptions(handlerOptions);
  const { allowedOrigins } = options;
  const locker = new UploadLocker(options.dir);
  const context: Context = {
    options,
    locker,
    tus: createTusHandler(new RecordingStore(options.dir), locker),
  };

  const check = (request: Request): void => {
    const origin = request.headers.get('origin');
    const isAllowed = isAllowedOrigin(origin, new URL(request.url).host, allowedOrigins);
    if (!isAllowed) throw originForbidden(origin ?? '');
  };

  const fail = (thrown: unknown, request: Request): Response => {
    const known = asHttpError(thrown);
    if (known === undefined) options.onError(thrown, request);
    return errorResponse(known ?? internal());
  };

  return async request => {
    const secure = { 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-site' };
    try {
      check(request);
      const policy = resourcePolicy(request.headers.get('referer'), allowedOrigins);
      secure['Cross-Origin-Resource-Policy'] = policy;
    } catch (thrown) {
      return withHeaders(fail(thrown, request), request, secure);
    }
    const respondToIt = request.method === 'OPTIONS' ? respondToOptions : respond;
    const response = await respondToIt(context, request).catch(thrown => fail(thrown, request));
    const cors = corsHeaders(request.headers.get('origin'), allowedOrigins);
    const tus = request.headers.has('tus-resumable') ? { 'Tus-Resumable': '1.0.0' } : {};
    return withHeaders(response, request, { ...secure, ...cors, ...tus });
  };
};
