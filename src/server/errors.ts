/** What the storage handler answers when it can't do what was asked, and what `serve` throws. */
import { ManifestInvalidError, SteadyreelError } from '../errors.ts';

/** An answer that is an error: it becomes the JSON body `{ "error": { "code", "message" } }`. */
export class HttpError extends SteadyreelError {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Headers that the status asks for, such as `Allow`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** `listen-failed`: the server could not listen on the address. */
export class ListenError extends SteadyreelError {
  readonly code = 'listen-failed';
  constructor(
    readonly host: string,
    readonly port: number,
    cause: unknown,
  ) {
    super(`Cannot listen on ${host}, port ${port}: ${listenAdvice(cause)}`, { cause });
  }
}

const listenAdvice = (cause: unknown): string => {
  const code = errnoOf(cause);
  if (code === 'EADDRINUSE') return 'the port is in use. Stop the other program, or choose another port.';
  if (code === 'EACCES') return 'not permitted. Choose a port above 1023.';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address.';
  return cause instanceof Error ? cause.message : String(cause);
};

/** The system's name of an error, such as `ENOSPC`. */
export const errnoOf = (thrown: unknown): string | undefined => {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
};

export const requestInvalid = (message: string): HttpError => new HttpError(400, 'request-invalid', message);

export const unauthorized = (): HttpError =>
  new HttpError(401, 'unauthorized', 'This request needs credentials that the server accepts.', {
    'WWW-Authenticate': 'Bearer',
  });

export const originForbidden = (origin: string): HttpError =>
  new HttpError(
    403,
    'origin-forbidden',
    `Pages of ${origin} may not use this storage. Add the origin to the server's allowed origins.`,
  );

export const hostForbidden = (host: string): HttpError =>
  new HttpError(
    403,
    'host-forbidden',
    `This server listens for this machine only and does not answer to the name ${host}. Allow the origin under which it is reached.`,
  );

export const notFound = (): HttpError => new HttpError(404, 'not-found', 'There is nothing at this address.');

export const methodNotAllowed = (method: string, allow: readonly string[]): HttpError =>
  new HttpError(405, 'method-not-allowed', `${method} is not possible here, only ${allow.join(', ')}.`, {
    Allow: allow.join(', '),
  });

export const fileExists = (): HttpError =>
  new HttpError(
    409,
    'file-exists',
    'The file exists already. Ask for its offset by HEAD and go on from there.',
  );

export const offsetMismatch = (): HttpError =>
  new HttpError(409, 'offset-mismatch', 'Upload-Offset is not where the file ends. Ask by HEAD.');

export const tusVersion = (sent: string | null): HttpError =>
  new HttpError(
    412,
    'tus-version',
    sent === null ? 'The Tus-Resumable header is missing.' : `tus ${sent} is not known here, only 1.0.0.`,
    { 'Tus-Version': '1.0.0' },
  );

export const tooLarge = (what: string, limit: number): HttpError =>
  new HttpError(413, 'too-large', `${what} may have ${limit} bytes at the most.`);

export const locked = (): HttpError =>
  new HttpError(423, 'locked', 'Another request is still busy with this file. Try again in a while.', {
    'Retry-After': '1',
  });

const storageFull = (): HttpError =>
  new HttpError(
    507,
    'storage-full',
    'The server has no room left. What was stored is intact; go on from its offset when there is room again.',
  );

// EFBIG is what a file size limit of the process or of the file system gives.
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The answer to whatever was thrown; `undefined` when it is a fault that somebody has to look at. */
export const asHttpError = (thrown: unknown): HttpError | undefined => {
  if (thrown instanceof HttpError) return thrown;
  if (thrown instanceof ManifestInvalidError) return new HttpError(400, thrown.code, thrown.message);
  if (FULL.includes(errnoOf(thrown) ?? '')) return storageFull();
  return undefined;
};

/** What is answered to a fault; its details stay on the server. */
export const internal = (): HttpError =>
  new HttpError(500, 'internal', 'The server failed. Its log says why.');

/** The response with the JSON body. */
export const errorResponse = (error: HttpError): Response =>
  Response.json(
    { error: { code: error.code, message: error.message } },
    { status: error.status, headers: { ...error.headers, 'Cache-Control': 'no-store' } },
  );
