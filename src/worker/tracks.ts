/** The tracks of one recording: their readers, clocks and lanes, and what happens when they come late, stay away or end. */
import type { CutLimits } from '../cut/decide.ts';
import type { RecorderStats } from '../events.ts';
import { toMicroseconds, toSeconds } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import { AudioClock } from '../source/audio-clock.ts';
import type { AudioInput, VideoInput } from '../source/capture.ts';
import { PauseGate } from '../source/pause-gate.ts';
import { TrackReader } from '../source/track-reader.ts';
import { VideoClock } from '../source/video-clock.ts';
import { AudioLane } from './audio-lane.ts';
import { AudioPlan } from './audio-plan.ts';
import type { RecordingFiles } from './files.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { Reporter, SessionSetup } from './protocol.ts';
import { VideoLane } from './video-lane.ts';

/** How often audio that waits is looked at; milliseconds. */
const TICK = 100;
/** How long a track that is expected may hold up the other one at the start; microseconds. */
const GRACE = 2_000_000;
/** Audio that stays away this long is filled with silence; microseconds. */
const SILENT_AFTER = 1_000_000;
/** Filling stays this far behind, so that audio that is only late still finds its place; microseconds. */
const FILL_BEHIND = 500_000;
/** A source that gives no frame for so long shows its last one again, so far behind that the next finds its place. */
const STILL_AFTER = 5_000_000;
const REPEAT_BEHIND = 300_000;
/** Audio waits this long for the video at most; microseconds. */
const VIDEO_LAG = 300_000;
/** What lies so far behind the moment of `stop()` was captured after it, whatever the jitter; microseconds. */
const LATE = 50_000;
/**
 * How long tracks are read on after `stop()` at the most; milliseconds. A worker may be behind by seconds; but of a
 * source whose clock is not known yet, everything might have been captured after the end.
 */
const BEHIND = 3_000;
const UNSURE = 400;

const now = (): number => performance.now() * 1000;

const limitsOf = (cut: ResolvedOptions['cut']): CutLimits => ({
  minFileDuration: toMicroseconds(cut.minFileDuration),
  maxFileDuration: cut.maxFileDuration * 1e6,
  maxFileBytes: cut.maxFileBytes,
});

/** What the tracks need from their session. */
export interface TracksContext {
  setup: SessionSetup;
  files: RecordingFiles;
  keeper: ManifestKeeper;
  stats: RecorderStats;
  report: Reporter;
  /** All tracks have ended by themselves. */
  onEnded(): void;
}

interface Track<Lane, Item extends { close(): void }> {
  lane: Lane;
  reader: TrackReader<Item>;
  /** False once the track has ended by itself. */
  live: boolean;
}

export class Tracks {
  readonly #began = now();
  readonly #videoClock: VideoClock;
  readonly #audioClock = new AudioClock();
  readonly #gates = { video: new PauseGate(), audio: new PauseGate() };
  readonly #plan: AudioPlan;
  readonly #limits: CutLimits;
  #video: Track<VideoLane, VideoFrame> | undefined;
  #audio: Track<AudioLane, AudioData> | undefined;
  /** What the page said of the audio track: what silence is to be like when nothing comes. */
  #audioInput: AudioInput | undefined;
  /** Cuts are decided up to this time on the timeline. */
  #decided = Number.NEGATIVE_INFINITY;
  #over = false;
  /** Tracks that end and tracks that are replaced: one after another. */
  #changing: Promise<void> = Promise.resolve();
  #replacements = 0;
  #lastTick = now();
  /** Arrival time at which the recording was paused, or went on last. */
  #pausedAt: number | undefined;
  #resumedAt = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Starts reading at once. */
  constructor(private readonly context: TracksContext) {
    const { setup } = context;
    this.#limits = limitsOf(setup.options.cut);
    this.#plan = new AudioPlan(setup.audio !== undefined);
    // Video that comes after audio has begun alone lies where the audio is by then.
    this.#videoClock = new VideoClock(arrival =>
      this.#audioClock.settled ? this.#audioClock.timeAt(arrival) : 0,
    );
    this.#audioInput = setup.audio;
    this.#video = setup.video && this.#openVideo(setup.video);
    this.#audio = setup.audio && this.#openAudio(setup.audio);
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  #openVideo(input: VideoInput): Track<VideoLane, VideoFrame> {
    const { setup, files, keeper, stats, report } = this.context;
    const lane = new VideoLane({
      options: setup.options.video,
      limits: this.#limits,
      frameRate: input.frameRate ?? 30,
      clock: this.#videoClock,
      gate: this.#gates.video,
      files,
      keeper,
      audio: this.#plan,
      stats,
      report,
      onDecided: time => {
        this.#decided = time;
        this.#audio?.lane.advance(now());
      },
    });
    return { lane, reader: this.#readVideo(lane, input), live: true };
  }

