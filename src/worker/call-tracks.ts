/** The tracks of a call that is recorded as it was encoded: what happens when they come late, stay away or end. */
import type { CutLimits } from '../cut/decide.ts';
import { type EncodedInput, HAND_OVER_EVERY } from '../encoded.ts';
import type { CutReason } from '../manifest.ts';
import { toSeconds } from '../media.ts';
import { CallTime } from '../source/call-time.ts';
import { AudioPlan } from './audio-plan.ts';
import { CallAudio } from './call-audio.ts';
import { CallFrames } from './call-frames.ts';
import { CallSources, KINDS, type Kind } from './call-sources.ts';
import { CallVideo } from './call-video.ts';
import { limitsOf, type MediaTracks, type TracksContext } from './media-tracks.ts';
import type { CallReplacement } from './protocol.ts';
import { decline, TapReader } from './tap-reader.ts';

/** How often what waits is looked at; milliseconds. */
const TICK = 100;
/** So often frames come that wait for the page's decoder anyway, which is looked at twice a second; milliseconds. */
const HELD_EVERY = 100;
/** When nothing at all has happened for so long, not even a timer, the machine or the page was asleep; microseconds. */
const ASLEEP = 10_000_000;
/** How long a track that is expected may hold up the other one at the start; microseconds. */
const GRACE = 2_000_000;
/** Sound waits so long for a picture that is itself waiting for one that was lost; microseconds. */
const VIDEO_LAG = 700_000;
/** What has been captured when the recording is stopped, is on its way for so long: taps hand over 20 times a second; milliseconds. */
const ON_ITS_WAY = 110;
/** Tracks of a call that ends don't end at once, but so close to each other; milliseconds. */
const TOGETHER = 200;
/** A cut that a source brings which has come back is made within so long; microseconds. */
const RESUMING = 1_000_000;

export class CallTracks implements MediaTracks<CallReplacement> {
  readonly #time = new CallTime();
  readonly #plan: AudioPlan;
  readonly #limits: CutLimits;
  readonly #video: CallVideo;
  readonly #audio: CallAudio;
  /** What gives something; a lane stays when its source has ended. */
  readonly #source: CallSources;
  /** Kinds that have begun and not ended: while all sources are away and may come back, their files stay open. */
  readonly #open = { video: false, audio: false };
  /** When what nobody has decided on yet has ended. */
  readonly #ending = new Map<Kind, number>();
  /** Arrival time from which on each kind was expected. */
  readonly #expected: { video: number; audio: number };
  #life: 'running' | 'stopping' | 'over' = 'running';
  #paused = false;
  /** Why time is left out, while it is. */
  #halted: 'pause' | 'wait' | undefined;
  #waiting: (() => void) | undefined;
  #cameBackAt = Number.NEGATIVE_INFINITY;
  #lastSign: number;
  readonly #stopTicking: () => void;
  readonly #wakes = { onWake: () => this.#stir(), onTaken: () => this.#advance() };

