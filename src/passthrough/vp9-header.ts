/** The uncompressed header of VP9 (VP9 bitstream specification, 6.2 and 7.2). Pure. */
import type { ColorSpace } from '../manifest.ts';
import { BitReader } from './bits.ts';
import { UNKNOWN_COLOR } from './parameters.ts';

export type Size = readonly [width: number, height: number];

export interface Coding {
  profile: number;
  bitDepth: number;
  /** As `vpcC` counts it: 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4; `undefined` for 4:4:0, which it does not know. */
  chroma: number | undefined;
  colorSpace: ColorSpace;
}

const SYNC_CODE = 0x498342;

/**
 * `color_space` (7.2.2): names of recommendations. BT.601 has two sets of primaries, so which ones is not said; what
 * BT.2020 has for a transfer function, WebCodecs has no name for, nor for SMPTE 240.
 */
const COLORS: readonly Partial<ColorSpace>[] = [
  {},
  { transfer: 'smpte170m', matrix: 'smpte170m' },
  { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709' },
  { primaries: 'smpte170m', transfer: 'smpte170m', matrix: 'smpte170m' },
  {},
  { primaries: 'bt2020', matrix: 'bt2020-ncl' },
  {},
  { primaries: 'bt709', transfer: 'iec61966-2-1', matrix: 'rgb' },
];
const RGB = 7;

/** By `subsampling_x` and `subsampling_y`. */
const chromaOf = (across: boolean, down: boolean): number | undefined =>
  across ? (down ? 1 : 2) : down ? undefined : 3;

/** `color_config` (6.2.2). */
const readCoding = (bits: BitReader, profile: number): Coding => {
  const bitDepth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const space = bits.read(3);
  // RGB is always full, and has no subsampled planes.
  const fullRange = space === RGB || bits.flag();
  const told = profile === 1 || profile === 3;
  const [across, down] = space === RGB ? [false, false] : told ? [bits.flag(), bits.flag()] : [true, true];
  if (told) bits.skip(1);
  const colorSpace = { ...UNKNOWN_COLOR, ...COLORS[space], fullRange };
  return { profile, bitDepth, chroma: chromaOf(across, down), colorSpace };
};

/** `frame_size` (6.2.3). */
const readSize = (bits: BitReader): Size => [bits.read(16) + 1, bits.read(16) + 1];

/** The first bits of every frame. */
interface Beginning {
  profile: number;
  showsExisting: boolean;
  key: boolean;
  shown: boolean;
  resilient: boolean;
}

const readBeginning = (bits: BitReader): Beginning | undefined => {
  if (bits.read(2) !== 2) return undefined;
  const profile = bits.read(1) + 2 * bits.read(1);
  if (profile === 3) bits.skip(1);
  if (bits.flag()) return { profile, showsExisting: true, key: false, shown: true, resilient: false };
  // `frame_type` is zero for a key frame.
  const key = !bits.flag();
  return { profile, showsExisting: false, key, shown: bits.flag(), resilient: bits.flag() };
};

/** `frame_size_with_refs` (6.2.5): that of a frame referred to, or its own. */
const readSizeWithRefs = (
  bits: BitReader,
  refs: readonly number[],
  slots: readonly Size[],
): Size | undefined => {
  for (const ref of refs) if (bits.flag()) return slots[ref];
  return readSize(bits);
};

/** The size of a frame that is no key frame, and the slots that it is kept in. */
const readInter = (
  bits: BitReader,
  { profile, shown, resilient }: Beginning,
  slots: readonly Size[],
): { size: Size | undefined; refresh: number } => {
  const intraOnly = !shown && bits.flag();
  if (!resilient) bits.skip(2);
  if (intraOnly) {
    bits.skip(24);
    if (profile > 0) readCoding(bits, profile);
    const refresh = bits.read(8);
    return { refresh, size: readSize(bits) };
  }
  const refresh = bits.read(8);
  const refs = [0, 1, 2].map(() => {
    const ref = bits.read(3);
    bits.skip(1);
    return ref;
  });
  return { refresh, size: readSizeWithRefs(bits, refs, slots) };
};

/** What a frame says of itself. */
export type Vp9Header =
  | { kind: 'key'; size: Size; coding: Coding }
  /** `refresh`: a bit for each slot that it is kept in afterwards. */
  | { kind: 'inter'; size: Size; refresh: number }
  /** An earlier picture is shown. */
  | { kind: 'existing'; size: Size };

/**
 * Reads one frame, not a superframe; `undefined` when it is damaged, or refers to what is not there.
 *
 * @param slots sizes of the eight pictures that it may refer to.
 */
export const readVp9Header = (frame: Uint8Array, slots: readonly Size[]): Vp9Header | undefined => {
  const bits = new BitReader(frame);
  const beginning = readBeginning(bits);
  if (beginning === undefined) return undefined;
  if (beginning.showsExisting) {
    const size = slots[bits.read(3)];
    return size && !bits.overrun ? { kind: 'existing', size } : undefined;
  }
  if (beginning.key) {
    if (bits.read(24) !== SYNC_CODE) return undefined;
    const coding = readCoding(bits, beginning.profile);
    const size = readSize(bits);
    return bits.overrun ? undefined : { kind: 'key', size, coding };
  }
  const { size, refresh } = readInter(bits, beginning, slots);
  return size && !bits.overrun ? { kind: 'inter', size, refresh } : undefined;
};

/** True for a key frame, by its first bits. */
export const isVp9KeyFrame = (frame: Uint8Array): boolean =>
  readBeginning(new BitReader(frame))?.key === true;
