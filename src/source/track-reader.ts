/** Reads a track's frames or audio as they come. */

/**
 * A gap this long means that nothing that was captured before `stop()` is still on its way; on a machine with more to
 * do than cores, 40 ms were too few. A live source ends the wait with its next item. Milliseconds.
 */
const IDLE = 200;
/** Something that must be closed exactly once. */
interface Closable {
  close(): void;
}

/** Whoever gets an item owns it. `arrival` is microseconds of `performance.now()`. */
export class TrackReader<Item extends Closable> {
  readonly #reader: ReadableStreamDefaultReader<Item>;
  #lastItem = performance.now();
  #stopped = false;
  #isLate: ((item: Item) => boolean) | undefined;

  constructor(
    readable: ReadableStream<Item>,
    private readonly onItem: (item: Item, arrival: number) => void,
    /** The track has ended by itself. */
    private readonly onEnd: () => void,
  ) {
    this.#reader = readable.getReader();
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#lastItem = performance.now();
        if (!this.#stopped && this.#isLate?.(value)) this.cancel();
        if (this.#stopped) value.close();
        else this.onItem(value, this.#lastItem * 1000);
      }
    } catch {
      // A stream that breaks has ended, whatever the cause.
    }
    if (!this.#stopped) this.onEnd();
    this.#stopped = true;
  }

  /**
   * Takes what is still on its way, then lets the track go.
   *
   * @param longest milliseconds after which the rest is left.
   * @param isLate tells what was captured after the end; with the first such item everything before it is there.
   */
  async stop(longest: number, isLate: (item: Item) => boolean): Promise<void> {
    this.#isLate = isLate;
    const since = performance.now();
    const idleFor = (): number => performance.now() - Math.max(since, this.#lastItem);
    while (!this.#stopped && idleFor() < IDLE && performance.now() - since < longest) {
      await new Promise(resolve => setTimeout(resolve, IDLE / 4));
    }
    this.cancel();
  }

  /** Lets the track go at once. */
  cancel(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#reader.cancel().catch(() => undefined);
  }
}
