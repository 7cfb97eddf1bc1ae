/** The first fields of H.264 slices (ITU-T H.264, 7.3.3 and 7.4.3), and what the numbers of frames tell of losses. Pure. */
import { unescaped } from './annex-b.ts';
import { BitReader } from './bits.ts';
import type { Sps } from './sps.ts';

/** The fields that are looked at are shorter, even in the largest picture, and with bytes 3 between them. */
const HEADER = 32;

/** A reader behind the parameter set's number, which is 255 at the most. */
const readPpsId = (nal: Uint8Array): { bits: BitReader; id: number } => {
  const bits = new BitReader(unescaped(nal, HEADER));
  bits.skip(8);
  // The slice's first macroblock, and its kind.
  bits.unsigned();
  bits.unsigned();
  return { bits, id: bits.unsigned() };
};

/** Which picture parameter set a slice is coded with. */
export const ppsIdOfSlice = (nal: Uint8Array): number | undefined => {
  const { bits, id } = readPpsId(nal);
  return bits.overrun || id > 255 ? undefined : id;
};

/** `frame_num` of a slice whose picture parameter set builds on `sps`. */
export const frameNumOf = (
  nal: Uint8Array,
  { separatePlanes, frameNumBits }: Pick<Sps, 'separatePlanes' | 'frameNumBits'>,
): number | undefined => {
  const { bits } = readPpsId(nal);
  if (separatePlanes) bits.skip(2);
  const frameNum = bits.read(frameNumBits);
  return bits.overrun ? undefined : frameNum;
};

/** Whether others may be predicted from it: `nal_ref_idc` is not zero. */
export const isReference = (nal: Uint8Array): boolean => ((nal[0] ?? 0) & 0x60) !== 0;

/**
 * Whether a frame with the number `frameNum` tells that a reference frame is missing before it: without gaps, a number
 * is that of the last reference frame (its second field) or the next one (7.4.3), also that of a frame nobody refers to.
 *
 * True only where it is certain. Where gaps are allowed they may be the sender's own. A frame with the number 1 may
 * follow one that forgot all references (`memory_management_control_operation` 5), which lies too deep in the slice
 * to be looked for.
 *
 * @param before `frame_num` of the last reference frame.
 */
export const missesReference = (
  before: number,
  frameNum: number,
  { gapsAllowed, frameNumBits }: Pick<Sps, 'gapsAllowed' | 'frameNumBits'>,
): boolean => {
  const next = (before + 1) % 2 ** frameNumBits;
  return !gapsAllowed && frameNum !== before && frameNum !== next && frameNum !== 1;
};
