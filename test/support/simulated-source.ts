/** Stands in for a `MediaStreamTrackProcessor`, in Node: a source with a clock of its own, which does as it is told. */
import type { SimulatedClock } from './simulated-clock.ts';

/** How a source's timestamps and its deliveries run. Microseconds. */
export interface Timing {
  /** What the timestamps begin at. */
  base: number;
  /** By how much its clock runs faster than the arrivals; millionths. */
  ppm: number;
  /** How late things come at the least, and by how much more at the most. */
  latency: number;
  jitter: number;
  /** By how much timestamps are off, up or down, at the most. */
  wobble: number;
}

interface Closable {
  close(): void;
}

/** What a source is made of. */
export interface SourceSetup<Item> {
  clock: SimulatedClock;
  /** From 0 up to 1. */
  random: () => number;
  timing: Timing;
  /** Things that the browser keeps for a reader that does not come; older ones are lost. */
  buffer: number;
  /** Microseconds from one thing to the next, at this moment. */
  step: () => number;
  make: (timestamp: number) => Item;
  /** The reader has got something, which was captured at this time. */
  onHanded: (item: Item, captured: number) => void;
}

export class SimulatedSource<Item extends Closable> {
  readonly readable: ReadableStream<Item>;
  muted = false;
  #queue: { item: Item; captured: number }[] = [];
  /** Resolves the reader's wait. */
  #wake: (() => void) | undefined;
  /** When the next thing is captured, and when it comes. */
  #captured: number;
  #due = 0;
  #cancelAlarm: () => void = () => undefined;
  #jump = 0;
  #last = 0;
  /** So many timestamps stand still, or are nonsense, from now on. */
  #still = 0;
  #nonsense = 0;
  #ended: 'no' | 'ended' | 'broken' | 'over' = 'no';

  constructor(private readonly setup: SourceSetup<Item>) {
    this.#captured = setup.clock.now() + setup.random() * setup.step();
    this.readable = new ReadableStream<Item>(
      { pull: controller => this.#pull(controller), cancel: () => this.#cancel() },
      { highWaterMark: 0 },
    );
    this.#plan();
  }

  /** True once nothing comes any more. */
  get over(): boolean {
    return this.#ended !== 'no';
  }

  #plan(): void {
    const { clock, random, timing } = this.setup;
    const came = this.#captured + timing.latency + random() ** 3 * timing.jitter;
    this.#due = Math.max(this.#due, came);
    this.#cancelAlarm = clock.after((this.#due - clock.now()) / 1000, () => this.#come());
  }

  /** After it was held up, everything that was captured meanwhile comes at once. */
  #come(): void {
    if (this.over) return;
    do {
      if (!this.muted) this.#give(this.setup.make(this.#timestamp()));
      this.#captured += this.setup.step();
    } while (this.#captured + this.setup.timing.latency <= this.setup.clock.now());
    this.#plan();
  }

  #timestamp(): number {
    const { timing, random } = this.setup;
    if (this.#still > 0) {
      this.#still--;
      return this.#last;
    }
    if (this.#nonsense > 0) {
      this.#nonsense--;
      return (this.#last = Math.round((random() - 0.5) * 1e10));
    }
    const own = this.#captured * (1 + timing.ppm * 1e-6);
    this.#last = Math.round(timing.base + own + this.#jump + (2 * random() - 1) * timing.wobble);
    return this.#last;
  }

  #give(item: Item): void {
    this.#queue.push({ item, captured: this.#captured });
    if (this.#queue.length > this.setup.buffer) this.#queue.shift()?.item.close();
    this.#wake?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Item>): Promise<void> {
    if (this.#queue.length === 0 && this.#ended === 'no')
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    this.#wake = undefined;
    if (this.#ended === 'over') return;
    const next = this.#queue.shift();
    if (next) {
      this.setup.onHanded(next.item, next.captured);
      controller.enqueue(next.item);
    } else if (this.#ended === 'broken') controller.error(new Error('The device is gone.'));
    else controller.close();
  }

  #cancel(): void {
    this.#finish('over');
    for (const { item } of this.#queue.splice(0)) item.close();
  }

  #finish(how: 'ended' | 'broken' | 'over'): void {
    this.#ended = how;
    this.#cancelAlarm();
    this.#wake?.();
  }

  /** The track ends: what has come is still read. */
  end(): void {
    if (!this.over) this.#finish('ended');
  }

  /** The stream breaks. */
  break(): void {
    if (!this.over) this.#finish('broken');
  }

  /** Its timestamps run on so many microseconds further. */
  jump(by: number): void {
    this.#jump += by;
  }

  /** So many things have the timestamp of the one before. */
  standStill(count: number): void {
    this.#still = count;
  }

  /** So many things have any timestamp. */
  talkNonsense(count: number): void {
    this.#nonsense = count;
  }

  /** The machine sleeps for so long from now on, and captures nothing; the source's clock runs on or stands still. */
  sleep(microseconds: number, runsOn: boolean): void {
    this.#captured += microseconds;
    if (!runsOn) this.#jump -= microseconds;
    if (this.over) return;
    this.#cancelAlarm();
    this.#plan();
  }
}
