/** Encodes the first group of pictures of a clip again, so that the clip begins with the picture that was asked for. */
import { inTime } from '../encode/in-time.ts';
import { FileVideoEncoder } from '../encode/video-encoder.ts';
import type { VideoPacket } from '../media.ts';
import { restoreConfig } from '../stored-config.ts';
import type { FirstGroup } from './first-group.ts';

/** Frames that may wait in the decoder, and in the encoder. */
const MOST_WAITING = 8;

/** A codec that takes longer than this for a group of pictures does not work; milliseconds. */
const LONGEST = 30_000;

export interface EncodedAgain {
  /** Times are microseconds on the ring's timeline. */
  packets: VideoPacket[];
  config: VideoDecoderConfig | undefined;
}

/**
 * @param from the picture that is shown at this time is the first; microseconds on the ring's timeline.
 * @param until frames from this time on are left out.
 * @throws what the decoder or the encoder failed with.
 */
export const encodeAgain = async (
  { packets, config }: FirstGroup,
  encoderConfig: VideoEncoderConfig,
  from: number,
  until: number,
): Promise<EncodedAgain> => {
  const result: EncodedAgain = { packets: [], config: undefined };
  let failure: unknown;
  const encoder = new FileVideoEncoder(encoderConfig, Number.POSITIVE_INFINITY, {
    onPacket: (packet, decoderConfig) => {
      result.packets.push(packet);
      result.config ??= decoderConfig;
    },
    onError: error => (failure ??= error),
  });
  /** What is shown at `from`, as far as is known. */
  let shown: VideoFrame | undefined;
  const encode = (frame: VideoFrame, timestamp: number): void => {
    const placed = new VideoFrame(frame, { timestamp });
    frame.close();
    encoder.encode(placed);
  };
  const letGo = (): void => {
    if (shown) encode(shown, from);
    shown = undefined;
  };
  const take = (frame: VideoFrame): void => {
    if (frame.timestamp >= until) return frame.close();
    if (frame.timestamp > from) {
      letGo();
      return encode(frame, frame.timestamp);
    }
    shown?.close();
    shown = frame;
  };
  const decoder = new VideoDecoder({ output: take, error: error => (failure ??= error) });
  try {
    decoder.configure(restoreConfig<VideoDecoderConfig>(config));
    const deadline = performance.now() + LONGEST;
    for (const { time: timestamp, type, data } of packets) {
      // Raw frames are large: few at a time.
      while ((decoder.decodeQueueSize > MOST_WAITING || encoder.pending > MOST_WAITING) && !failure) {
        if (performance.now() > deadline) throw new Error('the codecs do not answer');
        await new Promise(resolve => setTimeout(resolve, 1));
      }
      if (failure) throw failure;
      decoder.decode(new EncodedVideoChunk({ timestamp, type, data }));
    }
    await inTime(decoder.flush());
    letGo();
    await encoder.finish();
    if (failure) throw failure;
    return result;
  } finally {
    shown?.close();
    encoder.close();
    if (decoder.state !== 'closed') decoder.close();
  }
};
