/** Sizes of thumbnails, and places of tiles on their sheets. Pure; all in pixels. */
import type { Rotation } from '../manifest.ts';

export interface Size {
  width: number;
  height: number;
}

/** How a picture is stored, where it is not upright: it is to be turned clockwise, and then mirrored. */
export interface Turned {
  rotation: Rotation;
  flip: boolean;
}

export const UPRIGHT: Turned = { rotation: 0, flip: false };

/** Size of a picture that has been turned. */
export const turnedSize = ({ width, height }: Size, { rotation }: Turned): Size =>
  rotation % 180 === 0 ? { width, height } : { width: height, height: width };

export interface Box extends Size {
  x: number;
  y: number;
}

/** Tiles in a row of a sheet, and rows: at ten seconds each, a sheet is four minutes. */
export const COLUMNS = 5;
export const ROWS = 5;
export const TILES = COLUMNS * ROWS;

/** The longer side of a tile. */
const TILE = 160;
/** Higher than so many times its width, a picture gets narrower: phones are not. */
const HIGHEST = 2.5;

const whole = (value: number): number => Math.max(1, Math.round(value));

const scaled = ({ width, height }: Size, scale: number): Size => ({
  width: whole(width * scale),
  height: whole(height * scale),
});

/** Size of a thumbnail. @param shown the frame as it is shown: upright, with square pixels. */
export const thumbnailSize = (shown: Size, width: number): Size =>
  scaled(shown, Math.min(1, width / shown.width, (HIGHEST * width) / shown.height));

/** Size of all tiles of a recording. @param first its first thumbnail: what comes in another shape is fitted in. */
export const tileSize = (first: Size): Size => scaled(first, TILE / Math.max(first.width, first.height));

/** Where on its sheet a tile lies. */
export const placeOf = (index: number, tile: Size): Box => ({
  ...tile,
  x: (index % COLUMNS) * tile.width,
  y: Math.floor(index / COLUMNS) * tile.height,
});

/** Size of a sheet, which at the end of a recording may be none that is full. */
export const sheetSize = (tiles: number, tile: Size): Size => ({
  width: COLUMNS * tile.width,
  height: Math.ceil(tiles / COLUMNS) * tile.height,
});

/** The largest picture of this shape in the middle of a box. */
export const fitInto = (picture: Size, box: Box): Box => {
  const { width, height } = scaled(picture, Math.min(box.width / picture.width, box.height / picture.height));
  return {
    ...{ width, height },
    x: box.x + Math.floor((box.width - width) / 2),
    y: box.y + Math.floor((box.height - height) / 2),
  };
};
