import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rgbaToI420 } from '../../src/compose/yuv.ts';
import type { ColorSpace } from '../../src/manifest.ts';

type Rgb = readonly [red: number, green: number, blue: number];

const space = (matrix: string | null, fullRange: boolean | null): ColorSpace => ({
  primaries: 'bt709',
  transfer: 'bt709',
  matrix,
  fullRange,
});

/** A picture of pixels in rows, in the byte order that canvases give. */
const picture = (pixels: readonly Rgb[], order: 'rgba' | 'bgra' = 'rgba'): Uint8Array =>
  Uint8Array.from(pixels.flatMap(([r, g, b]) => (order === 'rgba' ? [r, g, b, 255] : [b, g, r, 255])));

/** A picture of one colour as [y, u, v]. */
const plain = (color: Rgb, colorSpace: ColorSpace): number[] => {
  const [y, , , , u, v] = rgbaToI420(picture([color, color, color, color]), 2, 2, colorSpace);
  return [y ?? -1, u ?? -1, v ?? -1];
};

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
const RED: Rgb = [255, 0, 0];
const GREEN: Rgb = [0, 255, 0];
const BLUE: Rgb = [0, 0, 255];

describe('known colours', () => {
  it.each<[string | null, boolean | null, Rgb, number[]]>([
    ['bt709', false, WHITE, [235, 128, 128]],
    ['bt709', false, BLACK, [16, 128, 128]],
    ['bt709', false, RED, [63, 102, 240]],
    ['bt709', false, GREEN, [173, 42, 26]],
    ['bt709', false, BLUE, [32, 240, 118]],
    ['bt709', true, WHITE, [255, 128, 128]],
    ['bt709', true, BLACK, [0, 128, 128]],
    ['bt709', true, RED, [54, 99, 255]],
    ['bt709', true, GREEN, [182, 30, 12]],
    ['bt709', true, BLUE, [18, 255, 116]],
    ['smpte170m', false, RED, [81, 90, 240]],
    ['smpte170m', false, GREEN, [145, 54, 34]],
    ['smpte170m', false, BLUE, [41, 240, 110]],
    // The colours of JFIF.
    ['smpte170m', true, RED, [76, 85, 255]],
    ['smpte170m', true, GREEN, [150, 44, 21]],
    ['smpte170m', true, BLUE, [29, 255, 107]],
    ['bt470bg', false, RED, [81, 90, 240]],
    ['bt2020-ncl', false, WHITE, [235, 128, 128]],
    ['bt2020-ncl', false, RED, [74, 97, 240]],
    ['bt2020-ncl', false, GREEN, [164, 47, 25]],
    ['bt2020-ncl', false, BLUE, [29, 240, 119]],
    [null, null, RED, [63, 102, 240]],
    ['something new', false, GREEN, [173, 42, 26]],
  ])('%s, full range %s: %j', (matrix, fullRange, color, expected) => {
    const got = plain(color, space(matrix, fullRange));
    got.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThanOrEqual(1);
    });
  });

  it('grey has no colour, in any matrix and range', () => {
    for (const matrix of ['bt709', 'smpte170m', 'bt470bg', 'bt2020-ncl', null]) {
      for (let level = 0; level < 256; level += 15) {
        expect(plain([level, level, level], space(matrix, true))).toEqual([level, 128, 128]);
        expect(plain([level, level, level], space(matrix, false)).slice(1)).toEqual([128, 128]);
      }
    }
  });
});

/** Back to RGB by the definition in ITU-T H.273, 8.3, with the weights of table 4. */
const toRgb = ([y, u, v]: readonly number[], matrix: string, fullRange: boolean): number[] => {
  const weights: Record<string, Rgb> = {
    bt709: [0.2126, 0.7152, 0.0722],
    smpte170m: [0.299, 0.587, 0.114],
    bt470bg: [0.299, 0.587, 0.114],
    'bt2020-ncl': [0.2627, 0.678, 0.0593],
  };
  const [kr, kg, kb] = weights[matrix] as Rgb;
  const luma = fullRange ? (y ?? 0) / 255 : ((y ?? 0) - 16) / 219;
  const cb = ((u ?? 0) - 128) / (fullRange ? 255 : 224);
  const cr = ((v ?? 0) - 128) / (fullRange ? 255 : 224);
  const red = luma + 2 * (1 - kr) * cr;
  const blue = luma + 2 * (1 - kb) * cb;
  return [red, (luma - kr * red - kb * blue) / kg, blue].map(value => Math.round(value * 255));
};

