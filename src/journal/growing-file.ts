/** A file that is written at its end while storage reads it from its beginning. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Where a growing file's bytes lie. */
export interface ByteStore {
  /** Appends; must keep or copy the bytes before it returns. Throws when there is no room. */
  append(bytes: Uint8Array): void;
  /** Bytes from `offset`, exactly `length` of them. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes before `upTo` will not be read again; for stores that have them in memory. */
  release?(upTo: number): void;
  /** Lets go of what an open file takes, once sealed; it can still be read. */
  close?(): Promise<void>;
  /** No more bytes will come; resolves when all are on disk. */
  seal(): Promise<void>;
  /** Lets go of the file, and deletes it when `remove` is true. */
  dispose(remove: boolean): Promise<void>;
}

/** Appends, reads, and tells readers when there is more. */
export class GrowingFile {
  #size = 0;
  #sealed = false;
  #sealing: Promise<void> | undefined;
  #failed = false;
  #closing = false;
  #sha256: string | undefined;
  #waiters = new Set<() => void>();
  // WebCrypto has no digest that takes its input in pieces.
  readonly #hash = sha256.create();

  constructor(
    readonly key: string,
    private readonly store: ByteStore,
    /** Called when bytes could not be kept. Must not throw. */
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** True when `size` is final. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** Hex SHA-256 of all bytes, once sealed. */
  get sha256(): string | undefined {
    return this.#sha256;
  }

  /**
   * Never throws: nothing from storage may get into the muxer. After the first bytes that could not be kept none
   * are, although there may be room for smaller ones: a file must not have a hole.
   */
  append(bytes: Uint8Array): void {
    if (this.#failed) return;
    try {
      this.store.append(bytes);
      this.#hash.update(bytes);
      this.#size += bytes.byteLength;
    } catch (error) {
      this.#failed = true;
      this.onError(error);
    }
    this.#wake();
  }

  /** No more bytes will come. Never rejects. */
  seal(): Promise<void> {
    return (this.#sealing ??= this.#seal());
  }

  async #seal(): Promise<void> {
    try {
      await this.store.seal();
    } catch (error) {
      this.onError(error);
    }
    this.#sha256 = bytesToHex(this.#hash.digest());
    this.#sealed = true;
    this.#wake();
    if (this.#closing) await this.close();
  }

  /** Lets go of what an open file takes, as soon as the file is sealed; it can still be read. Never rejects. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#sealed) await this.store.close?.().catch(this.onError);
  }

  /** Storage has confirmed all bytes before `upTo`. */
  release(upTo: number): void {
    this.store.release?.(upTo);
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.store.read(offset, length);
  }

  dispose(remove: boolean): Promise<void> {
    return this.store.dispose(remove);
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  /**
   * Resolves when at least `bytes` lie behind `offset`, or the file is sealed, or `milliseconds` have passed
   * and there is at least one byte. Rejects with the signal's reason when it aborts.
   */
  waitFor(offset: number, bytes: number, milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let patient = true;
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        signal.removeEventListener('abort', abort);
        settle();
      };
      const abort = (): void => finish(() => reject(signal.reason));
      const check = (): void => {
        const there = this.#size - offset;
        if (this.#sealed || there >= bytes || (!patient && there > 0)) finish(resolve);
      };
      const timer = setTimeout(() => {
        patient = false;
        check();
      }, milliseconds);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.add(check);
      check();
    });
  }
}
