/** What a stream makes of a frame: the same words for all families. */
import type { EncodedVideo } from './parameters.ts';

/** Why a frame can't be recorded, nor those after it until the next key frame. */
export type VideoTrouble =
  /** No key frame came yet, or none since the last trouble. */
  | 'no-key-frame'
  /** H.264: a key frame whose parameter sets never came, or can't be read. */
  | 'no-parameter-sets'
  /** H.264, AV1: parameters that changed before a frame that is no key frame: a new file can't begin with it. */
  | 'changed-between-key-frames'
  /** H.264: by the number in its slices, a frame that others are predicted from did not come. */
  | 'reference-missing'
  /**
   * VP9 can change its size without a key frame, or VP9 or AV1 leaves out its highest layer: a new file can't begin there.
   */
  | 'resized-between-key-frames'
  /** It is damaged, refers to what is not there, or is of what MP4 can't describe. */
  | 'unreadable';

/** A frame as it is recorded. */
export type CodedFrame =
  | { kind: 'sample'; type: 'key'; data: Uint8Array; parameters: EncodedVideo }
  /** @property damaged something that it is predicted from is missing, and it is to be kept all the same. */
  | { kind: 'sample'; type: 'delta'; data: Uint8Array; damaged?: boolean }
  | { kind: 'unusable'; reason: VideoTrouble }
  /** There is nothing to show in it; what it says of the stream is remembered. */
  | { kind: 'no-picture' };

export const unusable = (reason: VideoTrouble): CodedFrame => ({ kind: 'unusable', reason });
