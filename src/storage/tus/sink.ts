/** Stores a recording over tus 1.0, sending while it grows, or at its end where the server wants to know its length first. */
import type { StorageError } from '../../errors.ts';
import { manifestKey, mediaTypeOf, type Recording } from '../../manifest.ts';
import { Patience, type Persistence, persistenceOf, refusal } from '../http.ts';
import { Advance } from '../retry.ts';
import {
  askForHeaders,
  type SinkEvents,
  type SmallObject,
  type StorageSink,
  type UploadSource,
} from '../sink.ts';
import type { TusConfig } from '../storage.ts';
import { nextChunk } from './chunk.ts';
import { fixedSource } from './fixed-source.ts';
import { type Transfer, TusUploads, type UploadState } from './uploads.ts';

/** How servers answer that do not know what a manifest is. */
const UNKNOWN = [400, 404, 405, 412, 415, 501];

interface Step {
  upload: UploadState;
  /** Sent at once at the most. */
  bytes: number;
  advance: Advance;
}

export class TusSink implements StorageSink {
  readonly #uploads: TusUploads;
  /** One for all files: while one of them gets through, none is given up. */
  readonly #patience = new Patience();
  /** Addresses of the uploads that were made, to be deleted one by one where the server knows no recordings. */
  readonly #urls = new Set<string>();

  constructor(
    private readonly config: TusConfig,
    private readonly events: SinkEvents,
  ) {
    this.#uploads = new TusUploads(config, () => askForHeaders(events));
  }

  async writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    const persistence = persistenceOf(this.config, this.events);
    const body = new TextEncoder().encode(JSON.stringify(manifest));
    if (this.#uploads.known.keepsRecordings) {
      const refused = await this.#put({ key: manifestKey(manifest.id), bytes: body }, persistence, signal);
      if (!refused) return;
      // It may be a tus server that knows of uploads only.
      if ((await this.#uploads.capabilities(persistence, signal)).keepsRecordings) throw refused;
    }
    // An upload can't be replaced: only the last word is stored.
    if (manifest.state === 'recording') return;
    await this.#follow({ source: fixedSource(manifestKey(manifest.id), body), persistence, signal });
  }

  /** @throws StorageRejectedError also from servers that know of uploads only: there, nothing is stored but files. */
  async put(object: SmallObject, signal: AbortSignal): Promise<void> {
    const persistence = persistenceOf(this.config, this.events, this.#patience);
    const refused = await this.#put(object, persistence, signal);
    if (refused) throw refused;
    persistence.progress();
  }

  /** @returns why the server refuses it, where it may just not know what this is. */
  async #put(
    { key, bytes: body }: SmallObject,
    persistence: Persistence,
    signal: AbortSignal,
  ): Promise<StorageError | undefined> {
    const url = `${this.config.endpoint}/${key}`;
    for (;;) {
      const response = await persistence.attempt(
        async limited => {
          const headers = await this.#uploads.headers({ 'Content-Type': mediaTypeOf(key) });
          return fetch(url, { method: 'PUT', headers, body, signal: limited });
        },
        signal,
        body.byteLength,
      );
      if (response?.ok) return undefined;
      if (!response) continue;
      const refused = await refusal(this.config.endpoint, response);
      if (!UNKNOWN.includes(response.status)) throw refused;
      return refused;
    }
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    await this.#follow({
      source,
      persistence: persistenceOf(this.config, this.events, this.#patience),
      signal,
    });
  }

  async #follow(transfer: Transfer): Promise<void> {
    const { source, signal } = transfer;
    const { chunkBytes, flushInterval } = this.config;
    let bytes = chunkBytes;
    let upload = (await this.#uploads.find(transfer, source.upload)) ?? (await this.#open(transfer));
    const advance = new Advance(upload.offset);
    for (;;) {
      this.events.onStored(source.key, upload.offset);
      await source.waitFor(upload.offset, chunkBytes, flushInterval * 1000, signal);
      if (source.sealed && upload.lengthKnown && upload.offset >= source.size) return;
      const [began, before] = [performance.now(), upload.offset];
      upload = await this.#step(transfer, { upload, bytes, advance });
      bytes = nextChunk(
        { bytes, sent: upload.offset - before, took: performance.now() - began },
        this.config,
      );
      source.release(upload.offset);
    }
  }

  async #open(transfer: Transfer): Promise<UploadState> {
    const upload = await this.#uploads.open(transfer);
    this.#urls.add(upload.url);
    this.events.onUpload(transfer.source.key, { url: upload.url });
    return upload;
  }

  /** Sends what is there and finds out where the upload stands; pauses when that brought nothing. */
  async #step(transfer: Transfer, { upload, bytes, advance }: Step): Promise<UploadState> {
    const sent = await this.#uploads.patch(transfer, upload, bytes);
    // No answer: the bytes, or only the answer, may have been lost. The server knows.
    const next =
      typeof sent === 'object' && 'url' in sent
        ? sent
        : ((await this.#uploads.ask(transfer, upload.url)) ?? (await this.#open(transfer)));
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

  async remove(recordingId: string, signal: AbortSignal): Promise<void> {
    const headers = await this.#uploads.headers({ 'Tus-Resumable': '1.0.0' });
    const recording = `${this.config.endpoint}/recordings/${recordingId}`;
    for (const url of this.#uploads.known.keepsRecordings ? [recording] : this.#urls)
      await fetch(url, { method: 'DELETE', headers, signal }).catch(() => undefined);
  }
}
