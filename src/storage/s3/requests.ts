/** Requests of an upload: to the storage handler, and to the store at the addresses that it signs. Each is repeated while that may help. */
import { mediaTypeOf } from '../../manifest.ts';
import { type Persistence, refusal } from '../http.ts';
import { rejected } from '../refusals.ts';
import { Advance, verdictOf } from '../retry.ts';
import { Slots } from '../slots.ts';
import type { S3Config } from '../storage.ts';
import { sendPart, whole } from './send-part.ts';

/** A part that the store has. */
export interface StoredPart {
  number: number;
  /** Bytes. */
  size: number;
  etag: string;
}

/** A part on its way. */
export interface Part {
  number: number;
  body: Uint8Array<ArrayBuffer>;
  /** Of the body, as the headers `Content-MD5` and `ETag` have it. */
  md5: string;
  etag: string;
}

/** What goes on for as long as one file is stored. */
export interface Attempts {
  persistence: Persistence;
  signal: AbortSignal;
  /** Something is on its way: patience starts anew, although nothing is stored yet. */
  onMoved?(): void;
}

interface Signed {
  url: string;
  headers: Record<string, string>;
}

/** Requests to the handler that are under way at once: after an outage, hundreds of files may wait. */
const AT_ONCE = 6;

const asJson = (content: unknown): string | undefined =>
  content === undefined ? undefined : JSON.stringify(content);

/** A store's words are XML: what matters is in one line. */
const inWords = async (response: Response): Promise<string> => {
  const [, code = ''] = /<Code>([^<]*)<\/Code>/.exec(await response.text()) ?? [];
  return `HTTP ${response.status} ${code}`.trim();
};

export class S3Requests {
  readonly #slots = new Slots(AT_ONCE);

  constructor(
    private readonly config: S3Config,
    /** Headers that the page says anew before each request. */
    private readonly freshHeaders: () => Promise<Record<string, string>>,
  ) {}

  /** The page's own headers, and those of the request. Never sent to the store, only to the handler. */
  async headers(own: Record<string, string> = {}): Promise<Record<string, string>> {
    const { headers } = this.config;
    return { ...(headers === 'asked' ? await this.freshHeaders() : headers), ...own };
  }

  /**
   * One request to the handler, until there is an answer that is not passing trouble.
   *
   * @param content bytes, or what is sent as JSON.
   */
  async send(
    { persistence, signal }: Attempts,
    method: string,
    path: string,
    content?: unknown,
  ): Promise<Response> {
    const bytes = content instanceof Uint8Array;
    const body = bytes ? (content as Uint8Array<ArrayBuffer>) : asJson(content);
    const type = bytes ? mediaTypeOf(path) : 'application/json';
    const request = async (limited: AbortSignal): Promise<Response> => {
      const headers = await this.headers(body === undefined ? {} : { 'Content-Type': type });
      const init = { ...{ method, headers, signal: limited }, ...(body === undefined ? {} : { body }) };
      return whole(await fetch(`${this.config.endpoint}/${path}`, init));
    };
    const attempt = (): Promise<Response | undefined> => persistence.attempt(request, signal, body?.length);
    for (;;) {
      const response = await this.#slots.run(attempt, signal);
      if (response) return response;
    }
  }

  /** The answer's JSON; `undefined` when there is no such upload, or for `passing` another reason to look again. */
  async #json<T>(response: Response, passing: number[]): Promise<T | undefined> {
    if (passing.includes(response.status)) return undefined;
    if (!response.ok) throw await refusal(this.config.endpoint, response);
    try {
      return (await response.json()) as T;
    } catch {
      const detail = 'the answer is no JSON; is this the address of createS3Handler?';
      throw rejected(this.config.endpoint, response.status, detail);
    }
  }

  /** Begins an upload; `undefined` when the file is finished already. */
  async create(attempts: Attempts, key: string): Promise<string | undefined> {
    const response = await this.send(attempts, 'POST', `${key}/upload`);
    return (await this.#json<{ uploadId: string }>(response, [409]))?.uploadId;
  }

  /** What the store has; `undefined` when there is no such upload. */
  async list(attempts: Attempts, key: string, uploadId: string): Promise<StoredPart[] | undefined> {
    const path = `${key}/parts?uploadId=${encodeURIComponent(uploadId)}`;
    const response = await this.send(attempts, 'GET', path);
    return (await this.#json<{ parts: StoredPart[] }>(response, [404]))?.parts;
  }

  /** Joins the parts; `'missing'` when there is no such upload, `'differs'` when the store has other parts. */
  async complete(
    attempts: Attempts,
    key: string,
    uploadId: string,
    file: { size: number; parts: Pick<StoredPart, 'number' | 'etag'>[] },
  ): Promise<'done' | 'missing' | 'differs'> {
    const path = `${key}/complete?uploadId=${encodeURIComponent(uploadId)}`;
    const response = await this.send(attempts, 'POST', path, file);
    if (response.status === 409) return 'differs';
    return (await this.#json(response, [404])) === undefined ? 'missing' : 'done';
  }

  /** Bytes of a finished file; `undefined` when there is none. */
  async sizeOf(attempts: Attempts, key: string): Promise<number | undefined> {
    const response = await this.send(attempts, 'HEAD', key);
    if (response.status === 404) return undefined;
    if (!response.ok) throw await refusal(this.config.endpoint, response);
    return Number(response.headers.get('Content-Length'));
  }

  /** Ends an upload that can't be used. */
  async abort(attempts: Attempts, key: string, uploadId: string): Promise<void> {
    await this.send(attempts, 'DELETE', `${key}/upload?uploadId=${encodeURIComponent(uploadId)}`);
  }

  /** Stores a part; resolves to its ETag, or to `undefined` when there is no such upload. */
  async put(attempts: Attempts, key: string, uploadId: string, part: Part): Promise<string | undefined> {
    const { persistence, signal } = attempts;
    const { body } = part;
    const advance = new Advance(0);
    const onSent = (bytes: number): void => {
      if (advance.reaches(bytes)) attempts.onMoved?.();
    };
    for (;;) {
      // Signed anew for each try: what made the last one fail may be that its signature had expired.
      const signed = await this.#sign(attempts, key, uploadId, part);
      if (!signed) return undefined;
      // A store that takes all of a part and then does not want it is not served for ever.
      advance.fallsBack(0);
      const response = await persistence.attempt(
        limited => sendPart({ ...signed, body }, limited, onSent),
        signal,
        body.byteLength,
      );
      if (!response) continue;
      if (verdictOf(response.status) === 'done') {
        // Where the store does not let the page see it: what it is where files are not encrypted with a key of their own.
        return response.headers.get('ETag') ?? part.etag;
      }
      // A wrong signature, bytes that came damaged, an upload that has just gone: signing again tells.
      await persistence.stalled(
        `${key}, part ${part.number}: ${await inWords(response)}`,
        signal,
        response.status,
      );
    }
  }

  async #sign(
    attempts: Attempts,
    key: string,
    uploadId: string,
    { number, body, md5 }: Part,
  ): Promise<Signed | undefined> {
    const path = `${key}/parts?uploadId=${encodeURIComponent(uploadId)}`;
    const wanted = { parts: [{ number, size: body.byteLength, md5 }] };
    const response = await this.send(attempts, 'POST', path, wanted);
    const answer = await this.#json<{ parts: Signed[] }>(response, [404]);
    return answer?.parts[0];
  }
}
