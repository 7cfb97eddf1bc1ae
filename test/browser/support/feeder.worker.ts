/** Feeds counted frames in real time from a worker. */
import { type FrameLook, makeFrame, until } from './source.ts';

interface Order {
  writable: WritableStream<VideoFrame>;
  frames: number;
  frameRate: number;
  look: FrameLook;
}

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  const writer = data.writable.getWriter();
  const begin = performance.now();
  for (let i = 0; i < data.frames; i++) {
    await until(begin + (i * 1000) / data.frameRate);
    await writer.write(makeFrame(i, Math.round((i * 1e6) / data.frameRate), data.look));
  }
  self.postMessage('done');
};
