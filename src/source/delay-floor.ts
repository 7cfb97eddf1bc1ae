/** The delay of what came through fastest: what lines up clocks that have nothing else in common. Pure. Microseconds. */

/** Less than this is the jitter of a clock that is known well enough. */
const JITTER = 5_000;
/** A floor that has not sunk for so long is that of a source in real time. */
const SETTLED_AFTER = 300_000;

export class DelayFloor {
  #value = Number.POSITIVE_INFINITY;
  #sankAt = Number.NEGATIVE_INFINITY;

  /** Looks at a piece's arrival − timestamp. */
  observe(delay: number, arrival: number): void {
    if (delay < this.#value - JITTER) this.#sankAt = arrival;
    this.#value = Math.min(this.#value, delay);
  }

  /** Smallest delay so far; infinite before the first. */
  get value(): number {
    return this.#value;
  }

  /**
   * False at the beginning, and for a source that gives its pieces faster than their timestamps say: of such a one,
   * what is still on its way can't be told from what is captured later.
   */
  isSteady(now: number): boolean {
    return now - this.#sankAt >= SETTLED_AFTER;
  }

  /** All delays are by so much larger from now on. */
  shift(by: number): void {
    this.#value += by;
  }

  /** Another clock begins. */
  reset(): void {
    this.#value = Number.POSITIVE_INFINITY;
  }
}
