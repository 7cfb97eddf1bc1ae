/** The time by which things arrive: the browser's, or in tests a simulated one. */

/** Arrival times are microseconds of this clock; it never runs back. */
export interface WallClock {
  /** Microseconds. */
  now(): number;
  /** Calls back every so many milliseconds. */
  every(milliseconds: number, call: () => void): () => void;
  /** Calls back once after so many milliseconds, unless the function it gives back is called before. */
  after(milliseconds: number, call: () => void): () => void;
}

/** `performance.now()` and the worker's timers. */
export const wallClock: WallClock = {
  now: () => performance.now() * 1000,
  every: (milliseconds, call) => {
    const timer = setInterval(call, milliseconds);
    return () => clearInterval(timer);
  },
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};
