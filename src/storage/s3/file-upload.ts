/** One file on its way into an S3 store: in parts, a few at once, each as soon as its bytes are there. */
import type { UploadHandle } from '../../media.ts';
import { rejected } from '../refusals.ts';
import { Advance } from '../retry.ts';
import type { UploadSource } from '../sink.ts';
import type { Slots } from '../slots.ts';
import { base64Of, etagOf, md5Of } from './digest.ts';
import { MOST_PARTS, type PartPlace, partAt, partsOf } from './layout.ts';
import type { Attempts, S3Requests, StoredPart } from './requests.ts';

/** The longest time that a timer can wait; milliseconds. */
const FOREVER = 2 ** 31 - 1;

/** What all files of a recording share. */
export interface UploadContext {
  requests: S3Requests;
  endpoint: string;
  /** Bytes of the first parts. */
  partBytes: number;
  /** Parts that are under way at once, over all files; each has its bytes in memory. */
  lanes: Slots;
  laneCount: number;
  onUpload(key: string, upload: UploadHandle): void;
  onStored(key: string, bytes: number): void;
}

/** The store no longer has the upload. */
const GONE = Symbol('gone');

export class FileUpload {
  #uploadId = '';
  /** Of the upload that goes on: it may have been begun with other options. */
  #partBytes: number;
  /** What the store has confirmed. */
  #parts = new Map<number, StoredPart>();
  #stored = 0;
  readonly #advance = new Advance(0);

  constructor(
    private readonly context: UploadContext,
    private readonly source: UploadSource,
    private readonly attempts: Attempts,
  ) {
    this.#partBytes = context.partBytes;
  }

