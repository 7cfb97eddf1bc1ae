/** Video on its way from the track to the encoders: clock, frame rate, decision. */

import type { Look } from '../compose/overlays/compositor.ts';
import { VideoFitter } from '../compose/video-fit.ts';
import { type CutLimits, type Decision, decideVideo } from '../cut/decide.ts';
import { encodedColorSpace, videoChange, videoSourceOf } from '../cut/parameters.ts';
import type { CutReason } from '../manifest.ts';
import { toSeconds, type VideoSource } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import type { ConstantRate } from '../source/constant-rate.ts';
import type { PauseGate } from '../source/pause-gate.ts';
import type { VideoClock } from '../source/video-clock.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { VideoOutput } from './media-tracks.ts';
import type { Overlaid } from './overlaid.ts';
import { VideoRuns, type VideoRunsContext } from './video-runs.ts';

/** Bytes of raw frames that may wait for the encoder: three seconds of 1280x720 at 30 frames a second. */
const QUEUE_BYTES = 128 * 1024 * 1024;
/** A frame lasts so long at the least, that MP4 timescales can tell its end from its beginning; microseconds. */
const SHORTEST = 1_000;
/** How long a frame waits for the encoder when bytes are counted; milliseconds. */
const CATCH_UP = 200;

/** What the lane needs from its session. */
export interface VideoLaneContext extends VideoRunsContext {
  limits: CutLimits;
  clock: VideoClock;
  gate: PauseGate;
  keeper: Pick<ManifestKeeper, 'note'>;
  overlaid?: Overlaid | undefined;
  /** Absent: no constant frame rate is asked for. */
  Rate?: typeof ConstantRate | undefined;
  /** At least one, whose files are those above. */
  outputs: VideoOutput[];
  /** The reason of a cut that is made now, given what a look at the frame says. */
  reasonNow(reason: CutReason): CutReason;
  /** A frame is about to be encoded, at its time on the timeline; it is not to be closed. Must not throw. */
  onFrame?(frame: VideoFrame): void;
  /** A frame was decided on: audio up to its time may go on. */
  onDecided(time: number): void;
}

interface QueuedFrame {
  frame: VideoFrame;
  /** Microseconds on the timeline. */
  time: number;
  /** Overlays, as they were when it came. */
  look?: Look | undefined;
}

interface Output extends VideoOutput {
  runs: VideoRuns;
}

export class VideoLane {
  #queue: QueuedFrame[] = [];
  #draining: Promise<void> | undefined;
  readonly #outputs: Output[];
  readonly #rate: ConstantRate | undefined;
  #format: string | null | undefined;
  readonly #fitter: VideoFitter;
  #closed = false;
  /** The first frame from each of these times on is to be a key frame; microseconds on the timeline. */
  #keysAt: number[] = [];
  /** The frame that came last, to be shown again when the source stands still. */
  #shown: VideoFrame | undefined;

