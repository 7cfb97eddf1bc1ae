/** Requests to an S3 store: signed, with deadlines, and tried again when the store stumbles. No Node modules. */
import { AwsV4Signer } from 'aws4fetch';
import { readBody } from '../body.ts';
import { HttpError } from '../errors.ts';
import { StoreFailedError, StoreRefusedError, storeUnavailable } from './errors.ts';
import type { ResolvedS3Options } from './options.ts';
import { textOf } from './xml.ts';

/** One request to the store. */
export interface S3Call {
  /** S3's name of it, for messages. */
  operation: string;
  method: string;
  /** Absent when it is about the bucket. */
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  /** Ends it. */
  signal: AbortSignal;
  /** Milliseconds that one try may take. Default 15,000. */
  timeout?: number;
  /** Bytes that the answer may have. Default 16 MiB. */
  maxBytes?: number;
}

/** What the store answered. */
export interface S3Answer {
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
}

type Settings = Pick<ResolvedS3Options, 'endpoint' | 'publicEndpoint' | 'region' | 'bucket' | 'credentials'>;

const TRIES = 3;
const DEFAULT_TIMEOUT = 15_000;
const DEFAULT_MAX_BYTES = 16 * 1024 ** 2;
const TRANSIENT_CODES = [
  'InternalError',
  'SlowDown',
  'ServiceUnavailable',
  'RequestTimeout',
  'OperationAborted',
  'ConcurrentModification',
];

/** True when the same request may go well a moment later. */
export const isTransient = (status: number, reason: string): boolean =>
  status >= 500 || status === 429 || TRANSIENT_CODES.includes(reason);

/** Milliseconds before try number `tries`, 1 for the second; `random` is 0 to 1. */
export const retryDelay = (tries: number, random: number): number =>
  100 * 4 ** (tries - 1) * (0.5 + random / 2);

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });

const hex = (buffer: ArrayBuffer): string =>
  [...new Uint8Array(buffer)].map(byte => byte.toString(16).padStart(2, '0')).join('');

/** The store stumbled; `detail` says how. */
class Stumble extends Error {}

/** The answer's body. What a HEAD would have had is not sent, whatever its length says. */
const readAnswer = async (response: Response, method: string, maxBytes: number) => {
  if (method === 'HEAD') return new Uint8Array();
  try {
    return await readBody(response, maxBytes, 'An answer of the store');
  } catch (thrown) {
    if (thrown instanceof HttpError && thrown.status !== 413) throw new Stumble('its answer broke off');
    await response.body?.cancel().catch(() => undefined);
    throw thrown;
  }
};

/** Speaks to one bucket. */
export class S3Client {
  /** Keys derived for signing, by day. */
  private readonly signingKeys = new Map<string, ArrayBuffer>();

  constructor(private readonly settings: Settings) {}

  /**
   * Sends a request and resolves to its answer.
   *
   * @throws StoreRefusedError with the store's reason; HttpError (503) when the store kept failing, with a
   * StoreFailedError as its cause, or when `signal` ended it; HttpError (413) when the answer is over `maxBytes`.
   */
  async send(call: S3Call): Promise<S3Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.attempt(call);
      } catch (thrown) {
        if (thrown instanceof StoreRefusedError || thrown instanceof HttpError) throw thrown;
        if (call.signal.aborted) throw storeUnavailable();
        if (tries === TRIES) throw this.failure(call, thrown);
      }
      await sleep(retryDelay(tries, Math.random()), call.signal);
    }
  }

  /** An address at which the holder may do one thing for `expiresIn` seconds. `headers` have to be sent as given. */
  async presign(
    method: string,
    key: string,
    {
      query = {},
      headers = {},
      expiresIn,
    }: {
      query?: Record<string, string>;
      headers?: Record<string, string>;
      expiresIn: number;
    },
  ): Promise<string> {
    const url = this.address(this.settings.publicEndpoint, key, {
      ...query,
      'X-Amz-Expires': String(expiresIn),
    });
    const signer = await this.signer({ method, url, headers, signQuery: true, allHeaders: true });
    return (await signer.sign()).url.href;
  }

  private address(endpoint: string, key: string | undefined, query: Record<string, string> = {}): string {
    const path = [this.settings.bucket, ...(key ?? '').split('/')].map(encodeURIComponent).join('/');
    const url = new URL(`${endpoint}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href;
  }

  private async signer(
    request: Pick<
      ConstructorParameters<typeof AwsV4Signer>[0],
      'url' | 'method' | 'headers' | 'signQuery' | 'allHeaders'
    >,
  ): Promise<AwsV4Signer> {
    const credentials = await this.settings.credentials();
    if (this.signingKeys.size > 8) this.signingKeys.clear();
    const { region } = this.settings;
    return new AwsV4Signer({ ...request, ...credentials, region, service: 's3', cache: this.signingKeys });
  }

  private async attempt(call: S3Call): Promise<S3Answer> {
    const { operation, method, body, maxBytes = DEFAULT_MAX_BYTES } = call;
    const headers: Record<string, string> = { ...call.headers };
    if (body) headers['X-Amz-Content-Sha256'] = hex(await crypto.subtle.digest('SHA-256', body));
    const address = this.address(this.settings.endpoint, call.key, call.query);
    const signed = await (await this.signer({ method, url: address, headers })).sign();
    const response = await fetch(signed.url, {
      method,
      headers: signed.headers,
      // A store that sends us elsewhere is not the one that was meant.
      redirect: 'manual',
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(call.timeout ?? DEFAULT_TIMEOUT)]),
      ...(body ? { body } : {}),
    });
    const bytes = await readAnswer(response, method, maxBytes);
    const text = response.ok && !isXmlError(bytes) ? undefined : new TextDecoder().decode(bytes);
    if (text === undefined) return { headers: response.headers, bytes };
    const reason = textOf(text, 'Code') ?? '';
    if (isTransient(response.status, reason)) throw new Stumble(`HTTP ${response.status} ${reason}`.trim());
    throw new StoreRefusedError(operation, this.settings.bucket, response.status, reason);
  }

  private failure({ operation }: S3Call, thrown: unknown): HttpError {
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const error = storeUnavailable();
    error.cause = new StoreFailedError(operation, this.settings.endpoint, detail, thrown);
    return error;
  }
}

/** Some operations answer 200 at once and say in the body how they ended. */
const isXmlError = (bytes: Uint8Array): boolean =>
  /^\s*(?:<\?xml[^>]*>\s*)?<Error>/.test(new TextDecoder().decode(bytes.subarray(0, 256)));