  /** Starts reading at once. */
  constructor(private readonly context: TracksContext) {
    const { setup, files, keeper, stats, report, wall, onKeyFrame } = context;
    const now = wall.now();
    this.#source = new CallSources(wall);
    this.#limits = limitsOf(setup.options.cut);
    this.#plan = new AudioPlan(setup.call?.audio !== undefined);
    this.#expected = { video: now, audio: now };
    this.#lastSign = now;
    const shared = { time: this.#time, plan: this.#plan, files, stats, report, limits: this.#limits };
    const reasonNow = (reason: CutReason): CutReason => this.#reasonNow(reason);
    this.#video = new CallVideo({ ...shared, keeper, reasonNow, onKeyFrame });
    this.#audio = new CallAudio({
      ...shared,
      reasonNow,
      side: setup.call?.audio?.side ?? 'receiver',
      videoLeads: () => this.#videoLeads(),
      decidedUpTo: () => this.decided,
    });
    if (setup.call?.video) this.#openVideo(setup.call.video);
    if (setup.call?.audio) this.#openAudio(setup.call.audio);
    this.#stopTicking = wall.every(TICK, () => this.#tick());
  }

  #openVideo(input: EncodedInput): void {
    const { stats, wall, setup } = this.context;
    const frames = new CallFrames({
      lane: this.#video,
      time: this.#time,
      stats,
      options: setup.options.passthrough,
      input,
      report: this.context.report,
      askForKeyFrame: () => reader.askForKeyFrame(),
      askToLook: () => reader.askToLook(),
    });
    const reader = new TapReader(
      input,
      {
        ...this.#wakes,
        onFrame: (frame, arrival) => {
          if (!this.#over) frames.push(frame, arrival);
        },
        onLook: look => {
          if (this.#over) return;
          frames.see(look, wall.now());
          this.#source.looked?.();
        },
        onOverflow: count => frames.overflow(count, wall.now()),
        onEnd: () => this.#ended('video', reader),
      },
      wall,
    );
    this.#source.video = { reader, frames };
    this.#open.video = true;
    this.#expected.video = wall.now();
    frames.askForKeyFrame(wall.now());
  }

  #openAudio(input: EncodedInput): void {
    const { wall, report } = this.context;
    const reader = new TapReader(
      input,
      {
        ...this.#wakes,
        onFrame: (frame, arrival) => {
          if (!this.#over) this.#audio.push(frame, arrival);
        },
        onLook: () => undefined,
        onOverflow: () => report.warn('audio-dropped', 'Sound of the call could not be taken in time.'),
        onEnd: () => this.#ended('audio', reader),
      },
      wall,
    );
    this.#source.audio = { reader };
    this.#open.audio = true;
    this.#expected.audio = wall.now();
  }

  /** Goes on with other tracks, on the same timeline. A kind that is missing now has ended; one that is new begins. */
  async replace({ video, audio }: CallReplacement): Promise<void> {
    const given = { video, audio };
    await this.#source.drain(KINDS.filter(kind => given[kind] !== 'same'));
    if (this.#life !== 'running') {
      for (const input of [video, audio]) if (typeof input === 'object') decline(input);
      return;
    }
    const now = this.context.wall.now();
    const ended = { video: now, audio: now, ...Object.fromEntries(this.#ending) };
    if (video !== 'same') this.#swapVideo(video);
    if (audio !== 'same') this.#swapAudio(audio);
    if (!this.#source.video && !this.#source.audio) return this.#allEnded(Math.min(ended.video, ended.audio));
    this.#resumeFromWait();
    if (this.#open.video && !this.#source.video) this.#endVideo(ended.video);
    if (this.#open.audio && !this.#source.audio) this.#endAudio(now);
  }

  #swapVideo(input: EncodedInput | undefined): void {
    this.#ending.delete('video');
    this.#source.video?.frames.end(this.context.wall.now());
    this.#source.video?.reader.close();
    this.#source.video = undefined;
    if (!input) return;
    this.#time.rebase('video');
    this.#video.restart();
    this.#openVideo(input);
  }

  #swapAudio(input: EncodedInput | undefined): void {
    this.#ending.delete('audio');
    this.#source.audio?.reader.close();
    this.#source.audio = undefined;
    if (!input) return;
    if (!this.#open.audio) this.#plan.expect();
    this.#audio.restart(input.side);
    this.#time.rebase('audio');
    this.#openAudio(input);
  }

  /** A tap has said that nothing more comes: of this track, or of the call, which the other one tells a moment later. */
  #ended(kind: Kind, reader: TapReader): void {
    if (this.#source[kind]?.reader !== reader || this.#over) return;
    this.#ending.set(kind, this.context.wall.now());
    const both = KINDS.every(one => !this.#source[one] || this.#ending.has(one));
    if (both) this.#takeEnded();
    else this.context.wall.after(TOGETHER, () => this.#takeEnded());
  }

  #takeEnded(): void {
    if (this.#over || this.#ending.size === 0) return;
    const left = (kind: Kind): 'same' | undefined => (this.#ending.has(kind) ? undefined : 'same');
    void this.replace({ video: left('video'), audio: left('audio') });
  }

  /** The sound goes on alone, in a file of its own, from the moment that the picture's ends. */
  #endVideo(now: number): void {
    const { files } = this.context;
    this.#open.video = false;
    const endTime = this.#video.endTime(now);
    const begun = this.#video.lastTime !== undefined && files.current !== undefined;
    if (begun && this.#source.audio) {
      files.begin({
        reason: this.#reasonNow('track-removed'),
        startTime: endTime,
        video: undefined,
        audioEpoch: this.#plan.epochAtCut(endTime),
      });
    }
    this.#video.end(endTime);
    this.#audio.advance(now);
  }

  #endAudio(now: number): void {
    this.#open.audio = false;
    this.#audio.drain(now);
    this.context.files.endAudioBefore(Number.POSITIVE_INFINITY);
    this.#plan.end();
    // The next file, without sound, begins at a key frame.
    this.#source.video?.frames.askForKeyFrame(now);
  }

  /** All tracks have ended: the files stay open while the source may come back. */
  #allEnded(at: number): void {
    const { wall, setup, onEnded, onWaiting } = this.context;
    const { reconnectWindow } = setup.options;
    if (this.#waiting) return;
    if (reconnectWindow === 0) return onEnded();
    this.#time.halt(at, this.#video.lastTime === undefined ? this.#audio.time : this.#video.endTime(at));
    this.#halted ??= 'wait';
    this.#waiting = wall.after(reconnectWindow * 1000, onEnded);
    onWaiting();
  }

  #resumeFromWait(): void {
    if (!this.#waiting) return;
    this.#waiting();
    this.#waiting = undefined;
    this.#cameBackAt = this.context.wall.now();
    if (!this.#paused) this.#goOn();
    this.context.onResumed();
  }

  /** A track that comes or stays away when the source comes back does so because the source came back. */
  #reasonNow(reason: CutReason): CutReason {
    const ofTracks = reason === 'track-added' || reason === 'track-removed';
    return ofTracks && this.context.wall.now() - this.#cameBackAt < RESUMING ? 'source-resumed' : reason;
  }

  keyFrameAt(time: number): void {
    const { wall } = this.context;
    const wait = Math.max(0, time - (this.now ?? time));
    wall.after(wait / 1_000, () => this.#source.video?.frames.askForKeyFrame(wall.now()));
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#halted ??= 'pause';
    this.#time.halt(this.context.wall.now());
  }

  resume(): void {
    this.#paused = false;
    if (!this.#waiting) this.#goOn();
  }

  #goOn(): void {
    const { wall, keeper } = this.context;
    this.#source.video?.frames.letGo(wall.now());
    this.#audio.place();
    const halt = this.#time.goOn(wall.now());
    const type = this.#halted ?? 'pause';
    this.#halted = undefined;
    if (!halt) return;
    this.#video.restart();
    this.#source.video?.frames.askAnew(wall.now());
    const [since, gap] = [Math.round(halt.since), Math.round(halt.gap)];
    if (gap > 0) keeper.note({ time: toSeconds(since), type, duration: toSeconds(gap) });
  }

  /** Something happens. After a sleep of hours the timeline goes on where it was, so that nothing has to be filled. */
  #stir(): void {
    const { wall, keeper } = this.context;
    const now = wall.now();
    const gap = now - this.#lastSign;
    const before = this.#time.at(this.#lastSign);
    this.#lastSign = now;
    if (gap < ASLEEP || this.#halted !== undefined || before === undefined) return;
    this.#source.video?.frames.letGo(now);
    this.#audio.place();
    this.#time.moveBack(gap);
    const time = toSeconds(Math.max(0, Math.round(before)));
    keeper.note({ time, type: 'sleep', duration: toSeconds(gap) });
  }

  #tick(): void {
    this.#stir();
    if (this.#over) return;
    const now = this.context.wall.now();
    this.#source.video?.frames.tick(now);
    this.#audio.advance(now);
    const isHolding = this.#life === 'running' && this.#source.video?.frames.isHolding;
    this.#source.keepTo(isHolding ? HELD_EVERY : HAND_OVER_EVERY);
    if (!this.#source.audio || this.#halted !== undefined) return;
    const since = Math.max(this.#expected.audio, this.#expected.video + GRACE);
    this.#audio.fillSilence(now, since);
  }

  get #over(): boolean {
    return this.#life === 'over';
  }

  #advance(): void {
    if (!this.#over) this.#audio.advance(this.context.wall.now());
  }

  /** True while cuts are decided by the video. */
  #videoLeads(): boolean {
    if (!this.#source.video) return false;
    return this.#time.isSettled('video') || this.context.wall.now() - this.#expected.video < GRACE;
  }

  /** Cuts are decided up to this time; video that stays away does not hold the sound up, a frame that waits does. */
  get decided(): number {
    if (!this.#videoLeads()) return Number.POSITIVE_INFINITY;
    const now = this.now ?? Number.NEGATIVE_INFINITY;
    const heldFrom = this.#source.video?.frames.heldFrom;
    const held = heldFrom === undefined ? now : this.#time.map('video', heldFrom);
    return Math.max(this.#video.lastTime ?? Number.NEGATIVE_INFINITY, Math.min(held, now - VIDEO_LAG));
  }

  get duration(): number {
    return toSeconds(Math.max(this.#video.lastTime ?? 0, this.#audio.time ?? 0));
  }

  get endTime(): number {
    const now = this.context.wall.now();
    return this.#video.lastTime === undefined ? (this.#audio.time ?? 0) : this.#video.endTime(now);
  }

  get now(): number | undefined {
    return this.#time.at(this.context.wall.now());
  }

  async stop(): Promise<void> {
    const { wall, files } = this.context;
    const now = wall.now();
    this.#life = 'stopping';
    this.#source.keepTo(HAND_OVER_EVERY);
    this.#hearAlone(now);
    // What was captured before this moment is still on its way from the tap.
    this.#time.halt(now);
    await new Promise<void>(resolve => wall.after(ON_ITS_WAY, resolve));
    await this.#source.lookLast();
    this.cancel();
    this.#source.video?.frames.end(this.context.wall.now());
    const endTime = this.#video.endTime(now);
    this.#video.end(endTime);
    this.#stopAudio(now, endTime);
    files.endAll();
  }

  /** Video that has not come up to the end does not lead any more: the sound is recorded without it. */
  #hearAlone(now: number): void {
    const { video } = this.#source;
    if (!video || this.#video.lastTime !== undefined) return;
    // A first picture may still be held for its layers.
    video.frames.end(now);
    if (this.#video.lastTime !== undefined) return;
    video.reader.close();
    this.#source.video = undefined;
    this.#audio.advance(now);
  }

  #stopAudio(now: number, endTime: number): void {
    const { files } = this.context;
    this.#audio.drain(now);
    // A microphone that was mute to the end is silent to the end.
    if (this.#source.audio && this.#video.lastTime !== undefined && files.current)
      this.#audio.fillUntil(endTime);
    files.endAudioBefore(Number.POSITIVE_INFINITY);
  }

  cancel(): void {
    this.#life = 'over';
    this.#stopTicking();
    this.#waiting?.();
    this.#source.close();
  }
}

/** For a session that records a call. */
export const openCallTracks = (context: TracksContext): MediaTracks<CallReplacement> =>
  new CallTracks(context);
