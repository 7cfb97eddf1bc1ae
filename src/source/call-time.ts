/**
 * Where the frames of a call lie on the recording's timeline. RTP timestamps of one track are exact among themselves; what
 * lines two tracks up is when their fastest frames arrived, at the start and from then on, as their clocks drift apart.
 * Pure. All times are microseconds.
 */
import { DelayFloor } from './delay-floor.ts';
import { DriftFollower } from './drift.ts';
import { PauseGate } from './pause-gate.ts';

export type CallKind = 'video' | 'audio';

/** A floor that has sunk by no more than this is at rest: the rest is jitter. */
const JITTER = 5_000;
/** So long it must be at rest, to line a track up by it. */
const STEADY_AFTER = 300_000;
/** And so long, to be sure of it: what queues up before a key frame drains within a second or two. */
const SURE_AFTER = 1_000_000;
/** An offset that is not sure moves by so much of the time. A picture that runs by an eighth faster for a second is not noticed. */
const FREE_SPEED = 1 / 8;

/** One track's clock: its own times run on from its first frame. */
interface CallClock {
  floor: DelayFloor;
  /** Where the floor is at rest, and since when. */
  rest: { level: number; since: number } | undefined;
  /** Time on the timeline − own time; absent while it is not known. */
  offset: number | undefined;
  lastArrival: number | undefined;
  /** Its offset was found by a floor that was still sinking. `placed`: own time of what was placed last. */
  free: { placed: number | undefined } | undefined;
}

const newClock = (lastArrival?: number): CallClock => ({
  floor: new DelayFloor(),
  rest: undefined,
  offset: undefined,
  lastArrival,
  free: undefined,
});

/**
 * A queue that drains slowly makes the floor sink in steps that are each less than jitter, so that they are looked at
 * together; a clock that drifts needs half a minute for as much.
 */
const restOf = ({ floor, rest }: CallClock, arrival: number): CallClock['rest'] => {
  const level = floor.value;
  if (rest === undefined || level < rest.level - JITTER) return { level, since: arrival };
  return { ...rest, level: Math.max(rest.level, level) };
};

const otherOf = (kind: CallKind): CallKind => (kind === 'video' ? 'audio' : 'video');

const restsSince = ({ rest }: CallClock): number => rest?.since ?? Number.POSITIVE_INFINITY;

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

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
    clock.rest = restOf(clock, arrival);
    clock.lastArrival = Math.max(arrival, clock.lastArrival ?? arrival);
    if (this.#leads(kind)) this.#lead(clock);
    else if (kind === 'audio') this.#follow(clock, arrival, elapsed);
  }

  /** The other track is lined up with this one. */
  #leads(kind: CallKind): boolean {
    const { video, audio } = this.#clocks;
    if (kind === 'video') return video.offset !== undefined && !this.#isFree;
    return audio.offset !== undefined && (video.offset === undefined || this.#isFree);
  }

  #lead(clock: CallClock): void {
    // There is nothing to line it up with.
    clock.free = undefined;
    this.#anchor = clock.floor.value - (clock.offset ?? 0);
  }

  /** The picture is lined up with sound that has its place already, and not the other way round. */
  get #isFree(): boolean {
    const { video, audio } = this.#clocks;
    return video.free !== undefined && audio.offset !== undefined && audio.free === undefined;
  }

  /** By how much a track is to be moved to lie beside the one that leads; `undefined` while one of them is not known. */
  #errorOf({ floor, offset }: CallClock): number | undefined {
    if (offset === undefined || this.#anchor === undefined) return undefined;
    return floor.value - this.#anchor - offset;
  }

  /** Sound moves with the picture's clock: its samples stay as they are, only the times between them change. */
  #follow(clock: CallClock, arrival: number, elapsed: number): void {
    const error = this.#errorOf(clock);
    if (error === undefined || clock.offset === undefined) return;
    if (clock.free) clock.offset += this.#moveFreely(clock, error, Math.max(0, elapsed));
    else if (arrival - restsSince(clock) >= STEADY_AFTER)
      clock.offset += this.#drift.follow(error, Math.max(0, elapsed));
  }

  /** As fast as nobody notices, until its floor is at rest. @returns by how much. */
  #moveFreely(clock: CallClock, error: number, elapsed: number): number {
    const sure = (clock.lastArrival ?? 0) - restsSince(clock) >= SURE_AFTER;
    if (sure && Math.abs(error) < JITTER) clock.free = undefined;
    return clamp(error, elapsed * FREE_SPEED);
  }

  /** The first frame of all: it lies at `time`. */
  begin(kind: CallKind, own: number, time: number): void {
    const clock = this.#clocks[kind];
    clock.offset = time - own;
    this.#anchor = clock.floor.value - clock.offset;
  }

  /** Lines a track up with the one that has begun; does nothing before something came of both. */
  settle(kind: CallKind): void {
    const clock = this.#clocks[kind];
    if (this.#anchor === undefined || clock.rest === undefined) return;
    clock.offset = Math.round(clock.floor.value - this.#anchor);
    const sure = kind === 'audio' && this.isSteady(kind, clock.lastArrival ?? 0);
    clock.free = sure ? undefined : { placed: undefined };
  }

  /** True once it is known where a track lies. */
  isSettled(kind: CallKind): boolean {
    return this.#clocks[kind].offset !== undefined;
  }

  /** True when a track's delay is known well enough to line it up. */
  isSteady(kind: CallKind, now: number): boolean {
    return now - restsSince(this.#clocks[kind]) >= STEADY_AFTER;
  }

  /** Time on the timeline; only once the track is settled. */
  map(kind: CallKind, own: number): number {
    return Math.round(own + (this.#clocks[kind].offset ?? 0));
  }

  /** The same, of a picture that is recorded now. In order: its offset may be moved by then, but never by as much as that. */
  place(own: number): number {
    const clock = this.#clocks.video;
    const { free } = clock;
    const error = this.#errorOf(clock);
    if (free && this.#isFree && error !== undefined && clock.offset !== undefined) {
      clock.offset += this.#moveFreely(clock, error, Math.max(0, own - (free.placed ?? own)));
      free.placed = own;
    }
    return this.map('video', own);
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
    this.#clocks[kind] = newClock(this.#clocks[kind].lastArrival);
    this.#hold(otherOf(kind));
  }

  /** What comes next of this kind is of a sender that began anew: where it lies is guessed, by a single arrival. */
  renew(kind: CallKind): void {
    const { offset, lastArrival } = this.#clocks[kind];
    const free = offset === undefined ? undefined : { placed: undefined };
    this.#clocks[kind] = { ...newClock(lastArrival), offset, free };
    this.#hold(otherOf(kind));
  }

  /** It has nothing to be lined up with any more, and keeps its place: what begins anew is lined up with it. */
  #hold(kind: CallKind): void {
    this.#clocks[kind].free = undefined;
  }

  /**
   * What is captured after this arrival is no part of the recording. Sound that still waited for its delay to come to rest
   * has its place by now: it was captured before.
   */
  halt(arrival: number, time = this.at(arrival) ?? Number.NEGATIVE_INFINITY): void {
    if (this.isSettled('video') && !this.isSettled('audio')) this.settle('audio');
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
