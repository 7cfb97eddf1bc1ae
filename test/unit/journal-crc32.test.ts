/** The checksum of the journal, against another one. */
import { crc32 as expected } from 'node:zlib';
import { expect, it } from 'vitest';
import { crc32 } from '../../src/journal/crc32.ts';

const bytes = Uint8Array.from({ length: 67 }, (_, i) => (i * 167 + 13) & 0xff);

it('is that of ITU-T V.42, whatever the length', () => {
  for (let length = 0; length <= bytes.length; length++)
    expect(crc32(bytes.subarray(0, length)), `${length} bytes`).toBe(expected(bytes.subarray(0, length)));
});

it('goes on from what lies in front, wherever it is parted', () => {
  for (let at = 0; at <= bytes.length; at++)
    expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(expected(bytes));
});
