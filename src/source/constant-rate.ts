/** A constant frame rate: each frame of a source that comes as it likes has its place in a grid of times. Pure. */

/**
 * In places. A frame that is too early for the next place by `EARLY` more than half the source's own step is dropped: the
 * one after it is nearer. One that is too late by `LATE` leaves the place to the frame before it. Nearer to the middle, and
 * a camera that jitters and is a little too fast or too slow would have frames dropped and repeated in turns.
 */
const EARLY = 0.12;
const LATE = 0.75;
/** The source's own step is a mean of about so many. */
const STEPS = 8;
/** A step of so many places is a gap, and tells nothing about the source. */
const LONGEST_STEP = 2;
/** Times without a frame that are longer than this are left empty: a laptop slept, or the source was gone. Microseconds. */
const LONGEST_FILL = 10_000_000;

/** What becomes of a frame. Times are microseconds on the timeline. */
export type Slot =
  | { action: 'drop' }
  /** `repeats`: times at which the frame before it is shown once more. */
  | { action: 'take'; time: number; repeats: number[] };

export class ConstantRate {
  #origin: number | undefined;
  /** Number of the place that was taken last. */
  #last = -1;
  /** Where the source's last frame lay, in places. */
  #seen: number | undefined;
  /** How far apart the source's frames are, in places. */
  #pace: number | undefined;

  /** @param frameRate frames per second. */
  constructor(private readonly frameRate: number) {}

  /** Microseconds from one frame to the next. */
  get step(): number {
    return 1e6 / this.frameRate;
  }

  /** Time of the last frame, repeated ones included. */
  get lastTime(): number | undefined {
    return this.#last < 0 ? undefined : this.#timeOf(this.#last);
  }

  /** Where the last frame ends. */
  get endTime(): number | undefined {
    return this.#last < 0 ? undefined : this.#timeOf(this.#last + 1);
  }

  #timeOf(place: number): number {
    return Math.round((this.#origin ?? 0) + place * this.step);
  }

  /** The place of a frame with this time on the timeline. */
  place(time: number): Slot {
    this.#origin ??= time;
    const exact = (time - this.#origin) / this.step;
    const next = this.#last + 1;
    this.#learn(exact);
    const early = Math.min(1, this.#pace ?? 1) / 2 + EARLY;
    if (exact < next - early) return { action: 'drop' };
    const place = exact < next + LATE ? next : Math.round(exact);
    const repeats = this.#fill(next, place);
    this.#last = place;
    return { action: 'take', time: this.#timeOf(place), repeats };
  }

  #learn(exact: number): void {
    if (this.#seen !== undefined) {
      const step = Math.min(LONGEST_STEP, exact - this.#seen);
      const pace = this.#pace ?? step;
      this.#pace = pace + (step - pace) / STEPS;
    }
    this.#seen = exact;
  }

  /** Times up to this one at which the last frame is to be shown again, because nothing else came. */
  fillUntil(time: number): number[] {
    if (this.#origin === undefined) return [];
    const place = Math.floor((time - this.#origin) / this.step);
    const repeats = this.#fill(this.#last + 1, place + 1);
    if (repeats.length > 0) this.#last = place;
    return repeats;
  }

  #fill(from: number, to: number): number[] {
    if ((to - from) * this.step > LONGEST_FILL) return [];
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => this.#timeOf(from + i));
  }
}
