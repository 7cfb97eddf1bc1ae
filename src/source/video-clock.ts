/**
 * Maps a video track's own timestamps to the recording's timeline. Pure: arrival times are passed in.
 * All times are microseconds.
 */
import { DelayFloor } from './delay-floor.ts';

/** Timestamps that run ahead of the arrival by more than this in one step, or back by more than `BACK`, have jumped. */
const AHEAD = 2_000_000;
const BACK = 100_000;
/** Timestamps that have to be repaired so often in a row are no clock at all: frames go where they arrive. */
const HOPELESS = 3;
/** Smallest step between two frames on the timeline; MP4 timescales can't tell much smaller ones apart. */
const MIN_STEP = 1_000;
/** A frame that arrives in a burst is no measure of the frame rate. */
const MAX_TYPICAL = 1_000_000;

/** One frame's place. */
export interface MappedTime {
  /** Microseconds on the timeline, strictly greater than the one before. */
  time: number;
  /** True when the source's timestamp could not be kept: it stood still, ran back or jumped. */
  repaired: boolean;
}

export class VideoClock {
  #last: { timestamp: number; arrival: number; time: number } | undefined;
  /** Timeline time = timestamp + offset. */
  #offset = 0;
  #typical = 33_333;
  readonly #floor = new DelayFloor();
  #rebase = false;
  #repairs = 0;

  /** @param start where the first frame goes on the timeline, given its arrival. */
  constructor(private readonly start: (arrival: number) => number = () => 0) {}

  map(timestamp: number, arrival: number): MappedTime {
    const last = this.#last;
    if (last === undefined) {
      this.#offset = Math.round(this.start(arrival)) - timestamp;
      return this.#take(timestamp, arrival, timestamp + this.#offset, false);
    }
    const step = timestamp - last.timestamp;
    const arrivalStep = arrival - last.arrival;
    if (this.#rebase || step < -BACK || step - arrivalStep > AHEAD) {
      // Lateness alone is no jump: it is the worker that was held up, and the browser that kept the frames.
      this.#offset = last.time + Math.max(this.#typical, Math.round(arrivalStep)) - timestamp;
      const repaired = !this.#rebase;
      this.#rebase = false;
      this.#floor.reset();
      return this.#take(timestamp, arrival, timestamp + this.#offset, repaired);
    }
    const time = timestamp + this.#offset;
    if (time >= last.time + MIN_STEP) {
      this.#repairs = 0;
      this.#learn(time - last.time);
      return this.#take(timestamp, arrival, time, false);
    }
    this.#repairs++;
    // Half a step: it is over before the next frame is due, so that one can have its own time again.
    const half = last.time + Math.max(MIN_STEP, Math.round(this.#typical / 2));
    const arrived = Math.max(last.time + MIN_STEP, Math.round(last.time + arrivalStep));
    return this.#take(timestamp, arrival, this.#repairs < HOPELESS ? half : arrived, true);
  }

  #take(timestamp: number, arrival: number, time: number, repaired: boolean): MappedTime {
    this.#floor.observe(arrival - time, arrival);
    this.#last = { timestamp, arrival, time };
    return { time, repaired };
  }

  #learn(step: number): void {
    if (step < MAX_TYPICAL) this.#typical = Math.round(this.#typical + (step - this.#typical) / 8);
  }

  /** Time on the timeline that a timestamp would have, as long as it does not jump; nothing is learnt from it. */
  timeOf(timestamp: number): number | undefined {
    return this.#last === undefined || this.#rebase ? undefined : timestamp + this.#offset;
  }

  /** The last frame was shown again at this time; timestamps are judged as before. */
  hold(time: number): void {
    if (this.#last && time > this.#last.time) this.#last = { ...this.#last, time };
  }

  /** What comes next is another source with a clock of its own; it goes on at its arrival. */
  rebase(): void {
    this.#rebase = this.#last !== undefined;
  }

  /** Takes a pause off the timeline: what comes next lies so many microseconds earlier than it would have. */
  moveBack(gap: number): void {
    this.#offset -= gap;
    this.#floor.shift(gap);
    if (this.#last) {
      this.#last = {
        ...this.#last,
        timestamp: this.#last.timestamp + gap,
        arrival: this.#last.arrival + gap,
      };
    }
  }

  /** Smallest arrival − timeline time seen: the delay of the frame that came through fastest. */
  get floor(): number {
    return this.#floor.value;
  }
  /** True when a frame was captured after the moment `end`, an arrival time; false when that can't be told. */
  capturedAfter(timestamp: number, end: number): boolean {
    const time = this.timeOf(timestamp);
    return time !== undefined && this.#floor.isSteady(end) && time > end - this.#floor.value;
  }
  /** Whether `capturedAfter` can tell. */
  isSteady(now: number): boolean {
    return this.#floor.isSteady(now);
  }
  /** Time of the last frame, if there was one. */
  get lastTime(): number | undefined {
    return this.#last?.time;
  }
  /** Arrival of the last frame, if there was one. */
  get lastArrival(): number | undefined {
    return this.#last?.arrival;
  }
  /** A running mean of the step between frames. */
  get typicalStep(): number {
    return this.#typical;
  }
}
