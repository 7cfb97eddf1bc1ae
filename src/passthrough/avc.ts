/** H.264 as WebRTC delivers it, frame by frame, turned into samples and the parameters that hold for them. Pure. */
import { isIdr, lengthPrefixed, NAL, nalType, sampleNals, slicesOf, splitAnnexB } from './annex-b.ts';
import { concatBytes, sameBytes } from './bytes.ts';
import { type CodedFrame, unusable, type VideoTrouble } from './coded-frame.ts';
import type { EncodedVideo } from './parameters.ts';
import { frameNumOf, isReference, missesReference, ppsIdOfSlice } from './slice.ts';
import { parsePps, parseSps, type Sps } from './sps.ts';

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** `avc1.PPCCLL` (RFC 6381, 3.3). */
export const avcCodecOf = ({ profile, constraints, level }: Sps): string =>
  `avc1.${hex(profile)}${hex(constraints)}${hex(level)}`;

/** Baseline, Main and Extended: all others tell of chroma and depth. */
const WITHOUT_EXTENSION: ReadonlySet<number> = new Set([66, 77, 88]);

/**
 * An `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1.2) of exactly one sequence parameter set. With two,
 * players take the first, whichever the samples use.
 */
export const makeAvcC = (spsNal: Uint8Array, sps: Sps, ppsNals: readonly Uint8Array[]): Uint8Array => {
  const counted = (nal: Uint8Array): Uint8Array[] => [Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal];
  const { profile, constraints, level, chromaFormat, bitDepthLuma, bitDepthChroma } = sps;
  const extension = WITHOUT_EXTENSION.has(profile)
    ? []
    : [0xfc | chromaFormat, 0xf8 | (bitDepthLuma - 8), 0xf8 | (bitDepthChroma - 8), 0];
  return concatBytes([
    // Lengths in samples have four bytes; one sequence parameter set. Reserved bits are ones.
    Uint8Array.of(1, profile, constraints, level, 0xfc | 3, 0xe0 | 1),
    ...counted(spsNal),
    Uint8Array.of(ppsNals.length),
    ...ppsNals.flatMap(counted),
    Uint8Array.from(extension),
  ]);
};

interface KnownPps {
  nal: Uint8Array;
  spsId: number;
}

/** Follows the parameter sets of one stream. Repeated ones change nothing; those that changed need another file. */
export class AvcStream {
  readonly #sps = new Map<number, { nal: Uint8Array; sps: Sps }>();
  readonly #pps = new Map<number, KnownPps>();
  #current: { parameters: EncodedVideo; spsId: number; referenceNum: number | undefined } | undefined;

  /** @param damaged whether a frame is kept that misses a reference. */
  constructor(private readonly damaged: 'leave-out' | 'keep' = 'leave-out') {}

  take(frame: Uint8Array): CodedFrame {
    const nals = splitAnnexB(frame);
    const touched = nals.filter(nal => this.#learn(nal)).length > 0;
    const [slice] = slicesOf(nals);
    if (slice === undefined) return { kind: 'no-picture' };
    if (isIdr(nals)) return this.#key(nals, slice);
    const current = this.#current;
    if (current === undefined) return unusable('no-key-frame');
    if (touched && !sameBytes(this.#describe(current.spsId)?.description, current.parameters.description))
      return this.#trouble('changed-between-key-frames');
    const follows = this.#follows(slice);
    if (!follows && this.damaged === 'leave-out') return this.#trouble('reference-missing');
    const data = lengthPrefixed(sampleNals(nals));
    return { kind: 'sample', type: 'delta', data, ...(follows ? {} : { damaged: true }) };
  }

  #trouble(reason: VideoTrouble): CodedFrame {
    this.#current = undefined;
    return unusable(reason);
  }

  #spsOf(slice: Uint8Array): Sps | undefined {
    const spsId = this.#pps.get(ppsIdOfSlice(slice) ?? -1)?.spsId;
    return spsId === undefined ? undefined : this.#sps.get(spsId)?.sps;
  }

  #key(nals: readonly Uint8Array[], slice: Uint8Array): CodedFrame {
    const sps = this.#spsOf(slice);
    const parameters = sps && this.#describe(sps.id);
    if (sps === undefined || parameters === undefined) return this.#trouble('no-parameter-sets');
    this.#current = { parameters, spsId: sps.id, referenceNum: frameNumOf(slice, sps) };
    return { kind: 'sample', type: 'key', data: lengthPrefixed(sampleNals(nals)), parameters };
  }

  /** Whether nothing that others are predicted from is missing before a frame; and takes its number down, for those after it. */
  #follows(slice: Uint8Array): boolean {
    const [current, sps] = [this.#current, this.#spsOf(slice)];
    const frameNum = sps && frameNumOf(slice, sps);
    if (current === undefined || sps === undefined || frameNum === undefined) return true;
    const before = current.referenceNum;
    const misses = before !== undefined && missesReference(before, frameNum, sps);
    // One that nobody refers to has the number of the next reference, whose last one came, as far as is known.
    const last = isReference(slice) ? frameNum : frameNum - 1;
    if (isReference(slice) || misses) this.#current = { ...current, referenceNum: last };
    return !misses;
  }

  /** Takes a parameter set in. @returns whether it is one, and not known already. */
  #learn(nal: Uint8Array): boolean {
    if (nalType(nal) === NAL.sps) return this.#learnSps(nal);
    if (nalType(nal) === NAL.pps) return this.#learnPps(nal);
    return false;
  }

  #learnSps(nal: Uint8Array): boolean {
    const sps = parseSps(nal);
    if (sps === undefined || sameBytes(this.#sps.get(sps.id)?.nal, nal)) return false;
    // The frame's bytes are the caller's.
    this.#sps.set(sps.id, { nal: nal.slice(), sps });
    // What builds on another content of it must come anew (7.4.1.2.1), or would linger in the description.
    for (const [id, { spsId }] of this.#pps) if (spsId === sps.id) this.#pps.delete(id);
    return true;
  }

  #learnPps(nal: Uint8Array): boolean {
    const pps = parsePps(nal);
    if (pps === undefined || sameBytes(this.#pps.get(pps.id)?.nal, nal)) return false;
    this.#pps.set(pps.id, { nal: nal.slice(), spsId: pps.spsId });
    return true;
  }

  /** The parameters by a sequence parameter set and all picture parameter sets that build on it, by their numbers. */
  #describe(spsId: number): EncodedVideo | undefined {
    const known = this.#sps.get(spsId);
    const pps = [...this.#pps].filter(([, one]) => one.spsId === spsId).sort(([a], [b]) => a - b);
    if (known === undefined || pps.length === 0 || pps.length > 255) return undefined;
    const { nal, sps } = known;
    return {
      family: 'avc',
      codec: avcCodecOf(sps),
      codedWidth: sps.width,
      codedHeight: sps.height,
      pixelAspect: sps.pixelAspect,
      colorSpace: sps.colorSpace,
      description: makeAvcC(
        nal,
        sps,
        pps.map(([, one]) => one.nal),
      ),
    };
  }
}
