/** Numbers of what is recorded: what others may be predicted from, and what has come before. Pure. */
import type { ChainFrame } from './chain-frame.ts';

/** Dependencies reach back 4,096 frames at the most (dependency descriptor of the AV1 RTP payload, A.8.1: 12 bits). */
const REACH = 4_096;
/** So many are known when they come again: a sender that probes the network repeats what it has just sent. */
const REMEMBERED = 256;

export class ChainNumbers {
  /** Since the last key frame, the oldest first. */
  readonly #kept = new Set<number>();
  /** Times of the last ones, by number; a key frame changes nothing about what has come before it. */
  readonly #times = new Map<number, number>();

  /** A key frame: nothing after it is predicted from what was before it. */
  begin(frame: ChainFrame): void {
    this.#kept.clear();
    this.add(frame);
  }

  add({ frameId, time }: ChainFrame): void {
    if (frameId === undefined) return;
    this.#kept.add(frameId);
    for (const oldest of this.#kept) {
      if (oldest >= frameId - REACH) break;
      this.#kept.delete(oldest);
    }
    this.#times.delete(frameId);
    this.#times.set(frameId, time);
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= REMEMBERED) break;
      this.#times.delete(oldest);
    }
  }

  /** Whether all is there that a frame is predicted from. */
  isComplete({ dependencies }: ChainFrame): boolean {
    return dependencies?.every(id => this.#kept.has(id)) ?? true;
  }

  /** Whether a frame has been recorded: of the same number and time; another sender's numbers have other times. */
  has({ frameId, time }: ChainFrame): boolean {
    return frameId !== undefined && this.#times.get(frameId) === time;
  }
}
