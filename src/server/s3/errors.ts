/** What the S3 handler answers when the store does not do what was asked, and what it tells `onError`. */
import { SteadyreelError } from '../../errors.ts';
import { HttpError } from '../errors.ts';

/** `store-refused`: the store answered with an error that the handler's settings or rights are the usual cause of. */
export class StoreRefusedError extends SteadyreelError {
  readonly code = 'store-refused';
  constructor(
    /** S3's name of the operation, such as `CompleteMultipartUpload`. */
    readonly operation: string,
    readonly bucket: string,
    /** HTTP status of the store's answer. */
    readonly status: number,
    /** S3's code of the error, such as `AccessDenied`; empty when the store named none. */
    readonly reason: string,
  ) {
    super(
      `The store refused ${operation} in bucket "${bucket}" (HTTP ${status}${reason && `: ${reason}`}). Check that the bucket is there, the credentials and the region, what they are allowed to do, and the server's clock.`,
    );
  }
}

/** `store-failed`: the store could not be reached, or kept failing, for as many times as it was tried. */
export class StoreFailedError extends SteadyreelError {
  readonly code = 'store-failed';
  constructor(
    /** S3's name of the operation. */
    readonly operation: string,
    endpoint: string,
    detail: string,
    cause?: unknown,
  ) {
    super(
      `The store at ${endpoint} failed at ${operation} (${detail}). Check that it runs and can be reached.`,
      {
        cause,
      },
    );
  }
}

/** The answer to a store that fails; it is worth asking again. */
export const storeUnavailable = (): HttpError =>
  new HttpError(
    503,
    'store-unavailable',
    'The store behind this server does not answer. Try again in a while.',
    {
      'Retry-After': '2',
    },
  );

export const fileComplete = (): HttpError =>
  new HttpError(
    409,
    'file-exists',
    'The file is there already, and finished. Read it, or upload under another name.',
  );

export const uploadNotFound = (): HttpError =>
  new HttpError(
    404,
    'upload-not-found',
    'There is no such upload of this file: it was ended, or is another file’s. Begin a new one by POST …/upload.',
  );

export const partsMismatch = (detail: string): HttpError =>
  new HttpError(
    409,
    'parts-mismatch',
    `The store has other parts than the request names: ${detail}. Ask for the parts and put those that differ.`,
  );

const UNEVEN = 'parts-uneven';

/** R2 takes parts of one size only ("Multipart upload", "Limitations"). */
export const partsUneven = (): HttpError =>
  new HttpError(
    409,
    UNEVEN,
    'The store wants parts of one size, but for the last. Parts of s3() grow after 5,000: keep cut.maxFileBytes at 5,000 × partBytes or less with this store.',
  );

/** True of what whoever runs the handler has to know: no page can help it. */
export const isUneven = (thrown: unknown): boolean => thrown instanceof HttpError && thrown.code === UNEVEN;

export const partTooSmall = (): HttpError =>
  new HttpError(
    409,
    'part-too-small',
    'The store wants at least 5 MiB in each part but the last. Put larger parts in their place.',
  );
