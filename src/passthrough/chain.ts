/**
 * Which encoded frames can be recorded: those of which everything is there that they are predicted from. A frame
 * without it would show garbage until the next key frame, in a file that nobody can mend. Pure.
 *
 * Four things can tell, by what the browser gives: numbers and dependencies, where the dependency descriptor was
 * negotiated; that libwebrtc delivers H.264 only without gaps; the page's own decoder, which knows the packets and goes on
 * only where nothing is missing; and else nothing but time, as packets of video come without their sequence numbers: a
 * step in it that nobody explains is a loss where frames came steadily, and tells nothing where they did not. VP8, VP9
 * and AV1 are delivered as soon as a frame itself is complete, so that one whose packets were sent again comes after
 * later ones, or never. What waits for the decoder is put in order meanwhile.
 */
import type { DecoderLook } from '../encoded.ts';
import {
  type ChainFrame,
  isAfter,
  isBefore,
  isBeginning,
  isSame,
  type Position,
  positionOf,
} from './chain-frame.ts';
import { ChainNumbers } from './chain-numbers.ts';
import { ChainPlace } from './chain-place.ts';
import { type Plain, plainState, type State } from './chain-state.ts';
import {
  CERTAIN,
  CHAIN_LIMITS,
  type ChainLimits,
  type ChainStep,
  type KeepReason,
  type LeaveOutReason,
  newCounts,
  type Outcome,
} from './chain-step.ts';
import { TypicalStep } from './typical-step.ts';
import { decodedOf, isShown, Witness } from './witness.ts';

/**
 * A key frame that is this little older than the newest frame came late; one that is older still is of a sender that
 * started over.
 */
const LATE = 64;

interface Waiting<T> {
  frame: T;
  since: number;
}

export class Chain<T extends ChainFrame> {
  readonly counts = newCounts();
  #state: State = { name: 'broken', since: 'start' };
  readonly #numbers = new ChainNumbers();
  /** By their numbers, or by time. */
  #waiting: Waiting<T>[] = [];
  /** The last of the kept ones that was a beginning. */
  #beginning: Position | undefined;
  readonly #typical = new TypicalStep();
  #askedAt = Number.NEGATIVE_INFINITY;
  #outcomes: Outcome<T>[] = [];
  readonly #witness: Witness;

  /**
   * @param looks whether `askToLook` can be answered, without which it is not asked; where it isn't all the same, time alone
   * tells after a while.
   * @param damaged whether frames that are left out for `dependency-missing` are recorded all the same.
   * @param place what is recorded; other chains of the track were before this one.
   */
  constructor(
    private readonly limits: ChainLimits = CHAIN_LIMITS,
    private readonly looks = false,
    private readonly damaged: 'leave-out' | 'keep' = 'leave-out',
    private readonly place = new ChainPlace<T>(),
  ) {
    this.#witness = new Witness(looks, limits.standstill);
  }

  /** Time of the first frame that waits for the decoder: from there on, nothing is decided. */
  get heldFrom(): number | undefined {
    return this.isHolding ? this.#waiting[0]?.frame.time : undefined;
  }

  /** A key frame waits for the decoder. */
  get holdsKey(): boolean {
    return this.isHolding && this.#waiting.some(({ frame }) => isBeginning(frame));
  }

  /** True while what comes waits for the decoder. */
  get isHolding(): boolean {
    const { gapless = false } = this.#waiting[0]?.frame ?? this.place.last ?? {};
    return this.#state.name === 'plain' && this.#witness.isHeard && !gapless;
  }

  /** @param now when it came, on any steady clock; microseconds. */
  take(frame: T, now: number): ChainStep<T> {
    const state = this.#state;
    if (state.name === 'plain') this.#takePlain(frame, now);
    else if (isBeginning(frame)) this.#takeKey(frame);
    else if (state.name === 'numbered') this.#takeNumbered(state, frame, now);
    else if (state.since === 'start') this.#leaveOut(frame, 'before-key-frame');
    else this.#leaveOutDamaged(frame);
    return this.#step(now);
  }

  /** Time has passed without a frame. */
  tick(now: number): ChainStep<T> {
    return this.#step(now);
  }

