/** Pieces of audio that are encoded as one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { durationOf, follows, joined, type Piece, PlaneCopier } from '../../src/worker/audio-piece.ts';

const RATE = 48_000;

/** What the copier needs of the browser's: each channel's samples are those of the first, and its number times 1,000. */
const dataOf = (samples: number[], numberOfChannels: number): AudioData => {
  const copyTo = (plane: Float32Array, { planeIndex }: { planeIndex: number }): void =>
    plane.set(samples.map(sample => sample + 1_000 * planeIndex));
  return { numberOfFrames: samples.length, numberOfChannels, copyTo } as unknown as AudioData;
};

/** Copied one behind the other, each from where the one before ends. */
const pieces = (all: number[][], channels = 2): Piece[] => {
  const copier = new PlaneCopier();
  let time = 0;
  return all.map(samples => {
    const piece = { planes: copier.copy(dataOf(samples, channels)), sampleRate: RATE, unwrapped: 0, time };
    time += durationOf(piece);
    return piece;
  });
};

const TEN_MS = Array.from({ length: 480 }, (_, i) => i);
const [FIRST, SECOND, THIRD] = pieces([TEN_MS, TEN_MS, TEN_MS]) as [Piece, Piece, Piece];

it('is as long as its samples', () => expect(durationOf(FIRST)).toBe(10_000));

it('a piece follows another that ends where it begins, and is like it', () => {
  expect(follows(FIRST, SECOND)).toBe(true);
  expect(follows(SECOND, THIRD)).toBe(true);
  expect(follows(FIRST, { ...SECOND, time: 10_090 })).toBe(true);
  expect(follows(FIRST, { ...SECOND, time: 10_110 })).toBe(false);
  expect(follows(FIRST, { ...SECOND, time: 9_890 })).toBe(false);
  expect(follows(FIRST, { ...SECOND, planes: SECOND.planes.slice(1) })).toBe(false);
  expect(follows(FIRST, { ...SECOND, sampleRate: 44_100 })).toBe(false);
});

it('a piece follows none that lies elsewhere in memory', () => {
  expect(follows(FIRST, { ...THIRD, time: 10_000 })).toBe(false);
  expect(follows(SECOND, { ...FIRST, time: 20_000 })).toBe(false);
  expect(follows(FIRST, { ...SECOND, planes: SECOND.planes.map(plane => plane.slice()) })).toBe(false);
  const cut = { ...FIRST, planes: FIRST.planes.map(plane => plane.subarray(0, 476)) };
  expect(follows(cut, { ...SECOND, time: durationOf(cut) })).toBe(false);
});

it('joined as far as they follow each other, they are what they were, however long they are', () => {
  const piece = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 5_000 });
  const given = fc.array(piece, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 2 }), (all, channels) => {
      const list = pieces(all, channels);
      const whole: number[][] = Array.from({ length: channels }, () => []);
      for (let i = 0; i < list.length; ) {
        const from = i;
        while (i + 1 < list.length && follows(list[i] as Piece, list[i + 1] as Piece)) i++;
        const one = joined(list[from] as Piece, list[i++] as Piece);
        expect(one.time).toBe(list[from]?.time);
        for (const [channel, plane] of one.planes.entries()) whole[channel]?.push(...plane);
      }
      expect(whole).toEqual(
        Array.from({ length: channels }, (_, channel) => all.flat().map(sample => sample + 1_000 * channel)),
      );
    }),
    { numRuns: 30 },
  );
});

it('most of what comes one after the other is joined', () => {
  const list = pieces(Array.from({ length: 400 }, () => TEN_MS));
  const alone = list.slice(1).filter((piece, i) => !follows(list[i] as Piece, piece));
  expect(alone.length).toBeLessThan(11);
});

it('another number of channels has buffers of its own', () => {
  const copier = new PlaneCopier();
  expect(copier.copy(dataOf([1], 2))).toHaveLength(2);
  expect(copier.copy(dataOf([2], 1)).map(plane => [...plane])).toEqual([[2]]);
});
