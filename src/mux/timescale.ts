/** How finely a video track counts time. Pure. */

/** Ticks in a second; a multiple of 24, 25, 30, 48, 50, 60 and 120, so that steady frames have steady lengths. */
const USUAL = 57_600;

/**
 * Ticks in a second: at a constant frame rate, each frame is one of them, so that none is rounded.
 *
 * @param frameRate frames per second where they are constant. Those of NTSC are 1000/1001 of whole ones: there a frame has 1001.
 */
export const videoTimescale = (frameRate: number | undefined): number => {
  if (frameRate === undefined) return USUAL;
  if (Number.isInteger(frameRate)) return frameRate;
  const whole = Math.round(frameRate * 1.001);
  return Math.abs(frameRate * 1.001 - whole) < 0.002 ? whole * 1_000 : Math.round(frameRate * 1_000);
};
