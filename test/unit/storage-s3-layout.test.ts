/** Parts of a multipart upload: every byte in one, never too many, never too large. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_PARTS, partAt, partsOf, SMALLEST_PART } from '../../src/storage/s3/layout.ts';

const MIB = 1024 ** 2;

describe('parts of a file', () => {
  it('are of 5 MiB up to the 5,000th, and double every 500 from there', () => {
    const sizes = [1, 5_000, 5_001, 5_500, 5_501, 10_000].map(number => partAt(number, 5 * MIB).size / MIB);
    expect(sizes).toEqual([5, 5, 10, 10, 20, 5_120]);
  });
  it('hold 4.9 TiB in 10,000, and a store takes 5', () => {
    const last = partAt(MOST_PARTS, SMALLEST_PART);
    expect(last.start + last.size).toBeGreaterThan(4.9 * 1024 ** 4);
  });
  it('lie one behind the other, and none is larger than 5 GiB', () => {
    for (const partBytes of [5 * MIB, 7_000_001, 100 * MIB, 1024 * MIB]) {
      let end = 0;
      for (let number = 1; number <= MOST_PARTS; number++) {
        const part = partAt(number, partBytes);
        expect(part.start).toBe(end);
        expect(part.size).toBeGreaterThanOrEqual(SMALLEST_PART);
        expect(part.size).toBeLessThanOrEqual(5 * 1024 ** 3);
        end = part.start + part.size;
      }
    }
  });
  it('of a finished file hold all its bytes, whatever its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 * 1024 * MIB }), bytes => {
        const parts = partsOf(bytes, SMALLEST_PART);
        const last = parts.at(-1);
        expect((last?.start ?? 0) + (last?.size ?? 0)).toBe(bytes);
        expect(parts.map(part => part.number)).toEqual(parts.map((_, i) => i + 1));
        for (const part of parts.slice(0, -1)) expect(part).toEqual(partAt(part.number, SMALLEST_PART));
      }),
      { numRuns: 10 },
    );
  });
});
