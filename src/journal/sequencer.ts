/** Does things in the order in which they were asked for: at once, or as soon as what is being opened is open. */
export class Sequencer {
  #waiting: (() => void)[] = [];
  #held = 0;

  /** @param onError hears what something threw. Must not throw. */
  constructor(private readonly onError: (error: unknown) => void) {}

  run(work: () => void): void {
    if (this.#held > 0) this.#waiting.push(work);
    else this.#do(work);
  }

  /** Everything from now on waits until this has settled. */
  hold(opening: Promise<unknown>): void {
    this.#held++;
    void opening.catch(this.onError).then(() => this.#release());
  }

  #release(): void {
    this.#held--;
    while (this.#held === 0) {
      const work = this.#waiting.shift();
      if (!work) return;
      this.#do(work);
    }
  }

  #do(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onError(error);
    }
  }

  /** Resolves when all that was asked for so far is done. */
  settled(): Promise<void> {
    return new Promise(resolve => this.run(resolve));
  }
}
