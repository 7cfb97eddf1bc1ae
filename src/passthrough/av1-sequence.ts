/** The sequence header of AV1 (AV1 specification, 5.5). Pure. */
import { namedColors } from '../code-points.ts';
import type { ColorSpace } from '../manifest.ts';
import { BitReader } from './bits.ts';

export interface Av1Sequence {
  profile: number;
  /** `seq_level_idx` of the first operating point; 31 is "no limits". */
  level: number;
  /** 1 for the high tier. */
  tier: number;
  bitDepth: number;
  monochrome: boolean;
  subsamplingX: number;
  subsamplingY: number;
  chromaSamplePosition: number;
  colorSpace: ColorSpace;
  /** The largest that a frame of this sequence has. */
  width: number;
  height: number;
  /** One picture: its frame header leaves out what a single picture always is. */
  reducedStill: boolean;
}

/** `decoder_model_info` and `timing_info` (5.5.3, 5.5.4): how long fields in what follows are. */
const readTiming = (bits: BitReader): { delayBits: number | undefined } => {
  bits.skip(64);
  // `num_ticks_per_picture_minus_1`, where all pictures last equally long.
  if (bits.flag()) bits.unsigned();
  if (!bits.flag()) return { delayBits: undefined };
  const delayBits = bits.read(5) + 1;
  bits.skip(32 + 5 + 5);
  return { delayBits };
};

/** The first operating point, which holds all layers; the others are read over. */
const readOperatingPoints = (bits: BitReader): { level: number; tier: number } => {
  const delayBits = bits.flag() ? readTiming(bits).delayBits : undefined;
  const displayDelays = bits.flag();
  const count = bits.read(5) + 1;
  let first: { level: number; tier: number } | undefined;
  for (let i = 0; i < count; i++) {
    bits.skip(12);
    const level = bits.read(5);
    const tier = level > 7 ? bits.read(1) : 0;
    if (delayBits !== undefined && bits.flag()) bits.skip(2 * delayBits + 1);
    if (displayDelays && bits.flag()) bits.skip(4);
    first ??= { level, tier };
  }
  return first ?? { level: 0, tier: 0 };
};

/** The tools of a sequence (5.5.1) have no place in a file's parameters, but lie before the colours. */
const skipTools = (bits: BitReader): void => {
  // Interintra and masked compounds, warped motion, dual filters.
  bits.skip(4);
  const orderHints = bits.flag();
  if (orderHints) bits.skip(2);
  // "Choose for each frame", or what holds for all.
  const screenContent = bits.flag() ? 2 : bits.read(1);
  if (screenContent > 0 && !bits.flag()) bits.skip(1);
  if (orderHints) bits.skip(3);
};

type Coding = Omit<Av1Sequence, 'profile' | 'level' | 'tier' | 'width' | 'height' | 'reducedStill'>;

const RGB = { primaries: 1, transfer: 13, matrix: 0 };

const readSubsampling = (bits: BitReader, profile: number, bitDepth: number): [number, number] => {
  if (profile === 0) return [1, 1];
  if (profile === 1) return [0, 0];
  if (bitDepth !== 12) return [1, 0];
  const across = bits.read(1);
  return [across, across === 1 ? bits.read(1) : 0];
};

/** `color_config` (5.5.2). */
const readCoding = (bits: BitReader, profile: number): Coding => {
  const high = bits.flag();
  const bitDepth = profile === 2 && high ? (bits.flag() ? 12 : 10) : high ? 10 : 8;
  const monochrome = profile !== 1 && bits.flag();
  const told = bits.flag();
  const [primaries, transfer, matrix] = told ? [bits.read(8), bits.read(8), bits.read(8)] : [2, 2, 2];
  const names = namedColors(primaries, transfer, matrix);
  const rgb = primaries === RGB.primaries && transfer === RGB.transfer && matrix === RGB.matrix;
  if (monochrome) {
    const colorSpace = { ...names, fullRange: bits.flag() };
    return { bitDepth, monochrome, subsamplingX: 1, subsamplingY: 1, chromaSamplePosition: 0, colorSpace };
  }
  const fullRange = rgb || bits.flag();
  const [subsamplingX, subsamplingY] = rgb ? [0, 0] : readSubsampling(bits, profile, bitDepth);
  const chromaSamplePosition = !rgb && subsamplingX === 1 && subsamplingY === 1 ? bits.read(2) : 0;
  const colorSpace = { ...names, fullRange };
  return { bitDepth, monochrome, subsamplingX, subsamplingY, chromaSamplePosition, colorSpace };
};

/** Reads a sequence header's payload; `undefined` when it is damaged, or of a profile that does not exist. */
export const parseAv1Sequence = (payload: Uint8Array): Av1Sequence | undefined => {
  const bits = new BitReader(payload);
  const profile = bits.read(3);
  bits.skip(1);
  const reducedStill = bits.flag();
  const { level, tier } = reducedStill ? { level: bits.read(5), tier: 0 } : readOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  const [width, height] = [bits.read(widthBits) + 1, bits.read(heightBits) + 1];
  // Frames may have numbers, of a length that is said here.
  if (!reducedStill && bits.flag()) bits.skip(7);
  // 128x128 superblocks, intra filters, intra edge filters.
  bits.skip(3);
  if (!reducedStill) skipTools(bits);
  // Super-resolution, directional enhancement, restoration.
  bits.skip(3);
  const coding = readCoding(bits, profile);
  if (bits.overrun || profile > 2) return undefined;
  return { profile, level, tier, ...coding, width, height, reducedStill };
};
