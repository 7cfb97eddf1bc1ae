/** Follows a clock that runs faster or slower than another one. Pure. Microseconds. */

/** An error is corrected from here on, and until it is less than this. Below lies the jitter of busy machines. */
const ENGAGE = 10_000;
const RELEASE = 2_000;
/** An error is halved in about so long; the rest error at a drift of 200 ppm is 4 ms. */
const HORIZON = 20_000_000;
/** A change of speed by a thousandth, less than two cents, is not heard. */
const MAX_SPEED = 1_000e-6;
/** So much is no drift. */
const NOT_DRIFT = 1_000_000;
/** The longest time between two looks that counts. */
const LONGEST_STEP = 1_000_000;

export class DriftFollower {
  #engaged = false;

  /**
   * @param error by how much the clock is to be moved in all.
   * @param elapsed since the last call.
   * @returns by how much it is to be moved now.
   */
  follow(error: number, elapsed: number): number {
    const size = Math.abs(error);
    this.#engaged = size < NOT_DRIFT && size > (this.#engaged ? RELEASE : ENGAGE);
    if (!this.#engaged) return 0;
    const speed = Math.max(-MAX_SPEED, Math.min(MAX_SPEED, error / HORIZON));
    return speed * Math.min(elapsed, LONGEST_STEP);
  }
}
