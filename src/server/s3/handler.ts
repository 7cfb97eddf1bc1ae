/** The S3 handler: it signs and checks, and no byte of a file passes through it. No Node modules. */
import { type Access, askForLeave, type Grant, isResponse } from '../access.ts';
import { MAX_THUMBNAIL_BYTES } from '../body.ts';
import { HttpError, methodNotAllowed, notFound } from '../errors.ts';
import { frame, noContent, type StorageHandler, withWebhooks } from '../frame.ts';
import { parseLimit } from '../listing.ts';
import { preflightHeaders } from '../origin.ts';
import type { Action } from '../route.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { S3Client } from './client.ts';
import { isUneven, StoreFailedError } from './errors.ts';
import { type ResolvedS3Options, resolveS3Options, type S3HandlerOptions } from './options.ts';
import * as recordings from './recordings.ts';
import {
  allowedS3Methods,
  chooseS3Operation,
  matchS3Route,
  type S3OperationName,
  type S3Route,
  uploadIdOf,
} from './route.ts';
import { S3Store } from './store.ts';
import * as uploads from './uploads.ts';
import { bucketWebhooks } from './webhooks.ts';

/** What one handler holds. Nothing of it is about a recording. */
interface Context {
  options: ResolvedS3Options;
  client: S3Client;
  /** Absent when nobody is told of anything. */
  webhooks: Webhooks | undefined;
}

/** A request that may be answered. */
interface Allowed {
  request: Request;
  prefix: readonly string[];
  maxFileBytes: number;
  recordingId: string;
  key: string;
}

const carryOut = (context: Context, operation: S3OperationName, allowed: Allowed): Promise<Response> => {
  const { options, client } = context;
  const { request, prefix, recordingId, key, maxFileBytes } = allowed;
  const { expiresIn, maxManifestBytes } = options;
  const url = new URL(request.url);
  const store = new S3Store(client, request.signal);
  const objectKey = recordings.objectKeyOf(prefix, key);
  const target = { objectKey, maxFileBytes };
  switch (operation) {
    case 'list':
      return recordings.listRecordings(store, prefix, { limit: parseLimit(request), maxManifestBytes });
    case 'delete-recording':
      return recordings.deleteRecording(store, prefix, { recordingId, maxManifestBytes });
    case 'read-file':
      return recordings.readFile(request, store, objectKey, { client, key, expiresIn });
    case 'head-file':
      return recordings.headFile(store, objectKey);
    case 'delete-file':
      return recordings.deleteFile(store, objectKey);
    case 'read-manifest':
      return recordings.readWhole(request, store, objectKey, maxManifestBytes);
    case 'put-manifest':
      return recordings.putManifest(request, store, objectKey, { recordingId, maxManifestBytes });
    case 'read-thumbnail':
      return recordings.readWhole(request, store, objectKey, MAX_THUMBNAIL_BYTES);
    case 'put-thumbnail':
      return recordings.putThumbnail(request, store, objectKey);
    case 'create-upload':
      return uploads.createUpload(store, target);
    case 'sign-parts':
      return uploads.signParts(request, store, { ...target, uploadId: uploadIdOf(url), client, expiresIn });
    case 'list-parts':
      return uploads.listParts(store, target, uploadIdOf(url));
    case 'complete-upload':
      return uploads.completeUpload(request, store, target, uploadIdOf(url));
    case 'abort-upload':
      return store.abortUpload({ key: objectKey, uploadId: uploadIdOf(url) }).then(() => noContent());
  }
};

/** Carries it out; what that changes is told. */
const carryOutAndTell = async (
  context: Context,
  operation: S3OperationName,
  allowed: Allowed,
): Promise<Response> => {
  const { webhooks } = context;
  const { request, prefix, recordingId } = allowed;
  const path = { prefix, recordingId };
  const work = () => carryOut(context, operation, allowed);
  if (webhooks !== undefined && operation === 'put-manifest') return webhooks.around(path, request, work);
  const response = await work();
  if (operation === 'complete-upload') await webhooks?.onFile(path, request);
  if (operation === 'delete-recording') await webhooks?.forget(path);
  return response;
};

/** What the request is about, as `authorize` is told. */
const subjectOf = (route: S3Route): { recordingId?: string; key?: string } => {
  if (route.kind === 'recordings') return {};
  if (route.kind === 'recording') return { recordingId: route.recordingId };
  return { recordingId: route.recordingId, key: route.key };
};

/** Asks `authorize`, and once more for what would do as well. What it says to the first is the answer when it allows neither. */
const askToo = async (
  otherwise: Action | undefined,
  options: ResolvedS3Options,
  request: Request,
  access: Access,
): Promise<Grant | Response> => {
  const asked = askForLeave(options, request, access);
  if (otherwise === undefined) return asked;
  const isRefused = await asked.then(isResponse, thrown => thrown instanceof HttpError);
  if (!isRefused) return asked;
  const other = await askForLeave(options, request, { ...access, action: otherwise }).catch(() => asked);
  return isResponse(other) ? asked : other;
};

const respond = async (context: Context, request: Request): Promise<Response> => {
  const { options } = context;
  const route = matchS3Route(new URL(request.url).pathname, options.path);
  if (request.method === 'OPTIONS') {
    return noContent({
      'Steadyreel-Storage': '1',
      ...(route ? { Allow: allowedS3Methods(route).join(', ') } : {}),
      ...preflightHeaders(request.headers.get('access-control-request-headers')),
    });
  }
  if (route === undefined) throw notFound();
  const operation = chooseS3Operation(route, request.method);
  if (operation === undefined) throw methodNotAllowed(request.method, allowedS3Methods(route));
  const subject = subjectOf(route);
  const access: Access = { action: operation.action, ...subject };
  const grant = await askToo(operation.otherwise, options, request, access);
  if (isResponse(grant)) return grant;
  const { recordingId = '', key = '' } = subject;
  return carryOutAndTell(context, operation.name, { request, ...grant, recordingId, key });
};

/**
 * Makes the handler that `s3()` uploads through, in front of any store that speaks S3. Pages put the parts of their
 * files into the bucket and read them from there, at addresses that the handler signs; it needs no state, so any
 * number of copies may run, also at the edge.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const createS3Handler = (handlerOptions: S3HandlerOptions): StorageHandler => {
  const options = resolveS3Options(handlerOptions);
  const client = new S3Client(options);
  const webhooks = bucketWebhooks(options, client);
  const context: Context = { options, client, webhooks };
  const handler = frame(options, async request => {
    try {
      return await respond(context, request);
    } catch (thrown) {
      // A store that fails is no fault of ours, but somebody has to look at it.
      const cause = thrown instanceof Error ? thrown.cause : undefined;
      if (cause instanceof StoreFailedError) options.onError(cause, request);
      if (isUneven(thrown)) options.onError(thrown, request);
      throw thrown;
    }
  });
  return withWebhooks(handler, webhooks);
};
