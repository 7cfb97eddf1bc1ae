/** Webhooks of one handler: notes what requests change, writes down what is new, and has it sent. No Node modules. */
import type { SteadyreelError } from '../../errors.ts';
import { Courier } from './courier.ts';
import { WebhookOutboxError } from './errors.ts';
import { laneOf, type RecordingPath, type WebhookEventType } from './events.ts';
import { type NewsContext, type RecordingView, writeNews } from './news.ts';
import { Outbox, type OutboxStore, PAGE } from './outbox.ts';
import type { Receiver } from './receiver.ts';
import { Rounds } from './rounds.ts';
import { Turns } from './turns.ts';

/** An event that was given up. */
export interface UndeliveredEvent {
  /** The webhook's `name`; `on-event` of `onEvent`. */
  webhook: string;
  id: string;
  type: WebhookEventType;
  recordingId: string;
  /** RFC 3339, UTC. */
  failedAt: string;
  /** What the receiver answered last, or why it could not be reached. */
  reason: string;
}

/** What `deliver()` has done. */
export interface DeliveryReport {
  /** Events that were taken. */
  delivered: number;
  /** Attempts that failed; those events are sent again. */
  failed: number;
}

/** What can be done about a handler's events. */
export interface WebhookDeliveries {
  /**
   * Sends what is due. `createStorageHandler` does it by itself; of `createS3Handler`, call it regularly, once a minute for one: what a
   * receiver did not take at once waits for it.
   */
  deliver(): Promise<DeliveryReport>;
  /** Events that were given up, at most `limit` of each webhook (default 1,000). */
  undelivered(limit?: number): Promise<UndeliveredEvent[]>;
  /** Sends those again, all or the ones with these ids, also where a receiver said that it wants no more. Resolves to their number. */
  retry(ids?: readonly string[]): Promise<number>;
  /**
   * Sends no more; what is not delivered stays in the outbox. What is on its way may end within `graceSeconds` (default 5).
   */
  close(graceSeconds?: number): Promise<void>;
}

/** Lets work go on when the request is answered. */
export type WaitUntil = (work: Promise<unknown>, request: Request) => void;

/** What webhooks need from their handler. */
export interface WebhooksContext {
  receivers: readonly Receiver[];
  store: OutboxStore;
  recordings: RecordingView;
  report(error: SteadyreelError): void;
  /** True in a server that runs all the time: then everything is done by itself. */
  isResident: boolean;
  /** Where it is given, answers do not wait for what is noted already. */
  waitUntil?: WaitUntil | undefined;
}

/** A request that takes longer than this to store a manifest has died; milliseconds. */
const REQUEST_LIFE = 60_000;
/** Recordings that are remembered when the outbox fails. */
const MOST_OWED = 10_000;
/** What may be begun for a request that was answered, where there is no server that runs all the time; milliseconds. */
const AFTER_ANSWER = 10_000;

/** What rounds take turns under; no recording is called like that. */
const roundsOf = (webhook: string): string => `rounds of ${webhook}`;

export class Webhooks implements WebhookDeliveries {
  readonly #outbox: Outbox;
  readonly #news: NewsContext;
  readonly #abort = new AbortController();
  readonly #rounds: Rounds[];
  readonly #look: Rounds;
  readonly #turns = new Turns();
  /** Notes of requests that are being answered here. */
  readonly #mine = new Set<string>();
  /** Recordings of which could not be written down what is new. */
  readonly #owed = new Map<string, RecordingPath>();
  #isFresh: boolean;
  #delivered = 0;
  #failed = 0;

