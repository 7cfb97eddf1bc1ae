/** What the source is like at each frame, and when it changes. Pure: the source's worker and the counting share it. */

/** Frames a second. */
export const RATE = 30;

/**
 * @typedef {{ width: number, height: number }} Size pixels
 * @typedef {Size & { rotation: 0 | 90, fullRange: boolean }} Look
 * @typedef {{ from: number, every: number, count: number }} Plan the frame of the first change; frames from one to the next; how many
 */

/** Half the size, for the time until the next change of size. @param {Size} size @returns {Size} */
export const smaller = ({ width, height }) => ({ width: width / 2, height: height / 2 });

/**
 * The size changes first, then the rotation, then the range of the colours, then the size again, …
 *
 * @param {number} frame
 * @param {Size} size
 * @param {Plan} [plan] without: nothing changes
 * @returns {Look}
 */
export const lookAt = (frame, size, plan) => {
  const since = plan === undefined ? -1 : frame - plan.from;
  const changes =
    plan === undefined || since < 0 ? 0 : Math.min(plan.count, 1 + Math.floor(since / plan.every));
  /** @param {number} number of kinds that change before it */
  const isChanged = number => Math.floor((changes + 2 - number) / 3) % 2 === 1;
  return {
    ...(isChanged(0) ? smaller(size) : size),
    rotation: isChanged(1) ? 90 : 0,
    fullRange: isChanged(2),
  };
};

/** The first frame of each look but the first. @param {Plan} plan */
export const changedFrames = ({ from, every, count }) =>
  Array.from({ length: count }, (_, index) => from + index * every);
