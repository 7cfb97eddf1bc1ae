/** Pieces of audio that are encoded as one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { durationOf, follows, joined, type Piece } from '../../src/worker/audio-piece.ts';

const RATE = 48_000;
const pieceAt = (time: number, planes: number[][]): Piece => ({
  planes: planes.map(samples => Float32Array.from(samples)),
  sampleRate: RATE,
  unwrapped: time,
  time,
});

const tenMs = (time: number, channels = 2): Piece =>
  pieceAt(
    time,
    Array.from({ length: channels }, () => Array.from({ length: 480 }, () => 0)),
  );

it('is as long as its samples', () => expect(durationOf(tenMs(0))).toBe(10_000));

it('a piece follows another that ends where it begins, and is like it', () => {
  expect(follows(tenMs(0), tenMs(10_000))).toBe(true);
  expect(follows(tenMs(0), tenMs(10_090))).toBe(true);
  expect(follows(tenMs(0), tenMs(10_110))).toBe(false);
  expect(follows(tenMs(0), tenMs(9_890))).toBe(false);
  expect(follows(tenMs(0), tenMs(10_000, 1))).toBe(false);
  expect(follows(tenMs(0), { ...tenMs(10_000), sampleRate: 44_100 })).toBe(false);
});

it('joined, they have all samples of each channel, in order, from where the first lies', () => {
  const sample = fc.integer({ min: -100, max: 100 });
  const channels = fc.integer({ min: 1, max: 3 });
  const lengths = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(channels, lengths, fc.infiniteStream(sample), (count, each, samples) => {
      const next = (): number => samples.next().value as number;
      const given = each.map(length =>
        Array.from({ length: count }, () => Array.from({ length }, () => next())),
      );
      const [first, ...rest] = given.map((planes, i) => pieceAt(i, planes));
      if (!first) throw new Error('There is one at the least.');
      const whole = joined([first, ...rest]);
      expect(whole.time).toBe(0);
      expect(whole.planes.map(plane => [...plane])).toEqual(
        Array.from({ length: count }, (_, channel) => given.flatMap(planes => planes[channel] ?? [])),
      );
    }),
  );
});
