/** H.264 as a byte stream (ITU-T H.264, annex B), and as samples of MP4 (ISO/IEC 14496-15, 5.3). Pure. */

/** Kinds of NAL units that are looked at (ITU-T H.264, table 7-1). */
export const NAL = {
  slice: 1,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  delimiter: 9,
  filler: 12,
  spsExtension: 13,
} as const;

export const nalType = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;

/** Where the next start code `00 00 01` begins, or the end. */
const nextStartCode = (bytes: Uint8Array, from: number): number => {
  let i = from;
  while (i + 2 < bytes.length) {
    const third = bytes[i + 2] ?? 0;
    // The third byte of a start code is one: with another one, none begins here, nor at the two places before it.
    if (third > 1) i += 3;
    else if (third === 1 && bytes[i] === 0 && bytes[i + 1] === 0) return i;
    else i++;
  }
  return bytes.length;
};

/**
 * The NAL units of a byte stream, without start codes. Zeros before a start code of three bytes belong to nobody: they
 * are the first byte of one of four, or trailing zeros; a NAL unit itself never ends with one (7.4.1).
 */
export const splitAnnexB = (bytes: Uint8Array): Uint8Array[] => {
  const nals: Uint8Array[] = [];
  let start = nextStartCode(bytes, 0);
  while (start < bytes.length) {
    const begin = start + 3;
    start = nextStartCode(bytes, begin);
    let end = start;
    while (end > begin && bytes[end - 1] === 0) end--;
    if (end > begin) nals.push(bytes.subarray(begin, end));
  }
  return nals;
};

/** NAL units, each behind its length in four bytes. */
export const lengthPrefixed = (nals: readonly Uint8Array[]): Uint8Array => {
  const sample = new Uint8Array(nals.reduce((sum, nal) => sum + 4 + nal.length, 0));
  const view = new DataView(sample.buffer);
  let offset = 0;
  for (const nal of nals) {
    view.setUint32(offset, nal.length);
    sample.set(nal, offset + 4);
    offset += 4 + nal.length;
  }
  return sample;
};

/** What has no place in a sample: parameter sets lie in `avcC`, delimiters and filling say nothing to a player. */
const LEFT_OUT: ReadonlySet<number> = new Set([
  NAL.sps,
  NAL.pps,
  NAL.spsExtension,
  NAL.delimiter,
  NAL.filler,
]);

/** Those that make up the sample. Supplemental information (SEI) stays. */
export const sampleNals = (nals: readonly Uint8Array[]): Uint8Array[] =>
  nals.filter(nal => !LEFT_OUT.has(nalType(nal)));

/** The parts of a picture. Data partitions (2 to 4) are for the Extended profile, which nobody sends. */
export const slicesOf = (nals: readonly Uint8Array[]): Uint8Array[] =>
  nals.filter(nal => nalType(nal) === NAL.slice || nalType(nal) === NAL.idr);

/** An IDR picture: all of its slices are such (7.4.1.2.4), and nothing after it refers to what was before it. */
export const isIdr = (nals: readonly Uint8Array[]): boolean => nals.some(nal => nalType(nal) === NAL.idr);

/** Whether a byte stream has an IDR picture. */
export const hasIdr = (bytes: Uint8Array): boolean => isIdr(splitAnnexB(bytes));

/**
 * A NAL unit as it is meant: without the byte 3 that keeps two zeros from looking like a start code (7.4.1.1).
 *
 * @param most read so many bytes at the most: headers lie at the beginning.
 */
export const unescaped = (nal: Uint8Array, most = Number.POSITIVE_INFINITY): Uint8Array => {
  const bytes: number[] = [];
  let zeros = 0;
  for (const byte of nal) {
    if (bytes.length >= most) break;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
};
