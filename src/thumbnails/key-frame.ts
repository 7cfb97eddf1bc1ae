/** Decodes a single key frame. In a worker. */
import type { Turned } from './layout.ts';

/** A key frame, as it was encoded, and how it is to be shown. */
export interface KeyFrame extends Turned {
  data: Uint8Array;
  config: VideoDecoderConfig;
  /** Microseconds on the timeline. */
  time: number;
}

/** A decoder that says nothing for so long has failed; milliseconds. */
const PATIENCE = 10_000;

/** A copy of its bytes, as a decoder takes them. */
export const chunkOf = ({ data, time }: KeyFrame): EncodedVideoChunk =>
  new EncodedVideoChunk({ type: 'key', timestamp: time, data });

/** @returns a frame that is the caller's to close. Rejects when it can't be decoded. */
export const decodeKeyFrame = async (
  chunk: EncodedVideoChunk,
  config: VideoDecoderConfig,
): Promise<VideoFrame> => {
  let first: VideoFrame | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
    timer = setTimeout(() => reject(new Error('the decoder gave nothing')), PATIENCE);
  });
  const decoder = new VideoDecoder({
    output: frame => {
      if (first) frame.close();
      else first = frame;
    },
    error: error => fail(error),
  });
  try {
    // The bitstream tells its colours; a configuration whose colours are not known is refused by some browsers.
    const { colorSpace: _, ...plain } = config;
    // An encoder's configuration may tell the rotation, a call's does not, and not every decoder heeds it: it is drawn instead.
    const upright = { rotation: 0, flip: false };
    decoder.configure({ ...plain, ...upright, optimizeForLatency: true });
    decoder.decode(chunk);
    await Promise.race([decoder.flush(), failed]);
    if (!first) throw new Error('the key frame gave no picture');
    return first;
  } catch (error) {
    first?.close();
    throw error;
  } finally {
    clearTimeout(timer);
    if (decoder.state !== 'closed') decoder.close();
  }
};
