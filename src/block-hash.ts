/** What SHA-256 and MD5 share: bytes are taken by blocks, and what is left at the end is padded. Pure. */

/** Bytes of a block. */
const BLOCK = 64;

/**
 * The words of a hash, by their places: `const { 0: a, 1: b } = …`. As an array they would be taken out by an iterator, and the
 * digest take twice as long (measured on V8).
 */
export type Words = Int32Array & Record<0 | 1 | 2 | 3 | 4 | 5 | 6 | 7, number>;

/** One of the two. */
export interface BlockAlgorithm {
  /** The words of a hash of nothing. */
  readonly first: readonly number[];
  /** How words and the length become bytes. */
  readonly littleEndian: boolean;
  /** Mixes the block that begins at `at` into the words. */
  mix(words: Words, view: DataView, at: number): void;
}

/** A hash half way, as plain data. */
export interface HashState {
  words: number[];
  /** Bytes so far. */
  length: number;
  /** What is not yet a whole block. */
  rest: number[];
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Takes bytes in pieces, which WebCrypto does not, and can be put down and gone on with. */
export class BlockHash {
  readonly #algorithm: BlockAlgorithm;
  readonly #words: Words;
  #length: number;
  readonly #rest = new Uint8Array(BLOCK);
  readonly #restView = viewOf(this.#rest);

  /** @param state of one that was put down. */
  constructor(algorithm: BlockAlgorithm, state?: HashState) {
    this.#algorithm = algorithm;
    this.#words = Int32Array.from(state?.words ?? algorithm.first) as Words;
    this.#length = state?.length ?? 0;
    this.#rest.set(state?.rest ?? []);
  }

  get state(): HashState {
    const rest = this.#rest.subarray(0, this.#length % BLOCK);
    return { words: [...this.#words], length: this.#length, rest: [...rest] };
  }

  update(bytes: Uint8Array): this {
    const { length } = bytes;
    const before = this.#length % BLOCK;
    let at = 0;
    this.#length += length;
    if (before > 0) {
      at = BLOCK - before;
      this.#rest.set(bytes.subarray(0, at), before);
      if (at > length) return this;
      this.#algorithm.mix(this.#words, this.#restView, 0);
    }
    const view = viewOf(bytes);
    for (; at + BLOCK <= length; at += BLOCK) this.#algorithm.mix(this.#words, view, at);
    this.#rest.set(bytes.subarray(at));
    return this;
  }

  /** Nothing can be added afterwards. */
  digest(): Uint8Array<ArrayBuffer> {
    const { littleEndian } = this.#algorithm;
    // A bit that is set, zeros up to the end of a block, and in it the length in bits: RFC 1321, 3.1 and 3.2; FIPS 180-4, 5.1.1.
    const lengthAt = BLOCK - ((this.#length + 8) % BLOCK);
    const padding = new Uint8Array(lengthAt + 8);
    padding[0] = 0x80;
    viewOf(padding).setBigUint64(lengthAt, BigInt(this.#length * 8), littleEndian);
    this.update(padding);
    const digest = new Uint8Array(this.#words.byteLength);
    this.#words.forEach((word, index) => {
      viewOf(digest).setInt32(index * 4, word, littleEndian);
    });
    return digest;
  }
}

/** In lower case. */
export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
