/** The tracks of one recording: their readers and lanes, and what happens when they come late, stay away or end. */
import type { CutLimits } from '../cut/decide.ts';
import type { CutReason } from '../manifest.ts';
import { toSeconds } from '../media.ts';
import type { AudioInput, VideoInput } from '../source/capture.ts';
import { TrackReader } from '../source/track-reader.ts';
import { AudioLane } from './audio-lane.ts';
import { AudioPlan } from './audio-plan.ts';
import { limitsOf, type MediaTracks, type TracksContext } from './media-tracks.ts';
import type { Replacement } from './protocol.ts';
import { readOn, readUpTo } from './read-on.ts';
import { RecordingTime } from './recording-time.ts';
import { fillAudio, isSilent, standInForAudio, standInForVideo } from './stand-in.ts';
import { VideoLane } from './video-lane.ts';

/** How often audio that waits is looked at; milliseconds. */
const TICK = 100;
/** A tick that comes this late finds pieces that were kept and are still to be read; microseconds. */
const HELD_UP = 200_000;
/** How long a track that is expected may hold up the other one at the start; microseconds. */
const GRACE = 2_000_000;
/** Audio waits this long for the video at most; microseconds. */
const VIDEO_LAG = 300_000;
/** Tracks of one stream end within so long of each other; milliseconds. */
const TOGETHER = 200;
/** A cut that a source brings which has come back is made within so long; microseconds. */
const RESUMING = 1_000_000;

interface Track<Lane, Item extends { close(): void }> {
  lane: Lane;
  reader: TrackReader<Item>;
  /** False once the track has ended by itself. */
  live: boolean;
}

export class Tracks implements MediaTracks<Replacement> {
  readonly #time: RecordingTime;
  readonly #plan: AudioPlan;
  readonly #limits: CutLimits;
  #video: Track<VideoLane, VideoFrame> | undefined;
  #audio: Track<AudioLane, AudioData> | undefined;
  /** What the page said of the tracks: their frame rate, and what silence is to be like when nothing comes. */
  #videoInput: VideoInput | undefined;
  #audioInput: AudioInput | undefined;
  /** Cuts are decided up to this time on the timeline. */
  #decided = Number.NEGATIVE_INFINITY;
  #over = false;
  /** Tracks that end and tracks that are replaced: one after another. */
  #changing: Promise<void> = Promise.resolve();
  #replacements = 0;
  #lastTick: number;
  /** The last tick that was not late: until then, what has come has been read. */
  #onTime: number;
  /** While all tracks have ended and the source may come back: gives up the wait's own alarm. */
  #waiting: (() => void) | undefined;
  /** By the page; while the source is away too, it stays paused when it comes back. */
  #paused = false;
  /** Timestamp of the source's last frame. */
  #lastTimestamp: number | undefined;
  /** Where a picture has ended that has no more; microseconds on the timeline. */
  #pictureEnd = 0;
  /** Arrival time at which the source came back last. */
  #cameBackAt = Number.NEGATIVE_INFINITY;
  /** Arrival time at which a track of sound was added last. */
  #audioSince = -GRACE;
  readonly #stopTicking: () => void;

  /** Starts reading at once. */
  constructor(private readonly context: TracksContext) {
    const { setup, wall, keeper } = context;
    this.#limits = limitsOf(setup.options.cut);
    this.#plan = new AudioPlan(setup.audio !== undefined);
    const earliest = () => context.files.earliest;
    this.#time = new RecordingTime(wall, event => keeper.note(event), earliest);
    this.#lastTick = this.#onTime = wall.now();
    this.#video = setup.video && this.#openVideo(setup.video);
    this.#audio = setup.audio && this.#openAudio(setup.audio);
    this.#stopTicking = wall.every(TICK, () => this.#tick());
  }

