/** A file that is written at its end while storage reads it from its beginning. */
import type { UploadHandle } from '../media.ts';
import { crc32 } from './crc32.ts';
import { Sha256, type Sha256State } from './sha256.ts';

/** Where a growing file's bytes lie. */
export interface ByteStore {
  /** Resolves when bytes are written as they come; rejects when they never will be. Absent: at once. */
  readonly opened?: Promise<void>;
  /** Appends; must keep or copy the bytes before it returns. Throws when there is no room. */
  append(bytes: Uint8Array): void;
  /** Bytes from `offset`, exactly `length` of them. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** What was written is on the disk, also when the power fails. */
  flush?(): void;
  /** The storage has all bytes before `upTo`: they need not be kept for it. */
  release?(upTo: number): void;
  /** Lets go of what an open file takes, once sealed; it can still be read. */
  close?(): Promise<void>;
  /** No more bytes will come; resolves when all are on disk. */
  seal(): Promise<void>;
  /** Lets go of the file, and deletes it when `remove` is true. */
  dispose(remove: boolean): Promise<void>;
}

/** A file's bytes so far, as plain data. */
export interface GrowingFileState {
  size: number;
  /** Of the last bytes, from `from` on: those that a crash might have torn. */
  from: number;
  crc: number;
  sha256: Sha256State;
}

/** Appends, reads, and tells readers when there is more. */
export class GrowingFile {
  #size = 0;
  #sealed = false;
  #sealing: Promise<void> | undefined;
  #failed = false;
  readonly #damage = new AbortController();
  #closing = false;
  #sha256: string | undefined;
  #waiters = new Set<() => void>();
  /** Absent once bytes were counted in that could not be kept. */
  #hash: Sha256 | undefined = new Sha256();
  /** Bytes that the hash has. */
  #hashed = 0;
  #state: GrowingFileState;
  /** Where its upload was when a crash cut it off. */
  upload: UploadHandle | undefined;

  constructor(
    readonly key: string,
    private readonly store: ByteStore,
    /** Called when bytes could not be kept. Must not throw. */
    private readonly onError: (error: unknown) => void,
    /** What the store has already. */
    state?: GrowingFileState,
  ) {
    if (state) this.#hash = new Sha256(state.sha256);
    this.#state = state ?? { size: 0, from: 0, crc: 0, sha256: new Sha256().state };
    this.#size = this.#hashed = this.#state.size;
  }

  /** Resolves when bytes are written as they come. */
  get opened(): Promise<void> {
    return this.store.opened ?? Promise.resolve();
  }

  /** Aborts when bytes that belong to it could not be kept: it is not what was recorded. */
  get damage(): AbortSignal {
    return this.#damage.signal;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#damage.abort(error);
    this.onError(error);
  }

  /** What the file was announced to be last; `undefined` when it can't be. */
  get state(): GrowingFileState | undefined {
    return this.#failed ? undefined : this.#state;
  }

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

  /** What the file will be once these bytes are appended, which must follow; `undefined` when none can be any more. */
  announce(pieces: readonly Uint8Array[]): GrowingFileState | undefined {
    if (this.#failed || !this.#hash) return undefined;
    const from = this.#size;
    let [size, crc] = [from, 0];
    for (const bytes of pieces) {
      this.#hash.update(bytes);
      crc = crc32(bytes, crc);
      size += bytes.byteLength;
    }
    this.#hashed = size;
    this.#state = { size, from, crc, sha256: this.#hash.state };
    return this.#state;
  }

  /**
   * Never throws: nothing from storage may get into the muxer. After the first bytes that could not be kept none
   * are, although there may be room for smaller ones: a file must not have a hole.
   */
  append(bytes: Uint8Array): void {
    if (this.#failed) return;
    try {
      this.store.append(bytes);
      this.#size += bytes.byteLength;
      if (this.#hashed < this.#size) this.#hash?.update(bytes);
      this.#hashed = Math.max(this.#hashed, this.#size);
    } catch (error) {
      if (this.#hashed > this.#size) this.#hash = undefined;
      this.#fail(error);
    }
    this.#wake();
  }

  /** What was appended is on the disk, also when the power fails. Never throws. */
  flush(): void {
    try {
      if (!this.#failed) this.store.flush?.();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** No more bytes will come. Never rejects. */
  seal(): Promise<void> {
    return (this.#sealing ??= this.#seal());
  }

  async #seal(): Promise<void> {
    try {
      await this.store.seal();
    } catch (error) {
      // Some of what was taken is not there.
      this.#hash = undefined;
      this.#fail(error);
    }
    this.#sha256 = this.#hash?.hex();
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
