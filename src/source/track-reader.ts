/** Reads a track's frames or audio as they come. */
import type { WallClock } from './wall-clock.ts';

/**
 * A gap this long means that nothing that was captured before `stop()` is still on its way; on a machine with more to
 * do than cores, 40 ms were too few. A live source ends the wait with its next item. Microseconds.
 */
const IDLE = 200_000;
/** How often it is looked at; milliseconds. */
const LOOK = 50;

/** Something that must be closed exactly once. */
interface Closable {
  close(): void;
}

/** Whoever gets an item owns it. `arrival` is microseconds of the wall clock. */
export class TrackReader<Item extends Closable> {
  readonly #reader: ReadableStreamDefaultReader<Item>;
  #lastItem: number;
  #stopped = false;
  #isLate: ((item: Item) => boolean) | undefined;
  #goOn: (() => void) | undefined;

  constructor(
    readable: ReadableStream<Item>,
    /** Gives `true` back when what comes next may wait where it is until `goOn`. */
    private readonly onItem: (item: Item, arrival: number) => unknown,
    /** The track has ended by itself. */
    private readonly onEnd: () => void,
    private readonly wall: WallClock,
  ) {
    this.#lastItem = wall.now();
    this.#reader = readable.getReader();
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#lastItem = this.wall.now();
        if (!this.#stopped && this.#isLate?.(value)) this.cancel();
        if (this.#stopped) value.close();
        else if (this.onItem(value, this.#lastItem) === true && !this.#isLate)
          await new Promise<void>(resolve => {
            this.#goOn = resolve;
          });
      }
    } catch {
      // A stream that breaks has ended, whatever the cause.
    }
    if (this.#stopped) return;
    this.#stopped = true;
    this.onEnd();
  }

  /** Reads what has waited, and what comes. */
  goOn(): void {
    this.#goOn?.();
  }

  /** Reads what has waited; resolves when that is done. */
  async readOn(): Promise<void> {
    this.goOn();
    await new Promise<void>(resolve => this.wall.after(1, resolve));
  }

  /** True once nothing more comes: the track has ended, or was let go. */
  get ended(): boolean {
    return this.#stopped;
  }

  /**
   * Takes what is still on its way, then lets the track go.
   *
   * @param longest microseconds after which the rest is left.
   * @param isLate tells what was captured after the end; with the first such item everything before it is there.
   */
  async stop(longest: number, isLate: (item: Item) => boolean): Promise<void> {
    this.#isLate = isLate;
    this.goOn();
    const { wall } = this;
    const since = wall.now();
    const idleFor = (): number => wall.now() - Math.max(since, this.#lastItem);
    while (!this.#stopped && idleFor() < IDLE && wall.now() - since < longest) {
      await new Promise<void>(resolve => wall.after(LOOK, resolve));
    }
    this.cancel();
  }

  /** Lets the track go at once. */
  cancel(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.goOn();
    this.#reader.cancel().catch(() => undefined);
  }
}
