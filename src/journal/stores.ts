/** Where growing files lie: in the origin private file system, or in memory where there is none. */
import { DeviceStorageError } from '../errors.ts';
import { createDirectory, type SyncAccessHandle, type SyncFileHandle } from '../opfs.ts';
import type { ByteStore } from './growing-file.ts';

/** Most bytes that a recording keeps in memory where the device's file system can't be written. */
const MEMORY_LIMIT = 64 * 1024 * 1024;

/** A list of pieces, for browsers and private windows without a file system. */
export class MemoryStore implements ByteStore {
  #pieces: Uint8Array[] = [];
  #size = 0;

  append(bytes: Uint8Array): void {
    if (this.#size + bytes.byteLength > MEMORY_LIMIT) {
      throw new DeviceStorageError(`more than ${MEMORY_LIMIT} bytes would have to be kept in memory`);
    }
    this.#pieces.push(bytes);
    this.#size += bytes.byteLength;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const result = new Uint8Array(length);
    let start = 0;
    for (const piece of this.#pieces) {
      const from = Math.max(0, offset - start);
      const to = Math.min(piece.byteLength, offset + length - start);
      if (from < to) result.set(piece.subarray(from, to), start + from - offset);
      start += piece.byteLength;
    }
    return result;
  }

  async seal(): Promise<void> {}

  async dispose(): Promise<void> {
    this.#pieces = [];
  }
}

/**
 * A file in the origin private file system. Opening one takes a few milliseconds in which bytes may come:
 * they wait in memory. Writes go through a synchronous handle, 60 µs for 10 kB.
 */
export class OpfsStore implements ByteStore {
  #handle: SyncAccessHandle | undefined;
  #waiting: Uint8Array[] = [];
  #failure: unknown;
  #size = 0;
  readonly #opened: Promise<void>;

  constructor(
    private readonly path: readonly string[],
    private readonly name: string,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#opened = this.#open().catch(error => {
      this.#failure = error;
      this.onError(error);
    });
  }

  async #open(): Promise<void> {
    const directory = await createDirectory(this.path);
    const file = (await directory.getFileHandle(this.name, { create: true })) as unknown as SyncFileHandle;
    this.#handle = await file.createSyncAccessHandle();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.#write(bytes);
  }

  append(bytes: Uint8Array): void {
    if (this.#failure !== undefined)
      throw new DeviceStorageError('a file could not be opened', this.#failure);
    if (this.#handle) this.#write(bytes);
    else this.#waiting.push(bytes);
  }

  #write(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.byteLength) {
      const written = this.#handle?.write(done === 0 ? bytes : bytes.subarray(done), { at: this.#size }) ?? 0;
      if (written === 0) throw new DeviceStorageError('a write took no bytes: the disk or the quota is full');
      done += written;
      this.#size += written;
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#opened;
    const result = new Uint8Array(length);
    const read = this.#handle?.read(result, { at: offset }) ?? 0;
    if (read !== length) throw new DeviceStorageError(`expected ${length} bytes at ${offset}, read ${read}`);
    return result;
  }

  async seal(): Promise<void> {
    await this.#opened;
    this.#handle?.flush();
  }

  async dispose(remove: boolean): Promise<void> {
    await this.#opened;
    this.#handle?.close();
    this.#handle = undefined;
    if (!remove) return;
    const directory = await createDirectory(this.path);
    await directory.removeEntry(this.name).catch(() => undefined);
  }
}
