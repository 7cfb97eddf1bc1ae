import { expect, it } from 'vitest';
import { correctedOpusHead, preSkipOf } from '../../src/encode/opus.ts';

const head = (preSkip: number): Uint8Array =>
  new Uint8Array(
    [...'OpusHead']
      .map(c => c.charCodeAt(0))
      .concat([1, 2, preSkip & 0xff, preSkip >> 8, 0, 0, 0, 0, 0, 0, 0]),
  );

it.each([
  [8_000, 52, 312],
  [16_000, 104, 312],
  [24_000, 156, 312],
  [48_000, 312, 312],
  [44_100, 312, 312],
  [16_000, 312, 312],
  [16_000, 120, 120],
])('at %i Hz a pre-skip of %i is %i', (sampleRate, written, meant) => {
  expect(preSkipOf(correctedOpusHead(head(written), sampleRate))).toBe(meant);
});

it('leaves the rest of the header, and the bytes that it was given, as they are', () => {
  const given = head(104);
  const before = given.slice();
  const result = correctedOpusHead(given, 16_000);
  expect(given).toEqual(before);
  expect([...result].filter((_, i) => i !== 10 && i !== 11)).toEqual(
    [...before].filter((_, i) => i !== 10 && i !== 11),
  );
});
