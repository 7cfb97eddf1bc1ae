/** Video on its way from the track to the files: clock, decision, encoder. */

import { VideoFitter } from '../compose/video-fit.ts';
import { avcParameterSets } from '../cut/avc.ts';
import { type CutLimits, type Decision, decideVideo } from '../cut/decide.ts';
import {
  decoderConfigChange,
  descriptionBytes,
  encodedColorSpace,
  videoChange,
  videoSourceOf,
} from '../cut/parameters.ts';
import { chooseVideo, type VideoChoice } from '../encode/choose.ts';
import { familyOrder } from '../encode/codecs.ts';
import { FileVideoEncoder } from '../encode/video-encoder.ts';
import { EncoderFailedError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason } from '../manifest.ts';
import {
  toMicroseconds,
  toSeconds,
  type VideoCodecFamily,
  type VideoPacket,
  type VideoSource,
} from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import type { PauseGate } from '../source/pause-gate.ts';
import type { VideoClock } from '../source/video-clock.ts';
import type { AudioPlan } from './audio-plan.ts';
import type { RecordingFiles } from './files.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { OpenFile } from './open-file.ts';
import type { Reporter } from './protocol.ts';

/** Bytes of raw frames that may wait for the encoder: three seconds of 1280x720 at 30 frames a second. */
const QUEUE_BYTES = 128 * 1024 * 1024;
/** An encoder that fails this often in a row is not replaced again. */
const MAX_FAILURES = 4;
/** An encoder that has worked for so long is not one that fails in a row; microseconds. */
const WORKS = 1_000_000;
/** How long a frame waits for the encoder when bytes are counted; milliseconds. */
const CATCH_UP = 200;

/** What the lane needs from its session. */
export interface VideoLaneContext {
  options: ResolvedOptions['video'];
  limits: CutLimits;
  frameRate: number;
  clock: VideoClock;
  gate: PauseGate;
  files: RecordingFiles;
  keeper: ManifestKeeper;
  audio: AudioPlan;
  stats: RecorderStats;
  report: Reporter;
  /** A frame was decided on: audio up to its time may go on. */
  onDecided(time: number): void;
}

/** An encoder and the file that its packets go into. */
interface Run {
  file: OpenFile;
  encoder: FileVideoEncoder;
  family: VideoCodecFamily;
  source: VideoSource;
  failed: boolean;
}

interface QueuedFrame {
  frame: VideoFrame;
  /** Microseconds on the timeline. */
  time: number;
}

export class VideoLane {
  #queue: QueuedFrame[] = [];
  #draining: Promise<void> | undefined;
  #run: Run | undefined;
  /** Encoders that only let their last packets out. */
  #finishing = new Map<Promise<void>, FileVideoEncoder>();
  #format: string | null | undefined;
  readonly #fitter: VideoFitter;
  #failures = 0;
  #without = new Set<VideoCodecFamily>();
  #closed = false;
  /** The frame that is shown when the source stands still. */
  #shown: VideoFrame | undefined;

  constructor(private readonly context: VideoLaneContext) {
    const { size } = context.options;
    this.#fitter = new VideoFitter(size === 'follow' ? 'contain' : size.fit);
  }

  /** Takes a frame over; it will be closed here. */
  push(frame: VideoFrame, arrival: number): void {
    const { stats, report, clock, gate } = this.context;
    if (!gate.open(clock.timeOf(frame.timestamp))) return frame.close();
    stats.framesIn++;
    const { time, repaired } = clock.map(frame.timestamp, arrival);
    if (repaired)
      report.warn('timestamps', 'Video timestamps stood still, ran back or jumped, and were repaired.');
    const waiting = this.#queue.length + (this.#run?.encoder.pending ?? 0);
    stats.videoQueue = waiting;
    if (this.#closed || waiting >= queueLimit(frame)) {
      frame.close();
      stats.framesDropped++;
      report.warn(
        'frames-dropped',
        'The video encoder can not keep up: frames are left out.',
        stats.framesDropped,
      );
      return;
    }
    this.#enqueue({ frame, time });
  }

