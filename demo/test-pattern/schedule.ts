/** When the next frame and the next piece of audio are due. Pure, so that it can't drift unseen. */

/** Seconds of audio in a piece, as cameras and microphones deliver it. */
export const PIECE_DURATION = 0.01;
/** Seconds that the pattern may be late before its clock is set back instead of catching up in a burst. */
const MAX_LATE = 0.5;

/** Start of frame `n` on the pattern's timeline in seconds. */
export const frameTime = (n: number, frameRate: number): number => n / frameRate;

/** Start of audio piece `n` on the pattern's timeline in seconds. */
export const pieceTime = (n: number): number => n * PIECE_DURATION;

/** Samples of a piece that begins `piece` pieces after the last change of the sample rate. */
export const samplesIn = (piece: number, sampleRate: number): { first: number; count: number } => {
  const at = (n: number): number => Math.round(n * PIECE_DURATION * sampleRate);
  return { first: at(piece), count: at(piece + 1) - at(piece) };
};

/**
 * Where the pattern's timeline begins on the wall clock, in milliseconds. A machine that was busy for a
 * moment is caught up with; after a longer stop the timeline resumes where it was: it leaves nothing out.
 *
 * @param origin - Where it began up to now.
 * @param now - The wall clock in milliseconds.
 * @param due - What is due next on the pattern's timeline in seconds.
 */
export const originAfter = (origin: number, now: number, due: number): number => {
  const late = (now - origin) / 1000 - due;
  return late > MAX_LATE ? now - due * 1000 : origin;
};
