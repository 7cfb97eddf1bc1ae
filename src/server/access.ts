/** Who may do what: what `authorize` is asked and answers. No Node modules: shared with handlers at the edge. */
import { OptionInvalidError } from '../errors.ts';
import { unauthorized } from './errors.ts';
import type { Action } from './route.ts';

/** What a request wants to do. */
export interface Access {
  /**
   * `create`: begin a file. `write`: upload into it, ask for its offset, or put the manifest or what belongs to the
   * thumbnails. `read`: any of these. `list`: all manifests. `delete`: a file or a recording.
   */
  action: Action;
  /** Absent when the action is `list`. */
  recordingId?: string;
  /** `recordings/<id>/0001.mp4`, `recordings/<id>/manifest.json` and the like, where the request is about one of them. */
  key?: string;
}

/** Allows a request, within limits. */
export interface Permission {
  /**
   * Folder below `dir`, or in the bucket, that holds this user's recordings, such as a user id or `tenants/42`.
   * Keys in manifests and addresses do not name it. Segments of letters, digits and `-_.@`, parted by `/`; none
   * begins or ends with a dot. Default: `dir` itself, or the bucket.
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

/** What `authorize` allowed. */
export interface Grant {
  /** Segments of the prefix. */
  prefix: string[];
  maxFileBytes: number;
}

const SEGMENT = /^[A-Za-z0-9_@-](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9_@-])?$/;

/** Throws when a number is no count of bytes. */
export const checkBytes = (value: unknown, name: string): number => {
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

// Not by its class: some hosts bring their own.
/** True for what `authorize` wants to be sent as it is. */
export const isResponse = (value: unknown): value is Response =>
  typeof value === 'object' && value !== null && 'status' in value && 'headers' in value;

/**
 * Asks `authorize`. A `Response` is sent as it is.
 *
 * @throws HttpError (401) when it says no, OptionInvalidError (`option-invalid`) when its permission can't be used.
 */
export const askForLeave = async (
  options: { authorize: Authorize; maxFileBytes: number },
  request: Request,
  access: Access,
): Promise<Grant | Response> => {
  const verdict = await options.authorize(request, access);
  if (isResponse(verdict)) return verdict;
  if (verdict === true) return { prefix: [], maxFileBytes: options.maxFileBytes };
  if (typeof verdict !== 'object' || verdict === null) throw unauthorized();
  return {
    prefix: checkPrefix(verdict.prefix),
    maxFileBytes: checkMaxFileBytes(verdict.maxFileBytes, options.maxFileBytes),
  };
};
