/** Drawing into a frame's bytes: exact where it covers, untouched everywhere else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blend, type Pixels, patchOf } from '../../src/compose/overlays/blend.ts';
import { type FrameLayout, layoutOf } from '../../src/compose/overlays/formats.ts';
import { rgbaToI420 } from '../../src/compose/yuv.ts';
import type { ColorSpace } from '../../src/manifest.ts';

const space = (matrix: string, fullRange: boolean): ColorSpace => ({
  ...{ primaries: 'bt709', transfer: 'bt709', matrix, fullRange },
});
const LIMITED = space('bt709', false);

const FORMATS = ['I420', 'I422', 'I444', 'I420A', 'NV12', 'RGBA', 'RGBX', 'BGRA', 'BGRX'];

const layout = (format: string, width: number, height: number): FrameLayout => {
  const found = layoutOf(format, width, height);
  if (!found) throw new Error(`no layout for ${format}`);
  return found;
};

/** A box of one colour. */
const plain = (box: Omit<Pixels, 'rgba'>, color: readonly number[]): Pixels => ({
  ...box,
  rgba: Uint8ClampedArray.from({ length: box.width * box.height * 4 }, (_, i) => color[i % 4] ?? 0),
});

/** Bytes that differ from place to place. */
const noise = (length: number): Uint8ClampedArray =>
  Uint8ClampedArray.from({ length }, (_, i) => (i * 7919 + ((i * i) >> 3)) & 255);

/** Values of a channel of a drawn frame, by column and row of its plane. */
const valueAt = (bytes: Uint8ClampedArray, { channels }: FrameLayout, name: string) => {
  const place = channels.find(({ channel }) => channel === name);
  if (!place) throw new Error(`no ${name}`);
  return (column: number, row: number): number =>
    bytes[place.offset + row * place.stride + column * place.step] ?? -1;
};

describe('an opaque overlay', () => {
  it.each([
    ['bt709', false],
    ['bt709', true],
    ['smpte170m', false],
    ['bt2020-ncl', true],
  ] as const)('has the values that its colour has in %s, full range %s', (matrix, fullRange) => {
    const colorSpace = space(matrix, fullRange);
    const color = [200, 40, 90, 255];
    const frame = layout('I420', 8, 8);
    const bytes = noise(frame.bytes);
    const before = bytes.slice();
    blend(bytes, patchOf(plain({ x: 2, y: 4, width: 4, height: 2 }, color), frame, colorSpace, 1));
    const [y, , , , u, v] = rgbaToI420(
      Uint8Array.from([...color, ...color, ...color, ...color]),
      2,
      2,
      colorSpace,
    );
    const changed = [...bytes].flatMap((value, i) => (value === before[i] ? [] : [i]));
    // Rows 4 and 5, columns 2 to 5; of chroma row 2, columns 1 and 2.
    expect([...bytes.subarray(4 * 8 + 2, 4 * 8 + 6), ...bytes.subarray(5 * 8 + 2, 5 * 8 + 6)]).toEqual(
      Array(8).fill(y),
    );
    expect([...bytes.subarray(64 + 2 * 4 + 1, 64 + 2 * 4 + 3)]).toEqual([u, u]);
    expect([...bytes.subarray(80 + 2 * 4 + 1, 80 + 2 * 4 + 3)]).toEqual([v, v]);
    expect(changed.length).toBeLessThanOrEqual(12);
  });

  it.each(FORMATS)('changes nothing of %s outside of its box, and all of it inside', format => {
    const frame = layout(format, 7, 5);
    const bytes = new Uint8ClampedArray(frame.bytes).fill(7);
    blend(
      bytes,
      patchOf(plain({ x: 4, y: 2, width: 3, height: 3 }, [255, 255, 255, 255]), frame, LIMITED, 1),
    );
    for (const { channel, across, down } of frame.channels) {
      const value = valueAt(bytes, frame, channel);
      for (let row = 0; row < Math.ceil(5 / down); row++)
        for (let column = 0; column < Math.ceil(7 / across); column++) {
          const inside = column * across >= 4 && row * down >= 2;
          expect(value(column, row) !== 7, `${channel} ${column} ${row}`).toBe(inside);
        }
    }
    if (format === 'I420A') expect([...bytes.subarray(-35)]).toEqual(Array(35).fill(7));
  });

  it.each(['RGBA', 'BGRA'])('keeps its own colour in %s', format => {
    const frame = layout(format, 2, 2);
    const bytes = new Uint8ClampedArray(frame.bytes);
    blend(bytes, patchOf(plain({ x: 0, y: 0, width: 2, height: 2 }, [10, 20, 30, 255]), frame, LIMITED, 1));
    const values = ['r', 'g', 'b'].map(channel => valueAt(bytes, frame, channel)(1, 1));
    expect(values).toEqual([10, 20, 30]);
    expect(bytes[3]).toBe(0);
  });
});

describe('one that lets things through', () => {
  it('mixes by its alpha and its opacity, to the nearest value', () => {
    const frame = layout('I444', 1, 1);
    const bytes = Uint8ClampedArray.from([100, 50, 200]);
    blend(
      bytes,
      patchOf(plain({ x: 0, y: 0, width: 1, height: 1 }, [255, 255, 255, 102]), frame, LIMITED, 0.5),
    );
    // 0.4 x 0.5 of white, which is 235, 128, 128.
    expect([...bytes]).toEqual([
      Math.round(0.8 * 100 + 0.2 * 235),
      Math.round(0.8 * 50 + 0.2 * 128),
      Math.round(0.8 * 200 + 0.2 * 128),
    ]);
  });

  it('shares chroma by how much of it each pixel covers', () => {
    const frame = layout('I420', 2, 2);
    const bytes = Uint8ClampedArray.from([16, 16, 16, 16, 128, 128]);
    // Blue in one of the four.
    const pixels = plain({ x: 0, y: 0, width: 2, height: 2 }, [0, 0, 0, 0]);
    pixels.rgba.set([0, 0, 255, 255], 0);
    blend(bytes, patchOf(pixels, frame, LIMITED, 1));
    expect([...bytes.subarray(0, 4)]).toEqual([32, 16, 16, 16]);
    // A quarter of the way to those of blue, 240 and 117.7.
    expect([...bytes.subarray(4)]).toEqual([156, 125]);
  });

  it('changes not a bit where it is clear', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FORMATS),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (format, width, height) => {
          const frame = layout(format, width, height);
          const bytes = noise(frame.bytes);
          const before = bytes.slice();
          blend(bytes, patchOf(plain({ x: 0, y: 0, width, height }, [255, 0, 0, 0]), frame, LIMITED, 1));
          blend(bytes, patchOf(plain({ x: 0, y: 0, width, height }, [255, 0, 0, 255]), frame, LIMITED, 0));
          expect(bytes).toEqual(before);
        },
      ),
    );
  });
});

it('formats that have no bytes of their own, or more than eight bits, are left to others', () => {
  for (const format of [null, 'I420P10', 'I444P12']) expect(layoutOf(format, 16, 16)).toBeUndefined();
});
