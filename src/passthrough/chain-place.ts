/** What of a track has its place in the recording, in order: nothing can be put before it, or twice. Pure. */
import { type ChainFrame, isAfter, isSame } from './chain-frame.ts';

export class ChainPlace<T extends ChainFrame> {
  /** Of the newest picture, whose layers have the same time. */
  #layers: T[] = [];

  /** The newest. */
  get last(): T | undefined {
    return this.#layers.at(-1);
  }

  /** Whether a frame can be put behind what is there. */
  isInTime(frame: T): boolean {
    const { last } = this;
    return last === undefined || isAfter(frame, last);
  }

  /** Whether a frame is of the newest picture, and there already. */
  has(frame: T): boolean {
    return this.#layers.some(layer => isSame(frame, layer));
  }

  put(frame: T): void {
    if (frame.time !== this.last?.time) this.#layers = [];
    this.#layers.push(frame);
  }
}
