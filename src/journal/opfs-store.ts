/** Where growing files lie: in the origin private file system. Runs in a worker. */
import { DeviceStorageError } from '../errors.ts';
import { createDirectory, openSync, readFile, removeFile, type SyncAccessHandle } from '../opfs.ts';
import { type Segment, segmentAt } from '../segments.ts';
import type { ByteStore } from './growing-file.ts';
import type { Kept } from './kept.ts';
import type { Usage } from './quota.ts';
import { isFull, type SpareRoom, writeAll } from './write.ts';

/** What went wrong in the private file system, typed. */
const failure = (detail: string, cause: unknown): DeviceStorageError =>
  cause instanceof DeviceStorageError ? cause : new DeviceStorageError(detail, cause);

/** How a file lies there. */
export interface OpfsStoreSetup {
  path: readonly string[];
  name: string;
  /** Bytes of a segment. */
  segmentBytes: number;
  /** What is kept of all files of the recording although the storage has it. */
  kept: Kept;
  usage: Usage;
  /** Where room comes from when there is none. */
  room?: SpareRoom | undefined;
  onError(error: unknown): void;
}

/** What there is of a file already: bytes behind `size` are cut off. */
export interface Existing {
  segments: readonly Segment[];
  size: number;
}

/**
 * A file in the origin private file system. Opening one takes a few milliseconds in which bytes may come:
 * they wait in memory. Writes go through a synchronous handle, 60 µs for 10 kB.
 */
export class OpfsStore implements ByteStore {
  readonly opened: Promise<void>;
  /** What is being opened now, or was last. */
  #opening: Promise<void>;
  /** The segment that is written. */
  #current: Segment;
  #handle: SyncAccessHandle | undefined;
  /** The one after it, opened before it is needed. */
  #next: SyncAccessHandle | 'opening' | undefined;
  /** Those that are complete, but for what was let go; the storage has those before `#released`. */
  #complete: Segment[];
  #released = 0;
  #waiting: Uint8Array[] = [];
  /** Sticky: bytes after a gap would be in the wrong place. */
  #failure: DeviceStorageError | undefined;
  #size: number;
  #sealed = false;

  constructor(
    private readonly setup: OpfsStoreSetup,
    existing: Existing = { segments: [], size: 0 },
  ) {
    this.#size = existing.size;
    this.#current = existing.segments.at(-1) ?? segmentAt(setup.name, 0);
    this.#complete = existing.segments.slice(0, -1);
    this.opened = this.#opening = this.#openCurrent();
    this.opened.catch(error => this.#fail(`${setup.name} could not be opened`, error));
  }

  #fail(detail: string, error: unknown): DeviceStorageError {
    this.#waiting = [];
    this.#failure ??= failure(detail, error);
    this.setup.onError(this.#failure);
    return this.#failure;
  }

  async #openCurrent(): Promise<void> {
    const handle = await this.#openSegment(this.#current);
    handle.truncate(this.#size - this.#current.start);
    this.#goOnIn(handle);
  }

  async #openSegment({ name }: Segment): Promise<SyncAccessHandle> {
    const open = async (): Promise<SyncAccessHandle> =>
      openSync(await createDirectory(this.setup.path), name);
    for (;;) {
      try {
        return await open();
      } catch (error) {
        if (!isFull(error) || !this.setup.room?.give()) throw error;
      }
    }
  }

