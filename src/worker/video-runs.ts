/** The video encoders of one recording, each with the file that its packets go into, and what happens when one fails. */
import { avcParameterSets } from '../cut/avc.ts';
import { decoderConfigChange, descriptionBytes } from '../cut/parameters.ts';
import { chooseVideo, type Failed, type VideoChoice } from '../encode/choose.ts';
import { familyOrder } from '../encode/codecs.ts';
import { FileVideoEncoder } from '../encode/video-encoder.ts';
import { EncoderFailedError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason } from '../manifest.ts';
import { toMicroseconds, type VideoCodecFamily, type VideoPacket, type VideoSource } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import type { AudioPlan } from './audio-plan.ts';
import type { MediaFile, MediaFiles } from './media-files.ts';
import type { Reporter } from './protocol.ts';

/** An encoder that has worked for so long is not one that fails at once; microseconds. */
const WORKS = 1_000_000;

/** What the encoders need from their session. */
export interface VideoRunsContext {
  options: ResolvedOptions['video'];
  /** Frames per second that the source says it has. */
  frameRate(): number;
  files: MediaFiles;
  audio: AudioPlan;
  stats: RecorderStats;
  report: Reporter;
}

/** An encoder and the file that its packets go into. */
export interface VideoRun {
  file: MediaFile;
  encoder: FileVideoEncoder;
  family: VideoCodecFamily;
  source: VideoSource;
  /** True once the encoder has died. */
  failed: boolean;
  /** True once packets of a second have come. */
  works: boolean;
}

export class VideoRuns {
  #current: VideoRun | undefined;
  /** Encoders that only let their last packets out. */
  #finishing = new Map<Promise<void>, FileVideoEncoder>();
  readonly #failed: Failed = { hardware: new Set(), families: new Set() };
  #lastError: unknown;
  #closed = false;

  constructor(private readonly context: VideoRunsContext) {}

  /** What frames go into. */
  get current(): VideoRun | undefined {
    return this.#current;
  }

  /** True when the encoder died before it gave anything: nobody has seen the file, and the next encoder can have it. */
  get unseen(): boolean {
    const run = this.#current;
    return !!run?.failed && !run.file.hasVideo && run.file === this.context.files.current;
  }