  /** What the page has seen, whether it was asked or not. */
  see(look: DecoderLook, now: number): ChainStep<T> {
    const { lost, dropped } = this.#witness.note(look);
    if (this.isHolding) this.#believe(look, dropped, now);
    else if (this.#state.name === 'plain' && this.#state.askedAt !== undefined) {
      if (lost) this.#leaveOutUntilKey();
      else this.#acceptWaiting('nothing-lost');
    }
    return this.#step(now);
  }

  /** What was kept can't be recorded, or frames were lost on the way here: only a key frame helps. */
  fail(now: number): ChainStep<T> {
    if (this.#state.name !== 'broken') this.#break();
    return this.#step(now);
  }

  /** Nothing more will come: what still waits is left out, or, where nothing tells of a loss, kept. */
  end(): Outcome<T>[] {
    this.#letGo();
    this.#leaveOutWaiting();
    return this.#outcomes.splice(0);
  }

  #step(now: number): ChainStep<T> {
    if (this.#state.name === 'numbered') this.#giveUp(now);
    const askToLook = this.#settle(now);
    const ask = this.#state.name === 'broken' && now - this.#askedAt >= this.limits.askAgain;
    if (ask) {
      this.#askedAt = now;
      this.counts.asked++;
    }
    return { outcomes: this.#outcomes.splice(0), askForKeyFrame: ask, askToLook };
  }

  #keep(frame: T, reason: KeepReason): void {
    this.counts.kept++;
    if (isBeginning(frame)) {
      this.counts.keyFrames++;
      this.#beginning = positionOf(frame);
    }
    if (!CERTAIN[reason]) this.counts.uncertain++;
    const { last } = this.place;
    // Over a break, it is no step.
    if (last && this.#state.name !== 'broken') this.#typical.note(frame.time - last.time);
    this.place.put(frame);
    this.#outcomes.push({ action: 'keep', frame, certain: CERTAIN[reason], reason });
  }

  #leaveOut(frame: T, reason: LeaveOutReason): void {
    this.counts.leftOut[reason]++;
    this.#outcomes.push({ action: 'leave-out', frame, reason });
  }

  /** Something that it is predicted from is not there. Whoever keeps it all the same needs a place for it. */
  #leaveOutDamaged(frame: T): void {
    if (this.#isThere(frame)) return this.#leaveOut(frame, 'again');
    if (!this.place.isInTime(frame)) return this.#leaveOut(frame, 'late');
    if (this.damaged === 'keep') this.place.put(frame);
    this.#leaveOut(frame, 'dependency-missing');
  }

  #leaveOutWaiting(): void {
    for (const { frame } of this.#waiting.splice(0)) this.#leaveOutDamaged(frame);
  }

  #break(): void {
    this.#state = { name: 'broken', since: 'loss' };
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.#leaveOutWaiting();
  }

  /** Nothing after a key frame refers to what was before it, so that is where what waits has lost. */
  #takeKey(frame: T): void {
    const { frameId } = frame;
    const state = this.#state;
    const other = frame.ssrc !== this.place.last?.ssrc;
    const comparable = state.name === 'numbered' && frameId !== undefined && !other;
    if (!other && this.#numbers.has(frame)) return this.#leaveOut(frame, 'again');
    const behind = comparable ? state.newest - frameId : -1;
    if (!this.place.isInTime(frame) || (behind >= 0 && behind < LATE)) return this.#leaveOut(frame, 'late');
    // Another sender's numbers, or none, have nothing to do with those of what waits.
    const anew = frameId === undefined || other || behind >= LATE;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(one => !anew && (one.frame.frameId ?? 0) > frameId);
    const lost = waiting.flatMap(one => (this.#waiting.includes(one) ? [] : one.frame));
    for (const one of lost) if (isAfter(frame, one)) this.#leaveOutDamaged(one);
    this.#begin(frame);
    for (const one of lost) if (!isAfter(frame, one)) this.#leaveOutDamaged(one);
    this.#release();
  }

  #begin(frame: T): void {
    const { frameId } = frame;
    this.#keep(frame, 'key-frame');
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.#numbers.begin(frame);
    this.#state = frameId === undefined ? plainState() : { name: 'numbered', newest: frameId };
    this.#witness.begin();
  }

  #takeNumbered(state: Extract<State, { name: 'numbered' }>, frame: T, now: number): void {
    const { frameId } = frame;
    if (frameId === undefined) {
      // A sender that gave numbers and now gives none: from here on, time must tell.
      this.#state = plainState();
      return this.#takePlain(frame, now);
    }
    const waits = this.#waiting.some(one => one.frame.frameId === frameId);
    if (waits || this.#isThere(frame)) return this.#leaveOut(frame, 'again');
    if (frameId <= state.newest) return this.#leaveOut(frame, 'late');
    this.#waiting.push({ frame, since: now });
    this.#waiting.sort((a, b) => (a.frame.frameId ?? 0) - (b.frame.frameId ?? 0));
    this.#release();
  }

  /**
   * Records what waits, in order. A frame goes ahead of one that waits before it only when that one's time is up: what
   * is recorded can't be put behind it any more.
   */
  #release(): void {
    if (this.#state.name !== 'numbered') return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#numbers.isComplete(next.frame)) return;
      this.#waiting.shift();
      if (this.place.isInTime(next.frame)) this.#record(next.frame);
      else this.#leaveOut(next.frame, 'late');
    }
  }