  #openVideo(input: VideoInput): Track<VideoLane, VideoFrame> {
    const { setup, files, keeper, stats, report, overlaid, Rate, outputs } = this.context;
    const lane = new VideoLane({
      options: setup.options.video,
      limits: this.#limits,
      frameRate: () => this.#videoInput?.frameRate ?? 30,
      clock: this.#time.video,
      gate: this.#time.gates.video,
      files,
      keeper,
      audio: this.#plan,
      stats,
      report,
      overlaid,
      Rate,
      outputs: outputs ?? [{ files, stats, draws: true }],
      reasonNow: reason => this.#reasonNow(reason),
      onFrame: frame => this.context.onFrame?.(frame),
      onDecided: time => {
        this.#decided = time;
        this.#audio?.lane.advance(this.#time.now());
      },
    });
    return { lane, reader: this.#readVideo(lane, input), live: true };
  }

  #openAudio(input: AudioInput): Track<AudioLane, AudioData> {
    const { setup, files, stats, report } = this.context;
    const lane = new AudioLane({
      options: setup.options.audio,
      limits: this.#limits,
      clock: this.#time.audio,
      gate: this.#time.gates.audio,
      plan: this.#plan,
      files,
      stats,
      report,
      aacEncoderUrl: setup.aacEncoderUrl,
      video: {
        leads: () => this.#videoLeads(),
        floor: () => this.#time.video.floor,
        isSteady: now => this.#time.video.isSteady(now),
        decidedUpTo: () => this.#decidedUpTo,
      },
    });
    return { lane, reader: this.#readAudio(lane, input), live: true };
  }

