/** The sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1.1 and E.1.1), as far as a file's parameters need it. Pure. */
import { namedColors } from '../code-points.ts';
import type { ColorSpace } from '../manifest.ts';
import { unescaped } from './annex-b.ts';
import { BitReader } from './bits.ts';
import { SQUARE, UNKNOWN_COLOR } from './parameters.ts';

export interface Sps {
  id: number;
  profile: number;
  /** The byte with the constraint flags. */
  constraints: number;
  level: number;
  /** `chroma_format_idc`: 0 for grey, 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4. */
  chromaFormat: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
  /** `separate_colour_plane_flag`: slices say which plane they are of. */
  separatePlanes: boolean;
  /** `log2_max_frame_num`: so many bits a slice has for its number. */
  frameNumBits: number;
  /** `gaps_in_frame_num_value_allowed_flag`: numbers may be left out, as temporal layers are that nobody sent. */
  gapsAllowed: boolean;
  /** Of the cropped picture. */
  width: number;
  height: number;
  pixelAspect: readonly [number, number];
  colorSpace: ColorSpace;
}

/** Profiles whose parameter sets tell of chroma and bit depth. */
const WITH_CHROMA: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

/** `scaling_list` (7.3.2.1.1.1): read over. */
const skipScalingList = (bits: BitReader, size: number): void => {
  let [last, next] = [8, 8];
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + bits.signed() + 256) % 256;
    last = next === 0 ? last : next;
  }
};

interface Chroma {
  chromaFormat: number;
  separatePlanes: boolean;
  bitDepthLuma: number;
  bitDepthChroma: number;
}

const readChroma = (bits: BitReader, profile: number): Chroma => {
  if (!WITH_CHROMA.has(profile))
    return { chromaFormat: 1, separatePlanes: false, bitDepthLuma: 8, bitDepthChroma: 8 };
  const chromaFormat = bits.unsigned();
  const separatePlanes = chromaFormat === 3 && bits.flag();
  const bitDepthLuma = 8 + bits.unsigned();
  const bitDepthChroma = 8 + bits.unsigned();
  bits.skip(1);
  const lists = bits.flag() ? (chromaFormat === 3 ? 12 : 8) : 0;
  for (let i = 0; i < lists; i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
  return { chromaFormat, separatePlanes, bitDepthLuma, bitDepthChroma };
};

const skipPictureOrder = (bits: BitReader): void => {
  const type = bits.unsigned();
  if (type === 0) bits.unsigned();
  if (type !== 1) return;
  bits.skip(1);
  bits.signed();
  bits.signed();
  // A cycle has 255 at the most; what says more is no parameter set.
  const cycle = Math.min(255, bits.unsigned());
  for (let i = 0; i < cycle; i++) bits.signed();
};

/** The size after cropping (7-19 to 7-22): in steps of chroma samples, and of two lines where there are fields. */
const readSize = (bits: BitReader, { chromaFormat, separatePlanes }: Chroma): [number, number] => {
  const blocksAcross = bits.unsigned() + 1;
  const unitsDown = bits.unsigned() + 1;
  const framesOnly = bits.flag();
  if (!framesOnly) bits.skip(1);
  bits.skip(1);
  const lines = framesOnly ? 1 : 2;
  const [width, height] = [blocksAcross * 16, unitsDown * 16 * lines];
  if (!bits.flag()) return [width, height];
  const subsampled = !separatePlanes && chromaFormat !== 0;
  const stepAcross = subsampled && chromaFormat !== 3 ? 2 : 1;
  const stepDown = (subsampled && chromaFormat === 1 ? 2 : 1) * lines;
  const [left, right, top, bottom] = [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()];
  return [width - (left + right) * stepAcross, height - (top + bottom) * stepDown];
};

/** Sample aspect ratios by `aspect_ratio_idc` (table E-1), from 1 on. */
const ASPECTS: readonly (readonly [number, number])[] = [
  ...([
    [1, 1],
    [12, 11],
    [10, 11],
    [16, 11],
    [40, 33],
    [24, 11],
    [20, 11],
    [32, 11],
  ] as const),
  ...([
    [80, 33],
    [18, 11],
    [15, 11],
    [64, 33],
    [160, 99],
    [4, 3],
    [3, 2],
    [2, 1],
  ] as const),
];
const EXTENDED_ASPECT = 255;

const readAspect = (bits: BitReader): readonly [number, number] => {
  if (!bits.flag()) return SQUARE;
  const idc = bits.read(8);
  if (idc !== EXTENDED_ASPECT) return ASPECTS[idc - 1] ?? SQUARE;
  const [across, down] = [bits.read(16), bits.read(16)];
  // Zero is "unspecified" (E.2.1).
  return across > 0 && down > 0 ? [across, down] : SQUARE;
};

const readColor = (bits: BitReader): ColorSpace => {
  // Whether the picture may be shown beyond the edges of the screen.
  if (bits.flag()) bits.skip(1);
  if (!bits.flag()) return UNKNOWN_COLOR;
  bits.skip(3);
  const fullRange = bits.flag();
  if (!bits.flag()) return { ...UNKNOWN_COLOR, fullRange };
  return { ...namedColors(bits.read(8), bits.read(8), bits.read(8)), fullRange };
};

/** Reads a sequence parameter set, its NAL header included; `undefined` when it is none. */
export const parseSps = (nal: Uint8Array): Sps | undefined => {
  const bits = new BitReader(unescaped(nal));
  bits.skip(8);
  const [profile, constraints, level] = [bits.read(8), bits.read(8), bits.read(8)];
  const id = bits.unsigned();
  const chroma = readChroma(bits, profile);
  const frameNumBits = 4 + bits.unsigned();
  skipPictureOrder(bits);
  bits.unsigned();
  const gapsAllowed = bits.flag();
  const [width, height] = readSize(bits, chroma);
  const described = bits.flag();
  const pixelAspect = described ? readAspect(bits) : SQUARE;
  const colorSpace = described ? readColor(bits) : UNKNOWN_COLOR;
  // Pictures have 65,535 pixels across at the most in MP4; an identifier is 31 at the most (7.4.2.1.1).
  const sane = id < 32 && width > 0 && height > 0 && width < 65_536 && height < 65_536;
  if (bits.overrun || !sane || chroma.chromaFormat > 3 || frameNumBits > 16) return undefined;
  const numbers = { frameNumBits, gapsAllowed };
  return { id, profile, constraints, level, ...chroma, ...numbers, width, height, pixelAspect, colorSpace };
};

/** Which picture parameter set this is, and which sequence parameter set it builds on (7.3.2.2). */
export const parsePps = (nal: Uint8Array): { id: number; spsId: number } | undefined => {
  const bits = new BitReader(unescaped(nal, 16));
  bits.skip(8);
  const [id, spsId] = [bits.unsigned(), bits.unsigned()];
  return bits.overrun || id > 255 || spsId > 31 ? undefined : { id, spsId };
};
