/** Requests of tus 1.0 (tus.io/protocols/resumable-upload), each repeated while that may help. */
import { mediaTypeOf, parseKey } from '../../manifest.ts';
import type { UploadHandle } from '../../media.ts';
import { type Persistence, refusal } from '../http.ts';
import { rejected } from '../refusals.ts';
import { verdictOf } from '../retry.ts';
import type { UploadSource } from '../sink.ts';
import { Slots } from '../slots.ts';
import type { TusConfig } from '../storage.ts';

const TUS = { 'Tus-Resumable': '1.0.0' };
/** The longest time that a timer can wait; milliseconds. */
const FOREVER = 2 ** 31 - 1;

/**
 * Requests about files that are under way at once, each with up to `largestChunk` in memory: after an outage,
 * hundreds of files may wait.
 */
const AT_ONCE = 3;

/** Base64 of text, as `Upload-Metadata` wants it. Ids and file names are ASCII. */
const encode = (text: string): string => btoa(text);

/** `Upload-Metadata` for a key. */
export const uploadMetadata = (key: string): string => {
  const parsed = parseKey(key);
  return [
    `recording ${encode(parsed?.recordingId ?? '')}`,
    `filename ${encode(parsed?.name ?? '')}`,
    `filetype ${encode(mediaTypeOf(key))}`,
  ].join(',');
};

/** What a tus server can do that not all can. */
export interface Capabilities {
  /** Takes uploads whose length is not known yet (extension creation-defer-length). */
  defersLength: boolean;
  /** Is steadyreel's own handler: puts, lists and deletes recordings. */
  keepsRecordings: boolean;
}

/** Our own handler's, which is what a server is taken for until it refuses something. */
const OWN: Capabilities = { defersLength: true, keepsRecordings: true };

/** What an answer to `OPTIONS` says; one that says nothing comes from somewhere else than a tus server. Pure. */
export const capabilitiesOf = (extensions: string | null, own: boolean): Capabilities => {
  if (own || extensions === null) return OWN;
  const names = extensions.split(',').map(name => name.trim());
  return { defersLength: names.includes('creation-defer-length'), keepsRecordings: false };
};

/** Where an upload stands on the server. */
export interface UploadState {
  url: string;
  offset: number;
  /** True when the server knows the final length. */
  lengthKnown: boolean;
}

/** One file on its way. */
export interface Transfer {
  source: UploadSource;
  persistence: Persistence;
  signal: AbortSignal;
}

/** What came of sending bytes: where the upload stands then, or why the server has to be asked. */
export type Sent = UploadState | 'no-answer' | { status: number };

export class TusUploads {
  readonly #slots = new Slots(AT_ONCE);
  #capabilities: Promise<Capabilities> | undefined;
  /** What is known of the server. */
  known = OWN;

  constructor(
    private readonly config: TusConfig,
    /** Headers that the page says anew before each request. */
    private readonly freshHeaders: () => Promise<Record<string, string>>,
  ) {}

  /** The page's own headers, and those of the request. */
  async headers(own: Record<string, string>): Promise<Record<string, string>> {
    const { headers } = this.config;
    return { ...(headers === 'asked' ? await this.freshHeaders() : headers), ...own };
  }

