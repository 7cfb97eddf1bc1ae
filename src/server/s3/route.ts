/** What a request to the S3 handler asks for. Pure. */
import { requestInvalid } from '../errors.ts';
import { type Action, matchRoute, type Route } from '../route.ts';

/** What lies at an address: what the other handlers have, but for the base, and the steps of an upload. */
export type S3Route =
  | Exclude<Route, { kind: 'base' }>
  | { kind: 'upload' | 'parts' | 'complete'; recordingId: string; key: string };

/** What is done. */
export type S3OperationName =
  | 'list'
  | 'delete-recording'
  | 'read-file'
  | 'head-file'
  | 'delete-file'
  | 'read-manifest'
  | 'put-manifest'
  | 'read-thumbnail'
  | 'put-thumbnail'
  | 'create-upload'
  | 'abort-upload'
  | 'sign-parts'
  | 'list-parts'
  | 'complete-upload';

/** What a method does, and what `authorize` is asked for. */
export interface S3Operation {
  name: S3OperationName;
  action: Action;
  /** Whoever may do this may do it as well. */
  otherwise?: Action;
}

const OPERATIONS: Record<S3Route['kind'], Record<string, S3Operation>> = {
  recordings: { GET: { name: 'list', action: 'list' }, HEAD: { name: 'list', action: 'list' } },
  recording: { DELETE: { name: 'delete-recording', action: 'delete' } },
  file: {
    GET: { name: 'read-file', action: 'read' },
    // A page that lost an answer asks whether its file is finished; `complete` tells no less of it.
    HEAD: { name: 'head-file', action: 'read', otherwise: 'write' },
    DELETE: { name: 'delete-file', action: 'delete' },
  },
  manifest: {
    GET: { name: 'read-manifest', action: 'read' },
    HEAD: { name: 'read-manifest', action: 'read' },
    PUT: { name: 'put-manifest', action: 'write' },
  },
  thumbnail: {
    GET: { name: 'read-thumbnail', action: 'read' },
    HEAD: { name: 'read-thumbnail', action: 'read' },
    PUT: { name: 'put-thumbnail', action: 'write' },
  },
  upload: {
    POST: { name: 'create-upload', action: 'create' },
    DELETE: { name: 'abort-upload', action: 'write' },
  },
  parts: {
    POST: { name: 'sign-parts', action: 'write' },
    GET: { name: 'list-parts', action: 'write' },
  },
  complete: { POST: { name: 'complete-upload', action: 'write' } },
};

/** What lies at an address; `undefined` when nothing can. The path is not percent-decoded. */
export const matchS3Route = (pathname: string, base: string): S3Route | undefined => {
  const [, before = pathname, step] = /^(.*)\/(upload|parts|complete)$/.exec(pathname) ?? [];
  const route = matchRoute(before, base);
  if (route === undefined || route.kind === 'base') return undefined;
  if (step === undefined) return route;
  if (route.kind !== 'file') return undefined;
  return { ...route, kind: step as 'upload' | 'parts' | 'complete' };
};

/** Methods that an address takes. */
export const allowedS3Methods = (route: S3Route): string[] => [
  ...Object.keys(OPERATIONS[route.kind]),
  'OPTIONS',
];

/** What a method does at an address; `undefined` when it takes no such method. */
export const chooseS3Operation = (route: S3Route, method: string): S3Operation | undefined => {
  const operations = OPERATIONS[route.kind];
  return Object.hasOwn(operations, method) ? operations[method] : undefined;
};

/** The upload that a request is about. @throws HttpError (400) when it names none that could be. */
export const uploadIdOf = (url: URL): string => {
  const id = url.searchParams.get('uploadId') ?? '';
  if (/^[\x21-\x7e]{1,1024}$/.test(id)) return id;
  throw requestInvalid('uploadId: expected the one that POST …/upload answered with, in the query.');
};
