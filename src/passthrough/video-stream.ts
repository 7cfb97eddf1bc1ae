/** A video stream of any family that WebRTC sends, frame by frame, turned into samples and their parameters. Pure. */
import type { CutReason } from '../manifest.ts';
import type { VideoCodecFamily } from '../media.ts';
import { hasIdr } from './annex-b.ts';
import { Av1Stream, isAv1Key } from './av1.ts';
import { AvcStream } from './avc.ts';
import type { CodedFrame } from './coded-frame.ts';
import { mediaType } from './media-type.ts';
import { type EncodedVideo, streamChange } from './parameters.ts';
import { isVp8Key, Vp8Stream } from './vp8.ts';
import { isVp9Key, Vp9Stream } from './vp9.ts';

/** HEVC is not among them: no browser sends it without being asked to. */
export type StreamFamily = Exclude<VideoCodecFamily, 'hevc'>;

/** By the names of RTP payload formats; `AV1X` is what Chromium called AV1 before there was a standard. */
const FAMILIES: Readonly<Record<string, StreamFamily>> = {
  'video/h264': 'avc',
  'video/vp8': 'vp8',
  'video/vp9': 'vp9',
  'video/av1': 'av1',
  'video/av1x': 'av1',
};

/** The family of a frame by its `mimeType`; `undefined` for what can't be recorded as it is. */
export const videoFamilyOf = (mimeType: string | undefined): StreamFamily | undefined =>
  FAMILIES[mediaType(mimeType ?? '')];

const KEY_TESTS: Readonly<Record<StreamFamily, (data: Uint8Array) => boolean>> = {
  avc: hasIdr,
  vp8: isVp8Key,
  vp9: isVp9Key,
  av1: isAv1Key,
};

/**
 * Whether a decoder can begin with a frame, by its bytes. What the browser calls it is not to be trusted: where OpenH264
 * makes a key frame by itself, Chromium gives it a dependency at the sender's, and calls it `delta` at the receiver's.
 */
export const isKeyFrame = (family: StreamFamily, data: Uint8Array): boolean => KEY_TESTS[family](data);

/** What became of a frame. */
export type VideoFrame =
  | Exclude<CodedFrame, { type: 'key' }>
  | (Extract<CodedFrame, { type: 'key' }> & {
      /** Why the file of the key frame before can't go on with this one; `undefined` when it can, and for the first. */
      change: CutReason | undefined;
    });

interface FamilyStream {
  take(data: Uint8Array): CodedFrame;
}

const STREAMS: Readonly<
  Record<StreamFamily, (frameRate: number, damaged: 'leave-out' | 'keep') => FamilyStream>
> = {
  avc: (_, damaged) => new AvcStream(damaged),
  vp8: () => new Vp8Stream(),
  vp9: frameRate => new Vp9Stream(frameRate),
  av1: () => new Av1Stream(),
};

/** Follows one stream. Its family can change with the payload type: then another one begins. */
export class VideoStream {
  readonly #stream: FamilyStream;
  /** Of the last key frame, also after trouble. */
  #last: EncodedVideo | undefined;

  /**
   * @param frameRate frames a second, the same for all of a stream: VP9's level is made of it.
   * @param damaged whether a frame is kept of which is seen that a reference is missing.
   */
  constructor(
    readonly family: StreamFamily,
    frameRate: number,
    damaged: 'leave-out' | 'keep' = 'leave-out',
  ) {
    this.#stream = STREAMS[family](frameRate, damaged);
  }

  /** @param data a frame, all spatial layers in one (`PictureJoiner`), in the order of decoding. */
  take(data: Uint8Array): VideoFrame {
    // An encoder that leaves a frame out may say so by one without bytes.
    if (data.length === 0) return { kind: 'no-picture' };
    const frame = this.#stream.take(data);
    if (frame.kind !== 'sample' || frame.type === 'delta') return frame;
    const change = this.#last && streamChange(this.#last, frame.parameters);
    // Who compares by identity, too, sees that nothing has changed.
    const parameters = change === undefined && this.#last !== undefined ? this.#last : frame.parameters;
    this.#last = parameters;
    return { ...frame, parameters, change };
  }
}
