/** Video of a call on its way into files: its place on the timeline, and where to cut. */
import { type CutLimits, limitReached } from '../cut/decide.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason } from '../manifest.ts';
import { toSeconds, type VideoSource } from '../media.ts';
import { decoderConfigOf, type EncodedVideo, streamChange } from '../passthrough/parameters.ts';
import type { CallTime } from '../source/call-time.ts';
import type { AudioPlan } from './audio-plan.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { MediaFile, MediaFiles } from './media-files.ts';
import type { TracksContext } from './media-tracks.ts';
import type { Reporter } from './protocol.ts';

/** A frame lasts so long at the least, that MP4 timescales can tell its end from its beginning; microseconds. */
const SHORTEST = 1_000;
/** A key frame that would end a file at its limit is asked for so long before; microseconds. */
const LEAD = 1_000_000;
/** And so much of its bytes. */
const LEAD_BYTES = 0.9;
/** A step that is longer is a frame that was lost, or a source that stood still. */
const MAX_TYPICAL = 1_000_000;
/** Losses that are not further apart are told as one: of upper temporal layers, some may be missing all the time; microseconds. */
const ONE_LOSS = 1_000_000;

/** What the lane needs from its session. */
export interface CallVideoContext {
  time: CallTime;
  plan: AudioPlan;
  files: MediaFiles;
  keeper: Pick<ManifestKeeper, 'note'>;
  stats: RecorderStats;
  report: Reporter;
  limits: CutLimits;
  /** The reason of a cut that is made now, given what a look at the frame says. */
  reasonNow(reason: CutReason): CutReason;
  /** A key frame is recorded. Must not throw. */
  onKeyFrame: TracksContext['onKeyFrame'];
}

/** One frame as it goes into a file. */
export type CallSample =
  | { type: 'key'; data: Uint8Array; parameters: EncodedVideo }
  | { type: 'delta'; data: Uint8Array };

/** Frames that were left out, or kept although they may be damaged, since `time`. */
interface Loss {
  time: number;
  frames: number;
  /** Frames are recorded again since then, as they did without those that are missing. */
  until?: number | undefined;
  /** Or no frame can be trusted before a key frame. */
  untilKey?: boolean;
}

export class CallVideo {
  #run: { file: MediaFile; parameters: EncodedVideo } | undefined;
  /** Nothing is recorded before the next key frame: a beginning, or after a loss. */
  #wantsKey: 'no' | 'to-begin' | 'to-mend' = 'to-begin';
  #loss: Loss | undefined;
  #lastTime: number | undefined;
  #typical = 33_333;

  constructor(private readonly context: CallVideoContext) {}

  /** Time on the timeline of the last frame that was recorded. */
  get lastTime(): number | undefined {
    return this.#lastTime;
  }

  /** True while frames are no use before a key frame, or one is wanted to cut at: at a limit, or as sound has come or gone. */
  get wantsKey(): boolean {
    if (this.#wantsKey !== 'no' || this.#due() !== undefined) return true;
    return this.#run !== undefined && this.context.plan.changeBefore(this.#lastTime ?? 0) !== undefined;
  }

  /**
   * A frame that can be decoded by what was recorded before it, or is a key frame.
   *
   * @param damaged it can't, and is to be recorded all the same.
   */
  push(sample: CallSample, own: number, damaged = false): void {
    const { time, stats } = this.context;
    if (!time.isSettled('video')) {
      if (time.gates.video.since !== undefined) return;
      if (!this.#place(sample, own)) return this.#leaveOut();
    }
    const due = time.place(own);
    if (!time.gates.video.open(due)) {
      // Captured during a pause: what comes after it is predicted from it.
      this.restart();
      return;
    }
    if (this.#wantsKey !== 'no' && sample.type !== 'key') return this.#leaveOut();
    const { files } = this.context;
    const least = sample.type === 'key' ? files.earliest : Number.NEGATIVE_INFINITY;
    const at = Math.max(due, least, (this.#lastTime ?? due - SHORTEST) + SHORTEST);
    if (sample.type === 'key') this.#takeKey(sample.parameters, at);
    else this.#goOn(at);
    const { file, parameters } = this.#run ?? {};
    if (!file || !parameters) return this.#leaveOut();
    if (damaged) this.#doubt();
    const { data, type } = sample;
    const config = file.hasVideo ? undefined : decoderConfigOf(parameters);
    file.addVideo({ data, timestamp: at, type }, config);
    if (type === 'key') {
      const { rotation, flip } = sourceOf(parameters);
      this.context.onKeyFrame?.({ data, config: decoderConfigOf(parameters), time: at, rotation, flip });
    }
    stats.framesEncoded++;
    stats.videoBytes += data.byteLength;
    this.#learn(at);
  }

  /** The first frame of a source; false when it is none to begin with. */
  #place(sample: CallSample, own: number): boolean {
    const { time, files } = this.context;
    if (sample.type !== 'key') return false;
    if (time.isSettled('audio') || this.#lastTime !== undefined) time.settle('video');
    else time.begin('video', own, Math.max(0, files.earliest));
    return true;
  }

  #learn(at: number): void {
    const step = at - (this.#lastTime ?? at);
    if (step > 0 && step < MAX_TYPICAL) this.#typical += (step - this.#typical) / 8;
    this.#lastTime = at;
  }

  /** A frame is recorded that needs none of those that are missing. */
  #goOn(at: number): void {
    const loss = this.#loss;
    if (!loss || loss.untilKey) return;
    loss.until ??= at;
    if (at - loss.until >= ONE_LOSS) this.#endLoss(at);
  }

  #takeKey(parameters: EncodedVideo, at: number): void {
    this.#endLoss(at);
    this.#wantsKey = 'no';
    const reason = this.#reasonToCut(parameters, at);
    if (reason !== undefined) this.#cut(this.context.reasonNow(reason), parameters, at);
  }

  #reasonToCut(parameters: EncodedVideo, at: number): CutReason | undefined {
    const { files, plan } = this.context;
    const file = files.current;
    const run = this.#run;
    if (!file) return files.reasonForFirst;
    if (run?.file !== file) return 'track-added';
    return streamChange(run.parameters, parameters) ?? plan.changeBefore(at) ?? this.#due(at);
  }

  /** The limit that the file is about to reach: it ends at the next key frame. */
  #due(at = (this.#lastTime ?? 0) + this.#typical): CutReason | undefined {
    const { limits } = this.context;
    const file = this.#run?.file;
    if (!file) return undefined;
    const progress = {
      startTime: file.setup.startTime,
      expectedBytes: file.expectedBytes(0) + (1 - LEAD_BYTES) * limits.maxFileBytes,
    };
    const lead = Math.min(LEAD, limits.maxFileDuration / 4);
    const piece = { time: at, duration: lead, expectedBytes: file.largestPacket };
    return limitReached(progress, piece, limits);
  }

  #cut(reason: CutReason, parameters: EncodedVideo, at: number): void {
    const { files, plan } = this.context;
    const before = this.#run?.file;
    if (files.current) files.current.endTime = at;
    const video = { source: sourceOf(parameters), family: parameters.family };
    const file = files.begin({ reason, startTime: at, video, audioEpoch: plan.epochAtCut(at) });
    this.#run = { file, parameters };
    before?.endVideo();
  }

