/** Where growing files lie when there is no private file system: in memory. */
import { DeviceStorageError } from '../errors.ts';
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

/** Places for a recording's files, which share what memory there is for them. */
export const memoryStores = (): (() => ByteStore) => {
  const budget = new MemoryBudget();
  return () => new MemoryStore(budget);
};
