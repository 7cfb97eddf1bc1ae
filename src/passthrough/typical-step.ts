/** How far apart frames are as a rule: by that, a missing one is noticed where frames have no numbers. Pure. */

/** A camera that goes from 30 to 15 frames a second in the dark is known by its new step after half of these. */
const REMEMBERED = 9;
/** Before there are so many, nothing is said. */
const LEAST = 3;
/** A step that is so many times the typical one is suspicious: it has room for a frame and a half. */
const SUSPICIOUS = 1.5;

export class TypicalStep {
  #steps: number[] = [];

  /** @param step time from one picture to the next; layers of one picture, which have none, don't count. */
  note(step: number): void {
    if (step <= 0) return;
    this.#steps.push(step);
    if (this.#steps.length > REMEMBERED) this.#steps.shift();
  }

  /** The median, in which a single gap does not show. */
  get median(): number | undefined {
    if (this.#steps.length < LEAST) return undefined;
    return this.#steps.toSorted((a, b) => a - b)[this.#steps.length >> 1];
  }

  /** Whether none of the last steps was suspicious. */
  get isSteady(): boolean {
    return this.#steps.every(step => this.judge(step) === 'usual');
  }

  /** What a step says of whether a frame is missing in it. */
  judge(step: number): 'usual' | 'suspicious' | 'unknown' {
    const { median } = this;
    if (median === undefined) return 'unknown';
    return step > SUSPICIOUS * median ? 'suspicious' : 'usual';
  }
}
