/** Requests to a storage handler, with typed errors. */
import type { StorageError, StorageUnreachableError } from '../errors.ts';
import { full, rejected, unauthorized, unreachable } from './refusals.ts';
import { backoff, deadlineOf, shouldGiveUp, sleep, verdictOf } from './retry.ts';
import type { SinkEvents } from './sink.ts';

/** Longest wait for the words of a failed answer, in milliseconds. */
const WORDS = 5_000;

/** What a failed answer says, in a line. */
const detailOf = async (response: Response): Promise<string> => {
  // Headers may come without the body ever doing so.
  const tooLong = new AbortController();
  const words = response.text().catch(() => '');
  const text = await Promise.race([words, sleep(WORDS, tooLong.signal).then(() => '')]);
  tooLong.abort();
  try {
    const body = JSON.parse(text) as { error?: { message?: string } };
    if (typeof body.error?.message === 'string') return body.error.message;
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return text.trim().slice(0, 200) || response.statusText || 'no reason given';
};

/** The typed error for an answer that will not get better by itself. */
export const refusal = async (endpoint: string, response: Response): Promise<StorageError> => {
  const verdict = verdictOf(response.status);
  if (verdict === 'unauthorized') return unauthorized(endpoint, response.status);
  const detail = await detailOf(response);
  if (verdict === 'full') return full(endpoint, response.status, `HTTP ${response.status}: ${detail}`);
  if (verdict === 'retry')
    return unreachable(endpoint, `HTTP ${response.status}: ${detail}`, response.status);
  return rejected(endpoint, response.status, detail);
};

/** `fetch` fails with a bare TypeError whatever the cause: network, DNS, TLS or CORS. */
export const notReached = (endpoint: string, cause: unknown): StorageUnreachableError =>
  unreachable(endpoint, cause instanceof Error ? cause.message : String(cause), undefined, cause);

/**
 * Runs something under a signal that also aborts when `milliseconds` have passed, and no longer than that: also what does not
 * listen to the signal, as a function of the page. `restart` sets the time left anew, with zero for "now".
 */
export const withDeadline = async <T>(
  milliseconds: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal, restart: (milliseconds: number) => void) => Promise<T>,
): Promise<T> => {
  const late = new AbortController();
  const signal = outer ? AbortSignal.any([outer, late.signal]) : late.signal;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restart = (left: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(new DOMException('no answer in time', 'TimeoutError')), left);
  };
  restart(milliseconds);
  let abort = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      abort = () => reject(signal.reason);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort);
      work(signal, restart).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
};

/** How often a request that is under way is measured against the patience after `stop()`; milliseconds. */
const CHECK = 250;
/** What each request gets at least, however little patience is left; milliseconds. */
const LEAST = 1_000;
const MINUTE = 60_000;
/** More bytes than these may be on their way, slowly, when patience runs out: the server can be asked how far they have got. */
const SMALL = 65_536;
/** What patience is prolonged by for that, if it was as long itself; seconds. The answer may come over a link whose queue is full. */
const LAST_LOOK = 5;

/** How long nothing has moved; uploads to the same storage share it. */
export class Patience {
  lastProgress = performance.now();
  /** Set once patience has run out: what still waits need not find out by itself. */
  over: StorageUnreachableError | undefined;
  /** What `lastProgress` was when it was prolonged: it is only once without any. */
  prolonged: number | undefined;
}

/** Repeats requests for as long as it makes sense to. */
export class Persistence {
  #attempt = 0;

  constructor(
    private readonly endpoint: string,
    /** Seconds. */
    private readonly giveUpAfter: number,
    private readonly stoppedAt: () => number | undefined,
    private readonly onTrouble: (detail: string) => void,
    private readonly patience: Patience = new Patience(),
  ) {}

  /** Something was stored: patience starts anew. */
  progress(): void {
    this.patience.lastProgress = performance.now();
    this.#attempt = 0;
  }

  get #exhausted(): boolean {
    const { lastProgress, prolonged } = this.patience;
    const { giveUpAfter } = this;
    const seconds = giveUpAfter + (prolonged === lastProgress ? Math.min(giveUpAfter, LAST_LOOK) : 0);
    return shouldGiveUp(performance.now(), lastProgress, this.stoppedAt(), seconds * 1000);
  }

  /**
   * One request; `undefined` when it failed in a way that may pass, after the pause before the next try. It fails
   * as well when it takes too long for its size, or when patience after `stop()` runs out meanwhile: a large one then leaves some
   * seconds to ask what came of it.
   *
   * @param bytes size of the request's body.
   * @throws StorageUnreachableError when patience has run out; the signal's reason when it aborts.
   */
  async attempt(
    request: (signal: AbortSignal) => Promise<Response>,
    signal: AbortSignal,
    bytes = 0,
  ): Promise<Response | undefined> {
    if (this.patience.over) throw this.patience.over;
    let detail: string;
    let status: number | undefined;
    try {
      const response = await this.#inTime(request, signal, deadlineOf(bytes), bytes);
      if (verdictOf(response.status) !== 'retry') return response;
      status = response.status;
      detail = `HTTP ${status}: ${await detailOf(response)}`;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      detail = error instanceof Error ? error.message : String(error);
    }
    await this.stalled(detail, signal, status);
    return undefined;
  }

  /**
   * What can't be cut short. Rejects when it takes longer than a minute, or than its bytes need, when patience after `stop()` runs
   * out meanwhile, and when the signal aborts.
   */
  within<T>(work: () => Promise<T>, signal: AbortSignal, bytes = 0): Promise<T> {
    return this.#inTime(work, signal, Math.max(MINUTE, deadlineOf(bytes)));
  }

  async #inTime<T>(
    request: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    milliseconds: number,
    bytes = 0,
  ): Promise<T> {
    let check: ReturnType<typeof setInterval> | undefined;
    try {
      return await withDeadline(milliseconds, signal, (limited, restart) => {
        const began = performance.now();
        // stop() may be called while the request is under way, and other uploads may make progress.
        check = setInterval(() => {
          if (!this.#exhausted || performance.now() - began < LEAST) return;
          if (bytes > SMALL) this.patience.prolonged = this.patience.lastProgress;
          restart(0);
        }, CHECK);
        return request(limited);
      });
    } finally {
      clearInterval(check);
    }
  }

  /**
   * Nothing has moved: tells, and waits before the next try.
   *
   * @throws StorageUnreachableError when patience has run out; the signal's reason when it aborts.
   */
  async stalled(detail: string, signal: AbortSignal, status?: number): Promise<void> {
    this.onTrouble(detail);
    if (this.#exhausted) {
      this.patience.over = unreachable(this.endpoint, detail, status);
      throw this.patience.over;
    }
    this.#attempt++;
    await sleep(backoff(this.#attempt), signal);
  }
}

/**
 * How a sink repeats what it asks of its storage.
 *
 * @param patience shared by what is not given up while another gets through.
 */
export const persistenceOf = (
  { endpoint, giveUpAfter }: { endpoint: string; giveUpAfter: number },
  events: Pick<SinkEvents, 'stoppedAt' | 'onTrouble'>,
  patience?: Patience,
): Persistence =>
  new Persistence(
    endpoint,
    giveUpAfter,
    () => events.stoppedAt(),
    detail => events.onTrouble(detail),
    patience,
  );
