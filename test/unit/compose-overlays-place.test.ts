/** Where overlays lie, in the picture as it is shown and as it is stored. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxOf, fitInto, type Size, sizeOf, storedBox, toStored } from '../../src/compose/overlays/place.ts';
import { displaySize } from '../../src/compose/video-fit.ts';
import type { Rotation } from '../../src/manifest.ts';
import type { OverlayAnchor, OverlayPlace } from '../../src/overlay.ts';
import { videoSource } from './cut-kit.ts';

const place = (changes: Partial<OverlayPlace> = {}): OverlayPlace => ({
  ...{ x: 0, y: 0, anchor: 'top-left', width: undefined, height: undefined, opacity: 1, visible: true },
  ...changes,
});
const scaled = (given: OverlayPlace, picture: Size, natural: Size) =>
  boxOf(given, picture, sizeOf(given, picture, natural));
const HD = { width: 1280, height: 720 };
const LOGO = { width: 200, height: 100 };

describe('from fractions to the box in the shown picture', () => {
  it.each<[string, Partial<OverlayPlace>, number[]]>([
    ['its own size', {}, [0, 0, 200, 100]],
    ['a width, its own shape', { width: 0.25 }, [0, 0, 320, 160]],
    ['a height, its own shape', { height: 0.5 }, [0, 0, 720, 360]],
    ['both', { width: 0.5, height: 0.5 }, [0, 0, 640, 360]],
    ['somewhere', { x: 0.1, y: 0.25 }, [128, 180, 200, 100]],
    ['partly outside', { x: -0.05, y: 0.95 }, [-64, 684, 200, 100]],
  ])('%s', (_, given, [x, y, width, height]) => {
    expect(scaled(place(given), HD, LOGO)).toEqual({ x, y, width, height });
  });

  it.each<[OverlayAnchor, number, number]>([
    ['top-left', 0, 0],
    ['top', -100, 0],
    ['top-right', -200, 0],
    ['left', 0, -50],
    ['center', -100, -50],
    ['right', -200, -50],
    ['bottom-left', 0, -100],
    ['bottom', -100, -100],
    ['bottom-right', -200, -100],
  ])('anchored at its %s', (anchor, x, y) => {
    expect(scaled(place({ x: 0.5, y: 0.5, anchor }), HD, LOGO)).toMatchObject({ x: 640 + x, y: 360 + y });
  });

  it('leaves no gap between neighbours, and never nothing', () => {
    const left = scaled(place({ width: 1 / 3, height: 1 }), { width: 853, height: 479 }, LOGO);
    const right = scaled(place({ x: 1 / 3, width: 1 / 3, height: 1 }), { width: 853, height: 479 }, LOGO);
    expect(left.x + left.width).toBe(right.x);
    expect(scaled(place({ width: 0.0001 }), HD, LOGO).width).toBe(1);
  });
});

describe('a picture in a box of another shape', () => {
  const box = { width: 100, height: 100 };
  it.each([
    ['contain', { x: 0, y: 25, width: 100, height: 50 }],
    ['cover', { x: -50, y: 0, width: 200, height: 100 }],
    ['fill', { x: 0, y: 0, width: 100, height: 100 }],
  ] as const)('%s', (fit, expected) => {
    expect(fitInto(LOGO, box, fit)).toEqual(expected);
  });
});

describe('from the shown picture to the stored one', () => {
  /** The top left corner of the shown picture, 64 x 36 pixels of it. */
  const corner = { x: 0, y: 0, width: 64, height: 36 };
  it.each<[Rotation, boolean, number[]]>([
    [0, false, [0, 0, 64, 36]],
    // Shown after a turn clockwise, its top left was stored at the bottom left.
    [90, false, [0, 296, 36, 64]],
    [180, false, [576, 324, 64, 36]],
    [270, false, [604, 0, 36, 64]],
    [0, true, [576, 0, 64, 36]],
    [90, true, [0, 0, 36, 64]],
  ])('rotated by %i, flipped %s', (rotation, flip, [x, y, width, height]) => {
    expect(storedBox(corner, videoSource({ rotation, flip }))).toEqual({ x, y, width, height });
  });

  it('pixels that are not square', () => {
    expect(storedBox({ x: 100, y: 0, width: 200, height: 50 }, videoSource({ pixelAspectRatio: 2 }))).toEqual(
      {
        ...{ x: 50, y: 0, width: 100, height: 50 },
      },
    );
  });

  it('begins and ends at pixels that share chroma with nobody outside', () => {
    expect(storedBox({ x: 3, y: 5, width: 4, height: 4 }, videoSource())).toEqual({
      ...{ x: 2, y: 4, width: 6, height: 6 },
    });
    // But for the last ones of an odd size.
    expect(
      storedBox({ x: 0, y: 0, width: 999, height: 999 }, videoSource({ width: 853, height: 479 })),
    ).toEqual({ x: 0, y: 0, width: 853, height: 479 });
  });

  it('is nowhere when it is outside', () => {
    expect(storedBox({ x: 640, y: 0, width: 10, height: 10 }, videoSource())).toBeUndefined();
    expect(storedBox({ x: 0, y: -10, width: 10, height: 10 }, videoSource())).toBeUndefined();
  });

  it('maps the whole of any picture onto the whole of what is stored', () => {
    const side = fc.integer({ min: 2, max: 4096 });
    const rotations = fc.constantFrom<Rotation[]>(0, 90, 180, 270);
    fc.assert(
      fc.property(side, side, rotations, fc.boolean(), (width, height, rotation, flip) => {
        const source = videoSource({ width, height, rotation, flip });
        const shown = displaySize(source);
        const [a, b, c, d, e, f] = toStored(source);
        const corners = [
          [e, f],
          [a * shown.width + c * shown.height + e, b * shown.width + d * shown.height + f],
        ];
        const [xs, ys] = [0, 1].map(i => corners.map(corner => corner[i] ?? 0).sort((m, n) => m - n));
        expect(xs).toEqual([0, width]);
        expect(ys).toEqual([0, height]);
      }),
    );
  });
});