describe('any colour', () => {
  const channel = fc.integer({ min: 0, max: 255 });
  const matrices = fc.constantFrom('bt709', 'smpte170m', 'bt470bg', 'bt2020-ncl');

  it('comes back within 2 of 255, in full and limited range', () => {
    fc.assert(
      fc.property(channel, channel, channel, matrices, fc.boolean(), (r, g, b, matrix, fullRange) => {
        const back = toRgb(plain([r, g, b], space(matrix, fullRange)), matrix, fullRange);
        for (const [i, value] of [r, g, b].entries()) {
          expect(Math.abs((back[i] ?? 0) - value)).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it('stays within the limits of its range', () => {
    fc.assert(
      fc.property(channel, channel, channel, matrices, (r, g, b, matrix) => {
        const [y = 0, u = 0, v = 0] = plain([r, g, b], space(matrix, false));
        expect(y).toBeGreaterThanOrEqual(16);
        expect(y).toBeLessThanOrEqual(235);
        for (const chroma of [u, v]) {
          expect(chroma).toBeGreaterThanOrEqual(16);
          expect(chroma).toBeLessThanOrEqual(240);
        }
      }),
    );
  });
});

describe('pictures', () => {
  const LIMITED = space('bt709', false);
  const row = (...pixels: Rgb[]): Rgb[] => pixels;

  it('luma of every pixel, colour of every four', () => {
    const rows = [row(WHITE, BLACK, RED, RED), row(BLACK, WHITE, RED, RED)].flat();
    const out = rgbaToI420(picture(rows), 4, 2, LIMITED);
    expect([...out]).toEqual([235, 16, 63, 63, 16, 235, 63, 63, 128, 102, 128, 240]);
  });

  it.each([
    [1, 1, 3],
    [3, 1, 3 + 2 * 2],
    [1, 3, 3 + 2 * 2],
    [3, 3, 9 + 2 * 4],
    [853, 479, 853 * 479 + 2 * 427 * 240],
    [854, 480, 854 * 480 + 2 * 427 * 240],
  ])('%ix%i has %i bytes', (width, height, bytes) => {
    const out = rgbaToI420(new Uint8Array(width * height * 4), width, height, LIMITED);
    expect(out.byteLength).toBe(bytes);
    expect(out[width * height - 1]).toBe(16);
    expect(out[bytes - 1]).toBe(128);
  });

  it('the last column and row of an odd size have the colour of what is there', () => {
    const rows = [row(GREEN, GREEN, RED), row(GREEN, GREEN, RED), row(BLUE, BLUE, WHITE)].flat();
    const out = rgbaToI420(picture(rows), 3, 3, LIMITED);
    const u = [...out.subarray(9, 13)];
    const v = [...out.subarray(13, 17)];
    for (const [i, color] of [GREEN, RED, BLUE, WHITE].entries()) {
      expect([u[i], v[i]]).toEqual(plain(color, LIMITED).slice(1));
    }
  });

  it('is the same from both byte orders', () => {
    const channel = fc.integer({ min: 0, max: 255 });
    const pixel = fc.tuple(channel, channel, channel);
    fc.assert(
      fc.property(fc.array(pixel, { minLength: 15, maxLength: 15 }), pixels => {
        expect(rgbaToI420(picture(pixels, 'bgra'), 5, 3, LIMITED, 'bgra')).toEqual(
          rgbaToI420(picture(pixels), 5, 3, LIMITED),
        );
      }),
    );
  });

  it('does not look at the fourth byte', () => {
    const opaque = picture([RED, GREEN, BLUE, WHITE]);
    const clear = opaque.map((byte, i) => (i % 4 === 3 ? 0 : byte));
    expect(rgbaToI420(clear, 2, 2, LIMITED)).toEqual(rgbaToI420(opaque, 2, 2, LIMITED));
  });
});
