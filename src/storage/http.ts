/** Requests to a storage handler, with typed errors. */
import {
  type StorageError,
  StorageFullError,
  StorageRejectedError,
  StorageUnauthorizedError,
  StorageUnreachableError,
} from '../errors.ts';
import { backoff, shouldGiveUp, sleep, verdictOf } from './retry.ts';

/** What a failed answer says, in a line. */
const detailOf = async (response: Response): Promise<string> => {
  const text = await response.text().catch(() => '');
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
  if (verdict === 'unauthorized') return new StorageUnauthorizedError(endpoint, response.status);
  const detail = await detailOf(response);
  if (verdict === 'full')
    return new StorageFullError(endpoint, response.status, `HTTP ${response.status}: ${detail}`);
  if (verdict === 'retry')
    return new StorageUnreachableError(endpoint, `HTTP ${response.status}: ${detail}`, response.status);
  return new StorageRejectedError(endpoint, response.status, detail);
};

/** `fetch` fails with a bare TypeError whatever the cause: network, DNS, TLS or CORS. */
export const unreachable = (endpoint: string, cause: unknown): StorageUnreachableError =>
  new StorageUnreachableError(
    endpoint,
    cause instanceof Error ? cause.message : String(cause),
    undefined,
    cause,
  );

/** Repeats requests for as long as it makes sense to. */
export class Persistence {
  #lastProgress = performance.now();
  #attempt = 0;

  constructor(
    private readonly endpoint: string,
    /** Seconds. */
    private readonly giveUpAfter: number,
    private readonly stoppedAt: () => number | undefined,
    private readonly onTrouble: (detail: string) => void,
  ) {}

  /** Something was stored: patience starts anew. */
  progress(): void {
    this.#lastProgress = performance.now();
    this.#attempt = 0;
  }

  /**
   * One request; `undefined` when it failed in a way that may pass, after the pause before the next try.
   *
   * @throws StorageUnreachableError when patience has run out; the signal's reason when it aborts.
   */
  async attempt(request: () => Promise<Response>, signal: AbortSignal): Promise<Response | undefined> {
    let detail: string;
    let status: number | undefined;
    try {
      const response = await request();
      if (verdictOf(response.status) !== 'retry') return response;
      status = response.status;
      detail = `HTTP ${status}: ${await detailOf(response)}`;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      detail = error instanceof Error ? error.message : String(error);
    }
    this.onTrouble(detail);
    if (shouldGiveUp(performance.now(), this.#lastProgress, this.stoppedAt(), this.giveUpAfter * 1000)) {
      throw new StorageUnreachableError(this.endpoint, detail, status);
    }
    this.#attempt++;
    await sleep(backoff(this.#attempt), signal);
    return undefined;
  }
}