  /**
   * Shows the last frame again. A muxer closes movie fragments at key frames only, so a muted camera or a screen on
   * which nothing moves would hold up the sound, and the limits on files with it.
   */
  repeat(time: number): void {
    const { clock, stats } = this.context;
    if (this.#closed || this.#draining || !this.#shown || time <= (clock.lastTime ?? time)) return;
    clock.hold(time);
    stats.framesRepeated++;
    this.#enqueue({ frame: this.#shown.clone(), time });
  }

  #enqueue(queued: QueuedFrame): void {
    this.#queue.push(queued);
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#take(next);
        this.#show(next.frame);
      } catch (error) {
        this.context.report.fail(error);
      } finally {
        next.frame.close();
      }
    }
  }

  #show(frame: VideoFrame | undefined): void {
    this.#shown?.close();
    this.#shown = this.#closed ? undefined : frame?.clone();
  }

  async #take({ frame, time }: QueuedFrame): Promise<void> {
    const source = videoSourceOf(frame);
    const wanted = fixedSource(source, this.context.options.size);
    await this.#knowSize();
    const decision = this.#decide(wanted, time);
    this.#noteFormat(frame.format, time, decision.action === 'cut');
    if (decision.action === 'cut') await this.#cut(decision.reason, time, wanted);
    this.context.onDecided(time);
    const run = this.#run;
    if (!run) return;
    if (videoChange(run.source, source) === undefined) run.encoder.encode(retimed(frame, time));
    else await this.#fit(run, frame, time);
  }

  async #fit(run: Run, frame: VideoFrame, time: number): Promise<void> {
    const { stats, report } = this.context;
    try {
      const space = encodedColorSpace(run.source.colorSpace);
      run.encoder.encode(await this.#fitter.fit(frame, run.source, space, time));
      stats.framesFitted++;
    } catch (error) {
      stats.framesDropped++;
      report.warn('frames-dropped', `A frame could not be fitted: ${String(error)}`, stats.framesDropped);
    }
  }

  /** Near the limit on bytes, what is still in the encoder could be too much: waits until its size is known. */
  async #knowSize(): Promise<void> {
    const run = this.#run;
    if (!run || this.context.limits.maxFileBytes === Number.POSITIVE_INFINITY) return;
    const { file, encoder } = run;
    const unknown = file.largestPacket === 0;
    if (unknown || file.expectedBytes(encoder.pending + 1) > this.context.limits.maxFileBytes)
      await encoder.caughtUp(CATCH_UP);
  }

  #decide(source: VideoSource, time: number): Decision {
    const { files, limits, clock, audio } = this.context;
    const file = files.current;
    if (!file) return { action: 'cut', reason: 'start' };
    const run = this.#run;
    return decideVideo({
      file: {
        startTime: file.setup.startTime,
        expectedBytes: file.expectedBytes(run?.encoder.pending ?? 0),
        source: run?.file === file ? run.source : undefined,
      },
      frame: { source, time, duration: clock.typicalStep, expectedBytes: file.largestPacket },
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

  /** When no encoder takes the source, there is no cut: its frames are fitted into the file that there is. */
  async #cut(reason: CutReason, time: number, source: VideoSource): Promise<void> {
    const { options, files, audio, report, frameRate } = this.context;
    const before = this.#run;
    const shape = { width: source.width, height: source.height, frameRate };
    let choice: VideoChoice;
    try {
      choice = await chooseVideo(options.codec, shape, options.bitrate, this.#without);
    } catch (error) {
      if (!before || before.failed) throw error;
      report.warn('codec-fallback', `${source.width}x${source.height} is fitted: ${String(error)}`);
      return;
    }
    if (choice.family !== familyOrder(options.codec)[0]) {
      report.warn(
        'codec-fallback',
        `${source.width}x${source.height} is recorded with codec ${choice.family}.`,
      );
    }
    if (this.#closed) return;
    const previous = files.current;
    if (previous) previous.endTime = time;
    if (before) this.#finish(before);
    const replaced = reason === 'encoder-restart' && before && before.family !== choice.family;
    const file = files.begin({
      reason: replaced ? 'video-codec' : reason,
      startTime: time,
      video: { source, family: choice.family },
      audioEpoch: audio.epochAtCut(time),
    });
    this.#run = this.#open(file, choice.family, choice.config, source);
  }

  #open(file: OpenFile, family: VideoCodecFamily, config: VideoEncoderConfig, source: VideoSource): Run {
    const interval = toMicroseconds(this.context.options.keyFrameInterval);
    const encoder = new FileVideoEncoder(config, interval, {
      onPacket: (packet, decoderConfig) => this.#onPacket(run, packet, decoderConfig),
      onError: error => this.#onError(run, error),
    });
    const run: Run = { file, encoder, family, source, failed: false };
    return run;
  }

  #onPacket(run: Run, packet: VideoPacket, config: VideoDecoderConfig | undefined): void {
    const { stats } = this.context;
    stats.framesEncoded++;
    stats.videoBytes += packet.data.byteLength;
    const before = run.file.decoderConfig;
    if (config && before === undefined) this.#checkDescription(run, config);
    const change = config && before && decoderConfigChange(before, config);
    // The encoder changed its parameters by itself: its packets from here on belong to another file.
    if (change && packet.type === 'key') this.#split(run, change, packet.timestamp);
    run.file.addVideo(packet, config);
    if (packet.timestamp - run.file.setup.startTime > WORKS) this.#failures = 0;
  }

  /** A description with two SPS would make players take the wrong one. A fresh encoder writes one; never seen otherwise. */
  #checkDescription(run: Run, config: VideoDecoderConfig): void {
    if (run.family !== 'avc') return;
    const sets = avcParameterSets(descriptionBytes(config.description) ?? new Uint8Array());
    if (sets.length !== 1)
      this.context.report.fail(new EncoderFailedError('video', `${sets.length} SPS in the avcC`));
  }

  #split(run: Run, reason: CutReason, time: number): void {
    const { files, report } = this.context;
    const before = run.file;
    if (run !== this.#run)
      return report.fail(new EncoderFailedError('video', `${reason} after the last frame of ${before.key}`));
    const { audioEpoch } = before.setup;
    run.file = files.begin({
      reason,
      startTime: time,
      video: { source: run.source, family: run.family },
      audioEpoch,
    });
    before.endTime = time;
    before.endVideo();
  }

  #onError(run: Run, error: unknown): void {
    const { stats, report } = this.context;
    run.failed = true;
    stats.framesDropped += run.encoder.lost;
    this.#failures++;
    if (this.#failures > MAX_FAILURES) return report.fail(new EncoderFailedError('video', error));
    // The same codec once more, then the next one of the list.
    if (this.#failures > 1) this.#without.add(run.family);
    report.warn(
      'frames-dropped',
      `The video encoder failed and is replaced: ${String(error)}`,
      stats.framesDropped,
    );
  }

  /** Lets an encoder's last packets out while the next one already works. */
  #finish(run: Run): void {
    const finishing = run.encoder.finish().then(() => {
      run.file.endVideo();
      this.#finishing.delete(finishing);
    });
    this.#finishing.set(finishing, run.encoder);
  }

  /** Time at which the last frame ends, on the timeline: where the recording would end now. */
  endTime(now: number): number {
    const { clock, gate } = this.context;
    const last = clock.lastTime ?? 0;
    const regular = last + clock.typicalStep;
    if (gate.since !== undefined) return Math.max(last + 1, Math.round(Math.min(regular, gate.since)));
    if (!Number.isFinite(clock.floor)) return regular;
    // A source that only gives frames when something moves shows its last one until the end.
    const idle = now - clock.floor;
    return idle - last > 5 * clock.typicalStep ? Math.round(idle) : regular;
  }

  /**
   * No more frames: encodes what waits and gets all packets out.
   *
   * @param now arrival time of the end in microseconds.
   * @param onEnd called as soon as it is known where the last frame ends, before its packets are out.
   */
  async end(now: number, onEnd?: (endTime: number) => void): Promise<void> {
    while (this.#draining) await this.#draining;
    this.#closed = true;
    this.#show(undefined);
    const run = this.#run;
    this.#run = undefined;
    if (run) {
      const endTime = this.endTime(now);
      run.file.endTime = endTime;
      onEnd?.(endTime);
      this.#finish(run);
    }
    await Promise.all(this.#finishing.keys());
  }

  /** Throws away what waits. */
  cancel(): void {
    this.#closed = true;
    this.#show(undefined);
    for (const { frame } of this.#queue.splice(0)) frame.close();
    for (const encoder of this.#finishing.values()) encoder.close();
    this.#run?.encoder.close();
    this.#run = undefined;
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
