/** SHA-256 in pieces, that can be put down and gone on with. */
import { _SHA256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** A digest half way, as plain data. */
export interface Sha256State {
  words: number[];
  /** Bytes so far. */
  length: number;
  /** What is not yet a whole block. */
  rest: number[];
}

// WebCrypto has no digest that takes its input in pieces, and the package none that can be put down: its state is protected.
export class Sha256 extends _SHA256 {
  /** Goes on where another one was put down. */
  static from({ words, length, rest }: Sha256State): Sha256 {
    const hash = new Sha256();
    hash.set(...(words as Parameters<Sha256['set']>));
    hash.length = length;
    hash.pos = rest.length;
    hash.buffer.set(rest);
    return hash;
  }

  get state(): Sha256State {
    return { words: this.get(), length: this.length, rest: [...this.buffer.subarray(0, this.pos)] };
  }

  /** The digest of all bytes, in hex. Nothing can be added afterwards. */
  hex(): string {
    return bytesToHex(this.digest());
  }
}
