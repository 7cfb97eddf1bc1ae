import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Reorder } from '../../src/passthrough/reorder.ts';
import { sequenceStep } from '../../src/passthrough/sequence-number.ts';

const numbers = (packets: readonly { sequenceNumber?: number }[]): (number | undefined)[] =>
  packets.map(({ sequenceNumber }) => sequenceNumber);

it('sequence numbers start over after 15 bits or 16', () => {
  expect([sequenceStep(5, 6), sequenceStep(6, 5), sequenceStep(5, 5)]).toEqual([1, -1, 0]);
  expect([sequenceStep(32_767, 0), sequenceStep(65_535, 1), sequenceStep(0, 32_767)]).toEqual([1, 2, -1]);
  expect(sequenceStep(32_767, 32_768)).toBe(1);
});

it('packets in order come out at once, and others when those before them came', () => {
  const reorder = new Reorder<{ sequenceNumber: number }>();
  const take = (sequenceNumber: number): (number | undefined)[] =>
    numbers(reorder.take({ sequenceNumber }, 0));
  expect([65_534, 65_535, 1, 2, 0, 3].map(take)).toEqual([[65_534], [65_535], [], [], [0, 1, 2], [3]]);
});

it('what is lost is waited for no longer than it may take; what is too late comes out for the count', () => {
  const reorder = new Reorder<{ sequenceNumber: number }>();
  reorder.take({ sequenceNumber: 1 }, 0);
  expect(reorder.take({ sequenceNumber: 3 }, 10_000)).toEqual([]);
  expect(reorder.take({ sequenceNumber: 4 }, 30_000)).toEqual([]);
  expect(reorder.tick(309_999)).toEqual([]);
  expect(numbers(reorder.tick(310_000))).toEqual([3, 4]);
  expect(numbers(reorder.take({ sequenceNumber: 2 }, 320_000))).toEqual([2]);
  expect(numbers(reorder.take({ sequenceNumber: 5 }, 330_000))).toEqual([5]);
});

it('packets without numbers pass, and at the end what waits does', () => {
  const reorder = new Reorder<{ sequenceNumber?: number }>();
  reorder.take({ sequenceNumber: 1 }, 0);
  reorder.take({ sequenceNumber: 3 }, 0);
  expect(numbers(reorder.take({}, 0))).toEqual([3, undefined]);
  reorder.take({ sequenceNumber: 1 }, 0);
  reorder.take({ sequenceNumber: 3 }, 0);
  expect(numbers(reorder.end())).toEqual([3]);
  // What comes next may have any number.
  expect(numbers(reorder.take({ sequenceNumber: 100 }, 0))).toEqual([100]);
});

it('whatever is lost and however late: all come out, and what was not too late in order', () => {
  const fate = fc.record({ lost: fc.integer({ min: 0, max: 9 }), late: fc.integer({ min: 0, max: 10 }) });
  const world = fc.record({
    first: fc.integer({ min: 0, max: 65_535 }),
    fates: fc.array(fate, { maxLength: 200 }),
  });
  fc.assert(
    fc.property(world, ({ first, fates }) => {
      // The first is there: what was sent before the recording is nobody's.
      const arrivals = fates
        .map(({ lost, late }, i) => ({ i, at: i === 0 ? 0 : (i + late) * 20_000, lost: lost === 0 && i > 0 }))
        .filter(({ lost }) => !lost)
        .sort((a, b) => a.at - b.at || a.i - b.i);
      const reorder = new Reorder<{ i: number; sequenceNumber: number }>();
      const given = arrivals.flatMap(({ i, at }) =>
        reorder.take({ i, sequenceNumber: (first + i) & 0xffff }, at),
      );
      given.push(...reorder.end());
      // None is later than 200 ms here, and each is waited for for 300.
      expect(given.map(({ i }) => i)).toEqual(arrivals.map(({ i }) => i).toSorted((a, b) => a - b));
    }),
  );
});
