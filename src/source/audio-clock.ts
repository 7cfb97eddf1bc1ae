/**
 * Places audio on the recording's timeline. Audio and video timestamps come from unrelated clocks (a camera's
 * and a microphone's were 2,720 s apart), so what lines them up is when their fastest pieces arrived, at the start and
 * from then on, as clocks drift apart. Pure. All times are microseconds.
 */
import { DelayFloor, stepOverJump } from './delay-floor.ts';
import { DriftFollower } from './drift.ts';

/**
 * Timestamps of live audio wobble by tens of milliseconds around samples that follow each other without a gap, so
 * samples are counted, and the timestamps believed only when they disagree by more than this.
 */
const WOBBLE = 40_000;
/** Where a wobbling clock lies is known after so long. */
const WOBBLE_HORIZON = 30_000_000;
/** Timestamps that run ahead of the arrival by more than `AHEAD` in one step, or back by more than `BACK`, have jumped. */
const AHEAD = 500_000;
const BACK = 100_000;
/** By how much a piece may come faster than the fastest one, also by the time since the last piece and by what is missing. */
const FASTER = 10_000;
const FASTER_BY_DRIFT = 500e-6;
const FASTER_BY_GAP = 0.02;
/**
 * Pieces that come later than the fastest one by more than `LATE` have jumped too, if they still do after `LATE_FOR`.
 * Until then it is the worker that was held up, and the browser that kept them.
 */
const LATE = 1_000_000;
const LATE_FOR = 2_000_000;

/** What comes later than the fastest piece by less than this has just been captured. */
const FRESH = 3_000;

/** The other track's delay: its fastest piece's arrival − time on the timeline. */
export interface ReferenceDelay {
  floor: number;
  /** False while it is not known well enough to be followed. */
  steady: boolean;
}

interface LastPiece {
  timestamp: number;
  /** Its own time, freed of jumps and of wobble. */
  time: number;
  arrival: number;
  duration: number;
  /** True when its timestamp came after the one before by its duration, more or less, and it came once. */
  movedOn: boolean;
}

/** Maps an audio track's own timestamps to the timeline, by the piece that came through fastest. */
export class AudioClock {
  #last: LastPiece | undefined;
  /** What is added to timestamps so that they run on over jumps of their clock. */
  #shift = 0;
  #rebase = false;
  readonly #floor = new DelayFloor();
  readonly #drift = new DriftFollower();
  #late: { since: number; least: number } | undefined;
  /** Timeline time = own time + offset; fixed by `settle`, and moved only as the clock drifts. */
  #offset: number | undefined;
  /** The delay that is kept to while there is no other track. */
  #ownReference = 0;

  /** @param reference the video's delay at an arrival time; `undefined`: there was none yet. */
  constructor(
    private readonly reference: (arrival: number) => ReferenceDelay | undefined = () => undefined,
  ) {}

  /**
   * Looks at a piece that arrived and gives its own time back, freed of jumps: it follows the piece before without a gap
   * unless there is one. Chromium gives audio that was buffered before its stream was handed to a worker the page's
   * time base, and what comes after it the worker's: the first pieces jump by the age of the page.
   */
  observe(timestamp: number, arrival: number, duration: number): number {
    const last = this.#last;
    if (last && !this.#rebase && this.#cameAgain(timestamp, arrival, last)) {
      last.movedOn = false;
      return last.time;
    }
    const elapsed = last === undefined ? 0 : arrival - last.arrival;
    let time = last === undefined ? timestamp + this.#shift : this.#next(timestamp, arrival, last);
    const behind = this.#lateBy(arrival - time, arrival);
    this.#shift += behind;
    time += behind;
    this.#floor.observe(arrival - time, arrival);
    this.#last = { timestamp, time, arrival, duration, movedOn: this.#movesOn(timestamp, last) };
    this.#follow(arrival, elapsed);
    return time;
  }

