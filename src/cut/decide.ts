/** Where to cut: pure decisions on a frame or a piece of audio that is about to be encoded. */
import type { CutReason } from '../manifest.ts';
import type { VideoSource } from '../media.ts';
import { videoChange } from './parameters.ts';

/** When files end by themselves. Microseconds and bytes. */
export interface CutLimits {
  minFileDuration: number;
  maxFileDuration: number;
  maxFileBytes: number;
}

/** What is known of the file that is being written. Times are microseconds on the timeline. */
export interface FileProgress {
  startTime: number;
  /** Bytes that the file will have when what is queued for it has been written; an estimate from above. */
  expectedBytes: number;
}

export type Decision =
  | { action: 'continue' }
  /** Changed, but the file is too young to be cut: convert it to the file's parameters. */
  | { action: 'fit' }
  | { action: 'cut'; reason: CutReason };

/** Half of the shortest frame that matters; timestamps are rounded to whole microseconds. */
const TOLERANCE = 500;

/** A file that would be longer or larger than allowed if this piece were added to it. */
export const limitReached = (
  file: FileProgress,
  piece: { time: number; duration: number; expectedBytes: number },
  limits: CutLimits,
): CutReason | undefined => {
  if (piece.time + piece.duration - file.startTime > limits.maxFileDuration + TOLERANCE)
    return 'max-duration';
  if (file.expectedBytes + piece.expectedBytes > limits.maxFileBytes) return 'max-bytes';
  return undefined;
};

/** Decides on a video frame. */
export const decideVideo = (input: {
  file: FileProgress & { source: VideoSource | undefined };
  frame: { source: VideoSource; time: number; duration: number; expectedBytes: number };
  /** The audio that belongs to this time differs from what the audio encoder was opened for, and how. */
  audioChange: CutReason | undefined;
  /** The encoder gave up; a fresh one needs a fresh file, whatever its age. */
  encoderLost: boolean;
  limits: CutLimits;
}): Decision => {
  const { file, frame, limits } = input;
  if (file.source === undefined) return { action: 'cut', reason: 'track-added' };
  if (input.encoderLost) return { action: 'cut', reason: 'encoder-restart' };
  const change = videoChange(file.source, frame.source);
  const reason = change ?? input.audioChange;
  const age = frame.time - file.startTime;
  if (reason !== undefined && age + TOLERANCE >= limits.minFileDuration) return { action: 'cut', reason };
  // Sound that has no file yet can't be fitted into this one: until there is a cut, nobody hears it.
  const limit = input.audioChange === 'track-added' ? 'track-added' : limitReached(file, frame, limits);
  if (limit !== undefined && age > 0) return { action: 'cut', reason: limit };
  return change === undefined ? { action: 'continue' } : { action: 'fit' };
};

/** Decides on a piece of audio of a recording without video; with video, the cut is always at a frame. */
export const decideAudio = (input: {
  file: FileProgress;
  block: { time: number; duration: number; expectedBytes: number };
  change: CutReason | undefined;
  limits: CutLimits;
}): Decision => {
  const { file, block, change, limits } = input;
  const age = block.time - file.startTime;
  if (change !== undefined && age + TOLERANCE >= limits.minFileDuration)
    return { action: 'cut', reason: change };
  const limit = limitReached(file, block, limits);
  if (limit !== undefined && age > 0) return { action: 'cut', reason: limit };
  return change === undefined ? { action: 'continue' } : { action: 'fit' };
};
