/** Draws thumbnails and their sheets, and makes JPEGs of them. In a worker. */
import {
  fitInto,
  placeOf,
  type Size,
  sheetSize,
  TILES,
  type Turned,
  thumbnailSize,
  tileSize,
  turnedSize,
  UPRIGHT,
} from './layout.ts';

/** Smaller than what a photograph needs, and still sharp where it is shown. */
const QUALITY = 0.75;

/** A JPEG. */
export interface Picture extends Size {
  bytes: Uint8Array<ArrayBuffer>;
}

type Context = OffscreenCanvasRenderingContext2D;

const contextOf = (canvas: OffscreenCanvas): Context => {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('there is no OffscreenCanvas with a 2D context');
  return context;
};

/** What is on the canvas now: it may be drawn on again at once. */
const jpegOf = async (canvas: OffscreenCanvas): Promise<Picture> => {
  const { width, height } = canvas;
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  return { width, height, bytes: new Uint8Array(await blob.arrayBuffer()) };
};

export class Pictures {
  readonly #small = new OffscreenCanvas(1, 1);
  #sheet: OffscreenCanvas | undefined;
  /** Of the recording's first thumbnail; all tiles are as large. */
  #tile: Size | undefined;
  #tiles = 0;

  constructor(private readonly width: number) {}

  /** Absent before the first tile. */
  get tile(): Size | undefined {
    return this.#tile;
  }

  /** True when the sheet is to be taken. */
  get full(): boolean {
    return this.#tiles === TILES;
  }

  /** True when no tile is on the sheet. */
  get empty(): boolean {
    return this.#tiles === 0;
  }

  /**
   * Draws a frame upright, as it is shown. It may be closed at once.
   *
   * @param turned what the frame does not know of itself, as one that was just decoded.
   */
  draw(frame: VideoFrame, turned: Turned = UPRIGHT): void {
    // What a frame knows of its rotation is in its display size (WebCodecs, 9.4), and drawImage applies it.
    const shown = { width: frame.displayWidth, height: frame.displayHeight };
    const size = thumbnailSize(turnedSize(shown, turned), this.width);
    const canvas = this.#small;
    // Setting a size clears the canvas, be it the same.
    if (canvas.width !== size.width) canvas.width = size.width;
    if (canvas.height !== size.height) canvas.height = size.height;
    const context = contextOf(canvas);
    context.imageSmoothingQuality = 'high';
    context.setTransform(1, 0, 0, 1, size.width / 2, size.height / 2);
    context.scale(turned.flip ? -1 : 1, 1);
    context.rotate((turned.rotation * Math.PI) / 180);
    const { width, height } = turnedSize(size, turned);
    context.drawImage(frame, -width / 2, -height / 2, width, height);
  }

  /** What was drawn last. */
  thumbnail(): Promise<Picture> {
    return jpegOf(this.#small);
  }

  /** Puts what was drawn last on the sheet. */
  addTile(): void {
    this.#tile ??= tileSize(this.#small);
    this.#sheet ??= canvasOf(sheetSize(TILES, this.#tile));
    const { x, y, width, height } = fitInto(this.#small, placeOf(this.#tiles++, this.#tile));
    const context = contextOf(this.#sheet);
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#small, x, y, width, height);
  }

  /** The sheet as far as it has tiles; the next tile begins a new one. */
  takeSheet(): Promise<Picture> {
    const sheet = this.#sheet;
    const canvas = canvasOf(sheetSize(this.#tiles, this.#tile ?? this.#small));
    this.#sheet = undefined;
    this.#tiles = 0;
    if (sheet) contextOf(canvas).drawImage(sheet, 0, 0);
    return jpegOf(canvas);
  }
}

const canvasOf = ({ width, height }: Size): OffscreenCanvas => new OffscreenCanvas(width, height);
