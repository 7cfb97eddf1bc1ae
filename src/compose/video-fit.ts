/** Fits frames into parameters that they do not have, for the moments in which a file may not yet be cut. */
import { BrowserUnsupportedError } from '../errors.ts';
import type { ColorSpace } from '../manifest.ts';
import type { VideoSource } from '../media.ts';
import { rgbaToI420 } from './yuv.ts';

/** Size of the picture as it is shown: pixels made square, rotation applied. Pure. */
export const displaySize = (source: VideoSource): { width: number; height: number } => {
  const width = source.width * source.pixelAspectRatio;
  const sideways = source.rotation === 90 || source.rotation === 270;
  return sideways ? { width: source.height, height: width } : { width, height: source.height };
};

/** The largest picture of this shape that fits into the box. Pure. */
export const contain = (
  picture: { width: number; height: number },
  box: { width: number; height: number },
): { width: number; height: number } => {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
};

/** The smallest picture of this shape that covers the box. Pure. */
export const cover = (
  picture: { width: number; height: number },
  box: { width: number; height: number },
): { width: number; height: number } => {
  const scale = Math.max(box.width / picture.width, box.height / picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
};

/**
 * Draws frames on a canvas, whole and with black around them (or covering it), and converts the picture to the file's own
 * colour space, so that the encoder sees no change at all: an RGB frame in the middle of a file would make it
 * emit new parameters (measured on Chromium 156).
 */
export class VideoFitter {
  #canvas: OffscreenCanvas | undefined;
  #context: OffscreenCanvasRenderingContext2D | undefined;

  constructor(private readonly mode: 'contain' | 'cover' = 'contain') {}

  /**
   * @param target the file's parameters; `colorSpace` as the encoder gives it.
   * @param time of the result in microseconds.
   * @returns a new frame; the given one stays open.
   */
  async fit(
    frame: VideoFrame,
    target: VideoSource,
    colorSpace: ColorSpace,
    time: number,
  ): Promise<VideoFrame> {
    const { width, height } = target;
    const context = this.#prepare(width, height);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = 'black';
    context.fillRect(0, 0, width, height);
    // The stored picture is the shown one with the file's flip and rotation undone; `drawImage` shows the frame upright.
    context.translate(width / 2, height / 2);
    context.scale(1 / target.pixelAspectRatio, 1);
    context.rotate((-target.rotation * Math.PI) / 180);
    context.scale(target.flip ? -1 : 1, 1);
    const picture = { width: frame.displayWidth, height: frame.displayHeight };
    const drawn = (this.mode === 'cover' ? cover : contain)(picture, displaySize(target));
    context.drawImage(frame, -drawn.width / 2, -drawn.height / 2, drawn.width, drawn.height);
    return this.#read(target, colorSpace, time, frame.duration);
  }

  #prepare(width: number, height: number): OffscreenCanvasRenderingContext2D {
    if (!this.#canvas || !this.#context || this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas = new OffscreenCanvas(width, height);
      // Pictures are read back each time, which is faster from memory than from a GPU.
      const context = this.#canvas.getContext('2d', { willReadFrequently: true, alpha: false });
      if (!context) throw new BrowserUnsupportedError(['OffscreenCanvas with a 2D context']);
      this.#context = context;
    }
    return this.#context;
  }

  async #read(
    target: VideoSource,
    colorSpace: ColorSpace,
    time: number,
    duration: number | null,
  ): Promise<VideoFrame> {
    const { width, height } = target;
    const canvas = this.#canvas as OffscreenCanvas;
    // Reading through a VideoFrame takes a quarter of the time of getImageData (measured on Chromium 156).
    const drawn = new VideoFrame(canvas, { timestamp: 0 });
    let pixels: Uint8Array;
    let order: 'rgba' | 'bgra';
    try {
      order = drawn.format === 'RGBA' || drawn.format === 'RGBX' ? 'rgba' : 'bgra';
      pixels = new Uint8Array(width * height * 4);
      await drawn.copyTo(pixels, { layout: [{ offset: 0, stride: width * 4 }] });
    } finally {
      drawn.close();
    }
    const data = rgbaToI420(pixels, width, height, colorSpace, order);
    const init: VideoFrameBufferInit & { rotation: number; flip: boolean; transfer: ArrayBuffer[] } = {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp: time,
      ...(duration === null ? {} : { duration }),
      // Before the rotation.
      displayWidth: Math.round(width * target.pixelAspectRatio),
      displayHeight: height,
      colorSpace: colorSpace as VideoColorSpaceInit,
      rotation: target.rotation,
      flip: target.flip,
      transfer: [data.buffer],
    };
    return new VideoFrame(data, init);
  }
}
