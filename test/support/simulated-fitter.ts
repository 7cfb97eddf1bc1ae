/** Stands in for `VideoFitter`, in Node: there are no pixels to be drawn, only a frame with other parameters. */
import type { ColorSpace } from '../../src/manifest.ts';
import type { VideoSource } from '../../src/media.ts';
import { SimulatedFrame } from './simulated-frames.ts';

export class VideoFitter {
  async fit(
    frame: VideoFrame,
    target: VideoSource,
    colorSpace: ColorSpace,
    timestamp: number,
  ): Promise<VideoFrame> {
    const { picture } = frame as unknown as SimulatedFrame;
    // As when pixels are read back from a canvas.
    await new Promise(resolve => setTimeout(resolve));
    const { width, height, rotation, flip } = target;
    const fitted = { ...picture, width, height, rotation, flip, colorSpace, fitted: true };
    return new SimulatedFrame(fitted, { timestamp }) as unknown as VideoFrame;
  }
}
