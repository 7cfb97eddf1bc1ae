/** What a key frame's bytes tell of its track, and why a file can't go on with another's. Pure. */
import { colorCodePoints } from '../code-points.ts';
import type { ColorSpace, CutReason } from '../manifest.ts';
import type { VideoCodecFamily } from '../media.ts';
import { sameBytes } from './bytes.ts';

/** The parameters of a video track, read from the stream itself. */
export interface EncodedVideo {
  family: VideoCodecFamily;
  /** RFC 6381 codec string. */
  codec: string;
  codedWidth: number;
  codedHeight: number;
  /** Width and height of one pixel, in whole numbers. */
  pixelAspect: readonly [number, number];
  colorSpace: ColorSpace;
  /** AV1: the highest spatial layer that is sent. Each has a size of its own, and the sequence only names that of all. */
  spatialLayer?: number;
  /** The decoder description: `avcC`, `av1C`. Absent where the codec has none. */
  description?: Uint8Array;
}

/** A colour space of which nothing is known. */
export const UNKNOWN_COLOR: ColorSpace = { primaries: null, transfer: null, matrix: null, fullRange: null };

export const SQUARE: readonly [number, number] = [1, 1];

/** The configuration that the muxer and a decoder take. */
export const decoderConfigOf = (video: EncodedVideo): VideoDecoderConfig => {
  const { codec, codedWidth, codedHeight, pixelAspect, colorSpace, description } = video;
  const [across, down] = pixelAspect;
  const square = across === down;
  return {
    codec,
    codedWidth,
    codedHeight,
    // TypeScript's names of colours are fewer than those of WebCodecs (9.9).
    colorSpace: colorSpace as VideoColorSpaceInit,
    ...(square ? {} : { displayAspectWidth: codedWidth * across, displayAspectHeight: codedHeight * down }),
    ...(description === undefined ? {} : { description }),
  };
};

const sameColor = (a: ColorSpace, b: ColorSpace): boolean =>
  a.primaries === b.primaries &&
  a.transfer === b.transfer &&
  a.matrix === b.matrix &&
  a.fullRange === b.fullRange;

/**
 * Why a key frame can't go on in the file that `before` began, or `undefined` when it can. The weightiest reason wins;
 * the codec string comes late, because its level follows the size and its tail the colours.
 */
export const streamChange = (before: EncodedVideo, after: EncodedVideo): CutReason | undefined => {
  if (before.family !== after.family) return 'video-codec';
  const sameSize = before.codedWidth === after.codedWidth && before.codedHeight === after.codedHeight;
  const [a, b] = [before.pixelAspect, after.pixelAspect];
  const sameLayer = before.spatialLayer === after.spatialLayer;
  if (!sameSize || !sameLayer || a[0] * b[1] !== a[1] * b[0]) return 'video-size';
  if (!sameColor(before.colorSpace, after.colorSpace)) return 'video-color';
  if (before.codec !== after.codec) return 'video-codec';
  return sameBytes(before.description, after.description) ? undefined : 'video-description';
};

/** Two digits, as codec strings of VP9 and AV1 have them. */
export const two = (value: number): string => String(value).padStart(2, '0');

/** The colours at the end of a codec string of VP9 or AV1: three code points and the range. */
export const colorFields = (space: ColorSpace): { points: string[]; usual: boolean } => {
  const points = colorCodePoints(space);
  return {
    points: points.map(two),
    // BT.709 is what the short form means; of what is unknown, nothing better can be said.
    usual: points.every(point => point === 1 || point === 2) && space.fullRange !== true,
  };
};
