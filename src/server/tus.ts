/** The tus 1.0 protocol: `@tus/server` on our store, with our keys, limits and errors. */
import { Server } from '@tus/server';
import { InternalError } from '../errors.ts';
import { HttpError, notFound, offsetMismatch, tooLarge, tusVersion } from './errors.ts';
import type { UploadLocker } from './locks.ts';
import type { RecordingStore } from './store.ts';

/** What a request is about. */
export interface TusTarget {
  /** Id in the store. */
  id: string;
  /** Address of the upload, for `Location`. */
  location: string;
  maxFileBytes: number;
}

/** Headers that the tus server looks at; others, such as a wrong `X-Forwarded-Proto`, would only upset it. */
const TUS_HEADERS = [
  'tus-resumable',
  'upload-length',
  'upload-offset',
  'upload-defer-length',
  'upload-metadata',
  'upload-concat',
  'content-type',
  'content-length',
];

/** What `OPTIONS` says about the tus server. */
export const tusOptionsHeaders = (maxFileBytes: number): Record<string, string> => ({
  'Tus-Resumable': '1.0.0',
  'Tus-Version': '1.0.0',
  'Tus-Extension': 'creation,creation-with-upload,creation-defer-length,termination',
  'Tus-Max-Size': String(maxFileBytes),
});

/**
 * The body up to where it breaks off. With an error at that place the tus server would drop the bytes that
 * came in but are not written yet, and the uploader would have to send them again.
 */
const untilBroken = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      pull: async controller => {
        const next = await reader.read().catch(() => ({ done: true as const, value: undefined }));
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: reason => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
};

/** The tus server's errors are of two shapes, both with these fields. */
const asTusError = (thrown: unknown): { status: number; text: string } | undefined => {
  const { status_code: status, body } = thrown as { status_code?: unknown; body?: unknown };
  return typeof status === 'number' && typeof body === 'string' ? { status, text: body.trim() } : undefined;
};

const CODES: Record<number, string> = { 410: 'gone', 415: 'media-type-unsupported', 501: 'not-implemented' };

/** Our error for one of the tus server's; its 403 is for headers that are missing. */
const translate = (status: number, text: string, target: TusTarget): HttpError => {
  if (status === 404) return notFound();
  if (status === 409) return offsetMismatch();
  if (status === 413) return tooLarge('The file', target.maxFileBytes);
  if (status === 412) return tusVersion(null);
  const sentence = text.endsWith('.') ? text : `${text}.`;
  return new HttpError(status === 403 ? 400 : status, CODES[status] ?? 'request-invalid', sentence);
};

const toTusRequest = (request: Request, declaredLength: number | undefined): Request => {
  const headers = new Headers();
  for (const name of TUS_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  // An uploader that lost the answer declares the length again; the tus server would call that an error.
  if (request.method === 'PATCH' && headers.get('upload-length') === String(declaredLength)) {
    headers.delete('upload-length');
  }
  const { method, url, body } = request;
  if (body === null) return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: untilBroken(body), duplex: 'half' } as RequestInit);
};

/** Headers of the tus server's answer that are ours to set, or are for one connection only. */
const OWN_HEADERS = ['access-control-allow-origin', 'access-control-expose-headers', 'connection'];

/** Answers tus requests. */
export const createTusHandler = (store: RecordingStore, locker: UploadLocker) => {
  const calls = new WeakMap<object, { target: TusTarget; error?: unknown }>();
  const callOf = (request: object) => {
    const call = calls.get(request);
    if (call === undefined) throw new InternalError('a tus request that is not ours');
    return call;
  };
  const server = new Server({
    // Not used: addresses and ids are ours.
    path: '/',
    datastore: store,
    locker,
    // After a lost connection the uploader asks for the offset while the server may still wait for bytes.
    lockDrainTimeout: 500,
    namingFunction: request => callOf(request).target.id,
    getFileIdFromRequest: request => callOf(request).target.id,
    generateUrl: request => callOf(request).target.location,
    maxSize: request => callOf(request).target.maxFileBytes,
    onResponseError: (request, error) => {
      callOf(request).error = error;
      return undefined;
    },
  });

  return async (request: Request, target: TusTarget): Promise<Response> => {
    const version = request.headers.get('tus-resumable');
    if (version !== '1.0.0') throw tusVersion(version);
    const declared = request.method === 'PATCH' ? await store.declaredLength(target.id) : undefined;
    const tusRequest = toTusRequest(request, declared);
    const call: { target: TusTarget; error?: unknown } = { target };
    calls.set(tusRequest, call);
    const response = await server.handleWeb(tusRequest);
    if (call.error !== undefined) {
      const known = call.error instanceof HttpError ? undefined : asTusError(call.error);
      throw known ? translate(known.status, known.text, target) : call.error;
    }
    if (response.status >= 400) throw translate(response.status, (await response.text()).trim(), target);
    for (const name of OWN_HEADERS) response.headers.delete(name);
    return response;
  };
};
