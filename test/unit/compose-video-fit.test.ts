import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contain, cover, displaySize } from '../../src/compose/video-fit.ts';
import type { Rotation } from '../../src/manifest.ts';
import { videoSource } from './cut-kit.ts';

describe('the size in which a picture is shown', () => {
  it.each<[Rotation, number, number]>([
    [0, 640, 360],
    [90, 360, 640],
    [180, 640, 360],
    [270, 360, 640],
  ])('rotated by %i', (rotation, width, height) => {
    expect(displaySize(videoSource({ rotation }))).toEqual({ width, height });
  });

  it('makes wide pixels square', () => {
    const pal = { width: 720, height: 576, pixelAspectRatio: 64 / 45 };
    expect(displaySize(videoSource(pal))).toEqual({ width: 1024, height: 576 });
    expect(displaySize(videoSource({ ...pal, rotation: 90 }))).toEqual({ width: 576, height: 1024 });
  });
});

describe('fitting a picture into a box', () => {
  it.each([
    ['the same', [640, 360], [640, 360], [640, 360]],
    ['smaller: grows', [320, 180], [1280, 720], [1280, 720]],
    ['larger: shrinks', [1920, 1080], [640, 360], [640, 360]],
    ['narrower: bars at the sides', [360, 640], [640, 360], [202.5, 360]],
    ['wider: bars above and below', [640, 270], [640, 360], [640, 270]],
  ] as const)('%s', (_, [pw, ph], [bw, bh], [width, height]) => {
    expect(contain({ width: pw, height: ph }, { width: bw, height: bh })).toEqual({ width, height });
  });

  it('keeps the shape, lies inside, and touches two sides', () => {
    const side = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(side, side, side, side, (pw, ph, bw, bh) => {
        const { width, height } = contain({ width: pw, height: ph }, { width: bw, height: bh });
        expect(width / height / (pw / ph)).toBeCloseTo(1, 6);
        expect(width).toBeLessThanOrEqual(bw * (1 + 1e-9));
        expect(height).toBeLessThanOrEqual(bh * (1 + 1e-9));
        expect(Math.min(Math.abs(width - bw), Math.abs(height - bh))).toBeLessThan(1e-6);
      }),
    );
  });
});

describe('covering a box with a picture', () => {
  it.each([
    ['the same', [640, 360], [640, 360], [640, 360]],
    ['smaller: grows', [320, 180], [1280, 720], [1280, 720]],
    ['narrower: cut off above and below', [360, 640], [640, 360], [640, 10_240 / 9]],
    ['wider: cut off at the sides', [640, 270], [640, 360], [7_680 / 9, 360]],
  ] as const)('%s', (_, [pw, ph], [bw, bh], [width, height]) => {
    const covering = cover({ width: pw, height: ph }, { width: bw, height: bh });
    expect(covering.width).toBeCloseTo(width);
    expect(covering.height).toBeCloseTo(height);
  });

  it('keeps the shape, leaves nothing black, and touches two sides', () => {
    const side = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(side, side, side, side, (pw, ph, bw, bh) => {
        const { width, height } = cover({ width: pw, height: ph }, { width: bw, height: bh });
        expect(width / height / (pw / ph)).toBeCloseTo(1, 6);
        expect(width).toBeGreaterThanOrEqual(bw * (1 - 1e-9));
        expect(height).toBeGreaterThanOrEqual(bh * (1 - 1e-9));
        expect(Math.min(Math.abs(width - bw), Math.abs(height - bh))).toBeLessThan(1e-6);
      }),
    );
  });
});
