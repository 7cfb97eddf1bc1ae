/** H.264 as WebRTC delivers it, frame by frame, turned into samples and the parameters that hold for them. Pure. */
import { isIdr, lengthPrefixed, NAL, nalType, sampleNals, slicesOf, splitAnnexB } from './annex-b.ts';
import { concatBytes, sameBytes } from './bytes.ts';
import type { EncodedVideo } from './parameters.ts';
import { parsePps, parseSps, ppsIdOfSlice, type Sps } from './sps.ts';

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

/** What became of a frame. */
export type AvcFrame =
  | { kind: 'sample'; type: 'key'; data: Uint8Array; parameters: EncodedVideo; changed: boolean }
  | { kind: 'sample'; type: 'delta'; data: Uint8Array }
  /** It can't be recorded, nor can those after it until the next key frame. */
  | { kind: 'unusable'; reason: AvcTrouble }
  /** Parameter sets alone: they are kept for what comes. */
  | { kind: 'no-picture' };

export type AvcTrouble =
  /** No key frame came yet, or none since the last trouble. */
  | 'no-key-frame'
  /** A key frame whose parameter sets never came, or can't be read. */
  | 'no-parameter-sets'
  /** Parameter sets that changed before a frame that is no key frame: a new file can't begin with it. */
  | 'changed-between-key-frames';

interface KnownPps {
  nal: Uint8Array;
  spsId: number;
}

/** Follows the parameter sets of one stream. Repeated ones change nothing; those that changed need another file. */
export class AvcStream {
  readonly #sps = new Map<number, { nal: Uint8Array; sps: Sps }>();
  readonly #pps = new Map<number, KnownPps>();
  #current: { parameters: EncodedVideo; spsId: number } | undefined;
  /** What the last file was described with, also after trouble. */
  #last: EncodedVideo | undefined;

  take(frame: Uint8Array): AvcFrame {
    const nals = splitAnnexB(frame);
    const touched = nals.filter(nal => this.#learn(nal)).length > 0;
    const [slice] = slicesOf(nals);
    if (slice === undefined) return { kind: 'no-picture' };
    if (isIdr(nals)) return this.#key(nals, slice);
    const current = this.#current;
    if (current === undefined) return { kind: 'unusable', reason: 'no-key-frame' };
    if (touched && !sameBytes(this.#describe(current.spsId)?.description, current.parameters.description)) {
      this.#current = undefined;
      return { kind: 'unusable', reason: 'changed-between-key-frames' };
    }
    return { kind: 'sample', type: 'delta', data: lengthPrefixed(sampleNals(nals)) };
  }

  #key(nals: readonly Uint8Array[], slice: Uint8Array): AvcFrame {
    const spsId = this.#pps.get(ppsIdOfSlice(slice) ?? -1)?.spsId;
    const parameters = spsId === undefined ? undefined : this.#describe(spsId);
    if (spsId === undefined || parameters === undefined) {
      this.#current = undefined;
      return { kind: 'unusable', reason: 'no-parameter-sets' };
    }
    const changed = !sameBytes(this.#last?.description, parameters.description);
    // Who compares by identity, too, sees that nothing has changed.
    const kept = changed || this.#last === undefined ? parameters : this.#last;
    this.#last = kept;
    this.#current = { parameters: kept, spsId };
    const data = lengthPrefixed(sampleNals(nals));
    return { kind: 'sample', type: 'key', data, parameters: kept, changed };
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
