/** Counting. */
import type { RecorderStats } from '../events.ts';

/** Counters at zero. */
export const emptyStats = (): RecorderStats => ({
  duration: 0,
  framesIn: 0,
  framesEncoded: 0,
  framesDropped: 0,
  framesRepeated: 0,
  framesFitted: 0,
  audioSamplesIn: 0,
  audioSamplesFilled: 0,
  audioSamplesDropped: 0,
  audioSamplesStretched: 0,
  videoBytes: 0,
  audioBytes: 0,
  videoQueue: 0,
  audioQueue: 0,
  cuts: 0,
  recordedBytes: 0,
  storedBytes: 0,
});

/** What lies written but not stored, in bytes and, by the average bitrate, in seconds. */
export const backlogOf = (stats: RecorderStats): { bytes: number; seconds: number } => {
  const bytes = Math.max(0, stats.recordedBytes - stats.storedBytes);
  return { bytes, seconds: stats.recordedBytes === 0 ? 0 : (bytes / stats.recordedBytes) * stats.duration };
};