  #next(timestamp: number, arrival: number, last: LastPiece): number {
    const expected = last.time + last.duration;
    const said = timestamp + this.#shift;
    const step = said - last.time;
    const arrivalStep = arrival - last.arrival;
    if (this.#rebase || step < -BACK || step - arrivalStep > AHEAD) {
      const late = last.arrival - last.time - this.#floor.value;
      const goneOn = last.time + stepOverJump(last.duration, arrivalStep, late);
      // Of one source, what comes a little later than expected is late, and nothing is missing.
      const unbroken = !this.#rebase && goneOn - expected <= WOBBLE;
      this.#rebase = false;
      return this.#jumpTo(timestamp, unbroken ? expected : goneOn);
    }
    const deviation = said - expected;
    if (Math.abs(deviation) <= WOBBLE) {
      this.#shift -= (deviation * last.duration) / WOBBLE_HORIZON;
      return expected;
    }
    if (!this.#floor.isSteady(arrival)) return said;
    // Samples that are missing have taken their time, and samples that came twice come too early.
    const room = arrival - this.#floor.value - expected + FASTER + arrivalStep * FASTER_BY_DRIFT;
    if (deviation > 0 && deviation * (1 - FASTER_BY_GAP) > room) return this.#jumpTo(timestamp, expected);
    if (deviation < 0 && room > -WOBBLE) return this.#jumpTo(timestamp, expected);
    return said;
  }

  /** A piece that is delivered twice comes again at once. Where timestamps stand still, more than two have the same. */
  #cameAgain(timestamp: number, arrival: number, last: LastPiece): boolean {
    return last.movedOn && timestamp === last.timestamp && arrival - last.arrival < last.duration / 2;
  }

  #movesOn(timestamp: number, last: LastPiece | undefined): boolean {
    if (last === undefined) return false;
    const step = timestamp - last.timestamp;
    return step > 0 && step < 1.5 * last.duration;
  }

  #jumpTo(timestamp: number, time: number): number {
    this.#shift = time - timestamp;
    return time;
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

  /** Moves with the video's clock, or with the arrival where there is no video. */
  #follow(arrival: number, elapsed: number): void {
    if (this.#offset === undefined || !this.#floor.isSteady(arrival)) return;
    const reference = this.reference(arrival);
    if (reference?.steady) this.#ownReference = reference.floor;
    if (reference && !reference.steady) return;
    const error = this.#floor.value - this.#ownReference - this.#offset;
    this.#offset += this.#drift.follow(error, elapsed);
  }

  /** Fixes the mapping, given the smallest arrival − timeline time of the video. */
  settle(videoFloor: number): void {
    this.#fix(this.#floor.value - videoFloor);
  }

  /** Fixes the mapping so that the piece with this own time lies at `time` on the timeline. */
  settleAt(own: number, time: number): void {
    this.#fix(time - own);
  }

  #fix(offset: number): void {
    if (this.#offset !== undefined) return;
    this.#offset = offset;
    this.#ownReference = this.#floor.value - offset;
  }

  /** True once the mapping is fixed. */
  get settled(): boolean {
    return this.#offset !== undefined;
  }

  /** Time on the timeline of a piece's own time. Only after `settle`. */
  map(own: number): number {
    return own + (this.#offset ?? 0);
  }

  /** What comes next is another source with a clock of its own; it goes on at its arrival. */
  rebase(): void {
    this.#rebase = this.#last !== undefined;
  }

  /** Takes a pause off the timeline: what comes next lies so many microseconds earlier than it would have. */
  moveBack(gap: number): void {
    if (this.#offset === undefined) return this.#rebase ? this.#moveOwnBack(gap) : undefined;
    this.#offset -= gap;
    this.#ownReference += gap;
  }

  /** Slept before it is known where anything lies: what waits for that and what comes next follow each other. */
  #moveOwnBack(gap: number): void {
    this.#floor.shift(gap);
    if (this.#last) this.#last.arrival += gap;
  }

  /** True when a piece was captured after the moment `end`, an arrival time; ask `isSteady` whether that can be told. */
  capturedAfter(timestamp: number, end: number): boolean {
    return timestamp + this.#shift > end - this.#floor.value;
  }

  /** Whether `capturedAfter` can tell. */
  isSteady(now: number): boolean {
    return this.#floor.isSteady(now);
  }

  /** Time on the timeline of something that arrives now without delay. Only after `settle`. */
  timeAt(arrival: number): number {
    return arrival - this.#floor.value + (this.#offset ?? 0);
  }

  /** True when it is known where everything lies, and nothing waits behind the last piece: that came about as fast as the fastest. */
  get caughtUp(): boolean {
    const last = this.#last;
    return this.settled && last !== undefined && last.arrival - last.time < this.#floor.value + FRESH;
  }

  /** Arrival of the last piece, if there was one. */
  get lastArrival(): number | undefined {
    return this.#last?.arrival;
  }
}
