/** How much room the browser leaves a recording on this device. */

/** Bytes that a recording has on this device. The browser's own figure leaves out what an open file has written. */
export class Usage {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** What `navigator.storage.estimate()` says (Storage standard, section 6.1); bytes. */
export interface Estimate {
  quota: number;
  usage: number;
}

/** `full`: what is there has to be finished now, while there is room for that. */
export type Room = 'ample' | 'low' | 'full';

/** Room is low with less of the quota than this, or of time. */
const LOW_PART = 0.1;
const LOW_SECONDS = 300;
/** What is needed to finish: the last movie fragments, the tail of the journal, the manifest. */
const RESERVE_BYTES = 4 * 1024 * 1024;
const RESERVE_SECONDS = 8;

/**
 * Bytes that are left. Pure.
 *
 * @param before what the browser said when the recording began.
 * @param now what it says now; what open files have written may be missing in it.
 * @param own what the recording has written, less what was deleted.
 */
export const bytesLeft = (before: Estimate, now: Estimate, own: number): number =>
  now.quota - Math.max(now.usage, before.usage + own);

/** Pure. @param bytesPerSecond of the recording, so far. */
export const roomOf = (left: number, quota: number, bytesPerSecond: number): Room => {
  if (left < RESERVE_BYTES + RESERVE_SECONDS * bytesPerSecond) return 'full';
  const low = Math.min(LOW_PART * quota, Math.max(LOW_SECONDS * bytesPerSecond, 2 * RESERVE_BYTES));
  return left < Math.max(low, 2 * RESERVE_BYTES) ? 'low' : 'ample';
};

const estimate = async (): Promise<Estimate | undefined> => {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? undefined : { quota, usage: usage ?? 0 };
  } catch {
    return undefined;
  }
};

/** Looks now and then. */
export class QuotaWatch {
  #before: Promise<Estimate | undefined>;

  constructor(private readonly usage: Usage) {
    this.#before = estimate();
  }

  /** Bytes left and what that means; `undefined` when the browser does not say. */
  async look(bytesPerSecond: number): Promise<{ left: number; room: Room } | undefined> {
    const [before, now] = [await this.#before, await estimate()];
    if (!before || !now) return undefined;
    const left = bytesLeft(before, now, this.usage.bytes);
    return { left, room: roomOf(left, now.quota, bytesPerSecond) };
  }
}
