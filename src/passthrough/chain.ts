/**
 * Which encoded frames can be recorded: those of which everything is there that they are predicted from. A frame
 * without it would show garbage until the next key frame, in a file that nobody can mend. Pure.
 */

/** What is looked at of `RTCEncodedVideoFrame` and its metadata (WebRTC Encoded Transform). */
export interface ChainFrame {
  type: 'key' | 'delta';
  /** Absent in Firefox, and where the sender gives no dependency descriptor. */
  frameId?: number | undefined;
  dependencies?: readonly number[] | undefined;
  spatialIndex?: number | undefined;
  temporalIndex?: number | undefined;
  /** RTP sequence numbers of its first and last packet, where they are known. */
  sequence?: { first: number; last: number } | undefined;
}

export type LeaveOutReason =
  /** Nothing can be decoded yet. */
  | 'before-key-frame'
  /** What it is predicted from did not come in time, or was left out itself. */
  | 'dependency-missing'
  /** Packets between it and the frame before are missing, and nothing tells what was in them. */
  | 'sequence-gap'
  /** Later frames are recorded already, or it is itself. */
  | 'late';

/** What is to be done with a frame. Each frame that was given comes out exactly once. */
export type Outcome<T extends ChainFrame> =
  /** @property certain false where the browser told nothing by which a loss could be seen. */
  { action: 'keep'; frame: T; certain: boolean } | { action: 'leave-out'; frame: T; reason: LeaveOutReason };

export interface ChainStep<T extends ChainFrame> {
  outcomes: Outcome<T>[];
  /** Ask the sender for a key frame, now. */
  askForKeyFrame: boolean;
}

export interface ChainCounts {
  kept: number;
  keyFrames: number;
  /** Of the kept ones, those that nothing vouches for. */
  uncertain: number;
  leftOut: Record<LeaveOutReason, number>;
  asked: number;
}

export interface ChainLimits {
  /** A frame waits so long for what it is predicted from: a packet that is sent again takes a round trip or two; microseconds. */
  patience: number;
  /** A key frame that does not come is asked for again after this; microseconds. */
  askAgain: number;
  /** No more frames wait than this. */
  mostWaiting: number;
}

export const CHAIN_LIMITS: ChainLimits = { patience: 500_000, askAgain: 1_000_000, mostWaiting: 60 };

/** Dependencies reach back 4,096 frames at the most (dependency descriptor of the AV1 RTP payload, A.8.1: 12 bits). */
const REACH = 4_096;

/**
 * A key frame that is this little older than the newest frame came late; one that is older still is of a sender that
 * started over.
 */
const LATE = 64;

/** The upper spatial layers of a picture are predicted from the lower ones, and yet called key frames with the lowest. */
const isBeginning = ({ type, spatialIndex = 0, dependencies = [] }: ChainFrame): boolean =>
  type === 'key' && spatialIndex === 0 && dependencies.length === 0;

type State =
  /** No key frame came, or the chain broke at its base. */
  | { name: 'broken'; since: 'start' | 'loss' }
  /** Frames can be told apart by their numbers. */
  | { name: 'numbered'; newest: number }
  /** They can't: only packets or nothing tell of a loss. */
  | { name: 'plain'; lastSequence: number | undefined };

interface Waiting<T> {
  frame: T;
  since: number;
}

export class Chain<T extends ChainFrame> {
  readonly counts: ChainCounts = {
    kept: 0,
    keyFrames: 0,
    uncertain: 0,
    leftOut: { 'before-key-frame': 0, 'dependency-missing': 0, 'sequence-gap': 0, late: 0 },
    asked: 0,
  };
  #state: State = { name: 'broken', since: 'start' };
  /** Numbers of recorded frames, the oldest first. */
  readonly #kept = new Set<number>();
  /** By their numbers. */
  #waiting: Waiting<T>[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #outcomes: Outcome<T>[] = [];

  constructor(private readonly limits: ChainLimits = CHAIN_LIMITS) {}

