/**
 * Maps a video track's own timestamps to the recording's timeline. Pure: arrival times are passed in.
 * All times are microseconds.
 */
import { DelayFloor, stepOverJump } from './delay-floor.ts';

/** Timestamps that run ahead of the arrival by more than this in one step, or back by more than `BACK`, have jumped. */
const AHEAD = 2_000_000;
/** A frame that comes so much faster than the fastest one of so long a time has jumped too. */
const FASTER = 500_000;
const FASTER_THAN = 2_000_000;
/** A clock that steps back by less may only wobble. */
const BACK = 300_000;
/** Timestamps that have to be repaired so often in a row are no clock at all: frames go where they arrive. */
const HOPELESS = 3;
/** Smallest step between two frames on the timeline; MP4 timescales can't tell much smaller ones apart. */
const MIN_STEP = 1_000;
/** A frame that arrives in a burst is no measure of the frame rate. */
const MAX_TYPICAL = 1_000_000;
/** For so long after a repair, frames that come faster than any before show that it has moved the clock too far. */
const DOUBT = 10_000_000;

/** One frame's place. */
export interface MappedTime {
  /** Microseconds on the timeline, strictly greater than the one before. */
  time: number;
  /** True when the source's timestamp could not be kept: it stood still, ran back or jumped. */
  repaired: boolean;
}

interface LastFrame {
  timestamp: number;
  arrival: number;
  time: number;
}

export class VideoClock {
  #last: LastFrame | undefined;
  /** Timeline time = timestamp + offset. */
  #offset = 0;
  #typical = 33_333;
  readonly #floor = new DelayFloor();
  #rebase = false;
  #repairs = 0;
  /** By how much repairs have moved the clock ahead, and until when that may be taken back. */
  #ahead = { by: 0, until: Number.NEGATIVE_INFINITY };

  /**
   * @param start where the first frame goes on the timeline, given its arrival.
   * @param least where a source's first frame goes at the least: the file before it must have begun before.
   */
  constructor(
    private readonly start: (arrival: number) => number = () => 0,
    private readonly least: () => number = () => Number.NEGATIVE_INFINITY,
  ) {}

  map(timestamp: number, arrival: number): MappedTime {
    const last = this.#last;
    if (last === undefined) {
      this.#offset = Math.max(this.least(), Math.round(this.start(arrival))) - timestamp;
      return this.#keep(timestamp, arrival, timestamp + this.#offset, false);
    }
    if (this.#rebase || this.#jumped(timestamp, arrival, last)) {
      this.#repairs = 0;
      const late = last.arrival - last.time - this.#floor.value;
      const step = stepOverJump(this.#typical, arrival - last.arrival, late);
      const time = Math.max(this.least(), last.time + step);
      this.#offset = time - timestamp;
      const repaired = !this.#rebase;
      this.#rebase = false;
      return this.#keep(timestamp, arrival, time, repaired);
    }
    const takenBack = this.#takeBack(timestamp, arrival);
    const own = timestamp + this.#offset;
    if (own >= last.time + MIN_STEP) {
      this.#repairs = 0;
      this.#learn(own - last.time);
      return this.#keep(timestamp, arrival, own, takenBack > 0);
    }
    this.#repairs++;
    const arrived = Math.max(last.time + MIN_STEP, Math.round(arrival - this.#floor.value));
    // Half a step: it is over before the next frame is due, so that one can have its own time again.
    const half = Math.min(arrived, last.time + Math.max(MIN_STEP, Math.round(this.#typical / 2)));
    // Of frames that were kept and come all at once, the arrival tells nothing.
    const kept = arrival - last.arrival < this.#typical / 2;
    const time = this.#repairs < HOPELESS || kept ? half : arrived;
    // It may be that the source's clock has only stood still for a while: what follows goes on from here.
    if (this.#repairs >= HOPELESS) this.#moveTo(time, timestamp, arrival);
    this.#last = { timestamp, arrival, time };
    return { time, repaired: true };
  }

  #moveTo(time: number, timestamp: number, arrival: number): void {
    const offset = time - timestamp;
    const by = offset - this.#offset;
    if (by > 0) this.#ahead = { by: this.#ahead.by + by, until: arrival + DOUBT };
    this.#offset = offset;
  }

  /** Timestamps that wobble by more than a frame would else have the clock moved ahead again and again. */
  #takeBack(timestamp: number, arrival: number): number {
    if (arrival > this.#ahead.until) this.#ahead.by = 0;
    const faster = this.#floor.value - (arrival - timestamp - this.#offset);
    const by = Math.round(Math.max(0, Math.min(faster, this.#ahead.by)));
    this.#ahead.by -= by;
    this.#offset -= by;
    return by;
  }

  /** Lateness alone is no jump: it is the worker that was held up, and the browser that kept the frames. */
  #jumped(timestamp: number, arrival: number, last: LastFrame): boolean {
    const step = timestamp - last.timestamp;
    if (step < -BACK || step - (arrival - last.arrival) > AHEAD) return true;
    const delay = arrival - timestamp - this.#offset;
    return this.#floor.isSteady(arrival, FASTER_THAN) && delay < this.#floor.value - FASTER;
  }

  /** By a frame that keeps its own time, the delay of the clock is known. */
  #keep(timestamp: number, arrival: number, time: number, repaired: boolean): MappedTime {
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

  /** Smallest arrival − timeline time seen of late: the delay of the frame that came through fastest. */
  get floor(): number {
    return this.#floor.value;
  }

  /** True when a frame was captured after the moment `end`, an arrival time; ask `isSteady` whether that can be told. */
  capturedAfter(timestamp: number, end: number): boolean {
    const time = this.timeOf(timestamp);
    return time !== undefined && time > end - this.#floor.value;
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
