/**
 * Puts packets of sound in order. They are delivered as they come from the network, before the browser's own jitter
 * buffer, and what is once recorded can't be moved behind what comes late. Pure.
 */
import { sequenceStep } from './sequence-number.ts';

export interface Numbered {
  /** Absent where the browser does not tell it: such a packet waits for none. */
  sequenceNumber?: number | undefined;
}

/** So long a packet waits for those before it; microseconds. A packet that is sent again takes a round trip or two. */
const PATIENCE = 300_000;
/** No more wait: then the missing one will not come, or it is another sender with other numbers. */
const MOST_WAITING = 50;

interface Waiting<T> {
  packet: T;
  number: number;
  since: number;
}

export class Reorder<T extends Numbered> {
  /** The number of the last packet that was given out. */
  #last: number | undefined;
  /** In order. */
  #waiting: Waiting<T>[] = [];

  /**
   * @param now when it came, on any steady clock; microseconds.
   * @returns what is in order now. A packet that is too late comes out at once: who counts it can leave it out.
   */
  take(packet: T, now: number): T[] {
    const number = packet.sequenceNumber;
    if (number === undefined) return [...this.end(), packet];
    if (this.#last !== undefined && sequenceStep(this.#last, number) <= 0) return [packet, ...this.tick(now)];
    const place = this.#waiting.findIndex(one => sequenceStep(one.number, number) < 0);
    const at = place < 0 ? this.#waiting.length : place;
    this.#waiting.splice(at, 0, { packet, number, since: now });
    this.#last ??= number - 1;
    return this.tick(now);
  }

  /** Time has passed without a packet. */
  tick(now: number): T[] {
    const given: T[] = [];
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const follows = this.#last !== undefined && sequenceStep(this.#last, next.number) === 1;
      const patient = this.#waiting.every(({ since }) => now - since < PATIENCE);
      if (!follows && patient && this.#waiting.length <= MOST_WAITING) break;
      this.#waiting.shift();
      this.#last = next.number;
      given.push(next.packet);
    }
    return given;
  }

  /** Nothing more will come, or from another sender: what waits comes out. */
  end(): T[] {
    this.#last = undefined;
    return this.#waiting.splice(0).map(({ packet }) => packet);
  }
}