  /** Asks a server that has refused something what it can do: once, the answer holds for all uploads. */
  capabilities(persistence: Persistence, signal: AbortSignal): Promise<Capabilities> {
    this.#capabilities ??= this.#askForCapabilities(persistence, signal).catch(error => {
      this.#capabilities = undefined;
      throw error;
    });
    return this.#capabilities;
  }

  async #askForCapabilities(persistence: Persistence, signal: AbortSignal): Promise<Capabilities> {
    const { endpoint } = this.config;
    const response = await this.#answer({ persistence, signal }, endpoint, 'OPTIONS', TUS);
    if (verdictOf(response.status) === 'unauthorized') throw await refusal(endpoint, response);
    const extensions = response.ok ? response.headers.get('Tus-Extension') : null;
    this.known = capabilitiesOf(extensions, response.headers.has('Steadyreel-Storage'));
    return this.known;
  }

  /** Where an upload was when a crash cut it off, if it is still there. */
  async find(transfer: Transfer, handle: UploadHandle | undefined): Promise<UploadState | undefined> {
    return typeof handle?.url === 'string' ? this.ask(transfer, handle.url) : undefined;
  }

  /** Makes the upload, or finds the one that was made by a request of ours whose answer was lost. */
  async open(transfer: Transfer): Promise<UploadState> {
    for (;;) {
      const { url, made, lengthKnown } = await this.#create(transfer);
      if (made) return { url, offset: 0, lengthKnown };
      const found = await this.ask(transfer, url);
      if (found) return found;
      const detail = `${transfer.source.key} is said to exist (HTTP 409), and not to (404)`;
      await transfer.persistence.stalled(detail, transfer.signal);
    }
  }

  /** `made` is false when the server has an upload of this key already. */
  async #create(transfer: Transfer): Promise<{ url: string; made: boolean; lengthKnown: boolean }> {
    const { endpoint } = this.config;
    const { source, persistence, signal } = transfer;
    // A server that must know the length first gets the file at its end; the journal has it until then.
    if (!this.known.defersLength) await source.waitFor(0, Number.POSITIVE_INFINITY, FOREVER, signal);
    const length = this.known.defersLength ? undefined : source.size;
    const headers = {
      ...TUS,
      ...(length === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) }),
      'Upload-Metadata': uploadMetadata(source.key),
    };
    const response = await this.#answer(transfer, endpoint, 'POST', headers);
    const location = response.headers.get('Location');
    const url = location ? new URL(location, `${endpoint}/`).href : `${endpoint}/${source.key}`;
    const lengthKnown = length !== undefined;
    const verdict = verdictOf(response.status);
    if (verdict === 'done' || verdict === 'conflict') return { url, made: verdict === 'done', lengthKnown };
    const refused = await refusal(endpoint, response);
    if (verdict !== 'rejected' || lengthKnown) throw refused;
    if ((await this.capabilities(persistence, signal)).defersLength) throw refused;
    return this.#create(transfer);
  }

  /** Sends the next chunk, and the length with the last one. */
  async patch(transfer: Transfer, upload: UploadState, bytes: number): Promise<Sent> {
    const { source, persistence, signal } = transfer;
    const length = Math.min(bytes, source.size - upload.offset);
    const declares = source.sealed && upload.offset + length === source.size && !upload.lengthKnown;
    const own = {
      ...TUS,
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(upload.offset),
      ...(declares ? { 'Upload-Length': String(source.size) } : {}),
    };
    // Read only now: what waits for its turn has nothing in memory.
    const response = await this.#slots.run(async () => {
      const body = await source.read(upload.offset, length);
      return persistence.attempt(
        async limited =>
          fetch(upload.url, { method: 'PATCH', headers: await this.headers(own), body, signal: limited }),
        signal,
        length,
      );
    }, signal);
    if (!response) return 'no-answer';
    const verdict = verdictOf(response.status);
    if (verdict === 'conflict' || verdict === 'missing') return { status: response.status };
    if (verdict !== 'done') throw await refusal(this.config.endpoint, response);
    const offset = this.#offsetOf(response, source);
    return { url: upload.url, offset, lengthKnown: upload.lengthKnown || declares };
  }

  /** Where an upload stands; `undefined` when the server does not have it. */
  async ask(transfer: Transfer, url: string): Promise<UploadState | undefined> {
    const response = await this.#answer(transfer, url, 'HEAD', TUS);
    if (verdictOf(response.status) === 'missing') return undefined;
    if (!response.ok) throw await refusal(this.config.endpoint, response);
    const offset = this.#offsetOf(response, transfer.source);
    return { url, offset, lengthKnown: response.headers.get('Upload-Length') !== null };
  }

  /** Repeats a request without a body until there is an answer. */
  async #answer(
    { persistence, signal }: Pick<Transfer, 'persistence' | 'signal'>,
    url: string,
    method: string,
    own: Record<string, string>,
  ): Promise<Response> {
    for (;;) {
      const attempt = (): Promise<Response | undefined> =>
        persistence.attempt(
          async limited => fetch(url, { method, headers: await this.headers(own), signal: limited }),
          signal,
        );
      // How far an upload has got may be asked in the last moment: not behind files that send.
      const response = await (method === 'HEAD' ? attempt() : this.#slots.run(attempt, signal));
      if (response) return response;
    }
  }

  #offsetOf(response: Response, source: UploadSource): number {
    const value = response.headers.get('Upload-Offset') ?? '';
    const offset = Number(value);
    if (/^\d+$/.test(value) && offset <= source.size) return offset;
    const detail =
      value === ''
        ? 'the answer has no Upload-Offset: to pages of other origins, send Access-Control-Expose-Headers: Location, Upload-Offset, Upload-Length'
        : `Upload-Offset is "${value}", but ${source.key} has ${source.size} bytes`;
    throw rejected(this.config.endpoint, response.status, detail);
  }
}