  #goOnIn(handle: SyncAccessHandle): void {
    this.#handle = handle;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.append(bytes);
  }

  append(bytes: Uint8Array): void {
    if (this.#failure) throw this.#failure;
    if (!this.#handle) return void this.#waiting.push(bytes);
    const room = this.#current.start + this.setup.segmentBytes - this.#size;
    this.#write(bytes.byteLength <= room ? bytes : bytes.subarray(0, room), this.#handle);
    if (bytes.byteLength >= room) this.#advance(this.#handle);
    else if (room < this.setup.segmentBytes / 2) this.#prepareNext();
    if (bytes.byteLength > room) this.append(bytes.subarray(room));
  }

  #prepareNext(): void {
    if (this.#next || this.#sealed) return;
    this.#next = 'opening';
    const next = segmentAt(this.setup.name, this.#current.start + this.setup.segmentBytes);
    this.#opening = this.#openSegment(next).then(
      handle => {
        this.#next = handle;
        if (this.#current.start === next.start) this.#takeNext(handle);
      },
      error => void this.#fail(`${next.name} could not be opened`, error),
    );
  }

  /** Resolves when what has come is written, or can't be. */
  async #caughtUp(): Promise<void> {
    do await this.#opening.catch(() => undefined);
    while (this.#waiting.length > 0 && !this.#failure);
  }

  #takeNext(handle: SyncAccessHandle): void {
    this.#next = undefined;
    this.#goOnIn(handle);
  }

  /** The segment is full: goes on in the next, as soon as that is open. */
  #advance(full: SyncAccessHandle): void {
    full.flush();
    full.close();
    this.#handle = undefined;
    this.#complete.push(this.#current);
    this.#prepareNext();
    this.#current = segmentAt(this.setup.name, this.#current.start + this.setup.segmentBytes);
    if (typeof this.#next === 'object') this.#takeNext(this.#next);
  }

  /** All of it, or nothing. */
  #write(bytes: Uint8Array, handle: SyncAccessHandle): void {
    const at = this.#size - this.#current.start;
    try {
      writeAll(handle, bytes, at, this.setup.room);
      this.#size += bytes.byteLength;
      this.setup.usage.add(bytes.byteLength);
    } catch (error) {
      const { name } = this.setup;
      this.#failure = failure(`${name} could not be written, the disk or the quota may be full`, error);
      try {
        handle.truncate(at);
      } catch {
        // What was cut off is not counted, and nothing is written after it.
      }
      throw this.#failure;
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#caughtUp();
    if (offset + length > this.#size)
      throw new DeviceStorageError(`expected ${length} bytes at ${offset}, have ${this.#size}`);
    const result = new Uint8Array(length);
    let done = 0;
    try {
      for (const segment of [...this.#complete, this.#current]) {
        const end = segment === this.#current ? this.#size : segment.start + this.setup.segmentBytes;
        const [from, to] = [Math.max(offset, segment.start), Math.min(offset + length, end)];
        if (from < to)
          done += await this.#readSegment(segment, from, result.subarray(from - offset, to - offset));
      }
    } catch (error) {
      throw failure(`${this.setup.name} could not be read`, error);
    }
    if (done === length) return result;
    throw new DeviceStorageError(
      `expected ${length} bytes at ${offset}, read ${done}: what the storage had confirmed may have been let go`,
    );
  }

  async #readSegment(segment: Segment, from: number, into: Uint8Array): Promise<number> {
    const at = from - segment.start;
    if (segment === this.#current && this.#handle) return this.#handle.read(into, { at });
    // A handle that was closed is not opened again: it would lock the file, and nobody would close it.
    const file = await readFile(this.setup.path, segment.name);
    const bytes = file && new Uint8Array(await file.slice(at, at + into.byteLength).arrayBuffer());
    if (bytes) into.set(bytes);
    return bytes?.byteLength ?? 0;
  }

  flush(): void {
    this.#handle?.flush();
  }

  /** Segments that the storage has wholly may be let go. */
  release(upTo: number): void {
    const { segmentBytes, kept, usage } = this.setup;
    for (const segment of this.#complete) {
      const end = segment.start + segmentBytes;
      if (segment.start < this.#released || end > upTo) continue;
      this.#released = end;
      kept.add(this, segmentBytes, async () => {
        this.#complete = this.#complete.filter(other => other !== segment);
        await removeFile(this.setup.path, segment.name);
        usage.remove(segmentBytes);
      });
    }
  }

  async seal(): Promise<void> {
    await this.#caughtUp();
    this.#sealed = true;
    if (this.#failure) throw this.#failure;
    try {
      this.#handle?.flush();
    } catch (error) {
      throw failure(`${this.setup.name} could not be written`, error);
    }
  }

  async close(): Promise<void> {
    await this.#caughtUp();
    this.#sealed = true;
    this.#handle?.close();
    this.#handle = undefined;
    if (typeof this.#next !== 'object') return;
    // Prepared, and not needed.
    this.#next.close();
    this.#next = undefined;
    const unused = segmentAt(this.setup.name, this.#current.start + this.setup.segmentBytes);
    await removeFile(this.setup.path, unused.name).catch(() => undefined);
  }

  async dispose(remove: boolean): Promise<void> {
    await this.close();
    if (!remove) return;
    this.setup.kept.forget(this);
    const segments = [...this.#complete, this.#current];
    // All at once: of ten minutes there are a dozen, and stop() waits for them.
    await Promise.allSettled(segments.map(({ name }) => removeFile(this.setup.path, name)));
    this.setup.usage.remove(this.#size - (segments[0]?.start ?? 0));
  }
}
