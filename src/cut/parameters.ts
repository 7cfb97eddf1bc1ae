/** Track parameters: what a source says, what an encoder says, and what tells two of them apart. Pure. */
import type { AudioParameters, ColorSpace, CutReason, Rotation, VideoParameters } from '../manifest.ts';
import type { AudioSource, VideoSource } from '../media.ts';
import { avcCodecString } from './avc.ts';

/** The part of a `VideoFrame` that is looked at. */
export interface FrameLike {
  readonly visibleRect: { readonly width: number; readonly height: number } | null;
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly displayWidth: number;
  readonly displayHeight: number;
  readonly colorSpace: ColorSpaceLike;
  readonly rotation?: number;
  readonly flip?: boolean;
}

interface ColorSpaceLike {
  readonly primaries?: string | null;
  readonly transfer?: string | null;
  readonly matrix?: string | null;
  readonly fullRange?: boolean | null;
}

/** Copies a `VideoColorSpace` into plain data. */
export const colorSpaceOf = (space: ColorSpaceLike | undefined): ColorSpace => ({
  primaries: space?.primaries ?? null,
  transfer: space?.transfer ?? null,
  matrix: space?.matrix ?? null,
  fullRange: space?.fullRange ?? null,
});

/**
 * The colour space that an encoder gives a source of this one. Chromium converts RGB frames (canvas, some
 * screens) with the BT.709 matrix and leaves the rest as it is; measured on Chromium 156 with AVC, VP9 and AV1.
 */
export const encodedColorSpace = (space: ColorSpace): ColorSpace =>
  space.matrix === 'rgb' ? { ...space, matrix: 'bt709' } : space;

/** What a frame says of itself. `displayWidth` and `displayHeight` are those of the rotated picture (WebCodecs, 9.4.2). */
export const videoSourceOf = (frame: FrameLike): VideoSource => {
  const width = frame.visibleRect?.width ?? frame.codedWidth;
  const height = frame.visibleRect?.height ?? frame.codedHeight;
  const rotation = (frame.rotation ?? 0) as Rotation;
  const sideways = rotation === 90 || rotation === 270;
  const displayWidth = sideways ? frame.displayHeight : frame.displayWidth;
  const displayHeight = sideways ? frame.displayWidth : frame.displayHeight;
  return {
    width,
    height,
    pixelAspectRatio: ratio(displayWidth * height, displayHeight * width),
    rotation,
    flip: frame.flip ?? false,
    colorSpace: colorSpaceOf(frame.colorSpace),
  };
};

/** Six digits: display sizes are whole pixels, so the ratio of equal shapes wobbles in the last ones. */
const ratio = (over: number, under: number): number =>
  under === 0 ? 1 : Math.round((over / under) * 1e6) / 1e6;

const sameColor = (a: ColorSpace, b: ColorSpace): boolean =>
  a.primaries === b.primaries &&
  a.transfer === b.transfer &&
  a.matrix === b.matrix &&
  a.fullRange === b.fullRange;

/** Why a frame can't go on in the file that `before` began, or `undefined` when it can. The weightiest reason wins. */
export const videoChange = (before: VideoSource, after: VideoSource): CutReason | undefined => {
  const sameSize =
    before.width === after.width &&
    before.height === after.height &&
    before.pixelAspectRatio === after.pixelAspectRatio;
  if (!sameSize) return 'video-size';
  if (before.rotation !== after.rotation || before.flip !== after.flip) return 'video-rotation';
  if (!sameColor(encodedColorSpace(before.colorSpace), encodedColorSpace(after.colorSpace)))
    return 'video-color';
  return undefined;
};

/** Why audio can't go on in the encoder that `before` opened, or `undefined` when it can. */
export const audioChange = (before: AudioSource, after: AudioSource): CutReason | undefined => {
  if (before.sampleRate !== after.sampleRate) return 'audio-sample-rate';
  if (before.numberOfChannels !== after.numberOfChannels) return 'audio-channels';
  return undefined;
};

/** The part of a `VideoDecoderConfig` that is looked at. */
export interface VideoConfigLike {
  codec: string;
  codedWidth?: number;
  codedHeight?: number;
  colorSpace?: ColorSpaceLike;
  description?: AllowSharedBufferSource;
}

/** Plain bytes of a decoder description. */
export const descriptionBytes = (
  description: AllowSharedBufferSource | undefined,
): Uint8Array | undefined => {
  if (description === undefined) return undefined;
  if (ArrayBuffer.isView(description)) {
    return new Uint8Array(description.buffer, description.byteOffset, description.byteLength);
  }
  return new Uint8Array(description);
};

/** What goes into the manifest: the encoder's word where it has one, else the source's. */
export const videoParametersOf = (config: VideoConfigLike, source: VideoSource): VideoParameters => ({
  codec: avcCodecString(config.codec, descriptionBytes(config.description)),
  codedWidth: config.codedWidth ?? source.width,
  codedHeight: config.codedHeight ?? source.height,
  pixelAspectRatio: source.pixelAspectRatio,
  rotation: source.rotation,
  flip: source.flip,
  colorSpace: config.colorSpace ? colorSpaceOf(config.colorSpace) : encodedColorSpace(source.colorSpace),
});

/** Audio parameters: the codec by the encoder's word, rate and channels of what it was fed. */
export const audioParametersOf = (codec: string, source: AudioSource): AudioParameters => ({
  codec,
  sampleRate: source.sampleRate,
  numberOfChannels: source.numberOfChannels,
});

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean => {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
};

/**
 * Why packets of an encoder that now gives `after` can't go into the file that began with `before`. The
 * last line of defence: encoders change their parameters by themselves, and muxers don't notice.
 */
export const decoderConfigChange = (
  before: VideoConfigLike,
  after: VideoConfigLike,
): CutReason | undefined => {
  if (before.codec !== after.codec) return 'video-codec';
  if (before.codedWidth !== after.codedWidth || before.codedHeight !== after.codedHeight) return 'video-size';
  if (!sameColor(colorSpaceOf(before.colorSpace), colorSpaceOf(after.colorSpace))) return 'video-color';
  if (!sameBytes(descriptionBytes(before.description), descriptionBytes(after.description))) {
    return 'video-description';
  }
  return undefined;
};
