/** Gives a recording to functions of the page, piece by piece, each again until it is taken. */
import type { Recording } from '../../manifest.ts';
import { Patience, type Persistence, persistenceOf } from '../http.ts';
import { Advance, sleep } from '../retry.ts';
import type { SinkEvents, SmallObject, StorageSink, UploadSource } from '../sink.ts';
import type { CustomConfig, PageCall } from '../storage.ts';

/** What the page was asked for, and what came of it. */
interface Asked {
  done: Promise<unknown>;
  settled: boolean;
}

/** A piece that the page was given. */
interface Piece extends Asked {
  offset: number;
  length: number;
  last: boolean;
}

/** One file on its way. */
interface Transfer {
  source: UploadSource;
  persistence: Persistence;
  signal: AbortSignal;
}

/** How long what is under way holds up deleting: some of the time that a session has for that; milliseconds. */
const FOR_OTHERS = 2_000;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class CustomSink implements StorageSink {
  /** One for all files: while one of them gets through, none is given up. */
  readonly #patience = new Patience();
  /** By key: a function that has not settled may still do what it was asked for, and is not asked twice. */
  readonly #given = new Map<string, Piece>();
  /** The manifest that the page was given last: while that has not settled, it may still be written over a newer one. */
  #manifest: (Asked & { manifest: Recording }) | undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly config: CustomConfig,
    private readonly events: SinkEvents,
  ) {}

  /** Until it is done: whatever a page's function throws may pass. */
  async #until<T>(work: () => Promise<T>, { persistence, signal }: Omit<Transfer, 'source'>): Promise<T> {
    for (;;) {
      try {
        return await persistence.within(work, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        await persistence.stalled(wordsOf(error), signal);
      }
    }
  }

  /** Asks for what changes the storage. */
  #ask(call: PageCall): Asked {
    const asked: Asked = { done: this.events.ask(call), settled: false };
    this.#underWay.add(asked.done);
    const settle = (): void => {
      asked.settled = true;
      this.#underWay.delete(asked.done);
    };
    asked.done.then(settle, settle);
    return asked;
  }

  async writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    const persistence = persistenceOf(this.config, this.events);
    for (;;) {
      const given = (this.#manifest ??= Object.assign(this.#ask({ name: 'writeManifest', manifest }), {
        manifest,
      }));
      try {
        await persistence.within(() => given.done, signal);
        this.#manifest = undefined;
        if (given.manifest === manifest) return;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (given.settled) this.#manifest = undefined;
        await persistence.stalled(wordsOf(error), signal);
      }
    }
  }

  /** To the page it is a file of one piece. */
  async put({ key, bytes }: SmallObject, signal: AbortSignal): Promise<void> {
    const persistence = persistenceOf(this.config, this.events, this.#patience);
    // What the page is given is its own from then on.
    const work = (): Promise<unknown> =>
      this.#ask({ name: 'write', key, offset: 0, bytes: bytes.slice(), last: true }).done;
    await this.#until(work, { persistence, signal });
    persistence.progress();
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const { chunkBytes, flushInterval, knowsSize } = this.config;
    const transfer = { source, signal, persistence: persistenceOf(this.config, this.events, this.#patience) };
    // Of one that was cut off by a crash there may be something.
    let offset = source.upload ? await this.#sizeOf(transfer, 0) : 0;
    this.events.onUpload(source.key, { begun: true });
    const advance = new Advance(offset);
    for (let done = false; !done; ) {
      await source.waitFor(offset, chunkBytes, flushInterval * 1000, signal);
      const taken = await this.#give(transfer, offset);
      if (taken) offset = taken.offset + taken.length;
      else offset = await this.#sizeOf(transfer, offset);
      done = taken?.last ?? false;
      if (!taken) advance.fallsBack(offset);
      if (advance.reaches(offset)) transfer.persistence.progress();
      this.events.onStored(source.key, offset);
      // A page that can't tell what it has gets all of it again after a crash.
      if (knowsSize || done) source.release(offset);
    }
  }

  /** @returns the piece that was taken; `undefined` when none was, after a pause. */
  async #give(transfer: Transfer, offset: number): Promise<Piece | undefined> {
    const { source, persistence, signal } = transfer;
    const piece = this.#given.get(source.key) ?? (await this.#begin(source, offset));
    try {
      await persistence.within(() => piece.done, signal, piece.length);
      this.#given.delete(source.key);
      return piece;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (piece.settled) this.#given.delete(source.key);
      await persistence.stalled(`${source.key}: ${wordsOf(error)}`, signal);
      return undefined;
    }
  }

  async #begin(source: UploadSource, offset: number): Promise<Piece> {
    const { key } = source;
    const length = Math.min(this.config.chunkBytes, source.size - offset);
    const last = source.sealed && offset + length === source.size;
    const bytes = await source.read(offset, length);
    const asked = this.#ask({ name: 'write', key, offset, bytes, last });
    const piece: Piece = Object.assign(asked, { offset, length, last });
    this.#given.set(key, piece);
    return piece;
  }

  /** Where to go on; a page that can't tell gets again what it has not confirmed. */
  async #sizeOf(transfer: Transfer, confirmed: number): Promise<number> {
    const { key, size } = transfer.source;
    // What is under way will tell.
    if (!this.config.knowsSize || this.#given.has(key)) return confirmed;
    const found = await this.#until(() => this.events.ask({ name: 'size', key }), transfer);
    return typeof found === 'number' && found >= 0 && found <= size ? found : 0;
  }

  async remove(recordingId: string, signal: AbortSignal): Promise<void> {
    // What is still being written would come back after it was deleted.
    await Promise.race([Promise.allSettled(this.#underWay), sleep(FOR_OTHERS, signal)]);
    await this.events.ask({ name: 'delete', recordingId });
  }
}
