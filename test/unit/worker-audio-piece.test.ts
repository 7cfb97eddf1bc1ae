/** Pieces of audio that are encoded as one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { durationOf, follows, joined, type Piece, PlaneCopier } from '../../src/worker/audio-piece.ts';

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

/** What the copier needs of the browser's: each channel's samples are those of the first, and its number times 1,000. */
const dataOf = (samples: number[], numberOfChannels: number): AudioData => {
  const copyTo = (plane: Float32Array, { planeIndex }: { planeIndex: number }): void =>
    plane.set(samples.map(sample => sample + 1_000 * planeIndex));
  return { numberOfFrames: samples.length, numberOfChannels, copyTo } as unknown as AudioData;
};

it('copied one after the other and joined, they are what they were, however long they are', () => {
  const piece = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 3_000 });
  const given = fc.array(piece, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 2 }), (all, channels) => {
      const copier = new PlaneCopier();
      const pieces = all.map(samples => {
        const planes = copier.copy(dataOf(samples, channels));
        return { planes, sampleRate: RATE, unwrapped: 0, time: 0 };
      });
      const [first, ...rest] = pieces;
      if (!first) throw new Error('There is one at the least.');
      const whole = joined([first, ...rest]);
      expect(whole.planes.map(plane => [...plane])).toEqual(
        Array.from({ length: channels }, (_, channel) => all.flat().map(sample => sample + 1_000 * channel)),
      );
    }),
    { numRuns: 30 },
  );
});

it('another number of channels has buffers of its own', () => {
  const copier = new PlaneCopier();
  expect(copier.copy(dataOf([1], 2))).toHaveLength(2);
  expect(copier.copy(dataOf([2], 1)).map(plane => [...plane])).toEqual([[2]]);
});