  /** A frame that came and is not recorded. Before the first key frame, and that after a pause, nothing is missing. */
  #leaveOut(): void {
    if (this.#wantsKey !== 'to-begin') this.lose(1);
  }

  /**
   * Something was lost.
   *
   * @param frames that came and can't be recorded; those that never came are not known.
   */
  lose(frames: number): void {
    this.#wantsKey = 'to-mend';
    this.miss(frames);
  }

  /** Frames came that can't be recorded, and those that come next do without them. */
  miss(frames: number): void {
    const { stats, report } = this.context;
    stats.framesDropped += frames;
    if (this.#lastTime === undefined) return;
    this.#loss ??= { time: this.#lastTime + this.#typical, frames: 0 };
    this.#loss.frames += frames;
    this.#loss.until = undefined;
    const text = 'Frames of the call were lost on the network: until the next key frame, they are left out.';
    if (frames > 0) report.warn('frames-lost', text, stats.framesDropped);
  }

  /** A frame is recorded that may be damaged. */
  #doubt(): void {
    this.#loss ??= { time: this.#lastTime ?? 0, frames: 0 };
    this.#loss.frames++;
    this.#loss.until = undefined;
    this.#loss.untilKey = true;
    this.context.report.warn('frames-lost', 'Frames of the call were lost: pictures may be damaged.');
  }

  #endLoss(at: number): void {
    const loss = this.#loss;
    this.#loss = undefined;
    if (!loss || loss.frames === 0) return;
    const { frames, until = at } = loss;
    const duration = toSeconds(Math.max(0, until - Math.round(loss.time)));
    this.context.keeper.note({ time: toSeconds(Math.round(loss.time)), type: 'loss', duration, frames });
  }

  /** What comes next is another track, or comes after a pause: it begins with a key frame. */
  restart(): void {
    if (this.#wantsKey === 'no') this.#wantsKey = 'to-begin';
  }

  /** Time at which the last frame ends, on the timeline: where the recording would end now. */
  endTime(now: number): number {
    const { time } = this.context;
    const last = this.#lastTime ?? 0;
    const until = time.gates.video.since ?? time.at(now) ?? last;
    // A sender that gives nothing shows its last frame until the end.
    if (until - last > 5 * this.#typical) return Math.round(until);
    const regular = Math.round(last + this.#typical);
    return time.gates.video.since === undefined
      ? regular
      : Math.max(last + SHORTEST, Math.min(regular, Math.round(until)));
  }

  /** No more frames. */
  end(endTime: number): void {
    const file = this.#run?.file;
    this.#endLoss(endTime);
    this.#run = undefined;
    this.restart();
    if (!file) return;
    file.endTime = endTime;
    file.endVideo();
  }
}

const sourceOf = ({ codedWidth, codedHeight, pixelAspect, colorSpace }: EncodedVideo): VideoSource => ({
  width: codedWidth,
  height: codedHeight,
  pixelAspectRatio: pixelAspect[0] / pixelAspect[1],
  // RTP tells a rotation beside the frames, and browsers don't tell it on: senders that are not offered it turn the picture.
  rotation: 0,
  flip: false,
  colorSpace,
});
