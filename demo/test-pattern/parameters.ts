/** What the test pattern is made of, and the messages between its page and its worker. Pure. */
import { isKnownMatrix } from './colour.ts';

/** How the test pattern starts. */
export interface TestPatternOptions {
  /** Pixels. Default 640. */
  width?: number;
  /** Pixels. Default 360. */
  height?: number;
  /** Frames a second, fixed for the pattern's life. Default 30. */
  frameRate?: number;
  /** Hertz. Default 48,000. */
  sampleRate?: number;
  /** Default 2. */
  numberOfChannels?: number;
}

/** Clockwise, in degrees. */
export type PatternRotation = 0 | 90 | 180 | 270;

/** What can change while the pattern runs; what is left out stays as it is. */
export interface TestPatternChange {
  /** Pixels, before rotation. */
  size?: { width: number; height: number };
  /** Tagged on the frames; the painted picture stays upright. */
  rotation?: PatternRotation;
  /** Tagged on the frames: mirrored horizontally. */
  flip?: boolean;
  /** Luma spans 0–255 instead of 16–235. The picture looks the same. */
  fullRange?: boolean;
  /** Primaries, transfer and matrix as `VideoColorSpace` names them. The matrix is computed as well. */
  colorSpace?: {
    primaries?: VideoColorPrimaries;
    transfer?: VideoTransferCharacteristics;
    matrix?: VideoMatrixCoefficients;
  };
  /** Hertz. */
  sampleRate?: number;
  numberOfChannels?: number;
}

/** All parameters of a running pattern. */
export interface PatternParameters {
  width: number;
  height: number;
  rotation: PatternRotation;
  flip: boolean;
  fullRange: boolean;
  primaries: VideoColorPrimaries;
  transfer: VideoTransferCharacteristics;
  matrix: VideoMatrixCoefficients;
  sampleRate: number;
  numberOfChannels: number;
}

/** From the page to the worker. The writables are transferred: from then on they are the worker's. */
export type PatternMessage =
  | {
      type: 'start';
      video: WritableStream<VideoFrame>;
      audio: WritableStream<AudioData>;
      parameters: PatternParameters;
      frameRate: number;
    }
  | { type: 'set'; change: TestPatternChange }
  | { type: 'stop' };

/** The parameters that a pattern starts with. */
export const initialParameters = (options: TestPatternOptions): PatternParameters => ({
  width: options.width ?? 640,
  height: options.height ?? 360,
  rotation: 0,
  flip: false,
  fullRange: false,
  primaries: 'bt709',
  transfer: 'bt709',
  matrix: 'bt709',
  sampleRate: options.sampleRate ?? 48_000,
  numberOfChannels: options.numberOfChannels ?? 2,
});

/**
 * The parameters after a change.
 *
 * @throws RangeError when a picture can't be computed for the matrix that is asked for.
 */
export const changeParameters = (now: PatternParameters, change: TestPatternChange): PatternParameters => {
  const { size, colorSpace, ...rest } = change;
  const next = { ...now, ...size, ...colorSpace, ...rest };
  if (!isKnownMatrix(next.matrix)) throw new RangeError(`The test pattern has no matrix "${next.matrix}".`);
  return next;
};
