/** Something that must not be done too often. */

export class Paced {
  #last = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param spacing least time between two; milliseconds. */
  constructor(
    private readonly action: () => void,
    private readonly spacing: number,
  ) {}

  /**
   * Does it at once, or as soon as it may be done again. Asked for twice meanwhile, it is done once: what the last time
   * brought may have come before the second one asked, so that it can't be left out altogether.
   */
  ask(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#last + this.spacing - performance.now();
    if (wait <= 0) this.#act();
    else this.#timer = setTimeout(() => this.#act(), wait);
  }

  /** What was to be done later is not done. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #act(): void {
    this.#timer = undefined;
    this.#last = performance.now();
    this.action();
  }
}
