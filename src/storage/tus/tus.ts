/** tus storage, as the page sees it. */
import {
  ManifestInvalidError,
  OptionInvalidError,
  OptionUnknownError,
  SteadyreelError,
  StorageNotFoundError,
} from '../../errors.ts';
import { byStartDescending, checkManifest, parseKey, type Recording } from '../../manifest.ts';
import { type RequestHeaders, requestHeaders } from '../headers.ts';
import { refusal, unreachable, withDeadline } from '../http.ts';
import { deadlineOf } from '../retry.ts';
import type { HeadersOption, PageCall, Storage, TusConfig } from '../storage.ts';

/** Options of `tus()`. */
export interface TusOptions {
  /** Address of the storage handler, absolute or relative to the page: `/storage`. */
  endpoint: string | URL;
  /**
   * Sent with every request, for example `{ Authorization: 'Bearer …' }`. A function is called before each one, for tokens that
   * expire; it may resolve later, and while it rejects the request is tried again. Never put into a log or manifest.
   */
  headers?: HeadersOption;
  /** Most bytes that are sent at once. Default 1 MiB. With a server that keeps files in S3, at least 5 MiB. */
  chunkBytes?: number;
  /** Seconds after which what is there is sent although it is less than `chunkBytes`. Default 2. */
  flushInterval?: number;
  /** Seconds without any progress after `stop()` until the storage is given up. Default 30. */
  giveUpAfter?: number;
}

const NAMES = ['endpoint', 'headers', 'chunkBytes', 'flushInterval', 'giveUpAfter'] as const;

const number = (
  value: number | undefined,
  name: string,
  from: number,
  to: number,
  unit: string,
  fallback: number,
): number => {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= from && value <= to)) {
    throw new OptionInvalidError(`tus.${name}`, `a number of ${unit} from ${from} to ${to}`, value);
  }
  return value;
};

const absolute = (endpoint: string | URL): string => {
  try {
    const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI;
    const url = new URL(endpoint, base);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.href.replace(/\/+$/, '');
  } catch {
    // Falls through to the error that says what was expected.
  }
  throw new OptionInvalidError(
    'tus.endpoint',
    'an http(s) address, absolute or relative to the page',
    String(endpoint),
  );
};

/**
 * Uploads to a tus 1.0 server while recording: the storage handler of `steadyreel/server`, or
 * `npx steadyreel serve`.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const tus = (options: TusOptions): Storage => {
  for (const name of Object.keys(options ?? {})) {
    if (!(NAMES as readonly string[]).includes(name)) throw new OptionUnknownError(name, NAMES);
  }
  if (!options?.endpoint)
    throw new OptionInvalidError('tus.endpoint', 'the address of the storage handler', options?.endpoint);
  const headers = requestHeaders(options.headers, 'tus.headers');
  const config: TusConfig = {
    kind: 'tus',
    endpoint: absolute(options.endpoint),
    headers: headers.fixed,
    chunkBytes: number(options.chunkBytes, 'chunkBytes', 65_536, 1024 ** 3, 'bytes', 1024 ** 2),
    flushInterval: number(options.flushInterval, 'flushInterval', 0.1, 3600, 'seconds', 2),
    giveUpAfter: number(options.giveUpAfter, 'giveUpAfter', 0, 86_400, 'seconds', 30),
  };
  return new TusStorage(config, headers);
};

class TusStorage implements Storage {
  readonly kind = 'tus';
  constructor(
    readonly config: TusConfig,
    private readonly headers: RequestHeaders,
  ) {}

  url(key: string): string | undefined {
    // A media element can't send headers.
    const { endpoint, headers } = this.config;
    return headers !== 'asked' && Object.keys(headers).length === 0 ? `${endpoint}/${key}` : undefined;
  }

  answer(_: PageCall): Promise<Record<string, string>> {
    return this.headers.next();
  }

  /** One request and what is read from its answer, each in time for its size. */
  async #request<T>(
    path: string,
    init: RequestInit & { signal?: AbortSignal },
    use: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { endpoint } = this.config;
    try {
      return await withDeadline(deadlineOf(0), init.signal, async (signal, restart) => {
        const headers = await this.headers.next();
        const response = await fetch(`${endpoint}/${path}`, { ...init, headers, signal });
        if (response.status === 404 || response.status === 410) throw new StorageNotFoundError(path);
        if (!response.ok) throw await refusal(endpoint, response);
        restart(deadlineOf(Number(response.headers.get('Content-Length') ?? Number.POSITIVE_INFINITY)));
        return await use(response);
      });
    } catch (error) {
      if (error instanceof SteadyreelError || init.signal?.aborted) throw error;
      throw unreachable(endpoint, error);
    }
  }

  async read(key: string, options: { signal?: AbortSignal } = {}): Promise<Blob> {
    // A key that is none would lead to another address.
    if (!parseKey(key)) throw new StorageNotFoundError(key);
    return this.#request(key, options, response => response.blob());
  }

  list(options: { signal?: AbortSignal } = {}): Promise<Recording[]> {
    return this.#request('recordings', { ...options, cache: 'no-store' }, async response => {
      const body = (await response.json()) as { recordings?: unknown[] };
      if (!Array.isArray(body.recordings)) throw new ManifestInvalidError('{ "recordings": […] }', body);
      return body.recordings.map(checkManifest).sort(byStartDescending);
    });
  }

  async delete(recordingId: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#request(`recordings/${recordingId}`, { ...options, method: 'DELETE' }, async () => undefined);
  }
}
