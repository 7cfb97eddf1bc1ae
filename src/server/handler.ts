/** The storage handler: from a `Request` to a `Response`. */
import { join } from 'node:path';
import { mediaTypeOf, parseKey } from '../manifest.ts';
import { type Access, askForLeave, isResponse } from './access.ts';
import { findFolder } from './disk.ts';
import { methodNotAllowed, notFound } from './errors.ts';
import { frame, noContent, type StorageHandler, withWebhooks } from './frame.ts';
import { listResponse, parseLimit } from './listing.ts';
import { UploadLocker } from './locks.ts';
import { type ResolvedHandlerOptions, resolveHandlerOptions, type StorageHandlerOptions } from './options.ts';
import { preflightHeaders } from './origin.ts';
import {
  deleteRecording,
  idOf,
  listManifests,
  locate,
  type Place,
  putManifest,
  putThumbnail,
} from './recordings.ts';
import { allowedMethods, chooseOperation, keyFromMetadata, matchRoute, type Route } from './route.ts';
import { sendFile } from './send-file.ts';
import { RecordingStore } from './store.ts';
import { createTusHandler, type TusTarget, tusOptionsHeaders } from './tus.ts';
import { diskWebhooks } from './webhook-disk.ts';
import type { RecordingPath } from './webhooks/events.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

/** What one handler holds. */
interface Context {
  options: ResolvedHandlerOptions;
  locker: UploadLocker;
  tus: ReturnType<typeof createTusHandler>;
  files: RecordingStore;
  /** Absent when nobody is told of anything. */
  webhooks: Webhooks | undefined;
}

const read = async (request: Request, place: Place, key: string): Promise<Response> => {
  const parts = parseKey(key);
  const { folders, name } = parts ? locate(place, parts) : { folders: [], name: '' };
  const folder = parts && (await findFolder(place.root, folders));
  if (!parts || folder === undefined) throw notFound();
  const isDownload = new URL(request.url).searchParams.has('download');
  const response = await sendFile(request, join(folder, name), {
    'Content-Type': mediaTypeOf(key),
    // No scripts. Without its origin, Chromium does not even load a video that is opened in a tab of its own.
    'Content-Security-Policy': 'sandbox allow-same-origin',
    'Cache-Control': 'private, no-cache',
    ...(isDownload ? { 'Content-Disposition': `attachment; filename="${parts.recordingId}-${name}"` } : {}),
  });
  if (response === undefined) throw notFound();
  return response;
};

/** A tus request; when it has made a file whole, that is told. */
const upload = async (
  { tus, files, webhooks }: Context,
  request: Request,
  path: RecordingPath,
  target: TusTarget,
): Promise<Response> => {
  const response = await tus(request, target);
  const mayHaveEnded = webhooks !== undefined && response.ok && ['PATCH', 'POST'].includes(request.method);
  // Not each of a file's pieces is worth a look at its manifest. What can't be told now is no fault of the request.
  const isComplete = mayHaveEnded && (await files.isComplete(target.id).catch(() => true));
  if (isComplete) await webhooks.onFile(path, request);
  return response;
};

/** What the request is about, as `authorize` is told. */
const subjectOf = (request: Request, route: Route): { recordingId?: string; key?: string } => {
  if (route.kind === 'base') return keyFromMetadata(request.headers.get('upload-metadata'));
  if (route.kind === 'recordings') return {};
  if (route.kind === 'recording') return { recordingId: route.recordingId };
  return { recordingId: route.recordingId, key: route.key };
};

const respond = async (context: Context, request: Request): Promise<Response> => {
  const { options, locker, webhooks } = context;
  const route = matchRoute(new URL(request.url).pathname, options.path);
  if (route === undefined) throw notFound();
  const isTus = request.headers.has('tus-resumable');
  const operation = chooseOperation(route, request.method, isTus);
  if (operation === undefined) throw methodNotAllowed(request.method, allowedMethods(route));
  const { recordingId = '', key = '', ...none } = subjectOf(request, route);
  const access: Access = { action: operation.action, ...none };
  if (recordingId) access.recordingId = recordingId;
  if (key) access.key = key;

  const grant = await askForLeave(options, request, access);
  if (isResponse(grant)) return grant;
  const { prefix, maxFileBytes } = grant;
  const place = { root: options.dir, prefix };
  const path = { prefix, recordingId };
  switch (operation.name) {
    case 'tus':
      return upload(context, request, path, {
        id: idOf(place, recordingId, parseKey(key)?.name ?? ''),
        location: `${options.path}/${key}`,
        maxFileBytes,
      });
    case 'read':
      return read(request, place, key);
    case 'list':
      return listResponse(await listManifests(place, parseLimit(request), options.maxManifestBytes));
    case 'put-manifest': {
      const { maxManifestBytes } = options;
      const put = () => putManifest(request, place, recordingId, { locker, maxManifestBytes });
      await (webhooks ? webhooks.around(path, request, put) : put());
      return noContent();
    }
    case 'put-thumbnail':
      await putThumbnail(request, place, key, locker);
      return noContent();
    case 'delete-recording':
      await deleteRecording(place, recordingId, locker, request.signal);
      await webhooks?.forget(path);
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

/**
 * Makes the storage handler that the tus storage of a `Recorder` uploads to: uploads, manifests, listing,
 * deletion, and reads with byte ranges.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`), also when the folder
 * can't be made.
 */
export const createStorageHandler = (handlerOptions: StorageHandlerOptions): StorageHandler => {
  const options = resolveHandlerOptions(handlerOptions);
  const locker = new UploadLocker(options.dir);
  const files = new RecordingStore(options.dir);
  const webhooks = diskWebhooks(options, files);
  const context: Context = { options, locker, files, webhooks, tus: createTusHandler(files, locker) };
  const handler = frame(
    options,
    request => (request.method === 'OPTIONS' ? respondToOptions : respond)(context, request),
    request => (request.headers.has('tus-resumable') ? { 'Tus-Resumable': '1.0.0' } : {}),
  );
  return withWebhooks(handler, webhooks);
};
