import { expect, it } from 'vitest';
import { movieFragmentIndex } from '../../src/mux/movie-fragment.ts';
import { findBoxes } from '../support/boxes.ts';

/** Days of sound, one fragment a second: a worker's stack has no room for an argument for each. */
it('lists the fragments of a file that was recorded for days', () => {
  const entries = Array.from({ length: 150_000 }, (_, i) => ({
    ...{ time: i * 48_000, offset: i * 2 ** 20, run: 1, sample: 1 },
  }));
  const index = Buffer.from(movieFragmentIndex([{ trackId: 2, entries }]));
  const [tfra] = findBoxes(index, ['mfra', 'tfra']);
  expect(tfra?.readUInt32BE(12)).toBe(150_000);
  const last = 16 + 149_999 * 28;
  expect(Number(tfra?.readBigUInt64BE(last))).toBe(149_999 * 48_000);
  expect(Number(tfra?.readBigUInt64BE(last + 8))).toBe(149_999 * 2 ** 20);
  // Its own size, by which a reader finds it from the end.
  expect(index.readUInt32BE(index.length - 4)).toBe(index.length);
});