  /** Resolves when the file is in storage. */
  async run(): Promise<void> {
    const { persistence, signal } = this.attempts;
    const goesOn = await this.#resume();
    for (let begun = goesOn; ; begun = false) {
      if (!begun && !(await this.#begin())) return;
      if ((await this.#follow()) === 'done') return;
      this.#forget();
      await persistence.stalled(`${this.source.key}: the store no longer has the upload`, signal);
    }
  }

  #forget(): void {
    this.#parts.clear();
    this.#stored = 0;
    this.#advance.fallsBack(0);
  }

  /** Goes on with what there was when a crash cut it off. */
  async #resume(): Promise<boolean> {
    const { requests } = this.context;
    const { source, attempts } = this;
    if (typeof source.upload?.uploadId !== 'string') return false;
    const { uploadId, partBytes } = source.upload;
    this.#uploadId = uploadId;
    if (typeof partBytes === 'number') this.#partBytes = partBytes;
    const listed = await requests.list(attempts, source.key, this.#uploadId);
    return listed !== undefined && this.#adopt(listed);
  }

  /** False when the file is in the store already: a request of ours finished it, and the answer was lost. */
  async #begin(): Promise<boolean> {
    const { requests, partBytes, onUpload } = this.context;
    const { source, attempts } = this;
    await source.waitFor(0, 1, FOREVER, attempts.signal);
    const uploadId = await requests.create(attempts, source.key);
    if (uploadId === undefined) {
      await this.#checkFinished();
      return false;
    }
    this.#uploadId = uploadId;
    this.#partBytes = partBytes;
    onUpload(source.key, { uploadId, partBytes });
    return true;
  }

  /** Whether what is there is this file, by what its parts would be. @throws StorageRejectedError when it is another one. */
  async #checkFinished(): Promise<void> {
    const { endpoint, onStored } = this.context;
    const { source, attempts } = this;
    await source.waitFor(0, Number.POSITIVE_INFINITY, FOREVER, attempts.signal);
    if (!(await this.#isFinished()))
      throw rejected(endpoint, 409, `there is another file of the name ${source.key}`);
    onStored(source.key, source.size);
    source.release(source.size);
  }

  async #isFinished(): Promise<boolean> {
    const { requests } = this.context;
    const { source, attempts } = this;
    const parts = [];
    try {
      for (const place of partsOf(source.size, this.#partBytes)) {
        const digest = await md5Of(await source.read(place.start, place.size));
        parts.push({ number: place.number, etag: etagOf(digest) });
      }
    } catch {
      // The store had confirmed what is not here any more, and a finished file is never replaced.
      return (await requests.sizeOf(attempts, source.key)) === source.size;
    }
    const file = { size: source.size, parts };
    return (await requests.complete(attempts, source.key, this.#uploadId || 'finished', file)) === 'done';
  }

  /** Puts all parts and joins them. */
  async #follow(): Promise<'done' | typeof GONE> {
    const { requests } = this.context;
    const { source, attempts } = this;
    for (;;) {
      if ((await this.#putMissing()) === GONE) return GONE;
      const parts = [...this.#parts.values()].sort((a, b) => a.number - b.number);
      const named = parts.map(({ number, etag }) => ({ number, etag }));
      const file = { size: source.size, parts: named };
      const joined = await requests.complete(attempts, source.key, this.#uploadId, file);
      if (joined === 'done') return 'done';
      if (joined === 'missing') return GONE;
      // What the store has is not what it confirmed: it says what it has.
      await attempts.persistence.stalled(`${source.key}: the store has other parts`, attempts.signal);
      const listed = await requests.list(attempts, source.key, this.#uploadId);
      if (listed === undefined || !(await this.#adopt(listed))) return GONE;
    }
  }

  /** Takes over what the store says that it has, as far as it is what the file has; false when it has more than that. */
  async #adopt(listed: readonly StoredPart[]): Promise<boolean> {
    const { source, attempts, context } = this;
    await source.waitFor(0, Number.POSITIVE_INFINITY, FOREVER, attempts.signal);
    const places = partsOf(source.size, this.#partBytes);
    this.#forget();
    if (listed.some(({ number }) => number > places.length)) {
      // It ends only if all that it has can be put again.
      await source.read(0, 1);
      await context.requests.abort(attempts, source.key, this.#uploadId);
      return false;
    }
    for (const part of listed) {
      const place = places[part.number - 1];
      if (place?.size === part.size && (await this.#isSame(place, part.etag))) this.#confirm(part);
    }
    return true;
  }

  /** What is not on this device any more is what the store had confirmed. */
  async #isSame({ start, size }: PartPlace, etag: string): Promise<boolean> {
    // One that is encrypted with a key of its own has an ETag that tells nothing.
    if (!/^"?[0-9a-f]{32}"?$/.test(etag)) return true;
    const bytes = await this.source.read(start, size).catch(() => undefined);
    return bytes === undefined || etagOf(await md5Of(bytes)).includes(etag.replaceAll('"', ''));
  }

  #confirm(part: StoredPart): void {
    const { context, source, attempts } = this;
    this.#stored += part.size - (this.#parts.get(part.number)?.size ?? 0);
    this.#parts.set(part.number, part);
    if (this.#advance.reaches(this.#stored)) attempts.persistence.progress();
    context.onStored(source.key, this.#stored);
    source.release(this.#confirmedUpTo);
  }

  /** Bytes from the beginning that are in the store without a gap. */
  get #confirmedUpTo(): number {
    let number = 1;
    while (this.#parts.has(number)) number++;
    return Math.min(this.source.size, partAt(number, this.#partBytes).start);
  }

  async #putMissing(): Promise<typeof GONE | undefined> {
    const ended = new AbortController();
    const signal = AbortSignal.any([this.attempts.signal, ended.signal]);
    let next = 0;
    const take = (): number => {
      do next++;
      while (this.#parts.has(next));
      return next;
    };
    const lane = async (): Promise<void> => {
      for (;;) if (!(await this.#put(take(), signal))) return;
    };
    const lanes = Array.from({ length: this.context.laneCount }, lane);
    try {
      await Promise.all(lanes);
      return undefined;
    } catch (error) {
      ended.abort(error);
      await Promise.allSettled(lanes);
      if (error === GONE) return GONE;
      throw error;
    }
  }

  /** False when the file ends before this part. */
  async #put(number: number, signal: AbortSignal): Promise<boolean> {
    const { requests, lanes, endpoint } = this.context;
    const { source } = this;
    const { start, size: most } = partAt(number, this.#partBytes);
    await source.waitFor(start, most, FOREVER, signal);
    const size = Math.min(most, source.size - start);
    if (size <= 0) return false;
    if (number > MOST_PARTS)
      throw rejected(endpoint, 400, `${source.key} needs more than ${MOST_PARTS} parts`);
    // Read only now: what waits for its turn has nothing in memory.
    const etag = await lanes.run(async () => {
      const body = await source.read(start, size);
      const digest = await md5Of(body);
      const part = { number, body, md5: base64Of(digest), etag: etagOf(digest) };
      return requests.put({ ...this.attempts, signal }, source.key, this.#uploadId, part);
    }, signal);
    if (etag === undefined) throw GONE;
    this.#confirm({ number, size, etag });
    return true;
  }
}
