/** Where growing files lie: in the origin private file system, or in memory where there is none. */
import { DeviceStorageError } from '../errors.ts';
import { createDirectory, readFile, type SyncAccessHandle, type SyncFileHandle } from '../opfs.ts';
import type { ByteStore } from './growing-file.ts';

/** Most bytes that a recording keeps in memory where the device's file system can't be written. */
const MEMORY_LIMIT = 64 * 1024 * 1024;

/** The memory that all files of a recording share. */
export class MemoryBudget {
  #used = 0;

  constructor(readonly limit = MEMORY_LIMIT) {}

  /** @throws DeviceStorageError (`device-storage-failed`) when there is less than that left. */
  take(bytes: number): void {
    if (this.#used + bytes > this.limit) {
      throw new DeviceStorageError(`more than ${this.limit} bytes would have to be kept in memory`);
    }
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** A list of pieces, for browsers and private windows without a file system. */
export class MemoryStore implements ByteStore {
  #pieces: Uint8Array[] = [];
  /** Where the first piece begins: all before it was released. */
  #start = 0;
  #end = 0;

  constructor(private readonly budget = new MemoryBudget()) {}

  append(bytes: Uint8Array): void {
    this.budget.take(bytes.byteLength);
    this.#pieces.push(bytes);
    this.#end += bytes.byteLength;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (offset < this.#start) {
      const detail = `the bytes from ${offset} on were confirmed by the storage, which asks for them again, and are no longer in memory`;
      throw new DeviceStorageError(detail);
    }
    if (offset + length > this.#end) {
      throw new DeviceStorageError(`expected ${length} bytes at ${offset}, have ${this.#end}`);
    }
    const result = new Uint8Array(length);
    let start = this.#start;
    for (const piece of this.#pieces) {
      const from = Math.max(0, offset - start);
      const to = Math.min(piece.byteLength, offset + length - start);
      if (from < to) result.set(piece.subarray(from, to), start + from - offset);
      start += piece.byteLength;
    }
    return result;
  }

  release(upTo: number): void {
    let count = 0;
    const before = this.#start;
    for (const piece of this.#pieces) {
      if (this.#start + piece.byteLength > upTo) break;
      this.#start += piece.byteLength;
      count++;
    }
    this.#pieces.splice(0, count);
    this.budget.give(this.#start - before);
  }

  async seal(): Promise<void> {}

  async dispose(): Promise<void> {
    this.release(this.#end);
  }
}

/** What went wrong in the private file system, typed. */
const failure = (detail: string, cause: unknown): DeviceStorageError =>
  cause instanceof DeviceStorageError ? cause : new DeviceStorageError(detail, cause);

/**
 * A file in the origin private file system. Opening one takes a few milliseconds in which bytes may come:
 * they wait in memory. Writes go through a synchronous handle, 60 µs for 10 kB.
 */
export class OpfsStore implements ByteStore {
  #handle: SyncAccessHandle | undefined;
  #waiting: Uint8Array[] = [];
  /** Sticky: bytes after a gap would be in the wrong place. */
  #failure: DeviceStorageError | undefined;
  #size = 0;
  readonly #opened: Promise<void>;

  constructor(
    private readonly path: readonly string[],
    private readonly name: string,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#opened = this.#open().catch(error => {
      this.#waiting = [];
      this.#failure = failure(`${name} could not be opened`, error);
      this.onError(this.#failure);
    });
  }

  async #open(): Promise<void> {
    const directory = await createDirectory(this.path);
    const file = (await directory.getFileHandle(this.name, { create: true })) as unknown as SyncFileHandle;
    this.#handle = await file.createSyncAccessHandle();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.#write(bytes, this.#handle);
  }

  append(bytes: Uint8Array): void {
    if (this.#failure) throw this.#failure;
    if (this.#handle) this.#write(bytes, this.#handle);
    else this.#waiting.push(bytes);
  }

  /** All of it, or nothing. */
  #write(bytes: Uint8Array, handle: SyncAccessHandle): void {
    try {
      let done = 0;
      while (done < bytes.byteLength) {
        const rest = done === 0 ? bytes : bytes.subarray(done);
        const written = handle.write(rest, { at: this.#size + done });
        if (written === 0)
          throw new DeviceStorageError('a write took no bytes: the disk or the quota is full');
        done += written;
      }
      this.#size += done;
    } catch (error) {
      this.#failure = failure(`${this.name} could not be written, the disk or the quota may be full`, error);
      try {
        handle.truncate(this.#size);
      } catch {
        // What was cut off is not counted, and nothing is written after it.
      }
      throw this.#failure;
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#opened;
    if (offset + length > this.#size) {
      throw new DeviceStorageError(`expected ${length} bytes at ${offset}, have ${this.#size}`);
    }
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = this.#handle
        ? readHandle(this.#handle, offset, length)
        : await readClosed(this.path, this.name, offset, length);
    } catch (error) {
      throw failure(`${this.name} could not be read`, error);
    }
    if (bytes.byteLength === length) return bytes;
    throw new DeviceStorageError(`expected ${length} bytes at ${offset}, read ${bytes.byteLength}`);
  }

  async seal(): Promise<void> {
    await this.#opened;
    try {
      this.#handle?.flush();
    } catch (error) {
      throw failure(`${this.name} could not be written`, error);
    }
  }

  async close(): Promise<void> {
    await this.#opened;
    this.#handle?.close();
    this.#handle = undefined;
  }

  async dispose(remove: boolean): Promise<void> {
    await this.close();
    if (!remove) return;
    const directory = await createDirectory(this.path);
    await directory.removeEntry(this.name).catch(() => undefined);
  }
}

const readHandle = (handle: SyncAccessHandle, offset: number, length: number): Uint8Array<ArrayBuffer> => {
  const result = new Uint8Array(length);
  return result.subarray(0, handle.read(result, { at: offset }));
};

/** A handle that was closed is not opened again: it would lock the file, and nobody would close it. */
const readClosed = async (
  path: readonly string[],
  name: string,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  const file = await readFile(path, name);
  return file ? new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()) : new Uint8Array();
};
