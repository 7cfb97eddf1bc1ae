/** One attempt to hand an event over: by HTTP, or to a function. No Node modules. */
import type { WebhookEvent, WebhookEventType } from './events.ts';
import type { Entry } from './outbox.ts';
import { retryAfter, type Timing } from './schedule.ts';
import { signedHeaders } from './signature.ts';

/** What came of it. `gone`: the receiver wants no more. `wait` is what it asked for, in milliseconds. */
export type Outcome = { kind: 'taken' } | { kind: 'gone' } | { kind: 'failed'; detail: string; wait: number };

/** Somebody who is told of events. */
export interface Receiver {
  /** The webhook's name. */
  name: string;
  /** For messages: no path and no query, which may hold a secret. */
  target: string;
  /** Tells one address from another. May hold a secret: neither shown nor written down. */
  address: string;
  timing: Timing;
  wants(type: WebhookEventType): boolean;
  /** Never rejects, but when `signal` ended it. */
  send(entry: Entry, signal: AbortSignal): Promise<Outcome>;
}

/** What is needed to send to an address. */
export interface HttpTarget {
  url: string;
  keys: readonly Uint8Array<ArrayBuffer>[];
  headers: Record<string, string>;
  /** Milliseconds. */
  timeout: number;
}

/** What a status means (Standard Webhooks, "Delivery success and failure"). `header` is `Retry-After`. */
export const outcomeOf = (status: number, header: string | null, now: number): Outcome => {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  if (status === 410) return { kind: 'gone' };
  return { kind: 'failed', detail: `it answered with HTTP ${status}`, wait: retryAfter(header, now) };
};

/** `fetch` hides what went wrong behind "fetch failed". */
const detailOf = (thrown: unknown, timeout: number): string => {
  const { name, message, cause } = thrown as { name?: string; message?: string; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return `it did not answer within ${timeout / 1000} s`;
  return typeof cause?.code === 'string' ? cause.code : (message ?? String(thrown));
};

/** Does `work` until it is over, `outer` ends it, or it has taken `ms`. `AbortSignal.any` would keep a trace of each in `outer`. */
const inTime = async <T>(
  outer: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  outer.throwIfAborted();
  const limit = new AbortController();
  const end = (): void => limit.abort(outer.reason);
  const late = (): void => limit.abort(new DOMException('It took too long', 'TimeoutError'));
  outer.addEventListener('abort', end, { once: true });
  const timer = setTimeout(late, ms);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', end);
  }
};

/** What an attempt came to, whatever it throws. */
const outcomeIn = async (
  signal: AbortSignal,
  timeout: number,
  attempt: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> => {
  try {
    return await inTime(signal, timeout, attempt);
  } catch (thrown) {
    signal.throwIfAborted();
    return { kind: 'failed', detail: detailOf(thrown, timeout), wait: 0 };
  }
};

/** Sends by HTTP. Redirects are not followed: only the address that was configured is ever called. */
export const sendTo = (target: HttpTarget, { id, body }: Entry, outer: AbortSignal): Promise<Outcome> => {
  const { url, keys, headers: own, timeout } = target;
  return outcomeIn(outer, timeout, async signal => {
    const timestamp = Math.floor(Date.now() / 1000);
    const signed = await signedHeaders(keys, { id, timestamp, body });
    const headers = { 'user-agent': 'steadyreel', ...own, 'content-type': 'application/json', ...signed };
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    // Nobody reads it; unread, it would keep its connection busy.
    await response.body?.cancel().catch(() => undefined);
    return outcomeOf(response.status, response.headers.get('retry-after'), Date.now());
  });
};

/** Rejects as soon as the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Calls a function; what it throws is a failure, as is one that does not end in `timeout` milliseconds. */
export const callWith = (
  onEvent: (event: WebhookEvent) => unknown,
  timeout: number,
  { body }: Entry,
  outer: AbortSignal,
): Promise<Outcome> =>
  outcomeIn(outer, timeout, async signal => {
    const event = JSON.parse(body) as WebhookEvent;
    await Promise.race([Promise.resolve().then(() => onEvent(event)), aborted(signal)]);
    return { kind: 'taken' };
  });
