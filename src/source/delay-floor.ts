/** The delay of what came through fastest: what lines up clocks that have nothing else in common. Pure. Microseconds. */

/** Less than this is the jitter of a clock that is known well enough. */
const JITTER = 5_000;
/** A floor that has not sunk for so long is that of a source in real time. */
const SETTLED_AFTER = 300_000;
/**
 * By how much the floor rises by itself, so that it follows a clock that is slow: crystals are off by 100 ppm at the
 * worst, two of them drift apart by 200.
 */
const RISE = 500e-6;
/** A source that gives nothing for hours has not drifted by seconds. */
const LONGEST_RISE = 1_000_000;
/** What is later than this has been held up, and tells nothing about its clock. */
const HELD_UP = 100_000;

export class DelayFloor {
  #value = Number.POSITIVE_INFINITY;
  #observedAt: number | undefined;
  #sankAt = Number.NEGATIVE_INFINITY;

  /** Looks at a piece's arrival − timestamp. */
  observe(delay: number, arrival: number): void {
    const elapsed = Math.max(0, arrival - (this.#observedAt ?? arrival));
    this.#observedAt = arrival;
    if (delay < this.#value - JITTER) this.#sankAt = arrival;
    this.#value = Math.min(this.#value + Math.min(elapsed, LONGEST_RISE) * RISE, delay);
  }

  /** Smallest delay so far; infinite before the first. */
  get value(): number {
    return this.#value;
  }

  /**
   * False at the beginning, and for a source that gives its pieces faster than their timestamps say: of such a one,
   * what is still on its way can't be told from what is captured later.
   *
   * @param after how long the floor must not have sunk; microseconds.
   */
  isSteady(now: number, after = SETTLED_AFTER): boolean {
    return this.#observedAt !== undefined && now - this.#sankAt >= after;
  }

  /** All delays are by so much larger from now on. */
  shift(by: number): void {
    this.#value += by;
  }
}

/**
 * How far the timeline goes on over a jump of a source's clock: by what the arrival says, freed of the last piece's
 * delay, unless it is the worker that was held up.
 *
 * @param least the step that it takes at the least.
 * @param late by how much the last piece came later than the fastest one.
 */
export const stepOverJump = (least: number, arrivalStep: number, late: number): number =>
  Math.max(least, Math.round(arrivalStep + (late < HELD_UP ? late : 0)));