  constructor(private readonly context: VideoLaneContext) {
    const { size, frameRate } = context.options;
    this.#fitter = new VideoFitter(size === 'follow' ? 'contain' : size.fit);
    this.#rate = frameRate === 'source' ? undefined : context.Rate && new context.Rate(frameRate);
    this.#outputs = context.outputs.map(output => ({
      ...output,
      runs: new VideoRuns({ ...context, ...output }),
    }));
  }

  /** Takes a frame over; it will be closed here. */
  push(frame: VideoFrame, arrival: number): void {
    const { stats, report, clock } = this.context;
    if (!this.#isPartOfIt(frame.timestamp)) return frame.close();
    stats.framesIn++;
    const { time, repaired } = clock.map(frame.timestamp, arrival);
    if (repaired)
      report.warn('timestamps', 'Video timestamps stood still, ran back or jumped, and were repaired.');
    if (!this.#rate) return void this.#accept({ frame, time });
    const slot = this.#rate.place(time);
    if (slot.action === 'take') {
      for (const earlier of slot.repeats) this.#repeatAt(earlier);
      // A place is never left empty: the frame before it is shown once more.
      if (!this.#accept({ frame, time: slot.time })) this.#repeatAt(slot.time);
      return;
    }
    frame.close();
    stats.framesDropped++;
  }

  /** False for what was captured during a pause. What was captured before one comes after the last frame. */
  #isPartOfIt(timestamp: number): boolean {
    const { clock, gate } = this.context;
    const time = clock.timeOf(timestamp);
    const ranBack = time !== undefined && time <= (clock.lastTime ?? time - 1);
    return gate.open(time) && !(gate.since !== undefined && ranBack);
  }

  /** False when there is no room for it. */
  #accept(queued: QueuedFrame): boolean {
    const { stats } = this.context;
    const encoding = this.#outputs.map(({ runs }) => runs.current?.encoder.pending ?? 0);
    const waiting = this.#queue.length + Math.max(...encoding);
    stats.videoQueue = waiting;
    if (!this.#closed && waiting < queueLimit(queued.frame)) {
      this.#enqueue(queued);
      return true;
    }
    queued.frame.close();
    this.#drop('The video encoder can not keep up: frames are left out.');
    return false;
  }

  /**
   * While the picture stands still (a muted camera, a screen on which nothing moves) files are cut all the same, by their
   * limits and by the sound: the next one begins with the last frame. So does what begins with a key frame.
   *
   * @param time on the timeline, up to which no frame has come.
   */
  standStill(time: number): void {
    const { clock, files, limits, options } = this.context;
    const file = files.current;
    if (this.#rate || this.#draining || !this.#shown || !file) return;
    const longest = file.setup.startTime + limits.maxFileDuration;
    const at = Math.round(Math.min(time, longest));
    if (at <= (clock.lastTime ?? at)) return;
    // A picture that stands still fills its file to the end, however long a frame of it would have been.
    const duration = at < Math.round(longest) ? 0 : this.#step;
    const source = fixedSource(videoSourceOf(this.#shown), options.size);
    const asked = Math.min(...this.#keysAt);
    if (asked > at && this.#decide(source, at, duration).action !== 'cut') return;
    // What begins with a key frame begins when it was asked to, and not when this was looked at.
    const due = asked >= (clock.lastTime ?? at) + SHORTEST ? Math.min(asked, at) : at;
    clock.hold(due);
    this.#repeatAt(due);
  }

  /** At a constant rate, there are frames up to this time on the timeline, whatever the source does. */
  keepRate(time: number): void {
    for (const slot of this.#rate?.fillUntil(time) ?? []) this.#repeatAt(slot);
  }

  #repeatAt(time: number): void {
    if (this.#closed || !this.#shown) return;
    this.context.stats.framesRepeated++;
    // However many there are: they are all the same picture, and take no room of their own.
    this.#enqueue({ frame: this.#shown.clone(), time });
  }

  #enqueue(queued: QueuedFrame): void {
    this.#show(queued.frame);
    this.#queue.push({ ...queued, look: this.context.overlaid?.look() });
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#take(next);
      } catch (error) {
        this.#drop('A frame could not be encoded.');
        this.context.report.fail(error);
      } finally {
        next.frame.close();
      }
    }
    // In the same breath in which the queue was found empty: what comes a moment later must not be left lying.
    this.#draining = undefined;
  }

  #show(frame: VideoFrame | undefined): void {
    this.#shown?.close();
    this.#shown = this.#closed ? undefined : frame?.clone();
  }

  async #take({ frame, time: due, look }: QueuedFrame): Promise<void> {
    const { options, onDecided, reasonNow } = this.context;
    const source = videoSourceOf(frame);
    const wanted = fixedSource(source, options.size);
    for (const { runs } of this.#outputs) await this.#knowSize(runs);
    const decision = this.#decide(wanted, due);
    this.#noteFormat(frame.format, due, decision.action === 'cut');
    const cut = decision.action === 'cut' ? reasonNow(decision.reason) : undefined;
    const times = cut ? await this.#cut(cut, due, wanted) : [];
    onDecided(due);
    const key = this.#isKey(due);
    for (const [i, output] of this.#outputs.entries()) {
      const ready = await this.#ready(output, frame, source, times[i] ?? due);
      if (ready) await this.#encode(output, ready, key, look);
    }
  }

  /** All of them in one breath: no packet of sound comes in between. @returns where the frame is to lie in each. */
  async #cut(reason: CutReason, due: number, wanted: VideoSource): Promise<number[]> {
    const choices = await Promise.all(this.#outputs.map(({ runs }) => runs.choose(wanted)));
    // Where a file only gets another encoder none begins, nor does one of the other recording: that is cut with the next frame.
    const unseen = this.#outputs.some(({ runs }) => runs.unseen);
    return this.#outputs.map(({ runs }, i) =>
      unseen && !runs.unseen ? due : runs.cut(reason, due, wanted, choices[i]),
    );
  }

  #isKey(due: number): boolean {
    const key = this.#keysAt.some(time => time <= due);
    if (key) this.#keysAt = this.#keysAt.filter(time => time > due);
    return key;
  }

  /** The frame, at its time and with its file's parameters. */
  async #ready(
    output: Output,
    frame: VideoFrame,
    source: VideoSource,
    time: number,
  ): Promise<VideoFrame | undefined> {
    const run = output.runs.current;
    if (!run) return undefined;
    if (videoChange(run.source, source) === undefined) return retimed(frame, time);
    try {
      const fitted = await this.#fitter.fit(
        frame,
        run.source,
        encodedColorSpace(run.source.colorSpace),
        time,
      );
      output.stats.framesFitted++;
      return fitted;
    } catch (error) {
      this.#drop(`A frame could not be fitted: ${String(error)}`, output.stats);
      return undefined;
    }
  }

  /** Its encoder may have died while the frame was on its way to it. */
  async #encode({ runs, stats, draws }: Output, frame: VideoFrame, key: boolean, look?: Look): Promise<void> {
    const run = runs.current;
    const drawn =
      run && look && draws
        ? await look.draw(frame, run.source, encodedColorSpace(run.source.colorSpace))
        : frame;
    // The first of two is the original.
    if (runs === this.#outputs[0]?.runs) this.context.onFrame?.(drawn);
    if (!run) drawn.close();
    else if (!run.encoder.encode(drawn, key)) this.#drop('The video encoder failed and is replaced.', stats);
  }

  /** The first frame at this time on the timeline, or after it, is a key frame. */
  keyFrameAt(time: number): void {
    this.#keysAt.push(time);
  }

  #drop(why: string, stats = this.context.stats): void {
    stats.framesDropped++;
    this.context.report.warn('frames-dropped', why, stats.framesDropped);
  }

  /** Near the limit on bytes, what is still in the encoder could be too much: waits until its size is known. */
  async #knowSize({ current: run }: VideoRuns): Promise<void> {
    if (!run || this.context.limits.maxFileBytes === Number.POSITIVE_INFINITY) return;
    const { file, encoder } = run;
    const unknown = file.largestPacket === 0;
    if (unknown || file.expectedBytes(encoder.pending + 1) > this.context.limits.maxFileBytes)
      await encoder.caughtUp(CATCH_UP);
  }

  /** Where one has to be cut, all are. */
  #decide(source: VideoSource, time: number, duration = this.#step): Decision {
    const decisions = this.#outputs.map(output => this.#decideFor(output, source, time, duration));
    return decisions.find(({ action }) => action === 'cut') ?? { action: 'continue' };
  }

  #decideFor({ files, runs }: Output, source: VideoSource, time: number, duration: number): Decision {
    const { limits, audio } = this.context;
    const file = files.current;
    if (!file) return { action: 'cut', reason: files.reasonForFirst };
    const run = runs.current;
    return decideVideo({
      file: {
        startTime: file.setup.startTime,
        expectedBytes: file.expectedBytes(run?.encoder.pending ?? 0),
        source: run?.file === file ? run.source : undefined,
      },
      frame: { source, time, duration, expectedBytes: file.largestPacket },
      audioChange: audio.changeBefore(time),
      encoderLost: run?.failed ?? false,
      limits,
    });
  }

  /** A change of pixel format alone leaves what a decoder is told as it is: worth a note, not a cut. */
  #noteFormat(format: string | null, time: number, cut: boolean): void {
    if (this.#format !== undefined && this.#format !== format && !cut) {
      const event = {
        time: toSeconds(time),
        type: 'pixel-format',
        before: this.#format,
        after: format,
      } as const;
      this.context.keeper.note(event);
    }
    this.#format = format;
  }

  /** Microseconds that a frame is expected to last. */
  get #step(): number {
    return this.#rate?.step ?? this.context.clock.typicalStep;
  }

  /** True while frames wait to be decided on. */
  get busy(): boolean {
    return this.#draining !== undefined;
  }

  /** Time at which the last frame ends, on the timeline: where the recording would end now. */
  endTime(now: number): number {
    const { clock, gate } = this.context;
    const last = this.#rate?.lastTime ?? clock.lastTime ?? 0;
    const regular = this.#rate?.endTime ?? last + clock.typicalStep;
    // At a constant rate the end too lies on the grid.
    if (gate.since !== undefined && !this.#rate)
      return Math.max(last + SHORTEST, Math.round(Math.min(regular, gate.since)));
    if (gate.since !== undefined) return regular;
    if (!Number.isFinite(clock.floor)) return regular;
    // A source that only gives frames when something moves shows its last one until the end.
    const idle = now - clock.floor;
    return idle - last > 5 * this.#step ? Math.round(idle) : regular;
  }

  /**
   * No more frames: encodes what waits and gets all packets out.
   *
   * @param now arrival time of the end in microseconds.
   * @param onEnd called as soon as it is known where the last frame ends, before its packets are out.
   */
  async end(now: number, onEnd?: (endTime: number) => void): Promise<void> {
    if (this.context.gate.since === undefined) this.keepRate(this.endTime(now) - this.#step);
    while (this.#draining) await this.#draining;
    this.#closed = true;
    this.#show(undefined);
    const endTime = this.endTime(now);
    if (this.#outputs.some(({ runs }) => runs.current)) onEnd?.(endTime);
    await Promise.all(this.#outputs.map(({ runs }) => runs.end(endTime)));
  }

  /** Throws away what waits. */
  cancel(): void {
    this.#closed = true;
    this.#show(undefined);
    for (const { frame } of this.#queue.splice(0)) frame.close();
    for (const { runs } of this.#outputs) runs.cancel();
  }
}

const queueLimit = (frame: VideoFrame): number =>
  Math.max(8, Math.floor(QUEUE_BYTES / (frame.codedWidth * frame.codedHeight * 1.5)));

/** What a file is to have: the source's parameters, or those of a fixed size, upright and with square pixels. */
const fixedSource = (source: VideoSource, size: ResolvedOptions['video']['size']): VideoSource => {
  if (size === 'follow') return source;
  const { width, height } = size;
  return { ...source, width, height, pixelAspectRatio: 1, rotation: 0, flip: false };
};

/** A frame's timestamp can't be set; a new frame on the same picture can have another. */
const retimed = (frame: VideoFrame, time: number): VideoFrame =>
  frame.timestamp === time ? frame.clone() : new VideoFrame(frame, { timestamp: time });
