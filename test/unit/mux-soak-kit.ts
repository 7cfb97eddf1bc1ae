/** What the soaks share: parameters made by hand, what memory is in use, and a file with room for gigabytes. */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bits as H.264 writes them, with what is needed for a sequence parameter set. */
class Bits {
  #bits = '';

  fixed(value: number, length: number): this {
    this.#bits += value.toString(2).padStart(length, '0');
    return this;
  }

  /** Exp-Golomb (ITU-T H.264, 9.1). */
  golomb(...values: number[]): this {
    for (const value of values) {
      const code = (value + 1).toString(2);
      this.#bits += code.padStart(2 * code.length - 1, '0');
    }
    return this;
  }

  /** With the stop bit and what fills the last byte. */
  bytes(): number[] {
    const bits = `${this.#bits}1`;
    return Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
      Number.parseInt(bits.slice(8 * i, 8 * i + 8).padEnd(8, '0'), 2),
    );
  }
}

/** An AVCDecoderConfigurationRecord for pictures of whole macroblocks: constrained baseline, level 3.1. */
export const avcDescription = (width: number, height: number): Uint8Array => {
  const profile = [0x42, 0xc0, 0x1f];
  const sps = new Bits()
    .golomb(0, 0, 2, 1)
    .fixed(0, 1)
    .golomb(width / 16 - 1, height / 16 - 1)
    .fixed(0b1100, 4);
  const pps = new Bits().golomb(0, 0).fixed(0, 2).golomb(0, 0, 0).fixed(0, 3).golomb(0, 0, 0).fixed(0, 3);
  const withLength = (nal: number[]): number[] => [nal.length >> 8, nal.length & 0xff, ...nal];
  const sets = [
    0xe1,
    ...withLength([0x67, ...profile, ...sps.bytes()]),
    1,
    ...withLength([0x68, ...pps.bytes()]),
  ];
  return Uint8Array.from([1, ...profile, 0xff, ...sets]);
};

/** `OpusHead` (RFC 7845, 5.1) with the delay of libopus. */
export const opusHead = (channels: number, sampleRate: number): Uint8Array => {
  const head = Buffer.alloc(19);
  head.write('OpusHead');
  head[8] = 1;
  head[9] = channels;
  head.writeUInt16LE(312, 10);
  head.writeUInt32LE(sampleRate, 12);
  return Uint8Array.from(head);
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are in use once everything is gone that can go. */
export const usedMemory = async (): Promise<number> => {
  // What finalizers let go of is gone only after a second time.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise(resolve => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/** A file on disk that is written at its end; of blocks of zeros only the place is kept. */
export class SparseFile {
  size = 0;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'w+');
  }

  append(bytes: Uint8Array): void {
    let from = 0;
    const writeUpTo = (to: number): void => {
      for (let at = from; at < to; ) at += writeSync(this.#file, bytes, at, to - at, this.size + at);
    };
    for (let at = 0; at < bytes.length; at += BLOCK) {
      const end = Math.min(bytes.length, at + BLOCK);
      if (ZEROS.compare(bytes, at, end, 0, end - at) !== 0) continue;
      writeUpTo(at);
      from = end;
    }
    writeUpTo(bytes.length);
    this.size += bytes.length;
  }

  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const got = readSync(this.#file, bytes, 0, length, offset);
    return bytes.subarray(0, got);
  }

  /** Zeros at the very end are no block of the file before this. */
  seal(): void {
    ftruncateSync(this.#file, this.size);
  }

  close(): void {
    closeSync(this.#file);
  }
}
