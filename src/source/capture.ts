/** From a `MediaStream`'s tracks to streams that a worker can read. Runs in the page, once for each recording. */
import {
  BrowserUnsupportedError,
  SourceEndedError,
  SourceInvalidError,
  SourceNoTracksError,
} from '../errors.ts';

/** `MediaStreamTrackProcessor`, which only Chromium has on the window (mediacapture-transform). */
interface TrackProcessorConstructor {
  new <T>(init: { track: MediaStreamTrack; maxBufferSize: number }): { readonly readable: ReadableStream<T> };
}

/**
 * What the browser holds while the worker is busy or not yet there. With the default of one frame, a worker
 * that is held up for 400 ms loses a third of the frames, silently (measured on Chromium 156).
 */
const VIDEO_BUFFER = 60;
/** Pieces of 10 ms. */
const AUDIO_BUFFER = 300;

/** The tracks that will be recorded. */
export interface LiveTracks {
  video: MediaStreamTrack | undefined;
  audio: MediaStreamTrack | undefined;
}

/**
 * Picks the first live track of each kind.
 *
 * @throws SourceInvalidError (`source-invalid`), SourceNoTracksError (`source-no-tracks`), SourceEndedError
 * (`source-ended`).
 */
export const liveTracks = (stream: unknown, want: { video: boolean; audio: boolean }): LiveTracks => {
  if (!(stream instanceof MediaStream)) throw new SourceInvalidError(stream);
  const wanted = [
    ...(want.video ? stream.getVideoTracks() : []),
    ...(want.audio ? stream.getAudioTracks() : []),
  ];
  if (wanted.length === 0) throw new SourceNoTracksError();
  const live = wanted.filter(track => track.readyState === 'live');
  if (live.length === 0) throw new SourceEndedError(wanted.length);
  return {
    video: live.find(track => track.kind === 'video'),
    audio: live.find(track => track.kind === 'audio'),
  };
};

/**
 * What this browser lacks, if anything.
 *
 * @throws BrowserUnsupportedError (`browser-unsupported`).
 */
export const checkBrowser = (tracks: LiveTracks): void => {
  const needed = [
    'MediaStreamTrackProcessor',
    ...(tracks.video ? ['VideoEncoder'] : []),
    ...(tracks.audio ? ['AudioEncoder'] : []),
  ];
  const missing = needed.filter(name => !(name in globalThis));
  if (missing.length > 0) throw new BrowserUnsupportedError(missing);
};

const process = <T>(track: MediaStreamTrack, maxBufferSize: number): ReadableStream<T> => {
  const Processor = (globalThis as unknown as { MediaStreamTrackProcessor: TrackProcessorConstructor })
    .MediaStreamTrackProcessor;
  return new Processor<T>({ track, maxBufferSize }).readable;
};

/** Frames of a track. Reading nothing costs nothing; the track itself is left as it is. */
export const videoFrames = (track: MediaStreamTrack): ReadableStream<VideoFrame> =>
  process(track, VIDEO_BUFFER);

/** Audio of a track. */
export const audioPieces = (track: MediaStreamTrack): ReadableStream<AudioData> =>
  process(track, AUDIO_BUFFER);
