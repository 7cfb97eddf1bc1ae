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

/** A video track, ready to be handed to a worker. */
export interface VideoInput {
  readable: ReadableStream<VideoFrame>;
  /** What the track's settings say, where they say it. */
  frameRate: number | undefined;
}

/** An audio track, ready to be handed to a worker. */
export interface AudioInput {
  readable: ReadableStream<AudioData>;
  sampleRate: number | undefined;
  numberOfChannels: number | undefined;
}

/** No camera gives more; frames a second. */
const HIGHEST_RATE = 240;

/**
 * A track of a call says 0 before its first frame has come (Chromium 156): by that, an encoder would get no bits at all. By what the
 * first frames that come at once would make of it, there would be no encoder.
 */
const knownRate = (track: MediaStreamTrack): number | undefined => {
  const { frameRate = 0 } = track.getSettings();
  return frameRate >= 1 && frameRate <= HIGHEST_RATE ? frameRate : undefined;
};

/** Opens the tracks for reading; the tracks themselves are left as they are. */
export const openInputs = ({
  video,
  audio,
}: LiveTracks): {
  video: VideoInput | undefined;
  audio: AudioInput | undefined;
  transfer: Transferable[];
} => {
  const settings = audio?.getSettings();
  const frames = video && {
    readable: process<VideoFrame>(video, VIDEO_BUFFER),
    frameRate: knownRate(video),
  };
  const pieces = audio && {
    readable: process<AudioData>(audio, AUDIO_BUFFER),
    sampleRate: settings?.sampleRate,
    numberOfChannels: settings?.channelCount,
  };
  const transfer = [frames, pieces].flatMap(input => (input ? [input.readable] : []));
  return { video: frames, audio: pieces, transfer };
};
