/** Which of the frames that the source made are in a recording, and right. Pure. */
import { lookAt } from './plan.mjs';

/**
 * @typedef {import('./plan.mjs').Plan} Plan
 * @typedef {import('./plan.mjs').Size} Size
 * @typedef {import('./decoded.ts').Decoded} Decoded
 * @typedef {{ first: number, expected: number, lost: number, longest: number, repeated: number, wrong: number, unreadable: number }} Counted
 */

/** Frames that may be on their way from the source to a recorder when it is told to stop: a tenth of a second. */
const ON_THEIR_WAY = 3;

/**
 * From the first frame that is there up to the last one that the source had made well before the recorder was told to stop.
 *
 * @param {readonly number[]} numbers of all frames that are there, in any order; less than zero where there is none
 * @param {number} made how many the source had made then
 */
export const countLost = (numbers, made) => {
  const there = new Set(numbers.filter(number => number >= 0));
  const end = made - ON_THEIR_WAY;
  const first = Math.min(...there, end);
  let [lost, gap, longest] = [0, 0, 0];
  for (let number = first; number < end; number++) {
    gap = there.has(number) ? 0 : gap + 1;
    if (gap > 0) lost++;
    longest = Math.max(longest, gap);
  }
  const readable = numbers.filter(number => number >= 0).length;
  return {
    ...{ first, expected: Math.max(0, end - first), lost, longest },
    repeated: readable - there.size,
    unreadable: numbers.length - readable,
  };
};

/**
 * Frames that can be decoded, but are shown in another shape, turned another way or in other colours than the source's.
 *
 * @param {readonly Decoded[]} frames
 * @param {Size} size
 * @param {Plan | undefined} plan
 */
export const countWrong = (frames, size, plan) =>
  frames.filter(frame => {
    if (frame.number < 0) return false;
    const look = lookAt(frame.number, size, plan);
    // Or the pixels themselves were turned, which a player shows just as well.
    const isTurned = frame.rotation === 0 && look.rotation === 90;
    const [width, height] = isTurned ? [look.height, look.width] : [look.width, look.height];
    const isShaped = frame.width === width && frame.height === height;
    const isUpright = isTurned || frame.rotation === look.rotation;
    return !isShaped || !isUpright || frame.fullRange !== look.fullRange;
  }).length;
