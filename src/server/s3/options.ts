/** Options of the S3 handler, their defaults, and the checks on them. No Node modules. */
import { OptionInvalidError } from '../../errors.ts';
import {
  type CommonHandlerOptions,
  type ResolvedCommonOptions,
  resolveCommonOptions,
} from '../common-options.ts';
import type { WaitUntil } from '../webhooks/webhooks.ts';

/** Keys of a user of the store, who may read, write, list and delete in the bucket. They never leave the server. */
export interface S3Credentials {
  /** Names the keys; the signed addresses that pages get hold it in the clear. */
  accessKeyId: string;
  /** Secret. */
  secretAccessKey: string;
  /** Of temporary credentials. Signed addresses stop working when these expire. */
  sessionToken?: string;
}

/** Options of `createS3Handler`. */
export interface S3HandlerOptions extends CommonHandlerOptions {
  /** Address of the store, without the bucket, such as `https://s3.eu-central-1.amazonaws.com`. */
  endpoint: string;
  /**
   * Address of the store as pages reach it, when that differs from `endpoint`, as it does where the handler is in
   * the store's own network. Default: `endpoint`.
   */
  publicEndpoint?: string;
  /** Region of the bucket. Default `us-east-1`, which stores without regions expect. */
  region?: string;
  /** Name of the bucket, which has to be there. */
  bucket: string;
  /** Keys for the bucket, or a function that gives them: it is asked for each request. */
  credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  /** Seconds for which a signed address can be used, 1 to 604,800. Default 900. */
  expiresIn?: number;
  /**
   * Lets the work on events go on when a request is answered, where a runtime would end it: at the edge, what it calls
   * `waitUntil`. It gets the request too, for runtimes that have one for each. Default: events are written down before the answer, and sent
   * after it, as far as the runtime goes on.
   */
  waitUntil?: WaitUntil;
}

/** The options with all defaults filled in. */
export interface ResolvedS3Options extends ResolvedCommonOptions {
  /** Both without a slash at their end. */
  endpoint: string;
  publicEndpoint: string;
  region: string;
  bucket: string;
  credentials: () => S3Credentials | Promise<S3Credentials>;
  expiresIn: number;
  waitUntil: WaitUntil | undefined;
}

const OWN = ['endpoint', 'publicEndpoint', 'region', 'bucket', 'credentials', 'expiresIn', 'waitUntil'];
/** What Signature Version 4 allows: seven days. */
const MAX_EXPIRES_IN = 604_800;

const checkEndpoint = (value: unknown, name: string): string => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password) {
    return url.origin + url.pathname.replace(/\/+$/, '');
  }
  throw new OptionInvalidError(name, 'an http(s) address such as https://s3.example.org', value);
};

const checkName = (value: unknown, name: string): string => {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(value)) return value;
  throw new OptionInvalidError(name, 'a name of letters, digits and ._-', value);
};

const checkExpiresIn = (value: unknown): number => {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_EXPIRES_IN) return Number(value);
  throw new OptionInvalidError('expiresIn', 'a whole number of seconds, 1 to 604800', value);
};

/**
 * The credentials. What came is never part of the message: it may be half of a secret.
 *
 * @throws OptionInvalidError (`option-invalid`).
 */
export const checkCredentials = (value: unknown): S3Credentials => {
  const { accessKeyId, secretAccessKey, sessionToken } = (value ?? {}) as Partial<S3Credentials>;
  const isText = (text: unknown): text is string => typeof text === 'string' && text !== '';
  if (
    !isText(accessKeyId) ||
    !isText(secretAccessKey) ||
    (sessionToken !== undefined && !isText(sessionToken))
  ) {
    const expected = '{ accessKeyId, secretAccessKey, sessionToken? }, texts that are not empty';
    throw new OptionInvalidError('credentials', expected, 'something else');
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
};

const checkWaitUntil = (value: unknown): WaitUntil | undefined => {
  if (value === undefined || typeof value === 'function') return value as WaitUntil | undefined;
  throw new OptionInvalidError('waitUntil', 'a function', value);
};

const resolveCredentials = (given: S3HandlerOptions['credentials']): ResolvedS3Options['credentials'] => {
  if (typeof given === 'function') return async () => checkCredentials(await given());
  const checked = checkCredentials(given);
  return () => checked;
};

/**
 * Checks options and fills in defaults.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const resolveS3Options = (options: S3HandlerOptions): ResolvedS3Options => {
  const common = resolveCommonOptions(options, OWN);
  const endpoint = checkEndpoint(options.endpoint, 'endpoint');
  return {
    ...common,
    endpoint,
    publicEndpoint: checkEndpoint(options.publicEndpoint ?? endpoint, 'publicEndpoint'),
    region: checkName(options.region ?? 'us-east-1', 'region'),
    bucket: checkName(options.bucket, 'bucket'),
    credentials: resolveCredentials(options.credentials),
    expiresIn: checkExpiresIn(options.expiresIn ?? 900),
    waitUntil: checkWaitUntil(options.waitUntil),
  };
};
