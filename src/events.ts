/** What a `Recorder` tells the page. */
import type { SteadyreelError } from './errors.ts';
import type { CutReason, RecordedFile, Recording, TrackParameters } from './manifest.ts';

/** What a recorder is doing. */
export type RecorderState =
  | 'idle'
  | 'starting'
  | 'recording'
  | 'paused'
  | 'waiting'
  | 'stopping'
  | 'stopped'
  | 'failed';

/** What a recorder has counted. Sizes are bytes, times seconds. */
export interface RecorderStats {
  /** Seconds of the recording's timeline so far. */
  duration: number;
  /** Video frames that the source delivered. */
  framesIn: number;
  /** Video frames that came out of the encoder; by passthrough, those of the call that were recorded. */
  framesEncoded: number;
  /**
   * Video frames left out: the encoder could not keep up or failed (each is also reported by a `warning`), or
   * `video.frameRate` asks for fewer than there are; by passthrough, those that could not be decoded, as something was lost on
   * the network.
   */
  framesDropped: number;
  /**
   * Video frames shown again, because a file was cut while the source gave none, or `video.frameRate` asks for more than
   * there are; they are among the encoded ones.
   */
  framesRepeated: number;
  /** Video frames fitted into a file's parameters: it was too young to be cut, or `video.size` fixes them. */
  framesFitted: number;
  /** Audio samples (per channel) that the source delivered. */
  audioSamplesIn: number;
  /** Audio samples (per channel) of silence put where the source had gaps. */
  audioSamplesFilled: number;
  /**
   * Audio samples (per channel) left out: they overlapped what was there, could not be encoded in time, or were lost with an
   * encoder that failed. Each is also reported by a `warning`.
   */
  audioSamplesDropped: number;
  /**
   * Audio samples (per channel) that came from, or went into, making audio a little longer or shorter, unheard, because its
   * clock and the video's drift apart.
   */
  audioSamplesStretched: number;
  /** Bytes of encoded video. */
  videoBytes: number;
  /** Bytes of encoded audio. */
  audioBytes: number;
  /** Frames waiting for, or inside, the video encoder. */
  videoQueue: number;
  /** Pieces of audio waiting for, or inside, the audio encoder. */
  audioQueue: number;
  /** Cuts so far: the number of files less one. */
  cuts: number;
  /** Bytes of finished MP4 written so far, over all files. */
  recordedBytes: number;
  /** Of those, bytes that the storage has confirmed. */
  storedBytes: number;
}

/** Codes of the warnings: things that went less than well while the recording goes on. */
export type WarningCode =
  | 'frames-dropped'
  | 'frames-lost'
  | 'passthrough-unavailable'
  | 'codec-fallback'
  | 'audio-dropped'
  | 'audio-gap'
  | 'audio-overlap'
  | 'audio-downmixed'
  | 'overlay-failed'
  | 'overlays-not-recorded'
  | 'timestamps'
  | 'thumbnails-left-out'
  | 'storage-unreachable'
  | 'device-storage-failed'
  | 'device-storage-low'
  | 'wake-lock-refused';

/**
 * Events of a `Recorder`, by name. `state` is about the newest recording; the others also about those before it, which may still
 * be being stored: `recordingId` says which.
 */
export interface RecorderEvents {
  /** The state changed. */
  state: { state: RecorderState; before: RecorderState };
  /** A file began. `reason` says why; `before` and `after` are the track parameters (`before` of the first is empty). */
  file: {
    recordingId: string;
    file: RecordedFile;
    reason: CutReason;
    before: TrackParameters;
    after: TrackParameters;
  };
  /** Once a second while recording, and while the last bytes are stored. */
  progress: {
    recordingId: string;
    /** Bytes of MP4 written so far. */
    recordedBytes: number;
    /** Bytes that the storage has confirmed. */
    storedBytes: number;
    /** Seconds of the recording's timeline. */
    duration: number;
    /** What is written but not yet stored. */
    backlog: {
      bytes: number /** Seconds of recording, estimated from the average bitrate. */;
      seconds: number;
    };
  };
  /** The manifest changed: at the start, at each cut, when a file is finished, and at the end. */
  recording: { recording: Recording };
  /** Something went less than well; the recording goes on. Without `recordingId`, it is about the ring (`dvr`). */
  warning: {
    recordingId?: string;
    code: WarningCode;
    message: string /** How often, or how many, since the start. */;
    count: number;
    /** Its cause: with `overlay-failed`, an `OverlayFailedError` that names the overlay. */
    error?: SteadyreelError;
  };
  /** A recording that was begun by `start()` or `rollOver()` is over: stored, or `error` says why not; `recording` is then what was kept on this device, if anything. */
  finished: { recordingId: string; recording?: Recording | undefined; error?: SteadyreelError };
  /** Something failed for good. What was recorded up to there is kept. Without `recordingId`, nothing had been begun. */
  error: { error: SteadyreelError; recordingId?: string };
}

/** An event as a recording tells it, which does not know that there are others. */
export type Told<Name extends 'file' | 'warning'> = Omit<RecorderEvents[Name], 'recordingId'>;