  #openAudio(input: AudioInput): Track<AudioLane, AudioData> {
    const { setup, files, stats, report } = this.context;
    const lane = new AudioLane({
      options: setup.options.audio,
      limits: this.#limits,
      clock: this.#audioClock,
      gate: this.#gates.audio,
      plan: this.#plan,
      files,
      stats,
      report,
      aacEncoderUrl: setup.aacEncoderUrl,
      video: {
        leads: () => this.#videoLeads(),
        floor: () => this.#videoClock.floor,
        decidedUpTo: () => Math.max(this.#decided, this.#timelineNow() - VIDEO_LAG),
      },
    });
    return { lane, reader: this.#readAudio(lane, input), live: true };
  }

  #readVideo(lane: VideoLane, { readable }: VideoInput): TrackReader<VideoFrame> {
    const onEnd = (): void => void this.#change(() => this.#videoEnded(lane));
    return new TrackReader(readable, (frame, arrival) => lane.push(frame, arrival), onEnd);
  }

  #readAudio(lane: AudioLane, { readable }: AudioInput): TrackReader<AudioData> {
    const onEnd = (): void => void this.#change(() => this.#audioEnded(lane));
    return new TrackReader(readable, (data, arrival) => lane.push(data, arrival), onEnd);
  }

  #change(change: () => Promise<void>): Promise<void> {
    this.#changing = this.#changing.then(change).catch(this.context.report.fail);
    return this.#changing;
  }

  /** Goes on with other tracks, on the same timeline. A kind that is missing now has ended; one that is new begins. */
  async replace(video: VideoInput | undefined, audio: AudioInput | undefined): Promise<void> {
    this.#replacements++;
    await this.#change(() => this.#replace(video, audio));
  }

  async #replace(video: VideoInput | undefined, audio: AudioInput | undefined): Promise<void> {
    this.#replacements--;
    this.#videoClock.rebase();
    this.#audioClock.rebase();
    this.#audioInput = audio ?? this.#audioInput;
    // First what is new, so that the recording does not end in between.
    const videoGone = this.#swap(this.#video, video, lane => video && this.#readVideo(lane, video));
    const audioGone = this.#swap(this.#audio, audio, lane => audio && this.#readAudio(lane, audio));
    if (video && !this.#video?.live) this.#video = this.#openVideo(video);
    if (audio && !this.#audio?.live) {
      this.#plan.expect();
      this.#audio = this.#openAudio(audio);
    }
    if (videoGone) await this.#videoEnded(this.#video?.lane);
    if (audioGone) await this.#audioEnded(this.#audio?.lane);
  }

  /** Lets a track go; true when nothing follows it. */
  #swap<Lane, Item extends { close(): void }, Input>(
    track: Track<Lane, Item> | undefined,
    input: Input | undefined,
    read: (lane: Lane) => TrackReader<Item> | undefined,
  ): boolean {
    if (!track?.live) return false;
    track.reader.cancel();
    const reader = read(track.lane);
    if (reader) track.reader = reader;
    return input === undefined;
  }

  /** True while cuts are decided by the video. */
  #videoLeads(): boolean {
    if (!this.#video?.live) return false;
    return this.#videoClock.lastTime !== undefined || now() - this.#began < GRACE;
  }

  /** Where a frame that arrives now without delay would lie. */
  #timelineNow(): number {
    const { floor } = this.#videoClock;
    return Number.isFinite(floor) ? now() - floor : Number.NEGATIVE_INFINITY;
  }

  /** Seconds of the timeline that are covered. */
  get duration(): number {
    return toSeconds(Math.max(this.#videoClock.lastTime ?? 0, this.#audio?.lane.time ?? 0));
  }

  #tick(): void {
    const audio = this.#audio;
    const late = now() - this.#lastTick > 2_000 * TICK;
    this.#lastTick = now();
    if (this.#over || this.#pausedAt !== undefined) return;
    if (!late) this.#repeatVideo();
    if (!audio) return;
    audio.lane.advance(now());
    // After the worker was held up, audio that was kept for it is still to be read.
    if (late) return;
    if (!audio.live || !this.#videoLeads() || !this.context.files.current) return;
    const heard = Math.max(
      this.#resumedAt,
      this.#audioClock.lastArrival ?? this.#began + GRACE - SILENT_AFTER,
    );
    if (now() - heard > SILENT_AFTER) void this.#fill(this.#timelineNow() - FILL_BEHIND);
  }

  #repeatVideo(): void {
    const time = Math.round(this.#timelineNow() - REPEAT_BEHIND);
    const last = this.#videoClock.lastTime;
    if (this.#video?.live && last !== undefined && time - last > STILL_AFTER) this.#video.lane.repeat(time);
  }

  async #fill(until: number): Promise<void> {
    const { sampleRate, numberOfChannels } = this.#audioInput ?? {};
    const fallback = { sampleRate: sampleRate ?? 48_000, numberOfChannels: numberOfChannels ?? 1 };
    await this.#audio?.lane.fillUntil(until, fallback);
  }

  async #videoEnded(lane: VideoLane | undefined): Promise<void> {
    const track = this.#video;
    if (!track?.live || track.lane !== lane) return;
    const { files } = this.context;
    await track.lane.end(now(), endTime => {
      track.live = false;
      if (this.#over || !this.#audio?.live || !files.current) return;
      // The audio goes on alone, in a file of its own, from the moment that the picture's ends.
      const audioEpoch = this.#plan.epochAtCut(endTime);
      files.begin({ reason: 'track-removed', startTime: endTime, video: undefined, audioEpoch });
    });
    track.live = false;
    if (this.#over) return;
    if (!this.#audio?.live) return this.#allEnded();
    this.#audio.lane.advance(now());
  }

  async #audioEnded(lane: AudioLane | undefined): Promise<void> {
    const track = this.#audio;
    if (!track?.live || track.lane !== lane) return;
    track.live = false;
    await track.lane.end(now());
    if (this.#over) return;
    this.context.files.endAudioBefore(Number.POSITIVE_INFINITY);
    this.#plan.end();
    if (!this.#video?.live) this.#allEnded();
  }

  #allEnded(): void {
    if (this.#replacements === 0) this.context.onEnded();
  }

  /** Where something that arrives now without delay would lie, by whichever track leads. */
  #timeAt(arrival: number): number | undefined {
    const { floor } = this.#videoClock;
    if (Number.isFinite(floor)) return arrival - floor;
    return this.#audioClock.settled ? this.#audioClock.timeAt(arrival) : undefined;
  }

  /** Leaves out what is captured from now on. */
  pause(): void {
    if (this.#pausedAt !== undefined) return;
    const at = now();
    this.#audio?.lane.settleNow(at);
    this.#pausedAt = at;
    const time = this.#timeAt(at) ?? Number.NEGATIVE_INFINITY;
    this.#gates.video.pause(time);
    this.#gates.audio.pause(time);
  }

  /** Goes on, on the timeline where the pause began. */
  resume(): void {
    const { since } = this.#gates.video;
    if (this.#pausedAt === undefined || since === undefined) return;
    const at = now();
    const time = this.#timeAt(at) ?? 0;
    const gap = this.#gates.video.resume(time);
    this.#gates.audio.resume(time);
    this.#videoClock.moveBack(gap);
    this.#audioClock.moveBack(gap);
    this.#pausedAt = undefined;
    this.#resumedAt = at;
    if (gap > 0)
      this.context.keeper.note({ time: toSeconds(since), type: 'pause', duration: toSeconds(gap) });
  }

  /** Takes what is on its way, and gets everything through the encoders and into the files. */
  async stop(): Promise<void> {
    const end = this.#pausedAt ?? now();
    this.#over = true;
    clearInterval(this.#timer);
    await this.#readOn(end);
    await this.#video?.lane.end(end);
    // Video that never came does not lead: the audio is recorded alone.
    if (this.#video && this.#videoClock.lastTime === undefined) this.#video.live = false;
    await this.#endAudio(end);
    this.context.files.endAll();
  }

  /** Reads what was captured before the end and is still on its way, however far behind the worker is. */
  async #readOn(end: number): Promise<void> {
    const [video, audio] = [this.#videoClock, this.#audioClock];
    const patience = (steady: boolean): number => (steady ? BEHIND : UNSURE);
    await Promise.all([
      this.#video?.reader.stop(patience(video.isSteady(end)), f =>
        video.capturedAfter(f.timestamp, end + LATE),
      ),
      this.#audio?.reader.stop(patience(audio.isSteady(end)), d =>
        audio.capturedAfter(d.timestamp, end + LATE),
      ),
    ]);
  }

  async #endAudio(end: number): Promise<void> {
    const lane = this.#audio?.lane;
    if (!lane) return;
    lane.advance(end);
    const silent = end - (this.#audioClock.lastArrival ?? 0) > SILENT_AFTER;
    if (this.#audio?.live && this.#video && this.context.files.current && silent) {
      await this.#fill(this.#video.lane.endTime(end));
    }
    await lane.end(end);
  }

  /** Throws away what is on its way. */
  cancel(): void {
    this.#over = true;
    clearInterval(this.#timer);
    for (const track of [this.#video, this.#audio]) {
      track?.reader.cancel();
      track?.lane.cancel();
    }
  }
}