  /** @param now when it came, on any steady clock; microseconds. */
  take(frame: T, now: number): ChainStep<T> {
    if (isBeginning(frame)) this.#takeKey(frame);
    else if (this.#state.name === 'broken') this.#leaveOut(frame, this.#brokenReason());
    else if (this.#state.name === 'numbered') this.#takeNumbered(this.#state, frame, now);
    else this.#takePlain(this.#state, frame);
    return this.#step(now);
  }

  /** Time has passed without a frame. */
  tick(now: number): ChainStep<T> {
    return this.#step(now);
  }

  /** Nothing more will come: what waits is left out. */
  end(): Outcome<T>[] {
    for (const { frame } of this.#waiting.splice(0)) this.#leaveOut(frame, 'dependency-missing');
    return this.#outcomes.splice(0);
  }

  #step(now: number): ChainStep<T> {
    this.#giveUp(now);
    const ask = this.#state.name === 'broken' && now - this.#askedAt >= this.limits.askAgain;
    if (ask) {
      this.#askedAt = now;
      this.counts.asked++;
    }
    return { outcomes: this.#outcomes.splice(0), askForKeyFrame: ask };
  }

  #brokenReason(): LeaveOutReason {
    const fresh = this.#state.name === 'broken' && this.#state.since === 'start';
    return fresh ? 'before-key-frame' : 'dependency-missing';
  }

  #keep(frame: T, certain: boolean): void {
    this.counts.kept++;
    if (isBeginning(frame)) this.counts.keyFrames++;
    if (!certain) this.counts.uncertain++;
    this.#outcomes.push({ action: 'keep', frame, certain });
  }

  #leaveOut(frame: T, reason: LeaveOutReason): void {
    this.counts.leftOut[reason]++;
    this.#outcomes.push({ action: 'leave-out', frame, reason });
  }

  #break(): void {
    this.#state = { name: 'broken', since: 'loss' };
    this.#askedAt = Number.NEGATIVE_INFINITY;
    for (const { frame } of this.#waiting.splice(0)) this.#leaveOut(frame, 'dependency-missing');
  }

  /** Nothing after a key frame refers to what was before it, so that is where what waits has lost. */
  #takeKey(frame: T): void {
    const { frameId, sequence } = frame;
    const state = this.#state;
    const behind = state.name === 'numbered' && frameId !== undefined ? state.newest - frameId : -1;
    if (behind >= 0 && behind < LATE) return this.#leaveOut(frame, 'late');
    const earlier = this.#waiting.filter(one => frameId !== undefined && (one.frame.frameId ?? 0) < frameId);
    for (const one of earlier) this.#leaveOut(one.frame, 'dependency-missing');
    this.#waiting = this.#waiting.filter(one => !earlier.includes(one));
    this.#keep(frame, true);
    this.#kept.clear();
    this.#askedAt = Number.NEGATIVE_INFINITY;
    if (frameId === undefined) {
      this.#state = { name: 'plain', lastSequence: sequence?.last };
      return;
    }
    this.#kept.add(frameId);
    this.#state = { name: 'numbered', newest: frameId };
    this.#release();
  }

  #takeNumbered(state: Extract<State, { name: 'numbered' }>, frame: T, now: number): void {
    const { frameId } = frame;
    // A sender that gave numbers and now gives none: nothing tells any more whether one is missing.
    if (frameId === undefined) return this.#keep(frame, false);
    if (frameId <= state.newest) return this.#leaveOut(frame, 'late');
    this.#waiting.push({ frame, since: now });
    this.#waiting.sort((a, b) => (a.frame.frameId ?? 0) - (b.frame.frameId ?? 0));
    this.#release();
  }

  #isComplete({ dependencies }: T): boolean {
    return dependencies?.every(id => this.#kept.has(id)) ?? true;
  }

  /**
   * Records what waits, in order. A frame goes ahead of one that waits before it only when that one's time is up: what
   * is recorded can't be put behind it any more.
   */
  #release(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#isComplete(next.frame)) return;
      this.#waiting.shift();
      this.#record(next.frame);
    }
  }

  #record(frame: T): void {
    const id = frame.frameId ?? 0;
    this.#keep(frame, frame.dependencies !== undefined);
    this.#kept.add(id);
    for (const oldest of this.#kept) {
      if (oldest >= id - REACH) break;
      this.#kept.delete(oldest);
    }
    this.#state = { name: 'numbered', newest: id };
  }

  /** What has waited too long is left out; when it was of the base that all others build on, the chain is broken. */
  #giveUp(now: number): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const patient = now - next.since < this.limits.patience;
      if (patient && this.#waiting.length <= this.limits.mostWaiting) return;
      this.#waiting.shift();
      this.#leaveOut(next.frame, 'dependency-missing');
      if ((next.frame.temporalIndex ?? 0) === 0) return this.#break();
      this.#release();
    }
  }

  #takePlain(state: Extract<State, { name: 'plain' }>, frame: T): void {
    const { sequence } = frame;
    const last = state.lastSequence;
    if (sequence === undefined || last === undefined) {
      this.#state = { name: 'plain', lastSequence: sequence?.last };
      return this.#keep(frame, false);
    }
    const step = (sequence.first - last + 0x10000) & 0xffff;
    if (step >= 0x8000 || step === 0) return this.#leaveOut(frame, 'late');
    if (step > 1) {
      this.#leaveOut(frame, 'sequence-gap');
      return this.#break();
    }
    this.#state = { name: 'plain', lastSequence: sequence.last };
    this.#keep(frame, true);
  }
}
