/** The picture of the test pattern, painted into I420 planes by hand. Pure, no browser needed. */
import { type Rgb, rgbToYuv, type Yuv } from './colour.ts';
import { barTop, codeBottom, type LumaRange, paintCounter } from './counter.ts';

/** What fixes a picture's pixels. */
export interface PictureParameters {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  range: LumaRange;
  /** Matrix coefficients as `VideoColorSpace` names them. */
  matrix: string;
}

/** Paints one frame and returns the I420 bytes: Y, U and V without gaps. The buffer is used again. */
export type Painter = (frame: number, flash: boolean) => Uint8Array<ArrayBuffer>;

interface Canvas {
  width: number;
  height: number;
  bytes: Uint8Array<ArrayBuffer>;
  planes: readonly [Uint8Array, Uint8Array, Uint8Array];
}

/** In pixels of the picture. */
interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const createCanvas = (width: number, height: number): Canvas => {
  const luma = width * height;
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
  const bytes = new Uint8Array(luma + 2 * chroma);
  return {
    width,
    height,
    bytes,
    planes: [
      bytes.subarray(0, luma),
      bytes.subarray(luma, luma + chroma),
      bytes.subarray(luma + chroma, luma + 2 * chroma),
    ],
  };
};

const paintRect = (canvas: Canvas, rect: Rect, yuv: Yuv): void => {
  for (const [index, plane] of canvas.planes.entries()) {
    const shift = index === 0 ? 0 : 1;
    const stride = (canvas.width + shift) >> shift;
    const bottom = Math.min(rect.bottom, canvas.height);
    const right = Math.min(rect.right, canvas.width);
    for (let y = rect.top >> shift; y < (bottom + shift) >> shift; y++) {
      plane.fill(yuv[index] ?? 0, y * stride + (rect.left >> shift), y * stride + ((right + shift) >> shift));
    }
  }
};

/** The bars of SMPTE RP 219's main part, 75 %: gray, yellow, cyan, green, magenta, red, blue. */
const BARS: readonly Rgb[] = [
  [0.75, 0.75, 0.75],
  [0.75, 0.75, 0],
  [0, 0.75, 0.75],
  [0, 0.75, 0],
  [0.75, 0, 0.75],
  [0.75, 0, 0],
  [0, 0, 0.75],
];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [1, 1, 1];
const ORANGE: Rgb = [1, 0.55, 0.1];
/** Frames that the moving bar takes from one side to the other. */
const SWEEP_FRAMES = 90;

/** Digits of 3 x 5 cells, a row in three bits, top row first. */
const DIGITS = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 1, 1, 1],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
] as const;
const DIGIT_COUNT = 6;

interface Layout {
  bars: Rect;
  ramp: Rect;
  digits: Rect;
  /** Side of one cell of a digit in pixels. */
  cell: number;
  flash: Rect;
  barWidth: number;
}

/** Even edges throughout, so that luma and chroma of neighbours do not mix. */
const even = (value: number): number => Math.round(value / 2) * 2;

const layOut = (width: number, height: number): Layout => {
  const top = even(codeBottom(height) + 1);
  const bottom = barTop(height);
  const split = even(top + (bottom - top) * 0.62);
  const cell = Math.max(2, even(Math.min(width / 34, (split - top) / 11)));
  const side = even((bottom - split) * 0.6);
  const digitsWidth = (DIGIT_COUNT * 4 + 1) * cell;
  const left = even((width - digitsWidth) / 2);
  const digitsTop = even((top + split) / 2 - 3.5 * cell);
  const flashTop = even((split + bottom - side) / 2);
  return {
    bars: { left: 0, top, right: width, bottom: split },
    ramp: { left: 0, top: split, right: width, bottom },
    digits: { left, top: digitsTop, right: left + digitsWidth, bottom: digitsTop + 7 * cell },
    cell,
    flash: { left: even(side / 2), top: flashTop, right: even(side / 2) + side, bottom: flashTop + side },
    barWidth: Math.max(4, even(width / 40)),
  };
};

const paintBackground = (canvas: Canvas, layout: Layout, yuv: (rgb: Rgb) => Yuv): void => {
  const { width, height } = canvas;
  paintRect(canvas, { left: 0, top: 0, right: width, bottom: height }, yuv(WHITE));
  for (const [index, colour] of BARS.entries()) {
    const left = even((width * index) / BARS.length);
    const right = index === BARS.length - 1 ? width : even((width * (index + 1)) / BARS.length);
    paintRect(canvas, { ...layout.bars, left, right }, yuv(colour));
  }
  for (let left = 0; left < width; left += 2) {
    const gray = left / width;
    paintRect(canvas, { ...layout.ramp, left, right: Math.min(width, left + 2) }, yuv([gray, gray, gray]));
  }
  paintRect(canvas, layout.digits, yuv(BLACK));
  paintRect(canvas, layout.flash, yuv(BLACK));
};

const paintDigits = (canvas: Canvas, layout: Layout, frame: number, white: Yuv): void => {
  const { cell } = layout;
  const text = String(frame % 10 ** DIGIT_COUNT).padStart(DIGIT_COUNT, '0');
  for (const [place, character] of [...text].entries()) {
    for (const [row, bits] of (DIGITS[Number(character)] ?? []).entries()) {
      for (let column = 0; column < 3; column++) {
        if (!((bits >> (2 - column)) & 1)) continue;
        const left = layout.digits.left + (place * 4 + column + 1) * cell;
        const top = layout.digits.top + (row + 1) * cell;
        paintRect(canvas, { left, top, right: left + cell, bottom: top + cell }, white);
      }
    }
  }
};

/**
 * A painter for one set of parameters. All that stands still is painted once, here; each frame is a copy of
 * it with the counter, the digits, the sweeping bar and the flash on top.
 */
export const createPainter = ({ width, height, range, matrix }: PictureParameters): Painter => {
  const yuv = (rgb: Rgb): Yuv => rgbToYuv(rgb, matrix, range);
  const layout = layOut(width, height);
  const background = createCanvas(width, height);
  paintBackground(background, layout, yuv);
  const canvas = createCanvas(width, height);
  const [white, orange] = [yuv(WHITE), yuv(ORANGE)];
  return (frame, flash) => {
    canvas.bytes.set(background.bytes);
    const progress = (frame % SWEEP_FRAMES) / SWEEP_FRAMES;
    const left = even(progress * (width - layout.barWidth));
    paintRect(canvas, { ...layout.ramp, left, right: left + layout.barWidth }, orange);
    paintDigits(canvas, layout, frame, white);
    if (flash) paintRect(canvas, layout.flash, white);
    paintCounter(canvas.planes[0], width, width, height, frame, range);
    return canvas.bytes;
  };
};
