/** When thumbnails are due. Pure. */

/** Thumbnails that lie as far apart as was asked for. */
const REGULAR = 10_000;
/** So many lie twice as far apart then, the next as many four times, and so on: a recording of weeks has a manifest, too. */
const STEP = 5_000;

/**
 * Time from a thumbnail to the one after it.
 *
 * @param number of the first of them, counted from 0.
 */
export const spacingAfter = (number: number, interval: number): number =>
  interval * 2 ** Math.max(0, Math.ceil((number + 1 - REGULAR) / STEP));

/** Which frames are taken: the first at or after each place of a grid. Times are microseconds on the timeline. */
export class Schedule {
  #due = 0;
  #taken = 0;

  constructor(private readonly interval: number) {}

  isDue(time: number): boolean {
    return time >= this.#due;
  }

  /** The frame at this time is taken. */
  take(time: number): void {
    const spacing = spacingAfter(this.#taken++, this.interval);
    this.#due = (Math.floor(time / spacing) + 1) * spacing;
  }
}