  #readVideo(lane: VideoLane, input: VideoInput): TrackReader<VideoFrame> {
    this.#videoInput = input;
    const onItem = (frame: VideoFrame, arrival: number): void => {
      this.#time.stir();
      this.#lastTimestamp = frame.timestamp;
      lane.push(frame, arrival);
      this.#audio?.reader.goOn();
    };
    const onEnd = (): void => void this.#change(() => this.#videoEnded(lane));
    return new TrackReader(input.readable, onItem, onEnd, this.context.wall);
  }

  #readAudio(lane: AudioLane, input: AudioInput): TrackReader<AudioData> {
    this.#audioInput = input;
    const onItem = (data: AudioData, arrival: number): boolean => {
      this.#time.stir();
      lane.push(data, arrival);
      return this.#time.soundMayWait(arrival, this.context.files.current?.setup.startTime);
    };
    const onEnd = (): void => void this.#change(() => this.#audioEnded(lane));
    return new TrackReader(input.readable, onItem, onEnd, this.context.wall);
  }

  #change(change: () => Promise<void>): Promise<void> {
    return (this.#changing = this.#changing.then(change).catch(this.context.report.fail));
  }

  /** Goes on with other tracks, on the same timeline. A kind that is missing now has ended; one that is new begins. */
  async replace(replacement: Replacement): Promise<void> {
    this.#replacements++;
    await this.#change(() => this.#replace(replacement));
  }

  async #replace({ video, audio }: Replacement): Promise<void> {
    // Sound of before that waits for a frame is read first.
    await this.#audio?.reader.readOn();
    this.#time.stir();
    this.#replacements--;
    // First what is new, so that the recording does not end in between.
    const videoGone = this.#swapVideo(video);
    const audioGone = this.#swapAudio(audio);
    this.#resumeFromWait();
    if (videoGone) await this.#endVideo(this.#video);
    if (audioGone) await this.#endAudioTrack(this.#audio);
  }

  /** True when the video ends with this. */
  #swapVideo(input: Replacement['video']): boolean {
    const track = this.#video;
    if (input === 'same') return false;
    if (!track?.live) {
      if (input) this.#time.video.rebase();
      this.#video = input ? this.#openVideo(input) : track;
      return false;
    }
    track.reader.cancel();
    if (!input) return true;
    this.#time.video.rebase();
    track.reader = this.#readVideo(track.lane, input);
    return false;
  }

  /** True when the audio ends with this. */
  #swapAudio(input: Replacement['audio']): boolean {
    const track = this.#audio;
    if (input === 'same') return false;
    if (!track?.live) {
      if (!input) return false;
      this.#time.audio.rebase();
      this.#plan.expect();
      this.#audioSince = this.#time.now();
      this.#audio = this.#openAudio(input);
      return false;
    }
    track.reader.cancel();
    if (!input) return true;
    this.#time.audio.rebase();
    track.reader = this.#readAudio(track.lane, input);
    return false;
  }

  /** Cuts are decided up to this time; video that stays away does not hold the audio up, frames that wait do. */
  get #decidedUpTo(): number {
    if (this.#video?.lane.busy) return this.#decided;
    return Math.max(this.#decided, this.#onTime - this.#time.video.floor - VIDEO_LAG);
  }

  /** True while cuts are decided by the video. */
  #videoLeads(): boolean {
    if (!this.#video?.live) return false;
    return this.#time.video.lastTime !== undefined || this.#onTime - this.#time.began < GRACE;
  }

  /** Seconds of the timeline that are covered. */
  get duration(): number {
    return toSeconds(Math.max(this.#time.video.lastTime ?? 0, this.#audio?.lane.time ?? 0));
  }

  get endTime(): number {
    const { video } = this.#time;
    const picture = this.#video?.live && video.lastTime !== undefined ? this.#video.lane : undefined;
    if (picture) return picture.endTime(this.#time.haltedAt ?? this.#time.now());
    return Math.max(this.#pictureEnd, this.#audio?.lane.time ?? 0);
  }

  get now(): number | undefined {
    return this.#time.at(this.#time.now());
  }

  #tick(): void {
    const time = this.#time;
    const now = time.now();
    const late = now - this.#lastTick > HELD_UP;
    this.#lastTick = now;
    if (!late) this.#onTime = now;
    this.#audio?.reader.goOn();
    if (time.stir() || this.#over || time.haltedAt !== undefined) return;
    const { live, lane } = this.#audio ?? { live: false };
    // After the worker was held up, what was kept for it is still to be read.
    if (!late && this.#video?.live) standInForVideo(this.#video.lane, time);
    lane?.advance(now);
    if (late || !live || !lane || !this.context.files.current) return;
    if (now - this.#audioSince >= GRACE && isSilent(time, now, time.began + GRACE))
      standInForAudio(lane, this.#audioInput, time, this.#videoLeads());
  }

  async #videoEnded(lane: VideoLane): Promise<void> {
    if (this.#video?.lane === lane && !(await this.#waits())) await this.#endVideo(this.#video);
  }

  async #audioEnded(lane: AudioLane): Promise<void> {
    if (this.#audio?.lane === lane && !(await this.#waits())) await this.#endAudioTrack(this.#audio);
  }

  async #endVideo(track: Track<VideoLane, VideoFrame> | undefined): Promise<void> {
    if (!track?.live) return;
    await track.lane.end(this.#time.now(), endTime => {
      track.live = false;
      this.#pictureEnd = endTime;
      if (this.#over || !this.#audio?.live || !this.context.files.current) return;
      // The audio goes on alone, in a file of its own, from the moment that the picture's ends.
      const audioEpoch = this.#plan.epochAtCut(endTime);
      const reason = this.#reasonNow('track-removed');
      this.context.files.begin({ reason, startTime: endTime, video: undefined, audioEpoch });
    });
    track.live = false;
    if (this.#over) return;
    if (!this.#audio?.live) return this.#allEnded();
    this.#audio.lane.advance(this.#time.now());
  }

  async #endAudioTrack(track: Track<AudioLane, AudioData> | undefined): Promise<void> {
    if (!track?.live) return;
    track.live = false;
    await track.lane.end(this.#time.now());
    if (this.#over) return;
    this.context.files.endAudioBefore(Number.POSITIVE_INFINITY);
    this.#plan.end();
    if (!this.#video?.live) this.#allEnded();
  }

  #allEnded(): void {
    if (this.#replacements === 0) this.context.onEnded();
  }

  get #anythingComes(): boolean {
    return [this.#video, this.#audio].some(track => track?.live && !track.reader.ended);
  }

  /** Decides, after a track has ended, whether the recording waits for all of them to come back. */
  async #waits(): Promise<boolean> {
    const { wall, setup } = this.context;
    if (this.#waiting) return true;
    if (this.#over || setup.options.reconnectWindow === 0) return false;
    if (this.#anythingComes) await new Promise<void>(resolve => wall.after(TOGETHER, resolve));
    if (this.#over || this.#anythingComes || this.#replacements > 0) return this.#over;
    this.#wait();
    return true;
  }

  /** The files stay open: what comes back as it was goes on in them. */
  #wait(): void {
    const { wall, setup } = this.context;
    const picture =
      this.#video?.live && this.#time.video.lastTime !== undefined ? this.#video.lane : undefined;
    this.#time.halt('wait', picture?.endTime(this.#time.now()) ?? this.#audio?.lane.time);
    this.#waiting = wall.after(setup.options.reconnectWindow * 1000, () => this.context.onEnded());
    this.context.onWaiting();
  }

  #resumeFromWait(): void {
    if (!this.#waiting) return;
    this.#waiting();
    this.#waiting = undefined;
    this.#cameBackAt = this.#time.now();
    if (!this.#paused) this.#time.goOn();
    this.context.onResumed();
  }

  /** A track that comes or stays away when the source comes back does so because the source came back. */
  #reasonNow(reason: CutReason): CutReason {
    const ofTracks = reason === 'track-added' || reason === 'track-removed';
    return ofTracks && this.#time.now() - this.#cameBackAt < RESUMING ? 'source-resumed' : reason;
  }

  keyFrameAt(time: number): void {
    this.#video?.lane.keyFrameAt(time);
  }

  /** Leaves out what is captured from now on. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#audio?.lane.settleNow(this.#time.now());
    this.#time.halt('pause');
    this.#audio?.lane.forget();
  }

  /** Goes on, on the timeline where the pause began. */
  resume(): void {
    this.#paused = false;
    if (!this.#waiting) this.#time.goOn();
  }

  /** See `MediaTracks`. */
  async endBefore(timestamp: number | undefined): Promise<number | undefined> {
    if (timestamp === undefined || !this.#video?.live) return undefined;
    await readUpTo(this.#video.reader, timestamp, this.#lastTimestamp);
    // The sound ends with the picture, to the sample.
    this.#time.halt('pause', this.#video.lane.endTime(this.#time.now()));
    return this.#lastTimestamp;
  }

  /** Takes what is on its way, and gets everything through the encoders and into the files. */
  async stop(): Promise<void> {
    const end = this.#time.haltedAt ?? this.#time.now();
    this.#close();
    await this.#changing;
    await readOn(this.#time, end, { video: this.#video?.reader, audio: this.#audio?.reader });
    await this.#video?.lane.end(end);
    // Video that never came does not lead: the audio is recorded alone.
    if (this.#video && this.#time.video.lastTime === undefined) this.#video.live = false;
    await this.#endAudio(end);
    this.context.files.endAll();
    this.context.overlaid?.close();
  }

  #close(): void {
    this.#over = true;
    this.#stopTicking();
    this.#waiting?.();
  }

  async #endAudio(end: number): Promise<void> {
    const lane = this.#audio?.lane;
    if (!lane) return;
    lane.advance(end);
    const silent = isSilent(this.#time, end, 0);
    if (this.#audio?.live && this.#video && this.context.files.current && silent)
      await fillAudio(lane, this.#audioInput, this.#video.lane.endTime(end));
    await lane.end(end);
  }

  /** Throws away what is on its way. */
  cancel(): void {
    this.#close();
    for (const track of [this.#video, this.#audio]) {
      track?.reader.cancel();
      track?.lane.cancel();
    }
  }
}
