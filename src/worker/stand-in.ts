/** What stands in for a track that is there and gives nothing: its last frame, or silence. Times are microseconds. */
import type { AudioInput } from '../source/capture.ts';
import type { AudioLane } from './audio-lane.ts';
import type { RecordingTime } from './recording-time.ts';
import type { VideoLane } from './video-lane.ts';

/** Audio that stays away this long is filled with silence. */
const SILENT_AFTER = 1_000_000;
/** Filling stays this far behind, so that audio that is only late still finds its place. */
const FILL_BEHIND = 500_000;
/** A source that gives no frame for so long stands still; what stands in for it lies so far behind that the next finds its place. */
const STILL_AFTER = 1_000_000;
const REPEAT_BEHIND = 300_000;

/** Shows the last frame again where a frame is due, or a cut. */
export const standInForVideo = (lane: VideoLane, { video, videoNow }: RecordingTime): void => {
  if (video.lastTime === undefined) return;
  const time = Math.round(videoNow - REPEAT_BEHIND);
  lane.keepRate(time);
  if (time - video.lastTime > STILL_AFTER) lane.standStill(time);
};

/** True when audio has been away for so long that it is taken for silent. */
export const isSilent = (time: RecordingTime, now: number, expectedAt: number): boolean =>
  now - Math.max(time.resumedAt, time.audio.lastArrival ?? expectedAt - SILENT_AFTER) > SILENT_AFTER;

/** Silence up to a time on the timeline; in the source's parameters as the page knows them, when nothing ever came. */
export const fillAudio = (lane: AudioLane, input: AudioInput | undefined, until: number): Promise<void> => {
  const { sampleRate = 48_000, numberOfChannels = 1 } = input ?? {};
  return lane.fillUntil(until, { sampleRate, numberOfChannels });
};

/** Silence up to now, but for what may only be late. */
export const standInForAudio = (
  lane: AudioLane,
  input: AudioInput | undefined,
  time: RecordingTime,
  videoLeads: boolean,
): void => {
  const now = videoLeads ? time.videoNow : time.audio.settled ? time.audio.timeAt(time.now()) : undefined;
  if (now !== undefined) void fillAudio(lane, input, now - FILL_BEHIND);
};
