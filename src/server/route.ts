/** What a request asks for: addresses, methods and the names in `Upload-Metadata`. Pure. */
import {
  isRecordingId,
  MANIFEST_NAME,
  mediaTypeOf,
  parseKey,
  RECORDINGS_PREFIX,
  VIDEO_TYPE,
} from '../manifest.ts';
import { requestInvalid } from './errors.ts';

/** What `authorize` is asked for. */
export type Action = 'create' | 'write' | 'read' | 'list' | 'delete';

/** What lies at an address. */
export type Route =
  | { kind: 'base' }
  | { kind: 'recordings' }
  | { kind: 'recording'; recordingId: string }
  | { kind: 'file' | 'manifest' | 'thumbnail'; recordingId: string; key: string };

/** What is done, and by whom it is done: tus requests are left to the tus server. */
export interface Operation {
  name: 'tus' | 'read' | 'list' | 'put-manifest' | 'put-thumbnail' | 'delete-recording';
  action: Action;
}

const OPERATIONS: Record<Route['kind'], Record<string, Operation>> = {
  base: { POST: { name: 'tus', action: 'create' } },
  recordings: { GET: { name: 'list', action: 'list' }, HEAD: { name: 'list', action: 'list' } },
  recording: { DELETE: { name: 'delete-recording', action: 'delete' } },
  file: {
    GET: { name: 'read', action: 'read' },
    HEAD: { name: 'read', action: 'read' },
    PATCH: { name: 'tus', action: 'write' },
    DELETE: { name: 'tus', action: 'delete' },
  },
  manifest: {
    GET: { name: 'read', action: 'read' },
    HEAD: { name: 'read', action: 'read' },
    PUT: { name: 'put-manifest', action: 'write' },
  },
  thumbnail: {
    GET: { name: 'read', action: 'read' },
    HEAD: { name: 'read', action: 'read' },
    PUT: { name: 'put-thumbnail', action: 'write' },
  },
};

/** True when the address is the base path or below it. `base` has no slash at its end. */
export const isUnder = (pathname: string, base: string): boolean =>
  pathname === base || pathname.startsWith(`${base}/`);

/** Thumbnails, their sheets and their index are one kind: small, put as a whole, and put again. */
const kindOf = (name: string): 'file' | 'manifest' | 'thumbnail' => {
  if (name === MANIFEST_NAME) return 'manifest';
  return mediaTypeOf(name) === VIDEO_TYPE ? 'file' : 'thumbnail';
};

/**
 * What lies at an address; `undefined` when nothing can. The path is not percent-decoded: no key has a
 * character that needs it, so an encoded slash or dot never becomes a real one.
 */
export const matchRoute = (pathname: string, base: string): Route | undefined => {
  if (!isUnder(pathname, base)) return undefined;
  const rest = pathname.slice(base.length + 1);
  if (rest === '') return { kind: 'base' };
  if (rest === RECORDINGS_PREFIX || `${rest}/` === RECORDINGS_PREFIX) return { kind: 'recordings' };
  const key = parseKey(rest);
  if (key) return { kind: kindOf(key.name), recordingId: key.recordingId, key: rest };
  const recordingId = rest.startsWith(RECORDINGS_PREFIX) ? rest.slice(RECORDINGS_PREFIX.length) : '';
  return isRecordingId(recordingId) ? { kind: 'recording', recordingId } : undefined;
};

/** Methods that an address takes. */
export const allowedMethods = (route: Route): string[] => [...Object.keys(OPERATIONS[route.kind]), 'OPTIONS'];

/** What a method does at an address; `undefined` when it takes no such method. */
export const chooseOperation = (route: Route, method: string, isTus: boolean): Operation | undefined => {
  if (route.kind === 'file' && method === 'HEAD' && isTus) return { name: 'tus', action: 'write' };
  const operations = OPERATIONS[route.kind];
  return Object.hasOwn(operations, method) ? operations[method] : undefined;
};

const decodeBase64 = (text: string): string | undefined => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return atob(text);
  } catch {
    return undefined;
  }
};

/**
 * The file that a tus creation is for, from its `Upload-Metadata`: `recording` and `filename`.
 *
 * @throws HttpError (400) that says what is missing.
 */
export const keyFromMetadata = (header: string | null): { recordingId: string; key: string } => {
  const values = new Map<string, string | undefined>();
  for (const pair of (header ?? '').split(',')) {
    const [name = '', encoded = ''] = pair.trim().split(' ');
    values.set(name, decodeBase64(encoded));
  }
  const recordingId = values.get('recording') ?? '';
  if (!isRecordingId(recordingId)) {
    throw requestInvalid('Upload-Metadata: expected "recording", a lower-case UUID in base64.');
  }
  const key = `${RECORDINGS_PREFIX}${recordingId}/${values.get('filename') ?? ''}`;
  const name = parseKey(key)?.name;
  if (name === undefined || kindOf(name) !== 'file') {
    throw requestInvalid('Upload-Metadata: expected "filename", such as 0001.mp4 in base64.');
  }
  return { recordingId, key };
};
