/**
 * The frame counter of the test pattern: a number painted into a picture's luma plane so that a program can
 * read it back after encoding, scaling and decoding. Pure, no browser needed.
 *
 * The code spans the whole width and the top three tenths of the height, as a grid of 18 x 5 equal cells:
 *
 * ```
 * W W W W W W W W W W W W W W W W W W    W  white ring
 * W a a a a a a a a a a a a a a a a W    a  upper 16 bits of the number, highest bit first
 * W b b b b b b b b b b b b b b b b W    b  lower 16 bits
 * W c c c c c c c c c c c c c c c c W    c  CRC-16/CCITT (polynomial 0x1021, start 0xffff) of the number's
 * W W W W W W W W W W W W W W W W W W       four bytes; a white cell is 1, a black one 0
 * ```
 *
 * All places are proportional to the picture, so a picture that was stretched still reads. The ring and a
 * white bar along the bottom edge bound the picture: one that was fitted into another with black bars
 * around it, turned or mirrored, is found by them.
 */

/** Which values luma spans: 16–235, or 0–255. */
export type LumaRange = 'limited' | 'full';

/** Columns and rows of cells, ring included. */
const COLUMNS = 18;
const ROWS = 5;
/** Part of the picture's height that the code takes, and that the bar at the bottom edge takes. */
export const CODE_HEIGHT = 0.3;
const BAR_HEIGHT = 1 / 45;
/** Least difference between black and white; below it there is no code. */
const MIN_CONTRAST = 64;

/** Values of black and white in a luma plane of 8 bits. */
export const lumaLevels = (range: LumaRange): { black: number; white: number } =>
  range === 'full' ? { black: 0, white: 255 } : { black: 16, white: 235 };

const crc16 = (value: number): number => {
  let crc = 0xffff;
  for (let shift = 24; shift >= 0; shift -= 8) {
    crc ^= ((value >>> shift) & 0xff) << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
};

const fill = (
  plane: Uint8Array,
  stride: number,
  left: number,
  top: number,
  right: number,
  bottom: number,
  luma: number,
): void => {
  for (let y = top; y < bottom; y++) plane.fill(luma, y * stride + left, y * stride + right);
};

/** Pixel row at which the code ends: below it the picture is free, down to `barTop`. */
export const codeBottom = (height: number): number => Math.round(height * CODE_HEIGHT);

/** Pixel row at which the white bar along the bottom edge begins. */
export const barTop = (height: number): number => height - Math.max(2, Math.round(height * BAR_HEIGHT));

/**
 * Paints a number into a luma plane: the code at the top, the bar at the bottom edge; the rest is left alone.
 * Chroma of these places should be neutral.
 *
 * @param plane - 8-bit luma, `stride` bytes from one row to the next.
 * @param width - Pixels; 160 at least, for the code to survive an encoder.
 * @param height - Pixels; 90 at least.
 * @param value - Integer from 0 to 4,294,967,295.
 */
export const paintCounter = (
  plane: Uint8Array,
  stride: number,
  width: number,
  height: number,
  value: number,
  range: LumaRange,
): void => {
  const { black, white } = lumaLevels(range);
  fill(plane, stride, 0, 0, width, codeBottom(height), white);
  fill(plane, stride, 0, barTop(height), width, height, white);
  const words = [value >>> 16, value & 0xffff, crc16(value)];
  for (const [index, word] of words.entries()) {
    const top = Math.round((height * CODE_HEIGHT * (index + 1)) / ROWS);
    const bottom = Math.round((height * CODE_HEIGHT * (index + 2)) / ROWS);
    for (let bit = 0; bit < 16; bit++) {
      if ((word >>> (15 - bit)) & 1) continue;
      const left = Math.round((width * (bit + 1)) / COLUMNS);
      const right = Math.round((width * (bit + 2)) / COLUMNS);
      fill(plane, stride, left, top, right, bottom, black);
    }
  }
};

/** A rectangle in pixels; `right` and `bottom` are the first that lie outside. */
interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** How the picture lies in its box: first transposed, then mirrored. Rotations are combinations of these. */
interface Orientation {
  transpose: boolean;
  mirrorX: boolean;
  mirrorY: boolean;
}

const UPRIGHT: Orientation = { transpose: false, mirrorX: false, mirrorY: false };
const ORIENTATIONS: Orientation[] = [0, 1, 2, 3, 4, 5, 6, 7].map(n => ({
  transpose: (n & 1) !== 0,
  mirrorX: (n & 2) !== 0,
  mirrorY: (n & 4) !== 0,
}));

/** Mean luma of the middle of a cell, where neither blur nor rounding of the edges reaches. */
const cellMean = (
  plane: Uint8Array,
  stride: number,
  box: Box,
  orientation: Orientation,
  column: number,
  row: number,
): number => {
  const place = (u: number, v: number): [number, number] => {
    const [a, b] = orientation.transpose ? [v, u] : [u, v];
    const x = orientation.mirrorX ? 1 - a : a;
    const y = orientation.mirrorY ? 1 - b : b;
    return [box.left + x * (box.right - box.left), box.top + y * (box.bottom - box.top)];
  };
  const [x0, y0] = place((column + 0.3) / COLUMNS, (CODE_HEIGHT * (row + 0.3)) / ROWS);
  const [x1, y1] = place((column + 0.7) / COLUMNS, (CODE_HEIGHT * (row + 0.7)) / ROWS);
  const left = Math.floor(Math.min(x0, x1));
  const top = Math.floor(Math.min(y0, y1));
  const right = Math.max(left + 1, Math.round(Math.max(x0, x1)));
  const bottom = Math.max(top + 1, Math.round(Math.max(y0, y1)));
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sum += plane[y * stride + x] ?? 0;
  }
  return sum / ((right - left) * (bottom - top));
};

