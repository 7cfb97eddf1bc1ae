/** RGB to YCbCr for each matrix and range that the test pattern can carry. Pure. */
import { type LumaRange, lumaLevels } from './counter.ts';

/** Red, green and blue from 0 to 1, already in the transfer function of the picture. */
export type Rgb = readonly [number, number, number];
/** One 8-bit value for each plane. */
export type Yuv = readonly [number, number, number];

/** Weights of red and blue in luma: ITU-R BT.709-6, BT.601-7 (also SMPTE 170M), BT.2020-2. */
const WEIGHTS: Record<string, readonly [red: number, blue: number]> = {
  bt709: [0.2126, 0.0722],
  smpte170m: [0.299, 0.114],
  bt470bg: [0.299, 0.114],
  'bt2020-ncl': [0.2627, 0.0593],
};

/** True when the test pattern can be computed for a matrix. */
export const isKnownMatrix = (matrix: string): boolean => matrix in WEIGHTS;

/**
 * The 8-bit values that a decoder turns back into this colour, so that a picture looks the same in every
 * matrix and range when it is tagged rightly, and visibly wrong when it is not.
 */
export const rgbToYuv = ([r, g, b]: Rgb, matrix: string, range: LumaRange): Yuv => {
  const [red, blue] = WEIGHTS[matrix] ?? [0.2126, 0.0722];
  const { black, white } = lumaLevels(range);
  const chromaSpan = range === 'full' ? 255 : 224;
  const luma = red * r + (1 - red - blue) * g + blue * b;
  const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
  return [
    clamp(black + luma * (white - black)),
    clamp(128 + ((b - luma) / (2 * (1 - blue))) * chromaSpan),
    clamp(128 + ((r - luma) / (2 * (1 - red))) * chromaSpan),
  ];
};
