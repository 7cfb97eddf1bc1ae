/** Rounds, one after another, and again when something is due. No Node modules. */

/** The longest time that a timer can wait; milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Does a piece of work when it is asked for, or due; never twice at once. */
export class Rounds {
  #running: Promise<void> | undefined;
  #again = false;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param work resolves to when it is to be done again, in milliseconds since 1970. Must not reject.
   * @param hasTimers false where nothing goes on when no request is answered: then it is done when it is asked for only.
   */
  constructor(
    private readonly work: () => Promise<number | undefined>,
    private readonly hasTimers: boolean,
  ) {}

  /** There is something to do. Resolves when it has been looked at. */
  run(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#all().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #all(): Promise<void> {
    let nextAt: number | undefined;
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      clearTimeout(this.#timer);
      nextAt = await this.work();
    }
    if (nextAt !== undefined) this.runAt(nextAt);
  }

  /** There will be something to do, in milliseconds since 1970, where timers run. What was said last holds. */
  runAt(time: number): void {
    if (this.#isClosed || !this.hasTimers) return;
    clearTimeout(this.#timer);
    const delay = Math.min(LONGEST_TIMER, Math.max(0, time - Date.now()));
    this.#timer = setTimeout(() => void this.run(), delay);
    // In Node, events that wait do not keep a server from ending: they are on the disk.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Begins no more. Resolves when what runs is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
