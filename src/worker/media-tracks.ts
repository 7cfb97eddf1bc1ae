/** What a session does with its tracks, whether they are encoded here or come encoded. */
import type { CutLimits } from '../cut/decide.ts';
import type { RecorderStats } from '../events.ts';
import { toMicroseconds, type VideoSource } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import type { ConstantRate } from '../source/constant-rate.ts';
import type { WallClock } from '../source/wall-clock.ts';
import type { SmallObject } from '../storage/sink.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { MediaFiles } from './media-files.ts';
import type { Overlaid } from './overlaid.ts';
import type { Reporter, SessionSetup } from './protocol.ts';

/** One of the recordings that frames go into; all of them are cut at the same frames. */
export interface VideoOutput {
  files: MediaFiles;
  stats: RecorderStats;
  /** Overlays are drawn into it. */
  draws: boolean;
}

/** What the tracks need from their session. */
export interface TracksContext {
  setup: Omit<SessionSetup, 'extrasUrl'>;
  files: MediaFiles;
  keeper: Pick<ManifestKeeper, 'note'>;
  stats: RecorderStats;
  report: Reporter;
  wall: WallClock;
  /** What the video goes into. Default: `files`, with overlays. */
  outputs?: VideoOutput[] | undefined;
  /** Absent: there never are overlays. */
  overlaid?: Overlaid | undefined;
  /** Absent: no constant frame rate is asked for. */
  Rate?: typeof ConstantRate | undefined;
  /** All tracks have ended by themselves, and the source may come back. */
  onWaiting(): void;
  /** The source has come back. */
  onResumed(): void;
  /** All tracks have ended by themselves for good. */
  onEnded(): void;
  /** Where things go that lie beside the files; absent where there is no recording yet. */
  beside?: {
    /** See `StorageSink`. */
    put(object: SmallObject): Promise<void>;
    keeper: ManifestKeeper;
  };
  /** Sees each frame on its way into an encoder, at its time on the timeline; it stays whose it is. Must not throw. */
  onFrame?(frame: VideoFrame): void;
  /** The same for key frames that come encoded. Must not throw. */
  onKeyFrame?(frame: EncodedKeyFrame): void;
}

/** A key frame, and what there is to be known to show it. */
export interface EncodedKeyFrame extends Pick<VideoSource, 'rotation' | 'flip'> {
  data: Uint8Array;
  config: VideoDecoderConfig;
  /** Microseconds on the timeline. */
  time: number;
}

export interface MediaTracks<Replacement> {
  /** Seconds of the timeline that are covered. */
  readonly duration: number;
  /** Where it would end now, on the timeline; microseconds. */
  readonly endTime: number;
  /** Nothing waits that lies before this, but in encoders; microseconds on the timeline. Absent: nothing ever does. */
  readonly decided?: number;
  /** Where what is captured now lies on the timeline, as far as that is known; microseconds. */
  readonly now?: number | undefined;
  /** Leaves out what is captured from now on. */
  pause(): void;
  /** Goes on, on the timeline where the pause began. */
  resume(): void;
  /** Goes on with other tracks, on the same timeline. A kind that is missing now has ended; one that is new begins. */
  replace(replacement: Replacement): Promise<void>;
  /** The first frame at this time on the timeline (microseconds), or after it, is to be a key frame; of a call, soon after it. */
  keyFrameAt(time: number): void;
  /**
   * Reads up to the frame with this timestamp of the source's, unless it has gone further already. `stop` follows.
   *
   * @returns timestamp of the last frame that was taken; `undefined` where nothing can be told by it.
   */
  endBefore?(timestamp: number | undefined): Promise<number | undefined>;
  /** Takes what is on its way, and gets everything into the files. */
  stop(): Promise<void>;
  /** Throws away what is on its way. */
  cancel(): void;
  /** All files are stored: so is, soon, what belongs to them. Never rejects. */
  stored?(): Promise<void>;
}

/** Limits of files, in microseconds and bytes. */
export const limitsOf = (cut: ResolvedOptions['cut']): CutLimits => ({
  minFileDuration: toMicroseconds(cut.minFileDuration),
  maxFileDuration: cut.maxFileDuration * 1e6,
  maxFileBytes: cut.maxFileBytes,
});