  #record(frame: T): void {
    this.#keep(frame, frame.dependencies === undefined ? 'unknown' : 'dependencies');
    this.#numbers.add(frame);
    this.#state = { name: 'numbered', newest: frame.frameId ?? 0 };
  }

  /** What has waited too long is left out; when it was of the base that all others build on, the chain is broken. */
  #giveUp(now: number): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const patient = now - next.since < this.limits.patience;
      if (patient && this.#waiting.length <= this.limits.mostWaiting) return;
      this.#waiting.shift();
      this.#leaveOutDamaged(next.frame);
      if ((next.frame.temporalIndex ?? 0) === 0) return this.#break();
      this.#release();
    }
  }

  #takePlain(frame: T, now: number): void {
    if (this.#isThere(frame)) return this.#leaveOut(frame, 'again');
    if (!this.place.isInTime(frame)) return this.#takeLate(frame);
    if (isBeginning(frame) && frame.frameId !== undefined) {
      // From here on there are numbers, which say more than any answer.
      this.#letGo();
      return this.#takeKey(frame);
    }
    const after = this.#waiting.findLastIndex(one => !isBefore(frame, one.frame));
    this.#waiting.splice(after + 1, 0, { frame, since: now });
  }

  /** A sender that probes how much the network can carry may send the same frame half a dozen times (measured). */
  #isThere(frame: T): boolean {
    const there = this.#waiting.some(one => isSame(frame, one.frame));
    return there || this.#numbers.has(frame) || this.place.has(frame);
  }

  /** What is recorded since was predicted from something that was not there; but not what follows a key frame. */
  #takeLate(frame: T): void {
    // The decoder went on without it.
    if (this.isHolding) return this.#leaveOut(frame, 'late');
    const { last } = this.place;
    const again = frame.time === last?.time && frame.spatialIndex === last.spatialIndex;
    this.#leaveOut(frame, 'late');
    if (!again && (this.#beginning === undefined || isAfter(frame, this.#beginning)))
      this.#leaveOutUntilKey();
  }

  /** Without numbers: keeps what can be kept by now. @returns whether the page is to look. */
  #settle(now: number): boolean {
    if (this.isHolding) return this.#hold(now);
    for (let state = this.#state; state.name === 'plain'; state = this.#state) {
      const [head] = this.#waiting;
      if (head === undefined) return false;
      const usual = this.#reasonToKeep(state, head.frame);
      const crowded = this.#waiting.length > this.limits.mostWaiting;
      const since = state.askedAt ?? this.#waitingSince;
      const patient = !crowded && now - since < this.limits.patience;
      if (usual === undefined && patient) return false;
      // A key frame waits only to let go first what was sent before it.
      if (usual !== undefined || isBeginning(head.frame))
        this.#keepHead(state, head.frame, usual ?? 'unknown');
      else if (this.looks && !crowded && state.askedAt === undefined) {
        state.askedAt = now;
        return true;
      } else this.#acceptWaiting('unanswered');
    }
    return false;
  }

  /** `undefined` when one may be missing before it. */
  #reasonToKeep(state: Plain, frame: T): KeepReason | undefined {
    const verdict = this.#typical.judge(frame.time - (this.place.last?.time ?? frame.time));
    if (frame.gapless) return 'gapless';
    if (verdict === 'suspicious') return undefined;
    if (verdict === 'unknown') state.doubt ??= 'unknown';
    // Now that the steps are known, none so far was suspicious.
    else if (state.doubt === 'unknown' && this.#typical.isSteady) state.doubt = undefined;
    return state.doubt ?? 'usual-step';
  }

  /** Arrival of the frame that waits longest; infinity when none does. */
  get #waitingSince(): number {
    return Math.min(...this.#waiting.map(({ since }) => since));
  }

  /** Waits for the decoder. @returns whether the page is to look. */
  #hold(now: number): boolean {
    const those = { crowded: this.#waiting.length > this.limits.mostHeld, key: this.holdsKey };
    switch (this.#witness.wait(this.#waitingSince, those, now)) {
      case 'wait':
        return false;
      case 'look':
        return true;
      case 'lost':
        this.#leaveOutUntilKey();
        return false;
      case 'unheard':
        return this.#settle(now);
    }
  }

  /** Keeps what the decoder could decode. */
  #believe({ shown }: DecoderLook, dropped: boolean, now: number): void {
    const frames = this.#waiting.map(({ frame }) => frame);
    const doubt = this.#witness.isInDoubt;
    const seen = decodedOf(frames, shown, { doubt, dropped });
    if (seen === undefined) {
      if (this.place.last && isShown(this.place.last, shown)) this.#witness.hear();
      return;
    }
    this.#witness.hear(now);
    if (seen === 'lost') return this.#leaveOutUntilKey();
    for (const { frame } of this.#waiting.splice(0, seen.unknown)) this.#leaveOutDamaged(frame);
    for (const frame of frames.slice(seen.unknown, seen.unknown + seen.decoded))
      if (this.#state.name === 'plain') this.#keepHead(this.#state, frame, 'decoded');
  }

  /** Nobody is asked any more: what waits is kept, unless a loss is known that it may suffer from. */
  #letGo(): void {
    if (!this.isHolding) return this.#acceptWaiting('unanswered');
    const { isInDoubt, lostUntil } = this.#witness;
    if (isInDoubt || this.#waiting.some(({ since }) => since <= lostUntil)) return this.#leaveOutWaiting();
    for (const { frame, since } of [...this.#waiting]) {
      const state = this.#state;
      if (state.name !== 'plain') return;
      const clear = since <= this.#witness.clearUntil;
      if (!clear && !isBeginning(frame) && this.#reasonToKeep(state, frame) === undefined) return;
      this.#keepHead(state, frame, clear ? 'nothing-lost' : 'unanswered');
    }
  }

  #keepHead(state: Plain, frame: T, reason: KeepReason): void {
    this.#waiting.shift();
    state.askedAt = undefined;
    if (!this.place.isInTime(frame)) this.#leaveOut(frame, 'late');
    else if (isBeginning(frame)) this.#begin(frame);
    else this.#keep(frame, reason);
  }

  /**
   * What waits is kept. Where nobody can be asked, only up to a step in steady time, which is taken for a loss; it counts
   * as a step nevertheless, so that a sender that is not steady, as of a screen, does not lose all its frames by that.
   */
  #acceptWaiting(reason: 'nothing-lost' | 'unanswered'): void {
    for (const { frame } of [...this.#waiting]) {
      const state = this.#state;
      if (state.name !== 'plain') return;
      const usual = isBeginning(frame) ? 'key-frame' : this.#reasonToKeep(state, frame);
      if (usual === undefined && reason === 'unanswered') {
        // A page that can look, and has not: it is busy, as behind an alert, and most likely nothing is missing.
        if (!this.looks && this.#typical.isSteady) {
          this.#typical.note(frame.time - (this.place.last?.time ?? frame.time));
          this.#leaveOutUntilKey();
          return this.#acceptWaiting(reason);
        }
        state.doubt = reason;
      }
      this.#keepHead(state, frame, usual ?? state.doubt ?? reason);
    }
  }

  /** Something was lost: only a key frame helps, which may have come already. */
  #leaveOutUntilKey(): void {
    const at = this.#waiting.findIndex(({ frame }) => isBeginning(frame));
    if (at < 0) return this.#break();
    for (const { frame } of this.#waiting.splice(0, at)) this.#leaveOutDamaged(frame);
    const [next] = this.#waiting.splice(0, 1);
    if (next) this.#begin(next.frame);
  }
}
