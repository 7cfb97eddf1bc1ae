/** What waits for the storage, one thing at a time, in no more memory than it may take. */

interface Waiting {
  bytes: number;
  store(): Promise<void>;
}

export class StoreQueue {
  #waiting: Waiting[] = [];
  #bytes = 0;
  #storing: Promise<void> | undefined;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param limit bytes that may wait, with these.
   * @param store must not reject.
   * @returns false when there is no room.
   */
  add(bytes: number, limit: number, store: () => Promise<void>): boolean {
    if (this.#bytes + bytes > limit) return false;
    this.#bytes += bytes;
    this.#waiting.push({ bytes, store });
    this.#storing ??= this.#storeAll();
    return true;
  }

  async #storeAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      await next.store();
      this.#bytes -= next.bytes;
    }
    // In the same breath in which the queue was found empty.
    this.#storing = undefined;
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    await this.#storing;
  }

  /** What waits is not stored; what is being stored may yet be. @returns how many pictures those are. */
  clear(): number {
    const waiting = this.#waiting.splice(0).filter(({ bytes }) => bytes > 0);
    for (const { bytes } of waiting) this.#bytes -= bytes;
    return waiting.length;
  }
}
