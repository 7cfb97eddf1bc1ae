/** Where overlays lie: from fractions of the picture as it is shown to pixels of the picture as it is stored. Pure. */
import type { VideoSource } from '../../media.ts';
import type { OverlayAnchor, OverlayFit, OverlayPlace } from '../../overlay.ts';
import { contain, cover, displaySize } from '../video-fit.ts';

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

/** Part of an overlay's width and height that lies before its anchor. */
const ANCHORS: Record<OverlayAnchor, readonly [across: number, down: number]> = {
  'top-left': [0, 0],
  top: [0.5, 0],
  'top-right': [1, 0],
  left: [0, 0.5],
  center: [0.5, 0.5],
  right: [1, 0.5],
  'bottom-left': [0, 1],
  bottom: [0.5, 1],
  'bottom-right': [1, 1],
};

/** Size in pixels of the shown picture, of what can be scaled. @param natural what it has by itself. */
export const sizeOf = ({ width, height }: OverlayPlace, picture: Size, natural: Size): Size => {
  const shape = natural.width / natural.height;
  if (width !== undefined && height !== undefined)
    return { width: width * picture.width, height: height * picture.height };
  if (width !== undefined) return { width: width * picture.width, height: (width * picture.width) / shape };
  if (height !== undefined)
    return { width: height * picture.height * shape, height: height * picture.height };
  return natural;
};

/** Box in the shown picture. Its edges lie between pixels, so that they are sharp, and neighbours touch. */
export const boxOf = (place: OverlayPlace, picture: Size, size: Size): Box => {
  const [across, down] = ANCHORS[place.anchor];
  const left = place.x * picture.width - across * size.width;
  const top = place.y * picture.height - down * size.height;
  const [x, y] = [Math.round(left), Math.round(top)];
  return {
    x,
    y,
    width: Math.max(1, Math.round(left + size.width) - x),
    height: Math.max(1, Math.round(top + size.height) - y),
  };
};

/** Where a picture lies in its box; with `cover`, it reaches out of it. */
export const fitInto = (picture: Size, box: Size, fit: OverlayFit): Box => {
  const size = fit === 'fill' ? box : (fit === 'cover' ? cover : contain)(picture, box);
  return { ...size, x: (box.width - size.width) / 2, y: (box.height - size.height) / 2 };
};

/** From the shown picture to the stored one, as `setTransform` takes it. */
export type Transform = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

const COSINES: Record<VideoSource['rotation'], number> = { 0: 1, 90: 0, 180: -1, 270: 0 };
/** Of the rotation undone. */
const SINES: Record<VideoSource['rotation'], number> = { 0: 0, 90: -1, 180: 0, 270: 1 };

/** The stored picture is the shown one with the file's flip and rotation undone, and its pixels' shape. */
export const toStored = (source: VideoSource): Transform => {
  const { width, height } = displaySize(source);
  const [cosine, sine] = [COSINES[source.rotation], SINES[source.rotation]];
  const mirror = source.flip ? -1 : 1;
  const a = (cosine * mirror) / source.pixelAspectRatio;
  const b = sine * mirror;
  const c = -sine / source.pixelAspectRatio;
  const d = cosine;
  return [
    a,
    b,
    c,
    d,
    source.width / 2 - (a * width + c * height) / 2,
    source.height / 2 - (b * width + d * height) / 2,
  ];
};

/**
 * The pixels of the stored picture that a box of the shown one touches; begins at even ones, so that those that share chroma stay
 * together. `undefined` when it lies outside.
 */
export const storedBox = (box: Box, source: VideoSource): Box | undefined => {
  const [a, b, c, d, e, f] = toStored(source);
  const xs = [box.x, box.x + box.width].flatMap(x => [box.y, box.y + box.height].map(y => a * x + c * y + e));
  const ys = [box.x, box.x + box.width].flatMap(x => [box.y, box.y + box.height].map(y => b * x + d * y + f));
  const from = (values: number[]): number => Math.max(0, floor(Math.min(...values)) & ~1);
  const to = (values: number[], end: number): number => {
    const last = ceil(Math.max(...values));
    return Math.min(end, last + (last & 1));
  };
  const [left, top] = [from(xs), from(ys)];
  const [right, bottom] = [to(xs, source.width), to(ys, source.height)];
  if (left >= right || top >= bottom) return undefined;
  return { x: left, y: top, width: right - left, height: bottom - top };
};

/** Sums of fractions are off by a little. */
const NOTHING = 1e-6;
const floor = (value: number): number => Math.floor(value + NOTHING);
const ceil = (value: number): number => Math.ceil(value - NOTHING);
