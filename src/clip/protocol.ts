/** What passes between the ring of a stream and the recordings that are made of it, each over a port of its own. */
import type { RingEntry } from './entry.ts';
import type { Known } from './ring.ts';

/** What a recording wants of the ring. Seconds, on the stream's timeline. */
export type RingRequest =
  /** From `preRoll` seconds ago on, or from the next frame on, until it is stopped. */
  | { kind: 'live'; preRoll: number }
  /** The last so many. */
  | { kind: 'last'; seconds: number }
  /** A piece of it, which may lie in the future. */
  | { kind: 'piece'; start: number; duration: number };

/** Where a recording begins and ends. Microseconds on the stream's timeline. */
export interface Bounds {
  /** Time that was asked for. */
  from: number;
  /** It begins with the first key frame at this time or after it; where that was before `from`, the frames between are given too. */
  key: number;
  /** Absent: it goes on until it is stopped. */
  until?: number;
}

export type FromRing =
  /** First. */
  | ({ type: 'begin'; known: Known } & Bounds)
  /** The answer to `more`. */
  | { type: 'entries'; entries: RingEntry[] }
  /**
   * The answer to `now`: all that was captured by then lies before `time`; what had come out of the encoders when the stream was
   * decided up to `given` has been given. Microseconds on the stream's timeline.
   */
  | { type: 'now'; time: number; given: number }
  /** All tracks have ended, and may come back; and when they have. */
  | { type: 'waiting' }
  | { type: 'resumed' }
  /** Nothing more will come; `error`: as something failed. */
  | { type: 'over'; error?: string };

export type ToRing =
  | { type: 'more' }
  /** Where the stream was at this moment: milliseconds since 1970, by the clock that all threads of a page share. */
  | { type: 'now'; at: number }
  /** A recording that goes on after a pause begins with a key frame. */
  | { type: 'key-frame' }
  | { type: 'close' };

/** What a ring holds. */
export interface RingState {
  /** Seconds on the stream's timeline: the earliest at which a clip can begin, and where the stream is. */
  start: number;
  end: number;
  /** Bytes in memory, and on the disk. */
  memoryBytes: number;
  storedBytes: number;
}
