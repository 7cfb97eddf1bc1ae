/** What is still to be read when a recording ends. Times are microseconds. */
import type { TrackReader } from '../source/track-reader.ts';
import type { RecordingTime } from './recording-time.ts';

/** What lies so far behind the moment of `stop()` was captured after it, whatever the jitter. */
const LATE = 50_000;
/**
 * How long tracks are read on at the most. A worker may be behind by seconds; but of a source whose clock is not known
 * yet, everything might have been captured after the end.
 */
const BEHIND = 3_000_000;
const UNSURE = 400_000;

interface Readers {
  video: TrackReader<VideoFrame> | undefined;
  audio: TrackReader<AudioData> | undefined;
}

/** Reads what was captured before the end and is still on its way, however far behind the worker is. */
export const readOn = async (time: RecordingTime, end: number, readers: Readers): Promise<void> => {
  const until = end + LATE;
  // What is known at the end is what counts: a clock that shows to be unsteady later would have everything read.
  const known = { video: time.video.isSteady(end), audio: time.audio.isSteady(end) };
  await Promise.all([
    readers.video?.stop(
      known.video ? BEHIND : UNSURE,
      frame => known.video && time.video.capturedAfter(frame.timestamp, until),
    ),
    readers.audio?.stop(
      known.audio ? BEHIND : UNSURE,
      data => known.audio && time.audio.capturedAfter(data.timestamp, until),
    ),
  ]);
};

/**
 * Reads up to the frame with this timestamp of the source's, which is left out.
 *
 * @param last timestamp of the last frame that was read.
 */
export const readUpTo = (
  reader: TrackReader<VideoFrame>,
  timestamp: number,
  last = Number.NEGATIVE_INFINITY,
): Promise<void> => reader.stop(last >= timestamp ? 0 : BEHIND, frame => frame.timestamp >= timestamp);
