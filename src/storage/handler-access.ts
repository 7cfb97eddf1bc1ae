/** Reading, listing and deleting through a storage handler, in the page. */
import { ManifestInvalidError, NAME, StorageNotFoundError } from '../errors.ts';
import {
  byStartDescending,
  checkManifest,
  mediaTypeOf,
  parseKey,
  type Recording,
  VIDEO_TYPE,
} from '../manifest.ts';
import type { RequestHeaders } from './headers.ts';
import { notReached, refusal, withDeadline } from './http.ts';
import { deadlineOf } from './retry.ts';
import type { Access, S3Config, TusConfig } from './storage.ts';

type Init = RequestInit & { signal?: AbortSignal };

export class HandlerAccess implements Access {
  constructor(
    private readonly config: TusConfig | S3Config,
    private readonly headers: RequestHeaders,
  ) {}

  /** One request to the handler and what is read from its answer, each in time for its size. */
  #request<T>(path: string, init: Init, use: (response: Response) => Promise<T>): Promise<T> {
    const url = `${this.config.endpoint}/${path}`;
    return this.#fetch(url, path, async () => ({ ...init, headers: await this.headers.next() }), use, init);
  }

  async #fetch<T>(
    url: string,
    path: string,
    init: () => Promise<RequestInit>,
    use: (response: Response) => Promise<T>,
    { signal: outer }: { signal?: AbortSignal },
  ): Promise<T> {
    const { endpoint } = this.config;
    try {
      return await withDeadline(deadlineOf(0), outer, async (signal, restart) => {
        const response = await fetch(url, { ...(await init()), signal });
        if (response.status === 404 || response.status === 410) throw new StorageNotFoundError(path);
        if (!response.ok) throw await refusal(endpoint, response);
        restart(deadlineOf(Number(response.headers.get('Content-Length') ?? Number.POSITIVE_INFINITY)));
        return await use(response);
      });
    } catch (error) {
      if ((error instanceof Error && error.name === NAME) || outer?.aborted) throw error;
      throw notReached(endpoint, error);
    }
  }

  async read(key: string, options: { signal?: AbortSignal } = {}): Promise<Blob> {
    // A key that is none would lead to another address.
    if (!parseKey(key)) throw new StorageNotFoundError(key);
    const blob = (response: Response): Promise<Blob> => response.blob();
    if (this.config.kind !== 's3' || mediaTypeOf(key) !== VIDEO_TYPE)
      return this.#request(key, options, blob);
    // A redirect to the store would carry the page's headers along, and the store may not allow them.
    const url = await this.#request(
      `${key}?presign`,
      options,
      async response => ((await response.json()) as { url: string }).url,
    );
    return this.#fetch(url, key, async () => ({}), blob, options);
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
