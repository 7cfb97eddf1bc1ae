/** Finds out whether frames come by. */
import type { Seen } from './protocol.ts';

export type Probe =
  /** Frames pass the tap. */
  | { state: 'flowing'; mimeType: string }
  /** Nothing passed, and nothing was received or sent: the other side is muted, or not connected yet. */
  | { state: 'silent' }
  /** There is media, but none of it passes the tap: it was put on too late (Chromium). */
  | { state: 'blocked' };

/** What a probe looks at. */
export interface ProbeSource {
  /** What has passed the tap; may not settle. */
  seen(): Promise<Seen>;
  /** What the connection has received or sent; may reject. */
  bytes(): Promise<number>;
}

/** Time between two looks, milliseconds; short probes take shorter ones. */
const LONGEST_LOOK = 100;
const LEAST_LOOKS = 10;

/** Bytes must have grown so many times: the first packets of a large frame are no sign that frames are held up. */
const GROWTHS = 3;

/** Frames that passed since the beginning, or how often bytes came without them. Pure. */
export class Findings {
  #frames: number | undefined;
  #bytes: number | undefined;
  #growths = 0;

  /** What a look has shown; undefined what gave no answer in time. @returns an outcome that is certain already. */
  look(seen: Seen | undefined, bytes: number | undefined): Probe | undefined {
    if (bytes !== undefined) {
      if (this.#bytes !== undefined && bytes > this.#bytes) this.#growths++;
      this.#bytes = bytes;
    }
    if (seen === undefined) return undefined;
    this.#frames ??= seen.frames;
    if (seen.frames === this.#frames) return undefined;
    return { state: 'flowing', mimeType: seen.mimeType ?? '' };
  }

  /** The outcome when time is up. */
  end(): Probe {
    return this.#growths >= GROWTHS ? { state: 'blocked' } : { state: 'silent' };
  }
}

/** Rejects with the signal's reason when it is aborted. */
const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<undefined> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve(undefined);
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });

/**
 * Looks until frames pass, or for so many milliseconds.
 *
 * @throws the signal's reason, once it is aborted.
 */
export const probe = async (
  source: ProbeSource,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<Probe> => {
  const findings = new Findings();
  const spacing = Math.min(LONGEST_LOOK, milliseconds / LEAST_LOOKS);
  const until = performance.now() + milliseconds;
  for (;;) {
    signal?.throwIfAborted();
    const late = pause(spacing, signal);
    const [seen, bytes] = await Promise.all([
      Promise.race([source.seen(), late]),
      Promise.race([source.bytes().catch(() => undefined), late]),
    ]);
    const outcome = findings.look(seen, bytes);
    if (outcome) return outcome;
    if (performance.now() >= until) return findings.end();
    await late;
  }
};
