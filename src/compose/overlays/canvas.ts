/** Paints what overlays show into pixels of the stored picture. */
import { BrowserUnsupportedError } from '../../errors.ts';
import type { VideoSource } from '../../media.ts';
import type { Pixels } from './blend.ts';
import type { Drawing } from './contents.ts';
import { type Box, storedBox, toStored } from './place.ts';

export class OverlayCanvas {
  #canvas: OffscreenCanvas | undefined;
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /** It only grows: overlays come by turns. */
  #prepare(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const canvas = this.#canvas;
    if (!canvas || !this.#context || canvas.width < width || canvas.height < height) {
      this.#canvas = new OffscreenCanvas(
        Math.max(width, canvas?.width ?? 0),
        Math.max(height, canvas?.height ?? 0),
      );
      // Pictures are read back each time, which is faster from memory than from a GPU.
      const context = this.#canvas.getContext('2d', { willReadFrequently: true });
      if (!context) throw new BrowserUnsupportedError(['OffscreenCanvas with a 2D context']);
      this.#context = context;
    }
    return this.#context;
  }

  /** @param box in the shown picture. `undefined` when that is outside. */
  paint(drawing: Drawing, box: Box, source: VideoSource): Pixels | undefined {
    const stored = storedBox(box, source);
    if (!stored) return undefined;
    const { x, y, width, height } = stored;
    const context = this.#prepare(width, height);
    const [a, b, c, d, e, f] = toStored(source);
    context.save();
    try {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      context.setTransform(a, b, c, d, e - x, f - y);
      context.translate(box.x, box.y);
      drawing.paint(context, box);
    } finally {
      context.restore();
    }
    return { ...stored, rgba: context.getImageData(0, 0, width, height).data };
  }
}
