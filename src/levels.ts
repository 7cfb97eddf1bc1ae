/** Levels of VP9 and AV1 by size, rate and bitrate. Pure: shared by what chooses an encoder and what reads a stream. */

/** The shape of a stream. */
export interface VideoShape {
  width: number;
  height: number;
  /** Frames a second. */
  frameRate: number;
}

/** What the standards say in samples a second is here the rate of the largest frame: fewer digits for a page to load. */
type Level = readonly [level: number, rate: number, perFrame: number, bitrate: number, side: number];

/** Level, frames a second of the largest size, samples a frame, 100 kbit/s, longest side (VP9 levels, webmproject.org/vp9/levels). */
const VP9_LEVELS: readonly Level[] = [
  [10, 22.5, 36864, 2, 512],
  [11, 37.5, 73728, 8, 768],
  [20, 37.5, 122880, 18, 960],
  [21, 37.5, 245760, 36, 1344],
  [30, 37.5, 552960, 72, 2048],
  [31, 37.5, 983040, 120, 2752],
  [40, 37.5, 2228224, 180, 4160],
  [41, 72, 2228224, 300, 4160],
  [50, 35, 8912896, 600, 8384],
  [51, 66, 8912896, 1200, 8384],
  [52, 132, 8912896, 1800, 8384],
  [60, 33, 35651584, 1800, 16832],
  [61, 66, 35651584, 2400, 16832],
  [62, 132, 35651584, 4800, 16832],
];

/** Level index, frames a second of the largest size, samples a frame, 100 kbit/s in the main tier, longest width (AV1 specification, A.3). */
const AV1_LEVELS: readonly Level[] = [
  [0, 30, 147456, 15, 2048],
  [1, 30, 278784, 30, 2816],
  [4, 30, 665856, 60, 4352],
  [5, 30, 1065024, 100, 5504],
  [8, 30, 2359296, 120, 6144],
  [9, 60, 2359296, 200, 6144],
  [12, 30, 8912896, 300, 8192],
  [13, 60, 8912896, 400, 8192],
  [14, 120, 8912896, 600, 8192],
  [16, 30, 35651584, 600, 16384],
  [17, 60, 35651584, 1000, 16384],
  [18, 120, 35651584, 1600, 16384],
];

const pick = (
  levels: readonly Level[],
  { width, height, frameRate }: VideoShape,
  bitrate: number,
  side: number,
): number | undefined =>
  levels.find(
    ([, rate, perFrame, most, longest]) =>
      width * height * frameRate <= rate * perFrame &&
      width * height <= perFrame &&
      bitrate <= most * 1e5 &&
      side <= longest,
  )?.[0];

/** The lowest level of VP9 that holds a shape and a bitrate (bits per second), ten times its number; none above 6.2. */
export const vp9Level = (shape: VideoShape, bitrate: number): number | undefined =>
  pick(VP9_LEVELS, shape, bitrate, Math.max(shape.width, shape.height));

/** The lowest level of AV1 that holds a shape and a bitrate (bits per second), as `seq_level_idx`; none above 6.2. */
export const av1Level = (shape: VideoShape, bitrate: number): number | undefined =>
  pick(AV1_LEVELS, shape, bitrate, shape.width);
