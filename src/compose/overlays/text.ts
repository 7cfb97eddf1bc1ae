/** Text: where its lines break, how large its box is, and painting it. */
import type { TextLook } from '../../overlay.ts';
import type { Size } from './place.ts';

/** From one line to the next, in font sizes. */
const LINE = 1.25;
/** A font of fewer pixels can't be read. */
const SMALLEST = 4;

/** Lines, and the box around them, in pixels. */
export interface TextLayout extends Size {
  lines: string[];
  fontSize: number;
  lineHeight: number;
  padding: number;
}

/** How wide a piece of text is in pixels. */
type Measure = (text: string) => number;

/** Breaks a line between words, so that it is no wider than `most`; a word that is wider stays whole. */
const broken = (line: string, most: number, measure: Measure): string[] => {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current !== '' && measure(longer) > most) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current];
};

/** Pixels of a font, by the picture's shorter side: so that turning the picture leaves room for as many words. */
export const fontSizeOf = (look: TextLook, { width, height }: Size): number =>
  Math.max(SMALLEST, look.fontSize * Math.min(width, height));

/** CSS font, as a canvas takes it. */
export const fontOf = (look: TextLook, fontSize: number): string =>
  `${look.fontWeight} ${fontSize}px ${look.font}`;

/**
 * Lays text out. Pure.
 *
 * @param width of the box in pixels at the most; absent: lines are only broken where the text says so.
 */
export const layText = (
  text: string,
  look: TextLook,
  fontSize: number,
  measure: Measure,
  width?: number,
): TextLayout => {
  const padding = look.padding * fontSize;
  const most = width === undefined ? Number.POSITIVE_INFINITY : width - 2 * padding;
  const lines = text.split('\n').flatMap(line => broken(line, most, measure));
  const lineHeight = LINE * fontSize;
  const longest = Math.max(...lines.map(measure));
  return {
    lines,
    fontSize,
    lineHeight,
    padding,
    width: Math.ceil(longest + 2 * padding),
    height: Math.ceil(lines.length * lineHeight + 2 * padding),
  };
};

const PART_BEFORE = { left: 0, center: 0.5, right: 1 };

/** Paints it, with the top left corner of its box at the origin. */
export const paintText = (
  context: OffscreenCanvasRenderingContext2D,
  { lines, fontSize, lineHeight, padding, width, height }: TextLayout,
  look: TextLook,
): void => {
  if (look.background !== undefined) {
    context.fillStyle = look.background;
    context.beginPath();
    context.roundRect(0, 0, width, height, Math.min(look.radius * fontSize, height / 2, width / 2));
    context.fill();
  }
  context.font = fontOf(look, fontSize);
  context.textAlign = look.align;
  context.textBaseline = 'middle';
  context.fillStyle = look.color;
  const x = padding + PART_BEFORE[look.align] * (width - 2 * padding);
  for (const [i, line] of lines.entries()) context.fillText(line, x, padding + (i + 0.5) * lineHeight);
};
