/** Tracks that appear on a stream while it is recorded. In the page. */
import type { LiveTracks } from './capture.ts';

/** A script's own `addTrack()` fires no event (Media Capture and Streams, 4.1); milliseconds. */
const LOOK = 500;

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
 * @returns a function that ends it.
 */
export const watchTracks = (stream: MediaStream, look: () => void): (() => void) => {
  stream.addEventListener('addtrack', look);
  const timer = setInterval(look, LOOK);
  return () => {
    stream.removeEventListener('addtrack', look);
    clearInterval(timer);
  };
};
