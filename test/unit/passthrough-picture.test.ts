import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LayerFrame, type Picture, PictureJoiner } from '../../src/passthrough/picture.ts';
import { splitSuperframe } from '../../src/passthrough/superframe.ts';

interface Frame extends LayerFrame {
  name: string;
}

/** A layer of the picture `at`; its bytes end with none of a superframe's index. */
const layer = (at: number, spatialIndex: number | undefined, more: Partial<Frame> = {}): Frame => ({
  name: `${at}.${spatialIndex ?? '?'}`,
  data: Uint8Array.of(at, spatialIndex ?? 9, 1),
  key: false,
  rtpTimestamp: at * 3_000,
  ssrc: 1,
  spatialIndex,
  ...more,
});

const told = (pictures: readonly Picture<Frame>[]): string =>
  pictures
    .map(
      one =>
        `${one.kind === 'picture' ? '' : `${one.reason} `}${one.frames.map(({ name }) => name).join('+')}`,
    )
    .join(', ');
const taking = (joiner: PictureJoiner<Frame>, ...frames: Frame[]): string[] =>
  frames.map(frame => told(joiner.take(frame, 0)));

describe('pictures of one layer', () => {
  it('pass at once, but for key frames, where layers may begin', () => {
    for (const spatialIndex of [undefined, 0]) {
      const joiner = new PictureJoiner<Frame>('vp9');
      const frames = [layer(1, spatialIndex, { key: true }), layer(2, spatialIndex), layer(3, spatialIndex)];
      const [one, two, three] = frames.map(({ name }) => name);
      expect(taking(joiner, ...frames)).toEqual(['', `${one}, ${two}`, three]);
      expect(taking(joiner, layer(4, spatialIndex, { key: true }))).toEqual(['']);
      expect(told(joiner.tick(199_999))).toBe('');
      expect(told(joiner.tick(200_000))).toBe(layer(4, spatialIndex).name);
      expect(joiner.end()).toEqual([]);
    }
  });

  it('of families without layers always pass at once', () => {
    for (const family of ['avc', 'vp8'] as const) {
      const frames = [layer(1, 0, { key: true }), layer(1, 0), layer(2, 0)];
      expect(taking(new PictureJoiner<Frame>(family), ...frames)).toEqual(['1.0', '1.0', '2.0']);
    }
  });

  it('keep their bytes', () => {
    const joiner = new PictureJoiner<Frame>('av1');
    const { data } = layer(1, 0);
    expect(joiner.take(layer(1, 0), 0)).toMatchObject([{ data }]);
  });
});

describe('pictures of several layers', () => {
  const layers = (at: number, count: number, more: Partial<Frame> = {}): Frame[] =>
    Array.from({ length: count }, (_, i) => layer(at, i, i === 0 ? more : {}));

  it('of VP9 are superframes, which come out with the next picture, or in time', () => {
    const joiner = new PictureJoiner<Frame>('vp9');
    expect(taking(joiner, ...layers(1, 3, { key: true }))).toEqual(['', '', '']);
    const [picture] = joiner.take(layer(2, 0), 33_000);
    expect(picture?.kind === 'picture' && splitSuperframe(picture.data)).toEqual(
      layers(1, 3).map(({ data }) => data),
    );
    expect(taking(joiner, layer(2, 2), layer(2, 1))).toEqual(['', '']);
    expect(told(joiner.tick(232_999))).toBe('');
    // The lowest layer first, however they came.
    expect(told(joiner.tick(233_000))).toBe('2.0+2.1+2.2');
  });

  it('without names are taken as they come', () => {
    const joiner = new PictureJoiner<Frame>('vp9');
    const one = { key: true, name: 'a' };
    expect(taking(joiner, layer(1, undefined, one), layer(1, undefined, { name: 'b' }))).toEqual(['', '']);
    expect(told(joiner.end())).toBe('a+b');
  });

  it('of AV1 are temporal units: one delimiter at the most, which samples do without', () => {
    const joiner = new PictureJoiner<Frame>('av1');
    const unit = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
    joiner.take(layer(1, 0, { key: true, data: unit(0x12, 0, 0x32, 1, 0x10) }), 0);
    joiner.take(layer(1, 1, { data: unit(0x12, 0, 0x36, 8, 1, 0x30) }), 0);
    expect(joiner.end()).toMatchObject([{ kind: 'picture', data: unit(0x32, 1, 0x10, 0x36, 8, 1, 0x30) }]);
  });

  it('of another source are other pictures', () => {
    const joiner = new PictureJoiner<Frame>('vp9');
    const frames = [layer(1, 0, { key: true }), layer(1, 0, { key: true, ssrc: 2, name: 'other' })];
    expect(taking(joiner, ...frames)).toEqual(['', '1.0']);
    expect(told(joiner.end())).toBe('other');
  });

  it('that were not expected can’t be put back; from then on they are', () => {
    const joiner = new PictureJoiner<Frame>('vp9');
    const frames = [layer(1, 0, { key: true }), ...layers(2, 2), ...layers(3, 2), layer(4, 0)];
    expect(taking(joiner, ...frames)).toEqual(['', '1.0, 2.0', 'late-layer 2.1', '', '', '3.0+3.1']);
  });

  it('end with a key frame that has none', () => {
    const joiner = new PictureJoiner<Frame>('vp9');
    const frames = [
      ...layers(1, 2, { key: true }),
      layer(2, 0),
      layer(3, 0, { key: true }),
      layer(4, 0),
      layer(5, 0),
    ];
    expect(taking(joiner, ...frames)).toEqual(['', '', '1.0+1.1', '2.0', '3.0, 4.0', '5.0']);
  });

  it('that can’t be joined are told', () => {
    const many = new PictureJoiner<Frame>('vp9');
    const frames = Array.from({ length: 9 }, () => layer(1, 0, { key: true, name: 'x' }));
    taking(many, ...frames);
    expect(told(many.end())).toBe(`not-joined ${frames.map(({ name }) => name).join('+')}`);
    const damaged = new PictureJoiner<Frame>('av1');
    const data = Uint8Array.of(0x80);
    taking(damaged, layer(1, 0, { key: true, data }), layer(1, 1, { data }));
    expect(told(damaged.end())).toBe('not-joined 1.0+1.1');
  });

  it('whatever comes: each frame comes out once, and pictures in their order', () => {
    const drawn = fc.record({
      step: fc.integer({ min: 0, max: 1 }),
      index: fc.constantFrom(undefined, 0, 0, 1, 2),
      key: fc.boolean(),
      wait: fc.integer({ min: 0, max: 300_000 }),
    });
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 60 }), fc.constantFrom('vp9', 'av1', 'vp8'), (all, family) => {
        const joiner = new PictureJoiner<Frame>(family as 'vp9');
        let [at, now] = [0, 0];
        const given: Frame[] = [];
        const pictures: Picture<Frame>[] = [];
        for (const { step, index, key, wait } of all) {
          at += step;
          now += wait;
          const frame = layer(at, index, { key, name: `${given.length}` });
          given.push(frame);
          pictures.push(...joiner.tick(now), ...joiner.take(frame, now));
        }
        pictures.push(...joiner.end());
        const names = pictures.flatMap(({ frames }) => frames.map(({ name }) => name));
        expect(names.toSorted()).toEqual(given.map(({ name }) => name).toSorted());
        const stamps = pictures.flatMap(one => (one.kind === 'picture' ? [one.frames[0]?.rtpTimestamp] : []));
        expect(stamps).toEqual(stamps.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
        if (family !== 'vp8') expect(new Set(stamps).size).toBe(stamps.length);
      }),
    );
  });
});
