/** Options of the storage handler, their defaults, and the checks on them. */
import { mkdirSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { OptionInvalidError, OptionUnknownError } from '../errors.ts';
import { type AllowedOrigins, isLoopbackOrigin, isOrigin } from './origin.ts';
import type { Action } from './route.ts';

/** What a request wants to do. */
export interface Access {
  /**
   * `create`: begin a file. `write`: upload into it, ask for its offset, or put the manifest. `read`: a file
   * or the manifest. `list`: all manifests. `delete`: a file or a recording.
   */
  action: Action;
  /** Absent when the action is `list`. */
  recordingId?: string;
  /** `recordings/<id>/0001.mp4` or `recordings/<id>/manifest.json`, where the request is about one of them. */
  key?: string;
}

/** Allows a request, within limits. */
export interface Permission {
  /**
   * Folder below `dir` that holds this user's recordings, such as a user id or `tenants/42`. Keys in
   * manifests and addresses do not name it. Segments of letters, digits and `-_.@`, parted by `/`; none
   * begins or ends with a dot. Default: `dir` itself.
   */
  prefix?: string;
  /** Bytes that one file may have; may be above the handler's `maxFileBytes`, which is the default. */
  maxFileBytes?: number;
}

/**
 * Decides on a request. `true` or a `Permission` allows it, `false` answers 401, a `Response` is sent as it
 * is. It must not read the request's body.
 */
export type Authorize = (
  request: Request,
  access: Access,
) => boolean | Permission | Response | Promise<boolean | Permission | Response>;

/** Options of `createStorageHandler`. */
export interface StorageHandlerOptions {
  /** Folder for the recordings; made when it is not there. */
  dir: string;
  /** Path under which the handler answers. Default `/storage`. */
  path?: string;
  /** Default: everybody may do everything. */
  authorize?: Authorize;
  /** Bytes that one file may have. Default 64 GiB. */
  maxFileBytes?: number;
  /** Bytes that one manifest may have. Default 16 MiB. */
  maxManifestBytes?: number;
  /**
   * Origins whose pages may use the storage, besides pages of the same host. Requests of all others are
   * answered with 403. Default: pages of this machine (`localhost`, `127.0.0.1`, `[::1]`, any port).
   */
  allowedOrigins?: AllowedOrigins;
  /** Told of faults, which are answered with 500. Default: `console.error`. */
  onError?: (error: unknown, request: Request) => void;
}

/** The options with all defaults filled in. */
export interface ResolvedHandlerOptions extends Required<StorageHandlerOptions> {
  /** Base path without a slash at its end: empty for the root. */
  path: string;
}

const NAMES = [
  'dir',
  'path',
  'authorize',
  'maxFileBytes',
  'maxManifestBytes',
  'allowedOrigins',
  'onError',
] as const;

const SEGMENT = /^[A-Za-z0-9_@-](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9_@-])?$/;
const DEFAULT_MAX_FILE_BYTES = 64 * 1024 ** 3;
const DEFAULT_MAX_MANIFEST_BYTES = 16 * 1024 ** 2;

/** Throws when a number is no count of bytes. */
const checkBytes = (value: unknown, name: string): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new OptionInvalidError(name, 'a whole number of bytes, 1 or more', value);
};

/**
 * The segments of an `authorize` prefix.
 *
 * @throws OptionInvalidError (`option-invalid`) when it could lead out of the folder.
 */
export const checkPrefix = (prefix: unknown): string[] => {
  if (prefix === undefined) return [];
  const segments = typeof prefix === 'string' ? prefix.split('/') : [];
  if (segments.length === 0 || !segments.every(segment => SEGMENT.test(segment))) {
    throw new OptionInvalidError('prefix', 'segments of letters, digits and -_.@, parted by /', prefix);
  }
  return segments;
};

/** The limit that a permission names, or the handler's. */
export const checkMaxFileBytes = (value: unknown, fallback: number): number =>
  value === undefined ? fallback : checkBytes(value, 'maxFileBytes');

const checkPath = (path: unknown): string => {
  const isPath = typeof path === 'string' && path !== '' && /^(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(path);
  if (!isPath || /\/\.{1,2}(?:\/|$)/.test(path)) {
    throw new OptionInvalidError('path', 'a path that begins with /, such as /storage', path);
  }
  return path.replace(/\/$/, '');
};

const checkOrigins = (allowed: unknown): AllowedOrigins => {
  if (allowed === '*' || typeof allowed === 'function') return allowed as AllowedOrigins;
  const wrong = Array.isArray(allowed) ? allowed.find(o => typeof o !== 'string' || !isOrigin(o)) : allowed;
  if (wrong === undefined) return allowed as string[];
  throw new OptionInvalidError(
    'allowedOrigins',
    '"*", a function, or origins such as https://example.org with no slash at the end',
    wrong,
  );
};

/** Makes the folder, and resolves links in its own path once, so that none below it needs to be followed. */
const openFolder = (dir: unknown): string => {
  if (typeof dir !== 'string' || dir === '') throw new OptionInvalidError('dir', 'path of a folder', dir);
  try {
    mkdirSync(resolve(dir), { recursive: true });
    return realpathSync(resolve(dir));
  } catch (cause) {
    const detail = cause instanceof Error ? ` (${cause.message})` : '';
    throw new OptionInvalidError('dir', `a folder that can be written${detail}`, dir);
  }
};

/**
 * Checks options and fills in defaults; makes the folder.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const resolveHandlerOptions = (options: StorageHandlerOptions): ResolvedHandlerOptions => {
  for (const name of Object.keys(options)) {
    if (!NAMES.some(known => known === name)) throw new OptionUnknownError(name, NAMES);
  }
  for (const name of ['authorize', 'onError'] as const) {
    const hook = options[name];
    if (hook !== undefined && typeof hook !== 'function') {
      throw new OptionInvalidError(name, 'a function', hook);
    }
  }
  return {
    path: checkPath(options.path ?? '/storage'),
    authorize: options.authorize ?? (() => true),
    maxFileBytes: checkMaxFileBytes(options.maxFileBytes, DEFAULT_MAX_FILE_BYTES),
    maxManifestBytes: checkBytes(options.maxManifestBytes ?? DEFAULT_MAX_MANIFEST_BYTES, 'maxManifestBytes'),
    allowedOrigins: checkOrigins(options.allowedOrigins ?? isLoopbackOrigin),
    onError: options.onError ?? (error => console.error('steadyreel:', error)),
    dir: openFolder(options.dir),
  };
};