  /**
   * Begins a file with an encoder of its own. When no encoder takes the source there is no cut: its frames are fitted into
   * the file that there is.
   *
   * @param time where the frame lies that comes next, in microseconds on the timeline.
   * @param choice what `choose` gave.
   * @returns where that frame is to lie.
   */
  cut(reason: CutReason, time: number, source: VideoSource, choice: VideoChoice | undefined): number {
    const { options, files, audio } = this.context;
    const before = this.#current;
    if (!choice || this.#closed) return time;
    if (before && this.unseen) {
      if (before.file.setup.reason === 'encoder-restart' && before.family !== choice.family)
        before.file.setup.reason = 'video-codec';
      before.file.takeOver({ source, family: choice.family, frameRate: rateOf(options) });
      this.#current = this.#open(before.file, choice, source);
      return before.file.setup.startTime;
    }
    if (files.current) files.current.endTime = time;
    if (before) this.#finish(before);
    const replaced = reason === 'encoder-restart' && before && before.family !== choice.family;
    const file = files.begin({
      reason: replaced ? 'video-codec' : reason,
      startTime: time,
      video: { source, family: choice.family, frameRate: rateOf(options) },
      audioEpoch: audio.epochAtCut(time),
    });
    this.#current = this.#open(file, choice, source);
    return time;
  }

  /**
   * The encoder that a file with this source is to have; `undefined` when none takes it.
   *
   * @throws CodecUnsupportedError (`codec-unsupported`), EncoderFailedError (`encoder-failed`) when there is no file to go on with.
   */
  async choose(source: VideoSource): Promise<VideoChoice | undefined> {
    const { options, report, frameRate } = this.context;
    const before = this.#current;
    const { width, height } = source;
    const shape = { width, height, frameRate: rateOf(options) ?? frameRate() };
    try {
      const choice = await chooseVideo(options.codec, shape, options.bitrate, this.#failed);
      if (choice.family !== familyOrder(options.codec)[0])
        report.warn('codec-fallback', `${width}x${height} is recorded with codec ${choice.family}.`);
      return choice;
    } catch (error) {
      if (before?.failed) throw new EncoderFailedError('video', this.#lastError);
      if (!before) throw error;
      report.warn('codec-fallback', `${width}x${height} is fitted: ${String(error)}`);
      return undefined;
    }
  }

  #open(file: MediaFile, { family, config }: VideoChoice, source: VideoSource): VideoRun {
    const interval = toMicroseconds(this.context.options.keyFrameInterval);
    const encoder = new FileVideoEncoder(config, interval, {
      onPacket: (packet, decoderConfig) => this.#onPacket(run, packet, decoderConfig),
      onError: error => this.#onError(run, error),
    });
    const run: VideoRun = { file, encoder, family, source, failed: false, works: false };
    return run;
  }

  #onPacket(run: VideoRun, packet: VideoPacket, config: VideoDecoderConfig | undefined): void {
    const { stats, files } = this.context;
    const before = run.file.decoderConfig;
    if (config && before === undefined) this.#checkDescription(run, config);
    const change = config && before && decoderConfigChange(before, config);
    // The encoder changed its parameters by itself: its packets from here on belong to another file.
    if (change && packet.type === 'key') {
      if (run.file !== files.current) {
        // The next one has begun already, and so there is no place for them.
        stats.framesDropped++;
        run.encoder.close();
        return this.#onError(run, change);
      }
      this.#split(run, change, packet.timestamp);
    }
    stats.framesEncoded++;
    stats.videoBytes += packet.data.byteLength;
    run.file.addVideo(packet, config);
    run.works ||= packet.timestamp - run.file.setup.startTime > WORKS;
  }

  /** A description with two SPS would make players take the wrong one. A fresh encoder writes one; never seen otherwise. */
  #checkDescription(run: VideoRun, config: VideoDecoderConfig): void {
    if (run.family !== 'avc') return;
    const sets = avcParameterSets(descriptionBytes(config.description) ?? new Uint8Array());
    if (sets.length !== 1)
      this.context.report.fail(new EncoderFailedError('video', `${sets.length} SPS in the avcC`));
  }

  #split(run: VideoRun, reason: CutReason, time: number): void {
    const before = run.file;
    // The recording may be at its end.
    const { endTime } = before;
    const { audioEpoch, video } = before.setup;
    run.file = this.context.files.begin({ reason, startTime: time, video, audioEpoch });
    run.file.endTime = endTime;
    before.endTime = time;
    before.endVideo();
  }

  /** Hardware that fails is not asked again, nor is a codec of which no encoder works; one that has worked may try again. */
  #onError(run: VideoRun, error: unknown): void {
    const { stats, report } = this.context;
    run.failed = true;
    this.#lastError = error;
    stats.framesDropped += run.encoder.lost;
    if (!this.#failed.hardware.has(run.family)) this.#failed.hardware.add(run.family);
    else if (!run.works) this.#failed.families.add(run.family);
    report.warn(
      'frames-dropped',
      `The video encoder failed and is replaced: ${String(error)}`,
      stats.framesDropped,
    );
  }

  /** Lets an encoder's last packets out while the next one already works. */
  #finish(run: VideoRun): void {
    const finishing = run.encoder.finish().then(() => {
      run.file.endVideo();
      this.#finishing.delete(finishing);
    });
    this.#finishing.set(finishing, run.encoder);
  }

  /** No more frames: gets all packets out; the last file ends at `endTime`, microseconds on the timeline. */
  async end(endTime: number): Promise<void> {
    this.#closed = true;
    const run = this.#current;
    this.#current = undefined;
    if (run) {
      run.file.endTime = endTime;
      this.#finish(run);
    }
    await Promise.all(this.#finishing.keys());
  }

  /** Throws away what waits. */
  cancel(): void {
    this.#closed = true;
    for (const encoder of this.#finishing.values()) encoder.close();
    this.#current?.encoder.close();
    this.#current = undefined;
  }
}

/** Frames per second that were asked for. */
const rateOf = ({ frameRate }: ResolvedOptions['video']): number | undefined =>
  frameRate === 'source' ? undefined : frameRate;
