/** Levels of VP9 and AV1 by size, rate and bitrate. Pure: shared by what chooses an encoder and what reads a stream. */

/** The shape of a stream. */
export interface VideoShape {
  width: number;
  height: number;
  /** Frames a second. */
  frameRate: number;
}

type Level = readonly [level: number, perSecond: number, perFrame: number, kilobits: number, side: number];

/** Level, samples a second, samples a frame, kbit/s, longest side (VP9 levels, webmproject.org/vp9/levels). */
const VP9_LEVELS: readonly Level[] = [
  [10, 829440, 36864, 200, 512],
  [11, 2764800, 73728, 800, 768],
  [20, 4608000, 122880, 1800, 960],
  [21, 9216000, 245760, 3600, 1344],
  [30, 20736000, 552960, 7200, 2048],
  [31, 36864000, 983040, 12000, 2752],
  [40, 83558400, 2228224, 18000, 4160],
  [41, 160432128, 2228224, 30000, 4160],
  [50, 311951360, 8912896, 60000, 8384],
  [51, 588251136, 8912896, 120000, 8384],
  [52, 1176502272, 8912896, 180000, 8384],
  [60, 1176502272, 35651584, 180000, 16832],
  [61, 2353004544, 35651584, 240000, 16832],
  [62, 4706009088, 35651584, 480000, 16832],
];

/** Level index, samples a second, samples a frame, kbit/s in the main tier, longest width (AV1 specification, A.3). */
const AV1_LEVELS: readonly Level[] = [
  [0, 4423680, 147456, 1500, 2048],
  [1, 8363520, 278784, 3000, 2816],
  [4, 19975680, 665856, 6000, 4352],
  [5, 31950720, 1065024, 10000, 5504],
  [8, 70778880, 2359296, 12000, 6144],
  [9, 141557760, 2359296, 20000, 6144],
  [12, 267386880, 8912896, 30000, 8192],
  [13, 534773760, 8912896, 40000, 8192],
  [14, 1069547520, 8912896, 60000, 8192],
  [16, 1069547520, 35651584, 60000, 16384],
  [17, 2139095040, 35651584, 100000, 16384],
  [18, 4278190080, 35651584, 160000, 16384],
];

const pick = (
  levels: readonly Level[],
  { width, height, frameRate }: VideoShape,
  bitrate: number,
  side: number,
): number | undefined =>
  levels.find(
    ([, perSecond, perFrame, kilobits, longest]) =>
      width * height * frameRate <= perSecond &&
      width * height <= perFrame &&
      bitrate <= kilobits * 1000 &&
      side <= longest,
  )?.[0];

/** The lowest level of VP9 that holds a shape and a bitrate (bits per second), ten times its number; none above 6.2. */
export const vp9Level = (shape: VideoShape, bitrate: number): number | undefined =>
  pick(VP9_LEVELS, shape, bitrate, Math.max(shape.width, shape.height));

/** The lowest level of AV1 that holds a shape and a bitrate (bits per second), as `seq_level_idx`; none above 6.2. */
export const av1Level = (shape: VideoShape, bitrate: number): number | undefined =>
  pick(AV1_LEVELS, shape, bitrate, shape.width);
