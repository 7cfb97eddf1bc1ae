import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  barTop,
  codeBottom,
  type LumaRange,
  paintCounter,
  readCounter,
} from '../../demo/test-pattern/counter.ts';

const SIZES = [
  [160, 90],
  [90, 160],
  [320, 240],
  [360, 640],
  [640, 360],
  [853, 479],
  [1280, 720],
  [4096, 2304],
] as const;
const VALUES = [0, 1, 29, 30, 65_535, 65_536, 0x7fffffff, 0xffffffff];

/** A deterministic stand-in for the moving picture below the code. */
const noisy = (stride: number, height: number): Uint8Array =>
  Uint8Array.from({ length: stride * height }, (_, i) => (Math.imul(i, 2654435761) >>> 24) & 0xff);

const painted = (width: number, height: number, value: number, range: LumaRange = 'limited'): Uint8Array => {
  const plane = new Uint8Array(width * height).fill(90);
  paintCounter(plane, width, width, height, value, range);
  return plane;
};

/** A picture placed inside a black one, the way that fitting does it. */
const placed = (
  plane: Uint8Array,
  width: number,
  height: number,
  outer: { width: number; height: number },
  place: (x: number, y: number) => [number, number],
): Uint8Array => {
  const result = new Uint8Array(outer.width * outer.height).fill(16);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [px, py] = place(x, y);
      result[py * outer.width + px] = plane[y * width + x] ?? 0;
    }
  }
  return result;
};

describe('the counter in the picture', () => {
  for (const [width, height] of SIZES) {
    test(`reads back what was painted at ${width}x${height}`, () => {
      for (const range of ['limited', 'full'] as const) {
        for (const value of VALUES) {
          expect(readCounter(painted(width, height, value, range), width, width, height)).toBe(value);
        }
      }
    });
  }

  test('any number, any size, any stride, whatever lies below the code', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.integer({ min: 90, max: 700 }),
        fc.integer({ min: 90, max: 700 }),
        fc.integer({ min: 0, max: 33 }),
        (value, width, height, padding) => {
          const stride = width + padding;
          const plane = noisy(stride, height);
          paintCounter(plane, stride, width, height, value, 'full');
          return readCounter(plane, stride, width, height) === value;
        },
      ),
      { numRuns: 100 },
    );
  });

  test('touches nothing between the code and the bar', () => {
    const [width, height] = [640, 360];
    const plane = noisy(width, height);
    paintCounter(plane, width, width, height, 123, 'limited');
    const free = (all: Uint8Array): Uint8Array =>
      all.subarray(codeBottom(height) * width, barTop(height) * width);
    expect(free(plane)).toEqual(free(noisy(width, height)));
  });

  test('is not found in a picture without one', () => {
    const [width, height] = [640, 360];
    expect(readCounter(new Uint8Array(width * height), width, width, height)).toBeUndefined();
    expect(readCounter(new Uint8Array(width * height).fill(235), width, width, height)).toBeUndefined();
    expect(readCounter(noisy(width, height), width, width, height)).toBeUndefined();
  });

  test('one wrong cell is noticed', () => {
    const [width, height] = [360, 180];
    const plane = painted(width, height, 77);
    // The cell of the number's highest bit, black for 77.
    for (let y = 11; y < 22; y++) plane.fill(235, y * width + 20, y * width + 40);
    expect(readCounter(plane, width, width, height)).toBeUndefined();
  });

  test('is found with black bars around, turned and mirrored', () => {
    const [width, height] = [320, 180];
    const plane = painted(width, height, 4711);
    const wide = { width: 640, height: 180 };
    const tall = { width: 180, height: 640 };
    const read = (picture: Uint8Array, outer: { width: number; height: number }): number | undefined =>
      readCounter(picture, outer.width, outer.width, outer.height);
    const upright = placed(plane, width, height, wide, (x, y) => [x + 160, y]);
    const quarter = placed(plane, width, height, tall, (x, y) => [179 - y, x + 160]);
    const half = placed(plane, width, height, wide, (x, y) => [479 - x, 179 - y]);
    const threeQuarters = placed(plane, width, height, tall, (x, y) => [y, 479 - x]);
    const mirrored = placed(plane, width, height, wide, (x, y) => [479 - x, y]);
    expect(read(upright, wide)).toBe(4711);
    expect(read(quarter, tall)).toBe(4711);
    expect(read(half, wide)).toBe(4711);
    expect(read(threeQuarters, tall)).toBe(4711);
    expect(read(mirrored, wide)).toBe(4711);
  });
});

describe('the counter after an encoder', () => {
  const FRAMES = 20;
  /** Frames in, H.264 at a low bitrate, gray frames out, as the media tests read them. */
  const throughH264 = (width: number, height: number, range: LumaRange, filter: string): Buffer => {
    const frames = Array.from({ length: FRAMES }, (_, n) => painted(width, height, n * 991, range));
    const size = `${width}x${height}`;
    const colour = range === 'full' ? 'pc' : 'tv';
    const encode = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', size, '-r', '30', '-i', '-'];
    const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '100k', '-pix_fmt', 'yuv420p'];
    const encoded = spawnSync(
      'ffmpeg',
      [
        '-v',
        'error',
        ...encode,
        '-vf',
        `scale=in_range=${colour}:out_range=${colour}`,
        ...codec,
        '-f',
        'h264',
        '-',
      ],
      { input: Buffer.concat(frames), maxBuffer: 1 << 28 },
    );
    const decoded = spawnSync(
      'ffmpeg',
      ['-v', 'error', '-i', '-', '-vf', filter, '-pix_fmt', 'gray', '-f', 'rawvideo', '-'],
      { input: encoded.stdout, maxBuffer: 1 << 28 },
    );
    expect(encoded.stderr.toString() + decoded.stderr.toString()).toBe('');
    return decoded.stdout;
  };

  const readAll = (bytes: Buffer, width: number, height: number): (number | undefined)[] =>
    Array.from({ length: bytes.length / (width * height) }, (_, n) =>
      readCounter(bytes.subarray(n * width * height), width, width, height),
    );

  const expected = Array.from({ length: FRAMES }, (_, n) => n * 991);

  test.each([
    [160, 90, 'limited'],
    [160, 90, 'full'],
    [640, 360, 'limited'],
    [360, 640, 'full'],
    [852, 478, 'limited'],
  ] as const)('H.264 at 100 kbit/s, %ix%i, %s range', (width, height, range) => {
    expect(readAll(throughH264(width, height, range, 'null'), width, height)).toEqual(expected);
  });

  test('scaled down and fitted into a portrait picture', () => {
    const bytes = throughH264(1280, 720, 'limited', 'scale=360:202,pad=360:640:0:219');
    expect(readAll(bytes, 360, 640)).toEqual(expected);
  });

  test('turned and fitted', () => {
    const bytes = throughH264(640, 360, 'limited', 'transpose=1,scale=202:360,pad=640:360:219:0');
    expect(readAll(bytes, 640, 360)).toEqual(expected);
  });
});
