/** AV1 as WebRTC delivers it: parameters and key frames. Pure. */
import { type Av1Sequence, parseAv1Sequence } from './av1-sequence.ts';
import { BitReader } from './bits.ts';
import { concatBytes, sameBytes } from './bytes.ts';
import { type CodedFrame, unusable, type VideoTrouble } from './coded-frame.ts';
import { av1Sample, OBU, type Obu, sizedObu, splitObus } from './obu.ts';
import { colorFields, type EncodedVideo, SQUARE, two } from './parameters.ts';

/** The first bits of a frame header (AV1 specification, 5.9.2): a key frame that is shown, and not shown again. */
const isShownKey = ({ payload }: Obu): boolean => {
  const bits = new BitReader(payload);
  const showsExisting = bits.flag();
  const type = bits.read(2);
  return !showsExisting && type === 0 && bits.flag() && !bits.overrun;
};

const isFrame = ({ type }: Obu): boolean => type === OBU.frame || type === OBU.frameHeader;

/** The highest layer of a temporal unit, which is the one that is shown. */
const highestLayer = (obus: readonly Obu[]): number =>
  Math.max(...obus.filter(isFrame).map(({ spatialLayer }) => spatialLayer));

interface KeyUnit {
  header: Obu;
  sequence: Av1Sequence;
  spatialLayer: number;
}

/**
 * The sequence header of a temporal unit that a decoder can begin with: it has one, and its first frame is a key frame
 * that is shown (AV1 Codec ISO Media File Format Binding, 2.4, on sync samples).
 */
const keyUnit = (data: Uint8Array): KeyUnit | undefined => {
  const obus = splitObus(data) ?? [];
  const header = obus.find(({ type }) => type === OBU.sequenceHeader);
  const frame = obus.find(isFrame);
  const sequence = header ? parseAv1Sequence(header.payload) : undefined;
  if (header === undefined || frame === undefined || sequence === undefined) return undefined;
  if (!sequence.reducedStill && !isShownKey(frame)) return undefined;
  return { header, sequence, spatialLayer: highestLayer(obus) };
};

export const isAv1Key = (data: Uint8Array): boolean => keyUnit(data) !== undefined;

/** `av1C` (AV1 Codec ISO Media File Format Binding, 2.3.3), with the sequence header at its end. */
export const makeAv1C = (sequence: Av1Sequence, header: Obu): Uint8Array => {
  const { profile, level, tier, bitDepth, monochrome, subsamplingX, subsamplingY } = sequence;
  const coding =
    (tier << 7) |
    (Number(bitDepth > 8) << 6) |
    (Number(bitDepth === 12) << 5) |
    (Number(monochrome) << 4) |
    (subsamplingX << 3) |
    (subsamplingY << 2) |
    sequence.chromaSamplePosition;
  // Marker and version; no word on the delay before the first picture.
  return concatBytes([Uint8Array.of(0x81, (profile << 5) | level, coding, 0), sizedObu(header)]);
};

/** `av01.P.LLT.DD`, and the rest where it is not the usual (5 of the binding: all or none). */
export const av1CodecOf = (sequence: Av1Sequence): string => {
  const { profile, level, tier, bitDepth, monochrome, subsamplingX, subsamplingY } = sequence;
  const short = `av01.${profile}.${two(level)}${tier === 1 ? 'H' : 'M'}.${two(bitDepth)}`;
  const chroma = `${subsamplingX}${subsamplingY}${sequence.chromaSamplePosition}`;
  const { points, usual } = colorFields(sequence.colorSpace);
  if (usual && !monochrome && subsamplingX === 1 && subsamplingY === 1) return short;
  return [short, Number(monochrome), chroma, ...points, Number(sequence.colorSpace.fullRange)].join('.');
};

/**
 * Parameters from a key frame's temporal unit; `undefined` when it is none, or damaged. The size is the sequence's,
 * which its highest spatial layer has; where that is not sent, pictures are smaller.
 */
export const av1Parameters = (data: Uint8Array): EncodedVideo | undefined => {
  const unit = keyUnit(data);
  if (unit === undefined) return undefined;
  const { header, sequence, spatialLayer } = unit;
  return {
    family: 'av1',
    codec: av1CodecOf(sequence),
    codedWidth: sequence.width,
    codedHeight: sequence.height,
    pixelAspect: SQUARE,
    colorSpace: sequence.colorSpace,
    spatialLayer,
    description: makeAv1C(sequence, header),
  };
};

/** Follows the sequence header of one stream. Senders' frames begin with a temporal delimiter, received ones don't. */
export class Av1Stream {
  /** Of the last key frame, with the payload of its sequence header; `undefined` until one comes. */
  #current: { sequence: Uint8Array | undefined; spatialLayer: number | undefined } | undefined;

  /** @param data a temporal unit. */
  take(data: Uint8Array): CodedFrame {
    const obus = splitObus(data);
    const sample = av1Sample([data]);
    if (obus === undefined || sample === undefined) return this.#trouble('unreadable');
    if (!obus.some(isFrame)) return { kind: 'no-picture' };
    const header = obus.find(({ type }) => type === OBU.sequenceHeader);
    const parameters = av1Parameters(data);
    if (parameters !== undefined) {
      // The frame's bytes are the caller's.
      this.#current = { sequence: header?.payload.slice(), spatialLayer: parameters.spatialLayer };
      return { kind: 'sample', type: 'key', data: sample, parameters };
    }
    if (this.#current === undefined) return unusable('no-key-frame');
    if (header && !sameBytes(header.payload, this.#current.sequence))
      return this.#trouble('changed-between-key-frames');
    if (highestLayer(obus) !== this.#current.spatialLayer) return this.#trouble('resized-between-key-frames');
    return { kind: 'sample', type: 'delta', data: sample };
  }

  #trouble(reason: VideoTrouble): CodedFrame {
    this.#current = undefined;
    return unusable(reason);
  }
}
