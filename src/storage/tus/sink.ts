/** Stores a recording over tus 1.0 (tus.io/protocols/resumable-upload), sending while it grows. */
import { StorageRejectedError } from '../../errors.ts';
import { manifestKey, parseKey, type Recording } from '../../manifest.ts';
import { Patience, Persistence, refusal } from '../http.ts';
import { Advance, verdictOf } from '../retry.ts';
import type { SinkEvents, StorageSink, UploadSource } from '../sink.ts';
import { Slots } from '../slots.ts';
import type { TusConfig } from '../storage.ts';

const TUS = { 'Tus-Resumable': '1.0.0' };

/**
 * Requests about files that are under way at once, each with up to `chunkBytes` in memory: after an outage,
 * hundreds of files may wait.
 */
const AT_ONCE = 3;

/** Base64 of text, as `Upload-Metadata` wants it. Ids and file names are ASCII. */
const encode = (text: string): string => btoa(text);

/** `Upload-Metadata` for a key. */
export const uploadMetadata = (key: string): string => {
  const parsed = parseKey(key);
  return `recording ${encode(parsed?.recordingId ?? '')},filename ${encode(parsed?.name ?? '')}`;
};

/** Where an upload stands on the server. */
interface UploadState {
  url: string;
  offset: number;
  /** True when the server knows the final length. */
  lengthKnown: boolean;
}

/** One file on its way. */
interface Transfer {
  source: UploadSource;
  persistence: Persistence;
  signal: AbortSignal;
}

/** What came of sending bytes: where the upload stands then, or why the server has to be asked. */
type Sent = UploadState | 'no-answer' | { status: number };

export class TusSink implements StorageSink {
  readonly #slots = new Slots(AT_ONCE);
  /** One for all files: while one of them gets through, none is given up. */
  readonly #patience = new Patience();

  constructor(
    private readonly config: TusConfig,
    private readonly events: SinkEvents,
  ) {}

