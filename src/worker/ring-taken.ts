/** What has been taken of a ring, and what is waited for. Pure. */
import type { AudioEntry, RunBegun } from '../clip/entry.ts';
import type { RecorderStats } from '../events.ts';
import type { ManifestEvent } from '../manifest.ts';
import type { VideoPacket } from '../media.ts';
import type { MediaFile, MediaFiles } from './media-files.ts';
import type { EncodedKeyFrame } from './media-tracks.ts';

/** What the taker needs from its session. */
export interface TakerContext {
  files: MediaFiles;
  stats: Pick<RecorderStats, 'framesIn' | 'framesEncoded' | 'videoBytes'>;
  note(event: ManifestEvent): void;
  /** What was to be recorded is not there any more. */
  onLost?(): void;
  /** A key frame is recorded. Must not throw. */
  onKeyFrame?(frame: EncodedKeyFrame): void;
}

/** Sound waits so long for a key frame to begin with, as it does for a picture that is expected where there is no ring; microseconds. */
const GRACE = 2_000_000;
/** Less sound than this is not worth a file of its own; microseconds. */
const WORTH = 500_000;

/** While a key frame is waited for, at the beginning or after a pause: its sound may come before it, and so may a run that follows. */
export class Seeking {
  readonly sound: AudioEntry[] = [];
  readonly runs: RunBegun[] = [];

  /** @param key microseconds on the ring's timeline. */
  constructor(readonly key: number) {}

  get #waits(): number {
    return (this.sound.at(-1)?.time ?? 0) - (this.sound[0]?.time ?? 0);
  }

  /** No key frame comes, as of a call whose camera is off. */
  get tooLong(): boolean {
    return this.#waits >= GRACE;
  }

  /** There is something to record, were nothing to come any more. */
  get worth(): boolean {
    return this.#waits >= WORTH;
  }
}

/** A run of the ring, and the file that is made of it. */
export interface TakenRun {
  file: MediaFile;
  hasVideo: boolean;
  /** Time of the last picture that came, taken or not. */
  last: number;
  /** No picture comes any more. */
  over: boolean;
}

export const newRun = (file: MediaFile): TakenRun => ({
  file,
  hasVideo: file.setup.video !== undefined,
  last: Number.NEGATIVE_INFINITY,
  over: false,
});

/** A picture after which others are missing is shown so long; microseconds. */
const LAST_SHOWN = 40_000;

/** Where the last pictures that came end, were nothing to come any more. */
export const shownUntil = (taken: Iterable<TakenRun>): number =>
  Math.max(...[...taken].map(({ last }) => last + LAST_SHOWN));

/** The run that has this sound. */
export const runOf = (runs: Iterable<RunBegun>, { epoch, time }: AudioEntry): RunBegun | undefined =>
  [...runs].findLast(one => one.audioEpoch === epoch && one.time <= time);

/** A file that no picture has come for goes on with that of another run, where all the rest is the same. False where it is not. */
export const goOn = (file: MediaFile, { video, audioEpoch }: RunBegun): boolean => {
  if (!file.setup.video || !video || file.setup.audioEpoch !== audioEpoch) return false;
  file.takeOver(video);
  return true;
};

/** Tells of a packet that is recorded, when it is a key frame. */
export const tellKey = (
  { onKeyFrame }: TakerContext,
  { setup }: MediaFile,
  { data, timestamp: time, type }: VideoPacket,
  config: VideoDecoderConfig,
): void => {
  if (type !== 'key' || !setup.video) return;
  const { rotation, flip } = setup.video.source;
  onKeyFrame?.({ data, config, time, rotation, flip });
};

/** How far everything has come, up to where the recording ends: as long as it changes, there is more to wait for. */
export const progressOf = (taken: Iterable<TakenRun>, audioUntil: number, until: number): string => {
  const pictures = [...taken].map(({ last, over }) => `${Math.min(last, until)} ${over}`);
  return [Math.min(audioUntil, until), ...pictures].join();
};

/** How far a recording has come, and where it is to end; microseconds on the ring's timeline. */
interface Reach {
  current: MediaFile | undefined;
  audioUntil: number;
  until: number;
}

/** True when all that lies before the end has come. */
export const isComplete = (
  taken: Iterable<TakenRun>,
  { current: file, audioUntil, until }: Reach,
): boolean => {
  const runs = [...taken];
  const current = runs.find(run => run.file === file);
  if (!current || until === Number.POSITIVE_INFINITY) return false;
  const pictures = runs.every(({ hasVideo, last, over }) => !hasVideo || over || last >= until);
  // One that is over without another one after it: it is not known yet what comes.
  const known = !current.over || !current.hasVideo || current.last >= until;
  return pictures && known && (current.file.setup.audioEpoch === undefined || audioUntil >= until);
};
