/**
 * Drawing into a frame's own bytes, only where an overlay covers it: everywhere else the frame stays as it is, bit for bit, and so
 * do its range and colour space. Pure.
 */
import type { ColorSpace } from '../../manifest.ts';
import { coefficients } from '../yuv.ts';
import type { Channel, ChannelPlace, FrameLayout } from './formats.ts';
import type { Box } from './place.ts';

/** Pixels as a canvas gives them (RGBA, not premultiplied), and where they lie in the stored picture. */
export interface Pixels extends Box {
  rgba: Uint8ClampedArray;
}

/** For each value of a channel: the part of what is there that stays, and what comes on top. */
interface Part {
  place: ChannelPlace;
  /** In values of the channel. */
  box: Box;
  keep: Float32Array;
  add: Float32Array;
}

/** An overlay, ready to be drawn into frames of one layout and colour space, again and again. */
export type Patch = readonly Part[];

/** What is added for one pixel of full opacity, by its red, green and blue. */
type Weights = readonly [red: number, green: number, blue: number, offset: number];

const weightsOf = (channel: Channel, space: ColorSpace): Weights => {
  switch (channel) {
    case 'r':
      return [1, 0, 0, 0];
    case 'g':
      return [0, 1, 0, 0];
    case 'b':
      return [0, 0, 1, 0];
    case 'y': {
      const { y, yOffset } = coefficients(space);
      return [...y, yOffset];
    }
    default:
      return [...coefficients(space)[channel], 128];
  }
};

/** Values that pixels share get the mean of them, as does alpha. */
const partOf = (pixels: Pixels, place: ChannelPlace, space: ColorSpace, opacity: number): Part => {
  const { across, down } = place;
  const { width, height, rgba } = pixels;
  const box = {
    x: pixels.x / across,
    y: pixels.y / down,
    width: Math.ceil(width / across),
    height: Math.ceil(height / down),
  };
  const keep = new Float32Array(box.width * box.height);
  const add = new Float32Array(box.width * box.height);
  const [red, green, blue, offset] = weightsOf(place.channel, space);
  for (let row = 0, i = 0; row < box.height; row++) {
    const top = row * down;
    // At the edges of odd sizes, fewer pixels share one.
    const bottom = Math.min(height, top + down);
    for (let column = 0; column < box.width; column++, i++) {
      const left = column * across;
      const right = Math.min(width, left + across);
      let alphas = 0;
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        const end = (y * width + right) * 4;
        for (let at = (y * width + left) * 4; at < end; at += 4) {
          const alpha = rgba[at + 3] as number;
          alphas += alpha;
          sum +=
            alpha *
            (red * (rgba[at] as number) +
              green * (rgba[at + 1] as number) +
              blue * (rgba[at + 2] as number) +
              offset);
        }
      }
      const part = opacity / (255 * (bottom - top) * (right - left));
      keep[i] = 1 - alphas * part;
      add[i] = sum * part;
    }
  }
  return { place, box, keep, add };
};

/** Prepares pixels for frames of a layout and colour space. @param opacity 0 to 1. */
export const patchOf = (pixels: Pixels, layout: FrameLayout, space: ColorSpace, opacity: number): Patch =>
  layout.channels.map(place => partOf(pixels, place, space, opacity));

const blendPart = (bytes: Uint8ClampedArray, { place, box, keep, add }: Part): void => {
  for (let row = 0, i = 0; row < box.height; row++) {
    let at = place.offset + (box.y + row) * place.stride + box.x * place.step;
    for (let column = 0; column < box.width; column++, i++, at += place.step) {
      const stays = keep[i] ?? 1;
      // The array rounds by itself (ECMAScript, ToUint8Clamp).
      if (stays < 1) bytes[at] = (bytes[at] ?? 0) * stays + (add[i] ?? 0);
    }
  }
};

/** Draws into a frame's bytes. */
export const blend = (bytes: Uint8ClampedArray, patch: Patch): void => {
  for (const part of patch) blendPart(bytes, part);
};
