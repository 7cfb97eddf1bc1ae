/** A clock that stands still until the test moves it: hours pass in an instant, and the same way each time. */
import type { WallClock } from '../../src/source/wall-clock.ts';

interface Alarm {
  /** Microseconds. */
  due: number;
  /** Microseconds to the next one, if there is one. */
  every: number | undefined;
  call: () => void;
}

/** A turn of the event loop, without the 4 ms that browsers add to timers. */
const nextTurn = (): ((resolve: () => void) => void) => {
  if (typeof setImmediate === 'function') return resolve => void setImmediate(resolve);
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return resolve => {
    waiting.push(resolve);
    port2.postMessage(undefined);
  };
};

const turn = nextTurn();

/** Lets everything happen that has only waited for its turn: promises, and streams that hand on what they have. */
export const settle = (): Promise<void> => new Promise(turn);

export class SimulatedClock implements WallClock {
  #now: number;
  /** In the order in which they were asked for. */
  readonly #alarms = new Set<Alarm>();

  /** @param start microseconds. */
  constructor(start = 1_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  every(milliseconds: number, call: () => void): () => void {
    return this.#set(milliseconds, call, Math.max(1, milliseconds * 1000));
  }

  after(milliseconds: number, call: () => void): () => void {
    return this.#set(milliseconds, call, undefined);
  }

  #set(milliseconds: number, call: () => void, every: number | undefined): () => void {
    const alarm = { due: this.#now + Math.max(0, milliseconds * 1000), every, call };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Number of callbacks that are still to come: those of `every` count once. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Lets so many microseconds pass; whatever is due on the way is called at its time, one after another. */
  async advance(microseconds: number): Promise<void> {
    const end = this.#now + microseconds;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due);
      this.#fire(next);
      await settle();
    }
    this.#now = Math.max(this.#now, end);
    await settle();
  }

  /** So many microseconds pass in which nothing runs; what became due meanwhile is called at the end, each once. */
  async sleep(microseconds: number): Promise<void> {
    await settle();
    this.#now += microseconds;
    await this.advance(0);
  }

  #next(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) if (alarm.due <= end && (!next || alarm.due < next.due)) next = alarm;
    return next;
  }

  /** An interval that is late is called once, however often it was due, as browsers do. */
  #fire(alarm: Alarm): void {
    if (alarm.every === undefined) this.#alarms.delete(alarm);
    else alarm.due = Math.max(alarm.due, this.#now) + alarm.every;
    alarm.call();
  }
}
