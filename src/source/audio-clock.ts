/**
 * Places audio on the recording's timeline. Audio and video timestamps come from unrelated clocks (a camera's
 * and a microphone's were 2,720 s apart), so what lines them up is when their fastest pieces arrived. Pure.
 * All times are microseconds.
 */
import { DelayFloor } from './delay-floor.ts';

/**
 * Timestamps that run ahead of the arrival by more than this in one step, or back by more than `BACK`, have jumped. Less
 * than that they wobble.
 */
const AHEAD = 500_000;
const BACK = 100_000;
/**
 * Pieces that come later than the fastest one by more than `LATE` have jumped too, if they still do after `LATE_FOR`.
 * Until then it is the worker that was held up, and the browser that kept them.
 */
const LATE = 1_000_000;
const LATE_FOR = 2_000_000;

/** Maps an audio track's own timestamps to arrival time by the piece that came through fastest. */
export class AudioClock {
  #last: { unwrapped: number; arrival: number; duration: number } | undefined;
  /** What is added to timestamps so that they run on over jumps of their clock. */
  #shift = 0;
  #rebase = false;
  readonly #floor = new DelayFloor();
  #late: { since: number; least: number } | undefined;
  /** Timeline time = unwrapped timestamp + offset; fixed once `settle` was called. */
  #offset: number | undefined;

  /**
   * Looks at a piece that arrived and gives its timestamp back, freed of jumps. Chromium gives audio that was
   * buffered before its stream was handed to a worker the page's time base, and what comes after it the
   * worker's: the first pieces jump by the age of the page.
   */
  observe(timestamp: number, arrival: number, duration: number): number {
    const last = this.#last;
    if (last !== undefined) {
      const step = timestamp + this.#shift - last.unwrapped;
      const arrivalStep = arrival - last.arrival;
      if (this.#rebase || step < -BACK || step - arrivalStep > AHEAD) {
        this.#shift += Math.max(arrivalStep, last.duration) - step;
      }
    }
    this.#rebase = false;
    this.#shift += this.#lateBy(arrival - timestamp - this.#shift, arrival);
    const unwrapped = timestamp + this.#shift;
    this.#floor.observe(arrival - unwrapped, arrival);
    this.#last = { unwrapped, arrival, duration };
    return unwrapped;
  }

  /** By how much the clock has fallen behind for good; 0 while it may be the worker that is behind. */
  #lateBy(delay: number, arrival: number): number {
    if (delay - this.#floor.value <= LATE) {
      this.#late = undefined;
      return 0;
    }
    const late = this.#late ?? { since: arrival, least: delay };
    this.#late = { ...late, least: Math.min(late.least, delay) };
    if (arrival - late.since < LATE_FOR) return 0;
    this.#late = undefined;
    return Math.min(late.least, delay) - this.#floor.value;
  }

  /** Fixes the mapping, given the smallest arrival − timeline time of the video. */
  settle(videoFloor: number): void {
    this.#offset ??= this.#floor.value - videoFloor;
  }

  /** Fixes the mapping so that the piece with this unwrapped timestamp lies at `time`. */
  settleAt(unwrapped: number, time: number): void {
    this.#offset ??= time - unwrapped;
  }

  /** True once the mapping is fixed. */
  get settled(): boolean {
    return this.#offset !== undefined;
  }

  /** Time on the timeline of an unwrapped timestamp. Only after `settle`. */
  map(unwrapped: number): number {
    return unwrapped + (this.#offset ?? 0);
  }

  /** What comes next is another source with a clock of its own; it goes on at its arrival. */
  rebase(): void {
    this.#rebase = this.#last !== undefined;
  }

  /** Takes a pause off the timeline: what comes next lies so many microseconds earlier than it would have. */
  moveBack(gap: number): void {
    if (this.#offset !== undefined) this.#offset -= gap;
  }

  /** True when a piece was captured after the moment `end`, an arrival time; false when that can't be told. */
  capturedAfter(timestamp: number, end: number): boolean {
    return this.#floor.isSteady(end) && timestamp + this.#shift > end - this.#floor.value;
  }

  /** Whether `capturedAfter` can tell. */
  isSteady(now: number): boolean {
    return this.#floor.isSteady(now);
  }

  /** Time on the timeline of something that arrives now without delay. Only after `settle`. */
  timeAt(arrival: number): number {
    return arrival - this.#floor.value + (this.#offset ?? 0);
  }

  /** Arrival of the last piece, if there was one. */
  get lastArrival(): number | undefined {
    return this.#last?.arrival;
  }
}

/** What to do with a piece of audio so that the track goes on without gap or overlap. */
export interface Placement {
  /** Samples of silence to put before it. */
  silence: number;
  /** Samples to leave out of its beginning. */
  skip: number;
}

/**
 * Timestamps of live audio wobble by tens of milliseconds around samples that follow each other without a gap,
 * so samples are counted, and the timestamps believed only when they disagree by more than this.
 */
const TOLERANCE = 40_000;

/** An unbroken run of samples from one point on. */
export class AudioTimeline {
  #origin: number;
  #samples = 0;

  constructor(
    origin: number,
    readonly sampleRate: number,
  ) {
    this.#origin = origin;
  }

  /** Where the next sample goes. */
  get time(): number {
    return this.#origin + (this.#samples * 1e6) / this.sampleRate;
  }

  /** Decides on a piece of `frames` samples that says it begins at `time`. */
  place(time: number, frames: number): Placement {
    const error = time - this.time;
    if (Math.abs(error) <= TOLERANCE) return { silence: 0, skip: 0 };
    const samples = Math.round((Math.abs(error) * this.sampleRate) / 1e6);
    return error > 0 ? { silence: samples, skip: 0 } : { silence: 0, skip: Math.min(frames, samples) };
  }

  /** Counts samples that were taken, silence included. */
  advance(frames: number): void {
    this.#samples += frames;
  }
}
