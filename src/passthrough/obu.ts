/** AV1's open bitstream units (AV1 specification, 5.3), and samples made of them. Pure. */
import { concatBytes } from './bytes.ts';

/** Kinds of units (6.2.2). */
export const OBU = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  frame: 6,
  redundantFrameHeader: 7,
  tileList: 8,
  padding: 15,
} as const;

export interface Obu {
  type: number;
  /** The first byte, and the second where there is one. */
  header: Uint8Array;
  payload: Uint8Array;
  spatialLayer: number;
}

/** `leb128()` (4.10.5): seven bits a byte, the lowest first. */
const readSize = (bytes: Uint8Array, offset: number): { size: number; next: number } | undefined => {
  let size = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[offset + i];
    if (byte === undefined) return undefined;
    size += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return { size, next: offset + i + 1 };
  }
  return undefined;
};

const sizeField = (size: number): Uint8Array => {
  const bytes: number[] = [];
  let rest = size;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
};

/** The units of a temporal unit; `undefined` when they don't add up. */
export const splitObus = (data: Uint8Array): Obu[] | undefined => {
  const obus: Obu[] = [];
  let offset = 0;
  while (offset < data.length) {
    const first = data[offset] ?? 0;
    const extended = (first & 0x04) !== 0;
    const headerEnd = offset + (extended ? 2 : 1);
    // One without a size goes to the end.
    const sized =
      (first & 0x02) !== 0 ? readSize(data, headerEnd) : { size: data.length - headerEnd, next: headerEnd };
    if (sized === undefined || (first & 0x80) !== 0) return undefined;
    const end = sized.next + sized.size;
    if (sized.size < 0 || end > data.length) return undefined;
    obus.push({
      type: (first >> 3) & 0x0f,
      header: data.subarray(offset, headerEnd),
      payload: data.subarray(sized.next, end),
      spatialLayer: extended ? ((data[offset + 1] ?? 0) >> 3) & 3 : 0,
    });
    offset = end;
  }
  return obus;
};

/** A unit with its size: all but the last of a sample must have one (AV1 Codec ISO Media File Format Binding, 2.4). */
export const sizedObu = ({ header, payload }: Obu): Uint8Array => {
  const marked = header.slice();
  marked[0] = (marked[0] ?? 0) | 0x02;
  return concatBytes([marked, sizeField(payload.length), payload]);
};

/** What should not be in a sample, and says nothing (2.4 of the binding); tile lists are for still pictures. */
const LEFT_OUT: ReadonlySet<number> = new Set([
  OBU.temporalDelimiter,
  OBU.redundantFrameHeader,
  OBU.tileList,
  OBU.padding,
]);

/** The sample of one temporal unit, which may come in several pieces, one for each spatial layer. */
export const av1Sample = (pieces: readonly Uint8Array[]): Uint8Array | undefined => {
  const kept: Uint8Array[] = [];
  for (const piece of pieces) {
    const obus = splitObus(piece);
    if (obus === undefined) return undefined;
    kept.push(...obus.filter(({ type }) => !LEFT_OUT.has(type)).map(sizedObu));
  }
  return concatBytes(kept);
};
