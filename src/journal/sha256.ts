/** SHA-256 (FIPS 180-4) in pieces, that can be put down and gone on with. Pure. */
import { type BlockAlgorithm, BlockHash, type HashState, hexOf } from '../block-hash.ts';

export type Sha256State = HashState;

const isPrime = (number: number): boolean => {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
};

/** The first 64. */
const PRIMES = Array.from({ length: 312 }, (_, number) => number).filter(
  number => number > 1 && isPrime(number),
);

/** The first 32 bits of what is behind the point: the constants of 4.2.2 and 5.3.3. A double has them exactly. */
const fraction = (value: number): number => ((value % 1) * 2 ** 32) | 0;

const K = Int32Array.from(PRIMES, prime => fraction(Math.cbrt(prime)));
/** The message schedule of 6.2.2, of one block at a time. */
const W = new Int32Array(64);

const SHA256: BlockAlgorithm = {
  first: PRIMES.slice(0, 8).map(prime => fraction(Math.sqrt(prime))),
  littleEndian: false,
  mix(words, view, at) {
    for (let i = 0; i < 16; i++) W[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15] as number;
      const y = W[i - 2] as number;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      W[i] = ((s0 + s1) | 0) + (((W[i - 7] as number) + (W[i - 16] as number)) | 0);
    }
    let { 0: a, 1: b, 2: c, 3: d, 4: e, 5: f, 6: g, 7: h } = words;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (((h + s1) | 0) + (g ^ (e & (f ^ g))) + (((K[i] as number) + (W[i] as number)) | 0)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = s0 + ((a & b) | (c & (a | b)));
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const mixed = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) words[i] = (words[i] as number) + (mixed[i] as number);
  },
};

export class Sha256 extends BlockHash {
  /** @param state of one that was put down. */
  constructor(state?: Sha256State) {
    super(SHA256, state);
  }

  /** The digest of all bytes. Nothing can be added afterwards. */
  hex(): string {
    return hexOf(this.digest());
  }
}
