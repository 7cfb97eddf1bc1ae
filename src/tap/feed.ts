/** The worker's side of a `FrameFeed`: in the page's own worker, which has a transform of its own. */
import type { RtcFrame } from './encoded-transform.ts';
import { Outlet } from './outlet.ts';

/** What a feed does for recordings. */
export interface FeedOptions {
  /**
   * A recording needs a key frame: call `transformer.sendKeyFrameRequest()` of a receiver, or have the sender's encoder
   * make one. Called once in 300 ms at the most; what it throws is ignored.
   */
  onKeyFrameRequest?: (() => unknown) | undefined;
}

/**
 * Hands frames over to the recordings of a `FrameFeed`.
 *
 * @param port the feed's `port`.
 * @returns a function to be called with each frame, once it can be decoded and before it goes on. It copies the frame if a
 * recording listens, else it costs nothing. It never throws.
 */
export const feedFrames = (
  port: MessagePort,
  { onKeyFrameRequest }: FeedOptions = {},
): ((frame: RTCEncodedVideoFrame | RTCEncodedAudioFrame) => void) => {
  const ask = async (): Promise<void> => {
    try {
      await onKeyFrameRequest?.();
    } catch {
      // As when nothing is received right now. Whoever needs the key frame asks again.
    }
  };
  const outlet = new Outlet(port, () => void ask());
  return (frame: RtcFrame) => outlet.take(frame)?.();
};
