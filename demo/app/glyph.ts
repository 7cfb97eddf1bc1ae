/** A small picture of a file's frame: its proportions as shown, and which way is up in what is stored. */
import type { RecordedFile } from 'steadyreel';
import { displayAspect } from './describe.ts';
import { icon, svg } from './dom.ts';

const BOX = 40;
const LONG_SIDE = 32;

/** Decoration: what it shows is also in the text beside it. */
export const frameGlyph = (file: RecordedFile): SVGSVGElement => {
  if (!file.video) return icon('sound');
  const aspect = displayAspect(file);
  const width = aspect >= 1 ? LONG_SIDE : LONG_SIDE * aspect;
  const height = aspect >= 1 ? LONG_SIDE / aspect : LONG_SIDE;
  const frame = svg('rect', {
    x: String((BOX - width) / 2),
    y: String((BOX - height) / 2),
    width: String(width),
    height: String(height),
    rx: '3',
    class: 'glyph-frame',
  });
  const arrow = svg('path', {
    d: 'M20 25v-10m-4 4 4-4 4 4',
    class: 'glyph-arrow',
    transform: `rotate(${file.video.rotation} 20 20)`,
  });
  return svg('svg', { class: 'glyph', viewBox: `0 0 ${BOX} ${BOX}`, 'aria-hidden': 'true' }, frame, arrow);
};
