/** VP9: what the uncompressed header says (VP9 bitstream specification, 6.2 and 7.2). Pure. */
import { vp9Level } from '../levels.ts';
import type { ColorSpace } from '../manifest.ts';
import { BitReader } from './bits.ts';
import { colorFields, type EncodedVideo, SQUARE, two, UNKNOWN_COLOR } from './parameters.ts';
import { splitSuperframe } from './superframe.ts';

type Size = readonly [width: number, height: number];

interface Coding {
  profile: number;
  bitDepth: number;
  /** As `vpcC` counts it: 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4; `undefined` for 4:4:0, which it does not know. */
  chroma: number | undefined;
  colorSpace: ColorSpace;
}

const SYNC_CODE = 0x498342;
const HIGHEST_LEVEL = 62;

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

/** True for what a recording can begin with: the lowest layer is a key frame. */
export const isVp9Key = (data: Uint8Array): boolean => {
  const [first] = splitSuperframe(data);
  return first !== undefined && readBeginning(new BitReader(first))?.key === true;
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

/** The size of the last layer: each is predicted from the one below, and larger. */
const topSize = (upper: readonly Uint8Array[], base: Size): Size | undefined => {
  const slots: Size[] = Array.from({ length: 8 }, () => base);
  let top: Size | undefined = base;
  for (const frame of upper) {
    const bits = new BitReader(frame);
    const beginning = readBeginning(bits);
    if (beginning === undefined || beginning.key) return undefined;
    if (beginning.showsExisting) {
      top = slots[bits.read(3)];
      continue;
    }
    const { size, refresh } = readInter(bits, beginning, slots);
    if (size === undefined || bits.overrun) return undefined;
    for (let i = 0; i < 8; i++) if ((refresh >> i) & 1) slots[i] = size;
    top = size;
  }
  return top;
};

/** `vp09.PP.LL.DD`, and the rest where it is not the usual (VP Codec ISO Media File Format Binding: all or none). */
const codecOf = ({ profile, bitDepth, colorSpace }: Coding, chroma: number, level: number): string => {
  const short = `vp09.${two(profile)}.${two(level)}.${two(bitDepth)}`;
  const { points, usual } = colorFields(colorSpace);
  if (usual && chroma === 1) return short;
  return [short, two(chroma), ...points, colorSpace.fullRange ? '01' : '00'].join('.');
};

/**
 * Parameters from a key frame, or from a superframe that begins with one; the size is that of its highest spatial
 * layer. `undefined` when it is none, or damaged, or what MP4 can't describe.
 *
 * @param frameRate frames a second. VP9 does not tell its level: the lowest that holds size and rate is taken.
 */
export const vp9Parameters = (data: Uint8Array, frameRate: number): EncodedVideo | undefined => {
  const [first, ...upper] = splitSuperframe(data);
  if (first === undefined) return undefined;
  const bits = new BitReader(first);
  const beginning = readBeginning(bits);
  if (!beginning?.key || bits.read(24) !== SYNC_CODE) return undefined;
  const coding = readCoding(bits, beginning.profile);
  const base = readSize(bits);
  const size = bits.overrun ? undefined : topSize(upper, base);
  if (size === undefined || coding.chroma === undefined) return undefined;
  const [codedWidth, codedHeight] = size;
  const level = vp9Level({ width: codedWidth, height: codedHeight, frameRate }, 0) ?? HIGHEST_LEVEL;
  return {
    family: 'vp9',
    codec: codecOf(coding, coding.chroma, level),
    codedWidth,
    codedHeight,
    pixelAspect: SQUARE,
    colorSpace: coding.colorSpace,
  };
};