const readAt = (
  plane: Uint8Array,
  stride: number,
  box: Box,
  orientation: Orientation,
): number | undefined => {
  const mean = (column: number, row: number): number =>
    cellMean(plane, stride, box, orientation, column, row);
  const ring = [mean(0, 0), mean(17, 0), mean(8, 0), mean(0, 2), mean(17, 2), mean(8, 4)];
  const cells = [1, 2, 3].map(row => Array.from({ length: 16 }, (_, bit) => mean(bit + 1, row)));
  const white = Math.min(...ring);
  const black = Math.min(...cells.flat());
  if (white - black < MIN_CONTRAST) return undefined;
  const threshold = (white + black) / 2;
  const [high = 0, low = 0, crc = 0] = cells.map(row =>
    row.reduce((word, cell) => (word << 1) | (cell > threshold ? 1 : 0), 0),
  );
  const value = ((high << 16) | low) >>> 0;
  return crc16(value) === crc ? value : undefined;
};

/** The box that bounds what is bright: the picture itself, when black bars lie around it. */
const brightBox = (plane: Uint8Array, stride: number, width: number, height: number): Box | undefined => {
  const columns = new Uint32Array(width);
  const rows = new Uint32Array(height);
  let brightest = 0;
  for (let y = 0; y < height; y++) {
    for (const luma of plane.subarray(y * stride, y * stride + width)) if (luma > brightest) brightest = luma;
  }
  if (brightest < MIN_CONTRAST) return undefined;
  const threshold = brightest * 0.55;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((plane[y * stride + x] ?? 0) <= threshold) continue;
      columns[x] = (columns[x] ?? 0) + 1;
      rows[y] = (rows[y] ?? 0) + 1;
    }
  }
  // The shortest white edge is the ring's side, three tenths of a picture that itself may fill a third.
  const inColumn = (count: number): boolean => count >= Math.max(2, height * 0.04);
  const inRow = (count: number): boolean => count >= Math.max(2, width * 0.04);
  const left = columns.findIndex(inColumn);
  const top = rows.findIndex(inRow);
  if (left < 0 || top < 0) return undefined;
  return { left, top, right: columns.findLastIndex(inColumn) + 1, bottom: rows.findLastIndex(inRow) + 1 };
};

/**
 * Reads back the number that `paintCounter` painted, from a luma plane or a gray picture of 8 bits, limited
 * or full range, of any size: upright and filling the picture, else fitted into it with black bars around,
 * turned or mirrored.
 *
 * @returns `undefined` when there is no code or its checksum is wrong.
 */
export const readCounter = (
  plane: Uint8Array,
  stride: number,
  width: number,
  height: number,
): number | undefined => {
  const whole = { left: 0, top: 0, right: width, bottom: height };
  const value = readAt(plane, stride, whole, UPRIGHT);
  if (value !== undefined) return value;
  const box = brightBox(plane, stride, width, height);
  if (box === undefined) return undefined;
  for (const orientation of ORIENTATIONS) {
    const found = readAt(plane, stride, box, orientation);
    if (found !== undefined) return found;
  }
  return undefined;
};
