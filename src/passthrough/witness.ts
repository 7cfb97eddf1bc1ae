/**
 * Whether the page's decoder can be asked what was there, and what it has told of losses. It shows a picture only when
 * all is there that it is predicted from, as libwebrtc reads of the packets; a frame that is missing makes it stand still
 * until that one comes, or a key frame. Pure.
 */
import type { DecoderLook } from '../encoded.ts';
import { type ChainFrame, isBeginning } from './chain-frame.ts';

/** It is looked so often while frames wait; microseconds. Each look costs the page a report of statistics. */
const LOOK_EVERY = 500_000;
/** And so often while a key frame waits: the nearer before it the decoder is seen, the fewer frames may be left behind. */
const LOOK_FOR_KEY = 100_000;
/** Whoever has not answered for so long does not look; microseconds. */
const ANSWERED = 2 * LOOK_EVERY;
/** After a look that told of a loss, so many without one make frames certain again: what was lost shows late. */
const DOUBTFUL_LOOKS = 2;
/** A browser may give statistics that are so old (Chromium keeps them for 50 ms); microseconds. */
const STALE = 60_000;

/** What is to be done about frames that wait. */
export type Wait =
  | 'wait'
  /** It is time to look. */
  | 'look'
  /** The decoder shows no progress: something is missing. */
  | 'lost'
  /** It was never heard of: somebody else must tell. */
  | 'unheard';

/** Whether a picture is one that the decoder showed last. */
export const isShown = ({ rtpTimestamp }: ChainFrame, shown: readonly number[]): boolean =>
  rtpTimestamp !== undefined && shown.includes(rtpTimestamp);

/**
 * What the decoder has decoded of frames that wait, in order of time.
 *
 * @param doubt packets were lost of late. `dropped`: and it has passed frames over.
 * @returns `unknown`: so many first ones are left behind by a key frame, and nobody knows where before it the decoder has
 * stopped; so many after them are decoded. `lost`: it has passed over some of them. `undefined` when it has shown none.
 */
export const decodedOf = (
  frames: readonly ChainFrame[],
  shown: readonly number[],
  { doubt, dropped }: { doubt: boolean; dropped: boolean },
): { unknown: number; decoded: number } | 'lost' | undefined => {
  const last = frames.findLast(frame => isShown(frame, shown));
  if (last === undefined) return undefined;
  const upTo = frames.filter(({ time }) => time <= last.time);
  // Without a key frame that would be the reason, they are of a layer above, which the shown picture does not need.
  if (doubt && dropped && !frames.some(isBeginning)) return 'lost';
  const unknown = doubt ? Math.max(0, upTo.findLastIndex(isBeginning)) : 0;
  return { unknown, decoded: upTo.length - unknown };
};

type Trust =
  /** No look has named a frame that came. */
  | 'unknown'
  | 'heard'
  /** There is no decoder, or nobody to look. */
  | 'unheard';

export class Witness {
  #trust: Trust;
  /** Of the last look. */
  #look: DecoderLook | undefined;
  /** So many looks more are in doubt. */
  #doubt = 0;
  #lostAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** When the decoder was last seen to go on. */
  #wentOnAt = Number.NEGATIVE_INFINITY;
  /** It was given up, and goes on. */
  #comesBack = false;

  /**
   * @param looks whether anybody can look.
   * @param standstill so long the decoder is waited for; microseconds.
   */
  constructor(
    looks: boolean,
    private readonly standstill: number,
  ) {
    this.#trust = looks ? 'unknown' : 'unheard';
  }

  /** True while frames should wait for the decoder. */
  get isHeard(): boolean {
    return this.#trust !== 'unheard';
  }

  /** True while frames that have come may be predicted from ones that were lost. */
  get isInDoubt(): boolean {
    return this.#doubt > 0;
  }

  /** What came up to this arrival may miss what was lost, unless the decoder shows that it does not. */
  get lostUntil(): number {
    return this.#lostAt;
  }

  /** What came up to this arrival came without a loss, unless it is in doubt. */
  get clearUntil(): number {
    return this.#look ? this.#look.at - STALE : Number.NEGATIVE_INFINITY;
  }

  /** @returns whether packets were lost, and frames passed over, since the look before. */
  note(look: DecoderLook): { lost: boolean; dropped: boolean } {
    const before = this.#look;
    this.#look = look;
    const lost = look.losses > (before?.losses ?? 0);
    if (lost) {
      this.#doubt = DOUBTFUL_LOOKS + 1;
      this.#lostAt = look.at;
    }
    // A decoder that comes back is believed from the next key frame on.
    const moved = before !== undefined && look.shown.some(one => !before.shown.includes(one));
    this.#comesBack = this.#trust === 'unheard' && moved;
    return { lost, dropped: before !== undefined && look.dropped > before.dropped };
  }

  /** A key frame: what follows it is not in doubt by what came before. */
  begin(): void {
    if (this.#comesBack) this.#trust = 'unknown';
    this.#comesBack = false;
  }

  /** A look has named a frame that came. @param now where it is a new one. */
  hear(now?: number): void {
    this.#trust = 'heard';
    if (now === undefined) return;
    this.#wentOnAt = now;
    this.#doubt = Math.max(0, this.#doubt - 1);
  }

  /**
   * @param since arrival of the frame that waits longest; infinity when none does.
   * @param crowded no more may wait. `key`: a key frame is among them.
   */
  wait(since: number, { crowded, key }: { crowded: boolean; key: boolean }, now: number): Wait {
    if (since === Number.POSITIVE_INFINITY) return 'wait';
    if (crowded || now - Math.max(since, this.#wentOnAt) >= this.standstill) return this.#giveUp(now);
    if (now - this.#askedAt < (key ? LOOK_FOR_KEY : LOOK_EVERY)) return 'wait';
    this.#askedAt = now;
    return 'look';
  }

  /**
   * One that was heard, and is looked at, may have lost something or be gone: the next time, it shows which. Of one that is not
   * looked at, as while the page's thread is blocked, nothing is known.
   */
  #giveUp(now: number): 'lost' | 'unheard' {
    this.#wentOnAt = now;
    const stands = this.#trust === 'heard' && now - (this.#look?.at ?? Number.NEGATIVE_INFINITY) < ANSWERED;
    this.#trust = stands ? 'unknown' : 'unheard';
    return stands ? 'lost' : 'unheard';
  }
}
