/** Reads bits, the highest first, and the codes that headers of video streams are written in. Pure. */

export class BitReader {
  #position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** More was read than there is: what came out last are zeros, and whatever was made of them means nothing. */
  get overrun(): boolean {
    return this.#position > this.bytes.length * 8;
  }

  /** An unsigned number of up to 32 bits. */
  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.bytes[this.#position >> 3] ?? 0;
      // No shift: 32 bits would come out negative.
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position++;
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(count: number): void {
    this.#position += count;
  }

  /** `ue(v)`, an unsigned Exp-Golomb code (ITU-T H.264, 9.1); `uvlc()` of AV1 (4.10.3) is the same. */
  unsigned(): number {
    const zeros = this.#leadingZeros();
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** `se(v)`, a signed one (ITU-T H.264, 9.1.1). */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 0 ? -(code / 2) : (code + 1) / 2;
  }

  /** No code has more than 32, so that a reader past the end comes to one. */
  #leadingZeros(): number {
    let zeros = 0;
    while (zeros < 32 && !this.flag()) zeros++;
    return zeros;
  }
}
