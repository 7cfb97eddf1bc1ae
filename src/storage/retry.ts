/** When to try again, and when not. Pure but for `sleep`. */

/** What an HTTP status means for a request that may be repeated. */
export type Verdict = 'done' | 'retry' | 'unauthorized' | 'full' | 'missing' | 'conflict' | 'rejected';

/**
 * 423 is a lock that another request of ours still holds; 460 a wrong checksum (tus 1.0). 501 does not pass: a tus server without
 * creation-defer-length answers so.
 */
export const verdictOf = (status: number): Verdict => {
  if (status >= 200 && status < 300) return 'done';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 413 || status === 507) return 'full';
  if (status === 404 || status === 410) return 'missing';
  if (status === 409) return 'conflict';
  if ((status >= 500 && status !== 501) || [408, 423, 425, 429, 460].includes(status)) return 'retry';
  return 'rejected';
};

/** Longest pause between two tries, in milliseconds. */
const LONGEST = 5_000;

/**
 * Milliseconds to wait before try number `attempt` (1 for the first repetition): exponential, with full jitter
 * so that many recorders don't come back at once.
 */
export const backoff = (attempt: number, random: () => number = Math.random): number => {
  const ceiling = Math.min(LONGEST, 250 * 2 ** (attempt - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
};

/** True when nothing has moved for so long after `stop()` that the storage is given up. Milliseconds. */
export const shouldGiveUp = (
  now: number,
  lastProgress: number,
  stoppedAt: number | undefined,
  giveUpAfter: number,
): boolean => stoppedAt !== undefined && now - Math.max(stoppedAt, lastProgress) >= giveUpAfter;

/** A request of no size must be answered within this time, in milliseconds. */
const PATIENCE = 30_000;
/** Bytes per millisecond of the slowest link that is waited for: 100 kbit/s. */
const SLOWEST = 12.5;
/** `setTimeout` takes longer times for none at all. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Milliseconds that a request may take whose body, or whose answer's, has this many bytes. */
export const deadlineOf = (bytes: number): number =>
  Math.min(LONGEST_TIMER, PATIENCE + Math.ceil(bytes / SLOWEST));

/**
 * Tells whether an upload advances. A storage may lose what it had, and take it again: that counts as well, but
 * only the first time, or a storage that loses everything it takes would be served for ever.
 */
export class Advance {
  #bar: number;
  #farthest: number;
  #forgiven = false;

  constructor(offset: number) {
    this.#bar = offset;
    this.#farthest = offset;
  }

  /** True when there is more at `offset` than there was. */
  reaches(offset: number): boolean {
    if (offset <= this.#bar) return false;
    this.#bar = offset;
    if (offset > this.#farthest) {
      this.#farthest = offset;
      this.#forgiven = false;
    }
    return true;
  }

  /** The storage has lost what lies behind `offset`. */
  fallsBack(offset: number): void {
    if (!this.#forgiven) this.#bar = offset;
    this.#forgiven = true;
  }
}

/** Waits; rejects with the signal's reason when it aborts. */
export const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
