/** Sources and frames for the tests of the cut. */
import type { FrameLike } from '../../src/cut/parameters.ts';
import type { ColorSpace } from '../../src/manifest.ts';
import type { VideoSource } from '../../src/media.ts';

export const LIMITED_709: ColorSpace = {
  primaries: 'bt709',
  transfer: 'bt709',
  matrix: 'bt709',
  fullRange: false,
};
export const UNKNOWN_COLOR: ColorSpace = { primaries: null, transfer: null, matrix: null, fullRange: null };

export const videoSource = (changes: Partial<VideoSource> = {}): VideoSource => ({
  width: 640,
  height: 360,
  pixelAspectRatio: 1,
  rotation: 0,
  flip: false,
  colorSpace: LIMITED_709,
  ...changes,
});

/** A frame as WebCodecs describes one: square pixels, upright, all of it visible, unless said otherwise. */
export const frameLike = (width: number, height: number, changes: Partial<FrameLike> = {}): FrameLike => ({
  visibleRect: { width, height },
  codedWidth: width,
  codedHeight: height,
  displayWidth: width,
  displayHeight: height,
  colorSpace: LIMITED_709,
  ...changes,
});
