/** MD5 (RFC 1321), by which S3 stores check that a part came as it was sent. It is no seal: that is the manifest's SHA-256. Pure. */
import type { BlockAlgorithm } from '../../block-hash.ts';

/** The table of 3.4. */
const T = Int32Array.from({ length: 64 }, (_, i) => Math.abs(Math.sin(i + 1)) * 2 ** 32);
/** How far the steps of each round rotate, four by four. */
const ROTATION = Int32Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);
/** The words of a block. */
const X = new Int32Array(16);

/** What a step of 3.4 mixes, and the word of the block that it takes. */
const step = (i: number, b: number, c: number, d: number): number => {
  if (i < 16) return ((b & c) | (~b & d)) + (X[i] as number);
  if (i < 32) return ((b & d) | (c & ~d)) + (X[(5 * i + 1) & 15] as number);
  if (i < 48) return (b ^ c ^ d) + (X[(3 * i + 5) & 15] as number);
  return (c ^ (b | ~d)) + (X[(7 * i) & 15] as number);
};

export const MD5: BlockAlgorithm = {
  first: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476],
  littleEndian: true,
  mix(words, view, at) {
    for (let i = 0; i < 16; i++) X[i] = view.getInt32(at + i * 4, true);
    let { 0: a, 1: b, 2: c, 3: d } = words;
    for (let i = 0; i < 64; i++) {
      const sum = a + step(i, b, c, d) + (T[i] as number);
      const by = ROTATION[((i >> 4) << 2) | (i & 3)] as number;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << by) | (sum >>> (32 - by)))) | 0;
    }
    const mixed = [a, b, c, d];
    for (let i = 0; i < 4; i++) words[i] = (words[i] as number) + (mixed[i] as number);
  },
};
