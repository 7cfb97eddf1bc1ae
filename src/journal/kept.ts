/** What is kept although the storage has it: as long as there is room, so that a storage that loses it can get it again. */

/** Bytes of all files of a recording that are kept at the most. */
const LIMIT = 256 * 1024 * 1024;

interface Confirmed {
  owner: object;
  bytes: number;
  remove: () => Promise<void>;
}

export class Kept {
  #confirmed: Confirmed[] = [];
  #bytes = 0;

  constructor(private limit = LIMIT) {}

  /** The storage has these bytes, and they are no longer written. */
  add(owner: object, bytes: number, remove: () => Promise<void>): void {
    this.#confirmed.push({ owner, bytes, remove });
    this.#bytes += bytes;
    this.#trim();
  }

  /** All that was its owner's is deleted by that itself. */
  forget(owner: object): void {
    this.#confirmed = this.#confirmed.filter(confirmed => {
      if (confirmed.owner === owner) this.#bytes -= confirmed.bytes;
      return confirmed.owner !== owner;
    });
  }

  /** There is no more room: from now on, what the storage has is deleted at once. */
  letGo(): void {
    this.limit = 0;
    this.#trim();
  }

  /** What was stored first goes first. What can't be deleted now is deleted with its folder. */
  #trim(): void {
    while (this.#bytes > this.limit) {
      const oldest = this.#confirmed.shift();
      if (!oldest) return;
      this.#bytes -= oldest.bytes;
      void oldest.remove().catch(() => undefined);
    }
  }
}