  #persistence(patience?: Patience): Persistence {
    return new Persistence(
      this.config.endpoint,
      this.config.giveUpAfter,
      () => this.events.stoppedAt(),
      detail => this.events.onTrouble(detail),
      patience,
    );
  }

  async writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    const persistence = this.#persistence();
    const body = new TextEncoder().encode(JSON.stringify(manifest));
    const headers = { ...this.config.headers, 'Content-Type': 'application/json' };
    const url = `${this.config.endpoint}/${manifestKey(manifest.id)}`;
    for (;;) {
      const response = await persistence.attempt(
        limited => fetch(url, { method: 'PUT', headers, body, signal: limited }),
        signal,
        body.byteLength,
      );
      if (response?.ok) return;
      if (response) throw await refusal(this.config.endpoint, response);
    }
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const transfer = { source, persistence: this.#persistence(this.#patience), signal };
    const { chunkBytes, flushInterval } = this.config;
    let upload = await this.#open(transfer);
    const advance = new Advance(upload.offset);
    for (;;) {
      await source.waitFor(upload.offset, chunkBytes, flushInterval * 1000, signal);
      if (source.sealed && upload.lengthKnown && upload.offset >= source.size) return;
      upload = await this.#step(transfer, upload, advance);
      this.events.onStored(source.key, upload.offset);
      source.release(upload.offset);
    }
  }

  /** Sends what is there and finds out where the upload stands; pauses when that brought nothing. */
  async #step(transfer: Transfer, upload: UploadState, advance: Advance): Promise<UploadState> {
    const sent = await this.#patch(transfer, upload);
    // No answer: the bytes, or only the answer, may have been lost. The server knows.
    const next =
      typeof sent === 'object' && 'url' in sent
        ? sent
        : ((await this.#ask(transfer, upload.url)) ?? (await this.#open(transfer)));
    if (next.offset < upload.offset) advance.fallsBack(next.offset);
    const declared = next.lengthKnown && !upload.lengthKnown;
    if (advance.reaches(next.offset) || declared) transfer.persistence.progress();
    // Without an answer there was a pause already.
    else if (sent !== 'no-answer') {
      const answer = 'status' in sent ? `HTTP ${sent.status}` : 'no more bytes';
      await transfer.persistence.stalled(`${transfer.source.key}: ${answer}`, transfer.signal);
    }
    return next;
  }

  /** Makes the upload, or finds the one that was made by a request of ours whose answer was lost. */
  async #open(transfer: Transfer): Promise<UploadState> {
    for (;;) {
      const { url, made } = await this.#create(transfer);
      if (made) return { url, offset: 0, lengthKnown: false };
      const found = await this.#ask(transfer, url);
      if (found) return found;
      const detail = `${transfer.source.key} is said to exist (HTTP 409), and not to (404)`;
      await transfer.persistence.stalled(detail, transfer.signal);
    }
  }

  /** `made` is false when the server has an upload of this key already. */
  async #create(transfer: Transfer): Promise<{ url: string; made: boolean }> {
    const { endpoint } = this.config;
    const headers = {
      ...this.config.headers,
      ...TUS,
      'Upload-Defer-Length': '1',
      'Upload-Metadata': uploadMetadata(transfer.source.key),
    };
    const response = await this.#answer(transfer, endpoint, { method: 'POST', headers });
    const location = response.headers.get('Location');
    const url = location ? new URL(location, endpoint).href : `${endpoint}/${transfer.source.key}`;
    if (response.ok) return { url, made: true };
    if (verdictOf(response.status) !== 'conflict') throw await refusal(endpoint, response);
    return { url, made: false };
  }

  async #patch(transfer: Transfer, upload: UploadState): Promise<Sent> {
    const { source, persistence, signal } = transfer;
    const length = Math.min(this.config.chunkBytes, source.size - upload.offset);
    const declares = source.sealed && upload.offset + length === source.size && !upload.lengthKnown;
    const headers: Record<string, string> = {
      ...this.config.headers,
      ...TUS,
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(upload.offset),
      ...(declares ? { 'Upload-Length': String(source.size) } : {}),
    };
    // Read only now: what waits for its turn has nothing in memory.
    const response = await this.#slots.run(async () => {
      const body = await source.read(upload.offset, length);
      return persistence.attempt(
        limited => fetch(upload.url, { method: 'PATCH', headers, body, signal: limited }),
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
  async #ask(transfer: Transfer, url: string): Promise<UploadState | undefined> {
    const headers = { ...this.config.headers, ...TUS };
    const response = await this.#answer(transfer, url, { method: 'HEAD', headers });
    if (verdictOf(response.status) === 'missing') return undefined;
    if (!response.ok) throw await refusal(this.config.endpoint, response);
    const offset = this.#offsetOf(response, transfer.source);
    return { url, offset, lengthKnown: response.headers.get('Upload-Length') !== null };
  }

  /** Repeats a request without a body until there is an answer. */
  async #answer(transfer: Transfer, url: string, init: RequestInit): Promise<Response> {
    const { persistence, signal } = transfer;
    for (;;) {
      const response = await this.#slots.run(
        () => persistence.attempt(limited => fetch(url, { ...init, signal: limited }), signal),
        signal,
      );
      if (response) return response;
    }
  }

  #offsetOf(response: Response, source: UploadSource): number {
    const value = response.headers.get('Upload-Offset') ?? '';
    const offset = Number(value);
    if (/^\d+$/.test(value) && offset <= source.size) return offset;
    const detail =
      value === ''
        ? 'the answer has no Upload-Offset; to pages of other origins the server must expose it, with Access-Control-Expose-Headers: Location, Upload-Offset, Upload-Length'
        : `Upload-Offset is "${value}", but ${source.key} has ${source.size} bytes`;
    throw new StorageRejectedError(this.config.endpoint, response.status, detail);
  }

  async remove(recordingId: string, signal: AbortSignal): Promise<void> {
    const url = `${this.config.endpoint}/recordings/${recordingId}`;
    await fetch(url, { method: 'DELETE', headers: this.config.headers, signal }).catch(() => undefined);
  }
}