  constructor(private readonly context: WebhooksContext) {
    const { receivers, store, recordings, isResident } = context;
    const report = (error: SteadyreelError): void => this.#report(error);
    const { signal } = this.#abort;
    this.#isFresh = isResident;
    this.#outbox = new Outbox(store);
    this.#news = { receivers, recordings, outbox: this.#outbox };
    this.#rounds = receivers.map(receiver => {
      const courier = new Courier({ receiver, outbox: this.#outbox, report, signal }, isResident);
      return new Rounds(() => this.#round(receiver.name, courier), isResident);
    });
    this.#look = new Rounds(() => this.#lookAgain(), isResident);
    if (isResident) void this.deliver();
  }

  /** Whatever is done about it, recordings go on. */
  #report(error: SteadyreelError): void {
    try {
      this.context.report(error);
    } catch {
      // There is nobody left to tell.
    }
  }

  /** Carries out a request that stores a manifest, and tells of what it changed. Fails only when the request does. */
  async around<T>(path: RecordingPath, request: Request, work: () => Promise<T>): Promise<T> {
    const lane = await laneOf(path);
    const note = this.#outbox.nameChange(lane);
    // First, or a look at all notes could take it for somebody else's.
    this.#mine.add(note);
    await this.#try(() => this.#outbox.noteChange(note, path, Date.now()));
    try {
      return await work();
    } finally {
      // Also when it failed: the store may have taken the manifest, and only the answer was lost.
      await this.#afterwards(this.#settle(lane, path, note), request);
    }
  }

  /** A file may be whole. What is missed here is found when its recording's manifest is stored the next time. */
  async onFile(path: RecordingPath, request: Request): Promise<void> {
    await this.#afterwards(this.#settle(await laneOf(path), path, undefined), request);
  }

  /** A recording was deleted. What is to be told of it still is. */
  async forget(path: RecordingPath): Promise<void> {
    await this.#try(async () => this.#outbox.forgetTold(await laneOf(path)));
  }

