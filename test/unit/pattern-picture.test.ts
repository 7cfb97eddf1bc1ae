import { describe, expect, test } from 'vitest';
import { type Rgb, rgbToYuv, type Yuv } from '../../demo/test-pattern/colour.ts';
import { codeBottom, readCounter } from '../../demo/test-pattern/counter.ts';
import { changeParameters, initialParameters } from '../../demo/test-pattern/parameters.ts';
import { createPainter, type PictureParameters } from '../../demo/test-pattern/picture.ts';

/** The decoder's direction, written down on its own: ITU-T H.273, section 8.3. */
const yuvToRgb = ([y, u, v]: Yuv, matrix: string, full: boolean): Rgb => {
  const [kr, kb] = matrix === 'bt709' ? [0.2126, 0.0722] : [0.299, 0.114];
  const luma = full ? y / 255 : (y - 16) / 219;
  const cb = (u - 128) / (full ? 255 : 224);
  const cr = (v - 128) / (full ? 255 : 224);
  const red = luma + 2 * (1 - kr) * cr;
  const blue = luma + 2 * (1 - kb) * cb;
  return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue];
};

const pixel = (bytes: Uint8Array, width: number, height: number, x: number, y: number): Yuv => {
  const [cw, ch] = [(width + 1) >> 1, (height + 1) >> 1];
  const chroma = width * height + (y >> 1) * cw + (x >> 1);
  return [bytes[y * width + x] ?? 0, bytes[chroma] ?? 0, bytes[chroma + cw * ch] ?? 0];
};

const base: PictureParameters = { width: 640, height: 360, range: 'limited', matrix: 'bt709' };

describe('the picture of the test pattern', () => {
  test('known colours get the values of the standards', () => {
    expect(rgbToYuv([0, 0, 0], 'bt709', 'limited')).toEqual([16, 128, 128]);
    expect(rgbToYuv([1, 1, 1], 'bt709', 'limited')).toEqual([235, 128, 128]);
    expect(rgbToYuv([1, 1, 1], 'smpte170m', 'full')).toEqual([255, 128, 128]);
    // BT.601 red, as every table of it has it.
    expect(rgbToYuv([1, 0, 0], 'smpte170m', 'limited')).toEqual([81, 90, 240]);
    expect(rgbToYuv([0, 0, 1], 'bt709', 'limited')).toEqual([32, 240, 118]);
  });

  test('carries its frame number, at every size', () => {
    for (const [width, height] of [
      [160, 90],
      [853, 479],
      [360, 640],
      [1280, 720],
    ] as const) {
      const paint = createPainter({ ...base, width, height });
      for (const frame of [0, 7, 900, 123_456]) {
        const bytes = paint(frame, frame % 2 === 0);
        expect(bytes.length).toBe(width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1));
        expect(readCounter(bytes, width, width, height)).toBe(frame);
      }
    }
  });

  test('looks the same in each range and matrix', () => {
    const pictures = (['limited', 'full'] as const).flatMap(range =>
      ['bt709', 'smpte170m'].map(matrix => ({
        range,
        matrix,
        bytes: createPainter({ ...base, range, matrix })(5, true).slice(),
      })),
    );
    const colours = pictures.map(({ range, matrix, bytes }) =>
      Array.from({ length: 40 }, (_, n) => {
        const yuv = pixel(bytes, 640, 360, n * 16 + 4, 120 + ((n * 37) % 220));
        return yuvToRgb(yuv, matrix, range === 'full').map(part => Math.round(part * 100) / 100);
      }),
    );
    for (const other of colours.slice(1)) {
      for (const [n, rgb] of other.entries()) {
        for (const [part, value] of rgb.entries()) {
          expect(value).toBeCloseTo(colours[0]?.[n]?.[part] ?? Number.NaN, 1);
        }
      }
    }
    expect(new Set(colours[0]?.map(String)).size).toBeGreaterThan(10);
  });

  test('moves from frame to frame, and flashes when it is told to', () => {
    const paint = createPainter(base);
    const free = (frame: number, flash: boolean): string =>
      Buffer.from(paint(frame, flash).subarray(codeBottom(360) * 640, 640 * 360)).toString('base64');
    const first = free(1, false);
    expect(free(2, false)).not.toBe(first);
    expect(free(1, true)).not.toBe(first);
    expect(free(1, false)).toBe(first);
  });

  test('a change leaves the other parameters as they are', () => {
    const start = initialParameters({ width: 320, height: 180 });
    const changed = changeParameters(start, {
      size: { width: 90, height: 160 },
      colorSpace: { matrix: 'smpte170m' },
      rotation: 90,
    });
    expect(changed).toEqual({ ...start, width: 90, height: 160, matrix: 'smpte170m', rotation: 90 });
    expect(() => changeParameters(start, { colorSpace: { matrix: 'rgb' } })).toThrow(RangeError);
  });
});
