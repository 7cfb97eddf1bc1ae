/**
 * What is written down of webhooks, so that nothing of it is lost: in a folder beside the recordings, or in the bucket.
 *
 * ```
 * .webhooks/
 *   changed/<recording>.<random>.json        a manifest is being stored: look at it again when this is still there later
 *   told/<recording>.json                    what has been told of a recording
 *   pending/<webhook>/<recording>.<event>.json   events that are to be sent, in order
 *   failed/<webhook>/<recording>.<event>.json    events that were given up
 *   state/<webhook>.json                     how the receiver is doing
 * ```
 */
import type { RecordingPath, Told, WebhookEventType } from './events.ts';
import { NOTHING_TOLD } from './events.ts';
import { NOTHING_KNOWN, type ReceiverState } from './schedule.ts';

/** Where it lies: no prefix of `authorize` and no recording's id begins with a dot. */
export const WEBHOOKS_FOLDER = '.webhooks';

/** Small texts by name. What is `put` has to be durable when that resolves, and whole or not there. */
export interface OutboxStore {
  /** Up to `limit` names in a folder, sorted, after the one that is given; none when there is no such folder. */
  list(folder: string, after: string, limit: number): Promise<string[]>;
  /** `undefined` when there is none. */
  get(folder: string, name: string): Promise<string | undefined>;
  put(folder: string, name: string, text: string): Promise<void>;
  /** Does nothing when there is none. */
  delete(folder: string, name: string): Promise<void>;
}

/** An event that is to be sent. */
export interface Entry {
  id: string;
  type: WebhookEventType;
  recordingId: string;
  /** The request's body: every attempt sends the same bytes. */
  body: string;
}

/** An event that was given up. */
export interface FailedEntry extends Entry {
  /** RFC 3339, UTC. */
  failedAt: string;
  reason: string;
}

/** A manifest that is being stored. */
export interface Changed extends RecordingPath {
  /** Milliseconds since 1970. */
  at: number;
}

/** Names that are read at once. */
export const PAGE = 1000;

const parse = <T>(text: string | undefined): T | undefined => {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
};

const pendingFolder = (webhook: string): string => `pending/${webhook}`;
const failedFolder = (webhook: string): string => `failed/${webhook}`;

/** The part of an entry's name that all events of a recording have. */
export const laneIn = (name: string): string => name.slice(0, name.indexOf('.'));

/** The outbox: what its texts are called, and what they hold. */
export class Outbox {
  constructor(private readonly store: OutboxStore) {}

  /** A name for a note that a manifest is being stored. */
  nameChange(lane: string): string {
    return `${lane}.${crypto.randomUUID()}.json`;
  }

  /** Writes the note down. */
  noteChange(name: string, { prefix, recordingId }: RecordingPath, now: number): Promise<void> {
    return this.store.put(
      'changed',
      name,
      JSON.stringify({ prefix, recordingId, at: now } satisfies Changed),
    );
  }

  changes(after: string): Promise<string[]> {
    return this.store.list('changed', after, PAGE);
  }

  async change(name: string): Promise<Changed | undefined> {
    return parse<Changed>(await this.store.get('changed', name));
  }

  forgetChange(name: string): Promise<void> {
    return this.store.delete('changed', name);
  }

  async told(lane: string): Promise<Told> {
    return parse<Told>(await this.store.get('told', `${lane}.json`)) ?? NOTHING_TOLD;
  }

  putTold(lane: string, told: Told): Promise<void> {
    return this.store.put('told', `${lane}.json`, JSON.stringify(told));
  }

  forgetTold(lane: string): Promise<void> {
    return this.store.delete('told', `${lane}.json`);
  }

  /** Adds an event, in the place of itself when it is there already. */
  add(webhook: string, name: string, entry: Entry): Promise<void> {
    return this.store.put(pendingFolder(webhook), name, JSON.stringify(entry));
  }

  pending(webhook: string, after: string): Promise<string[]> {
    return this.store.list(pendingFolder(webhook), after, PAGE);
  }

  async entry(webhook: string, name: string): Promise<Entry | undefined> {
    return parse<Entry>(await this.store.get(pendingFolder(webhook), name));
  }

  remove(webhook: string, name: string): Promise<void> {
    return this.store.delete(pendingFolder(webhook), name);
  }

  /** Keeps an event that is not sent any more. */
  async giveUp(webhook: string, name: string, entry: Entry, reason: string): Promise<void> {
    const failed: FailedEntry = { ...entry, failedAt: new Date().toISOString(), reason };
    await this.store.put(failedFolder(webhook), name, JSON.stringify(failed));
    await this.remove(webhook, name);
  }

  failed(webhook: string, after: string): Promise<string[]> {
    return this.store.list(failedFolder(webhook), after, PAGE);
  }

  async failedEntry(webhook: string, name: string): Promise<FailedEntry | undefined> {
    return parse<FailedEntry>(await this.store.get(failedFolder(webhook), name));
  }

  /** An event that was given up is to be sent again. */
  async takeBack(webhook: string, name: string, { id, type, recordingId, body }: FailedEntry): Promise<void> {
    await this.add(webhook, name, { id, type, recordingId, body });
    await this.store.delete(failedFolder(webhook), name);
  }

  async state(webhook: string): Promise<ReceiverState> {
    return parse<ReceiverState>(await this.store.get('state', `${webhook}.json`)) ?? NOTHING_KNOWN;
  }

  putState(webhook: string, state: ReceiverState): Promise<void> {
    return this.store.put('state', `${webhook}.json`, JSON.stringify(state));
  }
}
