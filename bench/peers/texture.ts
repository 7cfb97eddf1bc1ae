/** A picture that costs bits: a scrolling texture, with the frame's number on top. Pure. */
import { barTop, codeBottom, paintCounter } from '../../demo/test-pattern/counter.ts';

/** How far it scrolls before it turns back; pixels. */
const [ACROSS, DOWN] = [128, 64];
/** A patch that is another one in each frame: no motion search finds it. Pixels. */
const PATCH = 96;

/** Paints a frame, and returns its I420 bytes: used again for the next one. */
export type Painter = (frame: number) => Uint8Array<ArrayBuffer>;

/** The same numbers in every run. */
const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Smooth noise from -1 to 1: random values at the corners of cells, and what lies between them. */
const noise = (width: number, height: number, cell: number, random: () => number): Float32Array => {
  const [columns, rows] = [Math.ceil(width / cell) + 1, Math.ceil(height / cell) + 1];
  const corners = Float32Array.from({ length: columns * rows }, () => random() * 2 - 1);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const [row, v] = [Math.floor(y / cell), (y % cell) / cell];
    for (let x = 0; x < width; x++) {
      const [column, u] = [Math.floor(x / cell), (x % cell) / cell];
      const at = row * columns + column;
      const upper = (corners[at] ?? 0) * (1 - u) + (corners[at + 1] ?? 0) * u;
      const lower = (corners[at + columns] ?? 0) * (1 - u) + (corners[at + columns + 1] ?? 0) * u;
      out[y * width + x] = upper * (1 - v) + lower * v;
    }
  }
  return out;
};

/** A plane that is larger than the picture by as much as it scrolls: coarse shapes, fine ones, and grain. */
const plane = (
  width: number,
  height: number,
  detail: readonly (readonly [number, number])[],
  seed: number,
) => {
  const random = numbers(seed);
  const layers = detail.map(([cell, weight]) => ({ weight, values: noise(width, height, cell, random) }));
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const sum = layers.reduce((total, { weight, values }) => total + weight * (values[i] ?? 0), 0);
    return Math.round(128 + sum);
  });
};

/** Back and forth between 0 and `most`, in even steps. */
const swing = (value: number, most: number): number => {
  const at = value % (2 * most);
  return at < most ? at : 2 * most - at;
};

export const createPainter = (width: number, height: number, fullRange: boolean): Painter => {
  const [halfWidth, halfHeight] = [width / 2, height / 2];
  const luma = { stride: width + ACROSS, bytes: new Uint8Array() };
  luma.bytes = plane(
    luma.stride,
    height + DOWN,
    [
      [64, 40],
      [16, 25],
      [4, 12],
      [1, 5],
    ],
    1,
  );
  const chromaStride = halfWidth + ACROSS / 2;
  const chroma = [2, 3].map(seed => plane(chromaStride, halfHeight + DOWN / 2, [[32, 50]], seed));
  const bytes = new Uint8Array(width * height + 2 * halfWidth * halfHeight).fill(128);
  const planes = [0, 1].map(i => {
    const from = width * height + i * halfWidth * halfHeight;
    return bytes.subarray(from, from + halfWidth * halfHeight);
  });
  const y = bytes.subarray(0, width * height);
  const random = numbers(4);
  // The counter wants chroma to be neutral where it lies.
  const [top, bottom] = [Math.ceil((codeBottom(height) + 1) / 2) * 2, Math.floor(barTop(height) / 2) * 2];
  return frame => {
    const [x, down] = [swing(frame * 4, ACROSS), swing(frame * 2, DOWN)];
    for (let row = top; row < bottom; row++) {
      const at = (row + down) * luma.stride + x;
      y.set(luma.bytes.subarray(at, at + width), row * width);
    }
    for (const [i, target] of planes.entries()) {
      for (let row = top / 2; row < bottom / 2; row++) {
        const at = (row + down / 2) * chromaStride + x / 2;
        target.set(chroma[i]?.subarray(at, at + halfWidth) ?? [], row * halfWidth);
      }
    }
    const from =
      Math.floor(random() * (height - PATCH)) * luma.stride + Math.floor(random() * (width - PATCH));
    const left = (width - PATCH) / 2;
    for (let row = 0; row < PATCH; row++) {
      const at = from + row * luma.stride;
      y.set(luma.bytes.subarray(at, at + PATCH), (top + 16 + row) * width + left);
    }
    paintCounter(y, width, width, height, frame, fullRange ? 'full' : 'limited');
    return bytes;
  };
};
