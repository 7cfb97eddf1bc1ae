/** RGB to 8-bit 4:2:0, for pictures that were drawn and must go into a file of a given colour space. Pure. */
import type { ColorSpace } from '../manifest.ts';

/** Weights of red and blue in luma (ITU-T H.273, table 4). */
const WEIGHTS: Record<string, readonly [red: number, blue: number]> = {
  bt709: [0.2126, 0.0722],
  smpte170m: [0.299, 0.114],
  bt470bg: [0.299, 0.114],
  'bt2020-ncl': [0.2627, 0.0593],
};

/** What red, green and blue (0 to 255) weigh in each value. */
export interface Coefficients {
  y: readonly [number, number, number];
  u: readonly [number, number, number];
  v: readonly [number, number, number];
  yOffset: number;
}

/** By a colour space's matrix and range; of one that is not known, those of BT.709. */
export const coefficients = (space: ColorSpace): Coefficients => {
  const [red, blue] = WEIGHTS[space.matrix ?? 'bt709'] ?? [0.2126, 0.0722];
  const green = 1 - red - blue;
  const full = space.fullRange === true;
  const yScale = full ? 1 : 219 / 255;
  const cScale = full ? 1 : 224 / 255;
  const u = cScale / (2 * (1 - blue));
  const v = cScale / (2 * (1 - red));
  return {
    y: [red * yScale, green * yScale, blue * yScale],
    u: [-red * u, -green * u, (1 - blue) * u],
    v: [(1 - red) * v, -green * v, -blue * v],
    yOffset: full ? 0 : 16,
  };
};

/**
 * Converts tightly packed RGBA (or BGRA) to I420, planes one after another. Sizes may be odd: chroma planes
 * are rounded up.
 */
export const rgbaToI420 = (
  rgba: Uint8Array,
  width: number,
  height: number,
  space: ColorSpace,
  order: 'rgba' | 'bgra' = 'rgba',
): Uint8Array<ArrayBuffer> => {
  const { y, u, v, yOffset } = coefficients(space);
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const uBase = width * height;
  const vBase = uBase + chromaWidth * chromaHeight;
  const out = new Uint8ClampedArray(vBase + chromaWidth * chromaHeight);
  const r = order === 'rgba' ? 0 : 2;
  const b = 2 - r;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = (row * width + column) * 4;
      out[row * width + column] =
        y[0] * (rgba[at + r] ?? 0) + y[1] * (rgba[at + 1] ?? 0) + y[2] * (rgba[at + b] ?? 0) + yOffset;
    }
  }
  for (let row = 0; row < chromaHeight; row++) {
    const top = row * 2 * width;
    const bottom = Math.min(row * 2 + 1, height - 1) * width;
    for (let column = 0; column < chromaWidth; column++) {
      const left = column * 2;
      const right = Math.min(left + 1, width - 1);
      const a = (top + left) * 4;
      const c = (top + right) * 4;
      const d = (bottom + left) * 4;
      const e = (bottom + right) * 4;
      const red = ((rgba[a + r] ?? 0) + (rgba[c + r] ?? 0) + (rgba[d + r] ?? 0) + (rgba[e + r] ?? 0)) / 4;
      const green = ((rgba[a + 1] ?? 0) + (rgba[c + 1] ?? 0) + (rgba[d + 1] ?? 0) + (rgba[e + 1] ?? 0)) / 4;
      const blue = ((rgba[a + b] ?? 0) + (rgba[c + b] ?? 0) + (rgba[d + b] ?? 0) + (rgba[e + b] ?? 0)) / 4;
      const at = row * chromaWidth + column;
      out[uBase + at] = u[0] * red + u[1] * green + u[2] * blue + 128;
      out[vBase + at] = v[0] * red + v[1] * green + v[2] * blue + 128;
    }
  }
  return new Uint8Array(out.buffer);
};