  /** Never rejects. */
  async #settle(lane: string, path: RecordingPath, note: string | undefined): Promise<boolean> {
    const hasNews = await this.#try(() => this.#turns.take(lane, () => writeNews(this.#news, path)));
    if (note !== undefined) this.#mine.delete(note);
    if (hasNews === undefined) this.#owe(lane, path);
    else if (note !== undefined) await this.#try(() => this.#outbox.forgetChange(note));
    return hasNews === true;
  }

  #owe(lane: string, path: RecordingPath): void {
    if (this.#owed.size < MOST_OWED) this.#owed.set(lane, path);
    this.#look.runAt(Date.now() + REQUEST_LIFE);
  }

  /** The request is answered when it is written down what to tell. Nobody waits for it to be told. */
  async #afterwards(settled: Promise<boolean>, request: Request): Promise<void> {
    const sent = settled.then(hasNews => (hasNews ? this.#deliver() : undefined));
    const { waitUntil } = this.context;
    if (!waitUntil) return void (await settled);
    try {
      waitUntil(sent, request);
    } catch (thrown) {
      this.#report(new WebhookOutboxError(thrown));
    }
  }

  /** Resolves to `undefined` when it failed, which is told. */
  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      this.#report(new WebhookOutboxError(thrown));
      return undefined;
    }
  }

  /** Manifests that somebody began to store, and did not get to write down what is new. */
  async #lookAgain(): Promise<number | undefined> {
    const isFresh = this.#isFresh;
    this.#isFresh = false;
    const isDone = await this.#try(async () => {
      const isPaid = await this.#payOwed();
      return (await this.#lookAtNotes(isFresh)) && isPaid;
    });
    return isDone ? undefined : Date.now() + REQUEST_LIFE;
  }

  /** Resolves to true when nothing is left. */
  async #payOwed(): Promise<boolean> {
    for (const [lane, path] of this.#owed) {
      await this.#tell(lane, path);
      this.#owed.delete(lane);
    }
    return this.#owed.size === 0;
  }

  async #tell(lane: string, path: RecordingPath): Promise<void> {
    const hasNews = await this.#turns.take(lane, () => writeNews(this.#news, path));
    if (hasNews) void this.#deliver();
  }

  /** Resolves to true when nothing is left. */
  async #lookAtNotes(isFresh: boolean): Promise<boolean> {
    let isLeft = false;
    for (let after = ''; ; ) {
      const names = await this.#outbox.changes(after);
      for (const name of names) isLeft = !(await this.#lookAt(name, isFresh)) || isLeft;
      after = names.at(-1) ?? '';
      if (names.length < PAGE) return !isLeft;
    }
  }

  /** Resolves to true when the note is off the list. */
  async #lookAt(name: string, isFresh: boolean): Promise<boolean> {
    if (this.#mine.has(name)) return true;
    const change = await this.#outbox.change(name);
    if (change === undefined) return true;
    // Another server may be at it.
    if (!isFresh && Date.now() - change.at < REQUEST_LIFE) return false;
    await this.#tell(await laneOf(change), change);
    await this.#outbox.forgetChange(name);
    return true;
  }

  async #round(webhook: string, courier: Courier): Promise<number | undefined> {
    const deadline = this.context.isResident ? Number.POSITIVE_INFINITY : Date.now() + AFTER_ANSWER;
    const result = await this.#try(() => this.#turns.take(roundsOf(webhook), () => courier.round(deadline)));
    this.#delivered += result?.delivered ?? 0;
    this.#failed += result?.failed ?? 0;
    return result ? result.nextAt : Date.now() + REQUEST_LIFE;
  }

  /** Resolves when everything that is due has been tried. */
  async #deliver(): Promise<void> {
    await Promise.all(this.#rounds.map(rounds => rounds.run()));
  }

  async deliver(): Promise<DeliveryReport> {
    await this.#look.run();
    const [delivered, failed] = [this.#delivered, this.#failed];
    await this.#deliver();
    return { delivered: this.#delivered - delivered, failed: this.#failed - failed };
  }

  /** Calls `use` with each event of a webhook that was given up, until it returns false. */
  async #eachFailed(webhook: string, use: (name: string) => Promise<boolean>): Promise<void> {
    for (let after = ''; ; ) {
      const names = await this.#outbox.failed(webhook, after);
      for (const name of names) if (!(await use(name))) return;
      after = names.at(-1) ?? '';
      if (names.length < PAGE) return;
    }
  }

  async undelivered(limit = PAGE): Promise<UndeliveredEvent[]> {
    const all: UndeliveredEvent[] = [];
    for (const { name: webhook } of this.context.receivers) {
      let count = 0;
      await this.#eachFailed(webhook, async name => {
        const entry = count < limit ? await this.#outbox.failedEntry(webhook, name) : undefined;
        if (entry === undefined) return count < limit;
        const { body: _, ...facts } = entry;
        all.push({ webhook, ...facts });
        return ++count < limit;
      });
    }
    return all;
  }

  async retry(ids?: readonly string[]): Promise<number> {
    let count = 0;
    for (const { name: webhook } of this.context.receivers) {
      // A round that runs would write down again that the receiver is gone.
      count += await this.#turns.take(roundsOf(webhook), () => this.#takeBack(webhook, ids));
    }
    if (count > 0) void this.#deliver();
    return count;
  }

  async #takeBack(webhook: string, ids: readonly string[] | undefined): Promise<number> {
    const { goneFrom: _, ...state } = await this.#outbox.state(webhook);
    await this.#outbox.putState(webhook, state);
    let count = 0;
    await this.#eachFailed(webhook, async name => {
      const entry = await this.#outbox.failedEntry(webhook, name);
      if (entry === undefined || (ids && !ids.includes(entry.id))) return true;
      await this.#outbox.takeBack(webhook, name, entry);
      count++;
      return true;
    });
    return count;
  }

  async close(graceSeconds = 5): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), graceSeconds * 1000);
    await Promise.all([this.#look, ...this.#rounds].map(rounds => rounds.close()));
    clearTimeout(timer);
  }
}
