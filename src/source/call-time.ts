/**
 * Where the frames of a call lie on the recording's timeline. RTP timestamps of one track are exact among themselves; what
 * lines two tracks up is when their fastest frames arrived, at the start and from then on, as their clocks drift apart.
 * Pure. All times are microseconds.
 */
import { DelayFloor } from './delay-floor.ts';
import { DriftFollower } from './drift.ts';
import { PauseGate } from './pause-gate.ts';

export type CallKind = 'video' | 'audio';

/** One track's clock: its own times run on from its first frame. */
interface CallClock {
  floor: DelayFloor;
  /** Time on the timeline − own time; absent while it is not known. */
  offset: number | undefined;
  lastArrival: number | undefined;
}

const newClock = (): CallClock => ({ floor: new DelayFloor(), offset: undefined, lastArrival: undefined });

export class CallTime {
  readonly gates = { video: new PauseGate(), audio: new PauseGate() };
  readonly #clocks: Record<CallKind, CallClock> = { video: newClock(), audio: newClock() };
  /** Arrival − time on the timeline of what comes without delay. */
  #anchor: number | undefined;
  readonly #drift = new DriftFollower();

  /** Looks at a frame: every one tells something of its track's delay, also one that is not recorded. */
  observe(kind: CallKind, own: number, arrival: number): void {
    const clock = this.#clocks[kind];
    const elapsed = arrival - (clock.lastArrival ?? arrival);
    clock.floor.observe(arrival - own, arrival);
    clock.lastArrival = Math.max(arrival, clock.lastArrival ?? arrival);
    if (this.#leads(kind)) this.#anchor = clock.floor.value - (clock.offset ?? 0);
    else if (kind === 'audio') this.#follow(clock, arrival, elapsed);
  }

  /** The other track is lined up with this one. */
  #leads(kind: CallKind): boolean {
    if (this.#clocks[kind].offset === undefined) return false;
    return kind === 'video' || this.#clocks.video.offset === undefined;
  }

  /** Sound moves with the picture's clock: its samples stay as they are, only the times between them change. */
  #follow(clock: CallClock, arrival: number, elapsed: number): void {
    if (clock.offset === undefined || this.#anchor === undefined || !clock.floor.isSteady(arrival)) return;
    const error = clock.floor.value - this.#anchor - clock.offset;
    clock.offset += this.#drift.follow(error, Math.max(0, elapsed));
  }

  /** The first frame of all: it lies at `time`. */
  begin(kind: CallKind, own: number, time: number): void {
    const clock = this.#clocks[kind];
    clock.offset = time - own;
    this.#anchor = clock.floor.value - clock.offset;
  }

  /** Lines a track up with the one that has begun. Only after `begin`. */
  settle(kind: CallKind): void {
    const clock = this.#clocks[kind];
    if (this.#anchor !== undefined) clock.offset = Math.round(clock.floor.value - this.#anchor);
  }

  /** True once it is known where a track lies. */
  isSettled(kind: CallKind): boolean {
    return this.#clocks[kind].offset !== undefined;
  }

  /** True when a track's delay is known well enough to line it up. */
  isSteady(kind: CallKind, now: number): boolean {
    return this.#clocks[kind].floor.isSteady(now);
  }

  /** Time on the timeline; only once the track is settled. */
  map(kind: CallKind, own: number): number {
    return Math.round(own + (this.#clocks[kind].offset ?? 0));
  }

  /** Where something lies that arrives without delay; `undefined` before the first frame. */
  at(arrival: number): number | undefined {
    return this.#anchor === undefined ? undefined : arrival - this.#anchor;
  }

  /** Arrival of a track's last frame. */
  lastArrival(kind: CallKind): number | undefined {
    return this.#clocks[kind].lastArrival;
  }

  /** What comes next of this kind is another track, with a clock of its own. */
  rebase(kind: CallKind): void {
    const { lastArrival } = this.#clocks[kind];
    this.#clocks[kind] = { ...newClock(), lastArrival };
  }

  /** What is captured after this arrival is no part of the recording. */
  halt(arrival: number, time = this.at(arrival) ?? Number.NEGATIVE_INFINITY): void {
    this.gates.video.pause(time);
    this.gates.audio.pause(time);
  }

  /**
   * Goes on where it was halted.
   *
   * @returns where on the timeline that is, and how long the halt was; `undefined` when there was none.
   */
  goOn(arrival: number): { since: number; gap: number } | undefined {
    const { since } = this.gates.video;
    if (since === undefined) return undefined;
    const time = this.at(arrival) ?? 0;
    const gap = this.gates.video.resume(time);
    this.gates.audio.resume(time);
    this.moveBack(gap);
    return { since, gap };
  }

  /** Takes time off the timeline: what comes next lies so much earlier than it would have. */
  moveBack(gap: number): void {
    for (const clock of Object.values(this.#clocks)) if (clock.offset !== undefined) clock.offset -= gap;
    if (this.#anchor !== undefined) this.#anchor += gap;
  }
}
