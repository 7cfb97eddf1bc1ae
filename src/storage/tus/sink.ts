/** Stores a recording over tus 1.0 (tus.io/protocols/resumable-upload), sending while it grows. */
import { manifestKey, parseKey, type Recording } from '../../manifest.ts';
import { Persistence, refusal } from '../http.ts';
import { verdictOf } from '../retry.ts';
import type { SinkEvents, StorageSink, UploadSource } from '../sink.ts';
import type { TusConfig } from '../storage.ts';

const TUS = { 'Tus-Resumable': '1.0.0' };

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

export class TusSink implements StorageSink {
  constructor(
    private readonly config: TusConfig,
    private readonly events: SinkEvents,
  ) {}

  #persistence(): Persistence {
    return new Persistence(
      this.config.endpoint,
      this.config.giveUpAfter,
      () => this.events.stoppedAt(),
      detail => this.events.onTrouble(detail),
    );
  }

  async writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    const persistence = this.#persistence();
    const body = JSON.stringify(manifest);
    const headers = { ...this.config.headers, 'Content-Type': 'application/json' };
    for (;;) {
      const response = await persistence.attempt(
        () =>
          fetch(`${this.config.endpoint}/${manifestKey(manifest.id)}`, {
            method: 'PUT',
            headers,
            body,
            signal,
          }),
        signal,
      );
      if (response?.ok) return;
      if (response) throw await refusal(this.config.endpoint, response);
    }
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const persistence = this.#persistence();
    let upload = await this.#create(source, persistence, signal);
    for (;;) {
      await source.waitFor(upload.offset, this.config.chunkBytes, this.config.flushInterval * 1000, signal);
      if (source.sealed && upload.lengthKnown && upload.offset >= source.size) return;
      const response = await this.#patch(source, upload, persistence, signal);
      // No answer: the bytes, or only the answer, may have been lost. The server knows.
      const next =
        response === undefined ? await this.#resume(source, upload, persistence, signal) : response;
      if (next.offset > upload.offset || next.lengthKnown !== upload.lengthKnown) persistence.progress();
      upload = next;
      this.events.onStored(source.key, upload.offset);
    }
  }

  async #create(source: UploadSource, persistence: Persistence, signal: AbortSignal): Promise<UploadState> {
    const headers = {
      ...this.config.headers,
      ...TUS,
      'Upload-Defer-Length': '1',
      'Upload-Metadata': uploadMetadata(source.key),
    };
    for (;;) {
      const response = await persistence.attempt(
        () => fetch(this.config.endpoint, { method: 'POST', headers, signal }),
        signal,
      );
      if (!response) continue;
      const location = response.headers.get('Location');
      const url = location
        ? new URL(location, this.config.endpoint).href
        : `${this.config.endpoint}/${source.key}`;
      persistence.progress();
      if (response.ok) return { url, offset: 0, lengthKnown: false };
      if (verdictOf(response.status) !== 'conflict') throw await refusal(this.config.endpoint, response);
      // Made already, by a request of ours whose answer was lost.
      return this.#resume(source, { url, offset: 0, lengthKnown: false }, persistence, signal);
    }
  }

  /** Sends what is there. `undefined` when the server has to be asked where the upload stands. */
  async #patch(
    source: UploadSource,
    upload: UploadState,
    persistence: Persistence,
    signal: AbortSignal,
  ): Promise<UploadState | undefined> {
    const sealed = source.sealed;
    const length = Math.min(this.config.chunkBytes, source.size - upload.offset);
    const last = sealed && upload.offset + length === source.size;
    const declares = last && !upload.lengthKnown;
    const body = await source.read(upload.offset, length);
    const headers: Record<string, string> = {
      ...this.config.headers,
      ...TUS,
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(upload.offset),
      ...(declares ? { 'Upload-Length': String(source.size) } : {}),
    };
    const response = await persistence.attempt(
      () => fetch(upload.url, { method: 'PATCH', headers, body, signal }),
      signal,
    );
    if (!response) return undefined;
    const verdict = verdictOf(response.status);
    if (verdict === 'conflict' || verdict === 'missing') return undefined;
    if (verdict !== 'done') throw await refusal(this.config.endpoint, response);
    const offset = Number(response.headers.get('Upload-Offset') ?? upload.offset + length);
    return { url: upload.url, offset, lengthKnown: upload.lengthKnown || declares };
  }

  /** Asks where the upload stands; makes it anew when the server has lost it, since all bytes are still here. */
  async #resume(
    source: UploadSource,
    upload: UploadState,
    persistence: Persistence,
    signal: AbortSignal,
  ): Promise<UploadState> {
    const headers = { ...this.config.headers, ...TUS };
    for (;;) {
      const response = await persistence.attempt(
        () => fetch(upload.url, { method: 'HEAD', headers, signal }),
        signal,
      );
      if (!response) continue;
      if (verdictOf(response.status) === 'missing') return this.#create(source, persistence, signal);
      if (!response.ok) throw await refusal(this.config.endpoint, response);
      return {
        url: upload.url,
        offset: Number(response.headers.get('Upload-Offset') ?? 0),
        lengthKnown: response.headers.get('Upload-Length') !== null,
      };
    }
  }

  async remove(recordingId: string, signal: AbortSignal): Promise<void> {
    const url = `${this.config.endpoint}/recordings/${recordingId}`;
    await fetch(url, { method: 'DELETE', headers: this.config.headers, signal }).catch(() => undefined);
  }
}
