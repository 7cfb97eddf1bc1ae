/** Carries what is in the outbox to one receiver. No Node modules. */
import type { SteadyreelError } from '../../errors.ts';
import { WebhookFailingError, WebhookGivenUpError } from './errors.ts';
import { hashOf } from './events.ts';
import { type Entry, laneIn, type Outbox, PAGE } from './outbox.ts';
import type { Outcome, Receiver } from './receiver.ts';
import {
  afterDelivery,
  afterFailure,
  afterForgetting,
  afterRestart,
  attemptsOf,
  dueAt,
  holdsUp,
  isAway,
  isOver,
  type ReceiverState,
  surplus,
} from './schedule.ts';

/** Recordings whose events are on their way at once. */
const AT_ONCE = 4;

/** Why events are given up of a receiver that answered with HTTP 410. */
const GONE = 'the receiver wants no more (HTTP 410)';

/** What a courier needs. */
export interface CourierContext {
  receiver: Receiver;
  outbox: Outbox;
  report(error: SteadyreelError): void;
  /** Ends what is on its way. */
  signal: AbortSignal;
}

/** What one round has done. */
export interface RoundResult {
  delivered: number;
  /** Attempts that failed. */
  failed: number;
  /** When something is due that could not be sent, in milliseconds since 1970; absent: nothing is left. */
  nextAt?: number;
}

/** Names by recording, in order. */
const lanesOf = (names: readonly string[]): string[][] => {
  const lanes = new Map<string, string[]>();
  for (const name of names) {
    const lane = lanes.get(laneIn(name));
    if (lane) lane.push(name);
    else lanes.set(laneIn(name), [name]);
  }
  return [...lanes.values()];
};

/** One look at everything that is pending. */
class Round {
  readonly result: RoundResult = { delivered: 0, failed: 0 };
  /** Recordings whose events wait for one that failed. */
  readonly #heldUp = new Set<string>();
  readonly #onTheWay = new Set<string>();
  /** Not to be sent, although they are still among those that wait. */
  readonly #givenUp = new Set<string>();
  #isOver = false;
  #isBack = false;

  constructor(
    private readonly context: CourierContext,
    public state: ReceiverState,
    /** Hash of the receiver's. */
    private readonly address: string,
    /** Milliseconds since 1970 after which nothing more is begun. */
    private readonly deadline: number,
  ) {}

