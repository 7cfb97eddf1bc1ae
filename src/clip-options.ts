/** What a clip is to be, and the checks on it. Pure. */
import type { RingRequest } from './clip/protocol.ts';
import { OptionInvalidError } from './errors.ts';
import { checkNames, checkObject, cloneMetadata, inRange, yesOrNo } from './options.ts';

/** Options of `clip()`: either the last `seconds`, or `duration` seconds from `start` on. */
export interface ClipOptions {
  /** The last so many seconds; where there is less, all that there is. */
  seconds?: number;
  /** Seconds on the stream's timeline, which `dvr` tells of. Where it lies in the future, the clip waits for it. */
  start?: number;
  /** Seconds, with `start`. */
  duration?: number;
  /**
   * `true`: the first group of pictures is encoded again, and the clip begins with the very frame that was asked for. Where the
   * encoder does not come to the same parameters, that group is a file of its own. `false` (default): it begins with the key
   * frame before it, and nothing is encoded.
   */
  exact?: boolean;
  /** Copied into the clip's manifest as it is. Default: the recorder's. */
  metadata?: Record<string, unknown>;
}

/** Options of `start()`. */
export interface StartOptions {
  /**
   * Seconds. Default 0. The recording begins so long ago, with the key frame before: needs the recorder's `dvr`. Where the ring
   * holds less, with the first that it holds.
   */
  preRoll?: number;
}

/** The longest that a ring holds; seconds. */
const LONGEST = 14_400;

/** @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`). */
export const resolveClip = (
  options: ClipOptions,
): { request: RingRequest; exact: boolean; metadata: Record<string, unknown> | undefined } => {
  checkNames(checkObject(options, 'clip'), '', ['seconds', 'start', 'duration', 'exact', 'metadata']);
  const { seconds, start, duration, metadata } = options;
  const exact = yesOrNo(options.exact, 'exact');
  const kept = metadata === undefined ? undefined : cloneMetadata(checkObject(metadata, 'metadata'));
  if (seconds !== undefined && start === undefined && duration === undefined) {
    const last = inRange(seconds, 'seconds', 0.1, LONGEST, 'seconds', 0);
    return { request: { kind: 'last', seconds: last }, exact, metadata: kept };
  }
  if (seconds !== undefined || start === undefined || duration === undefined)
    throw new OptionInvalidError('clip', '{ seconds }, or { start, duration }', options);
  const piece = {
    kind: 'piece' as const,
    start: inRange(start, 'start', 0, Infinity, 'seconds', 0),
    duration: inRange(duration, 'duration', 0.1, LONGEST, 'seconds', 0),
  };
  return { request: piece, exact, metadata: kept };
};

/** @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`). */
export const resolvePreRoll = (options: StartOptions): number => {
  checkNames(checkObject(options, 'start'), '', ['preRoll']);
  return inRange(options.preRoll, 'preRoll', 0, LONGEST, 'seconds', 0);
};
