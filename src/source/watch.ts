/** Tracks that appear on a stream while it is recorded. In the page. */
import type { LiveTracks } from './capture.ts';

/**
 * A script's own `addTrack()` fires no event (Media Capture and Streams, 4.1), nor does its `stop()`. Whoever hears from a worker
 * looks whenever that tells of its progress: a timer beside it would wake the main thread once more. Milliseconds.
 */
const LOOK = 10_000;
/** While a kind of track is missed, the next one may come at any time; milliseconds. */
const LOOK_FOR_MORE = 500;

/** True while there is a kind that is wanted and has no live track. */
export const isMissing = ({ video, audio }: LiveTracks, want: { video: boolean; audio: boolean }): boolean =>
  (want.video && video?.readyState !== 'live') || (want.audio && audio?.readyState !== 'live');

/** What is to be recorded now: a track goes on for as long as it lives, then the stream's first live one of its kind. */
export const nextTracks = (
  stream: MediaStream,
  current: LiveTracks,
  want: { video: boolean; audio: boolean },
): LiveTracks => {
  const next = (now: MediaStreamTrack | undefined, all: MediaStreamTrack[]): MediaStreamTrack | undefined =>
    now?.readyState === 'live' ? now : (all.find(track => track.readyState === 'live') ?? now);
  return {
    video: want.video ? next(current.video, stream.getVideoTracks()) : undefined,
    audio: want.audio ? next(current.audio, stream.getAudioTracks()) : undefined,
  };
};

/**
 * Calls back whenever the stream may have other tracks than before.
 *
 * @param misses whether a kind is missed: then it is looked more often.
 * @returns a function that ends it.
 */
export const watchTracks = (stream: MediaStream, look: () => void, misses: () => boolean): (() => void) => {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    timer = setTimeout(tick, misses() ? LOOK_FOR_MORE : LOOK);
  };
  const tick = (): void => {
    // A look may end the watch.
    wait();
    look();
  };
  stream.addEventListener('addtrack', look);
  wait();
  return () => {
    stream.removeEventListener('addtrack', look);
    clearTimeout(timer);
  };
};