  async run(): Promise<void> {
    const { outbox, receiver } = this.context;
    for (let after = ''; !this.#isOver; ) {
      const names = await outbox.pending(receiver.name, after);
      await this.#sendAll(lanesOf(names));
      after = names.at(-1) ?? '';
      if (names.length < PAGE) break;
    }
    if (this.#isBack && this.result.nextAt !== undefined) this.result.nextAt = Date.now();
  }

  async #sendAll(lanes: string[][]): Promise<void> {
    if (this.state.failures > 0 && !(await this.#ask(lanes))) return;
    const work = async (): Promise<void> => {
      for (let lane = lanes.shift(); lane !== undefined && !this.#isOver; lane = lanes.shift()) {
        await this.#sendLane(lane);
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /**
   * A receiver that has failed is asked with one event, not with several at once: with one of those that were tried least, for it
   * may be some only that it can't take. With any of them, as tries may have been forgotten. Resolves to true when it took it.
   */
  async #ask(lanes: readonly string[][]): Promise<boolean> {
    const open = lanes.filter(lane => !this.#heldUp.has(laneIn(lane[0] ?? '')));
    const due = open.flatMap(lane => this.#first(lane)).filter(name => this.#isDue(name));
    const fewest = due.reduce(
      (few, name) => Math.min(few, attemptsOf(this.state, name)),
      Number.POSITIVE_INFINITY,
    );
    const least = due.filter(name => attemptsOf(this.state, name) === fewest);
    const asked = least[Math.floor(Math.random() * least.length)];
    if (asked !== undefined) await this.#send(asked);
    if (this.state.failures === 0) return true;
    for (const name of due) if (name !== asked) this.#note(dueAt(this.state, name));
    // For the next page.
    for (const lane of open)
      if (lane.some(name => holdsUp(this.state, name))) this.#heldUp.add(laneIn(lane[0] ?? ''));
    return false;
  }

  /** Those that may be sent before anything else of their recording is: up to the first that the others wait for. */
  #first(lane: readonly string[]): readonly string[] {
    const first = lane.findIndex(name => holdsUp(this.state, name));
    return first < 0 ? lane : lane.slice(0, first + 1);
  }

  /** The events of one recording, one after another. */
  async #sendLane(names: readonly string[]): Promise<void> {
    const lane = laneIn(names[0] ?? '');
    // By an event of the page before.
    if (this.#heldUp.has(lane)) return;
    for (const name of names) {
      if (this.#isOver) return;
      const isDone = this.#isDue(name) && (await this.#send(name));
      if (isDone || !holdsUp(this.state, name)) continue;
      this.#heldUp.add(lane);
      return;
    }
  }

  /** Something is to be looked at again then. */
  #note(at: number): void {
    this.result.nextAt = Math.min(this.result.nextAt ?? at, at);
  }

  #isDue(name: string): boolean {
    if (this.#givenUp.has(name)) return false;
    const now = Date.now();
    const at = dueAt(this.state, name);
    if (at <= now && now < this.deadline && !this.context.signal.aborted) return true;
    this.#note(Math.max(at, now));
    // Nothing else can be sent either.
    this.#isOver ||= this.state.pausedUntil > now || now >= this.deadline || this.context.signal.aborted;
    return false;
  }

  /** Resolves to true when the event is off the list. */
  async #send(name: string): Promise<boolean> {
    this.#onTheWay.add(name);
    return this.#carry(name).finally(() => this.#onTheWay.delete(name));
  }

  async #carry(name: string): Promise<boolean> {
    const { outbox, receiver, signal } = this.context;
    const entry = await outbox.entry(receiver.name, name);
    if (entry === undefined) {
      // Somebody else was quicker.
      this.state = afterForgetting(this.state, name);
      return true;
    }
    if (this.state.goneFrom === this.address) return this.#giveUp(name, entry, GONE);
    const outcome = await receiver.send(entry, signal);
    if (outcome.kind === 'taken') await this.#onTaken(name);
    if (outcome.kind === 'gone') await this.#onGone(name, entry);
    return outcome.kind === 'failed' ? this.#onFailure(name, entry, outcome) : true;
  }

  async #onTaken(name: string): Promise<void> {
    const { outbox, receiver } = this.context;
    this.result.delivered++;
    // What was looked at before, and was not due, is due now.
    if (isAway(this.state)) this.#isBack = true;
    this.state = afterDelivery(this.state, name, Date.now());
    await outbox.remove(receiver.name, name);
  }

  async #onGone(name: string, entry: Entry): Promise<void> {
    const { receiver, report } = this.context;
    this.state = { ...this.state, failures: 0, pausedUntil: 0, told: false, goneFrom: this.address };
    await this.#giveUp(name, entry, GONE);
    report(new WebhookGivenUpError(receiver.name, entry.id, entry.type, GONE));
  }

  async #onFailure(
    name: string,
    entry: Entry,
    { detail, wait }: Outcome & { kind: 'failed' },
  ): Promise<boolean> {
    const { receiver, report } = this.context;
    const now = Date.now();
    const { timing } = receiver;
    // Neither each attempt during an outage, nor each one of an event that nothing helps.
    const isNews = !this.state.told && attemptsOf(this.state, name) === 0;
    this.result.failed++;
    const failed = afterFailure(this.state, name, { now, wait, timing, random: Math.random() });
    this.state = isNews ? { ...failed, told: true } : failed;
    if (isNews) report(new WebhookFailingError(receiver.name, receiver.target, detail));
    if (isOver(this.state, name, now, timing)) {
      report(new WebhookGivenUpError(receiver.name, entry.id, entry.type, detail));
      return this.#giveUp(name, entry, detail);
    }
    this.#note(dueAt(this.state, name));
    await this.#limit(name, now);
    return false;
  }

  /** No more is kept of failures than there is room for, after this one. */
  async #limit(name: string, now: number): Promise<void> {
    const { outbox, receiver, report } = this.context;
    const isBusy = (other: string): boolean => this.#onTheWay.has(other);
    const most = surplus(this.state, now, receiver.timing, isBusy);
    if (most === undefined) return;
    const isNobody = most === 'nobody';
    // Before anything is waited for, so that it is not chosen twice.
    this.state = afterForgetting(this.state, isNobody ? name : most.name);
    if (!isNobody) this.#givenUp.add(most.name);
    const entry = isNobody ? undefined : await outbox.entry(receiver.name, most.name);
    if (isNobody || entry === undefined) return;
    const reason = `more than ${receiver.timing.mostFailing} events were not taken, this one first`;
    report(new WebhookGivenUpError(receiver.name, entry.id, entry.type, reason));
    await this.#giveUp(most.name, entry, reason);
  }

  async #giveUp(name: string, entry: Entry, reason: string): Promise<boolean> {
    const { outbox, receiver } = this.context;
    await outbox.giveUp(receiver.name, name, entry, reason);
    this.state = afterForgetting(this.state, name);
    return true;
  }
}

/** Carries a receiver's events, round by round. Rounds must not run at the same time. */
export class Courier {
  #isFresh: boolean;

  /** @param isFresh true when waiting times of before count no more, as after a restart of a server that runs all the time. */
  constructor(
    private readonly context: CourierContext,
    isFresh: boolean,
  ) {
    this.#isFresh = isFresh;
  }

  /** Sends what is due. Rejects when the outbox fails. */
  async round(deadline = Number.POSITIVE_INFINITY): Promise<RoundResult> {
    const { outbox, receiver } = this.context;
    const stored = await outbox.state(receiver.name);
    const before = this.#isFresh ? afterRestart(stored) : stored;
    this.#isFresh = false;
    if (before.pausedUntil > Date.now()) return { delivered: 0, failed: 0, nextAt: before.pausedUntil };
    const round = new Round(this.context, before, await hashOf(receiver.address), deadline);
    try {
      await round.run();
    } catch (thrown) {
      if (!this.context.signal.aborted) throw thrown;
    } finally {
      if (round.state !== before) await outbox.putState(receiver.name, round.state);
    }
    return round.result;
  }
}
