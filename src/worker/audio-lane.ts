/** Audio on its way from the track to the files: clock, unbroken timeline, encoder. */
import { AudioFitter } from '../compose/audio-fit.ts';
import { type CutLimits, decideAudio } from '../cut/decide.ts';
import { audioChange } from '../cut/parameters.ts';
import { TrackAudioEncoder } from '../encode/audio-encoder.ts';
import { chooseAudio } from '../encode/choose.ts';
import { EncoderFailedError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason } from '../manifest.ts';
import type { AudioSource } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import { type AudioClock, AudioTimeline } from '../source/audio-clock.ts';
import type { PauseGate } from '../source/pause-gate.ts';
import { type Piece, type Plane, planesOf, sourceOf, trackInfo } from './audio-piece.ts';
import type { AudioEpoch, AudioPlan } from './audio-plan.ts';
import type { RecordingFiles } from './files.ts';
import type { Reporter } from './protocol.ts';

/** How long audio is watched before it is placed: the fastest piece of so long a time tells the delay. */
const SETTLE = 300_000;
/** Most pieces that wait: 20 seconds of 10 ms. */
const QUEUE_LIMIT = 2_000;
/** Silence is encoded in pieces of a tenth of a second. */
const SILENCE_PIECES = 10;
/** Pieces of 20 ms that may wait in the encoder while silence is filled in. */
const SILENCE_QUEUE = 500;
const MAX_FAILURES = 3;
/** An encoder that has worked for so long is not one that fails in a row; microseconds. */
const WORKS = 1_000_000;

/** What the lane needs from its session. */
export interface AudioLaneContext {
  options: ResolvedOptions['audio'];
  limits: CutLimits;
  clock: AudioClock;
  gate: PauseGate;
  plan: AudioPlan;
  files: RecordingFiles;
  stats: RecorderStats;
  report: Reporter;
  aacEncoderUrl: string;
  /** Where the video is. */
  video: {
    /** True while video is expected or comes: cuts are decided there. */
    leads(): boolean;
    /** Smallest arrival − timeline time; infinite before the first frame. */
    floor(): number;
    /** All cuts up to this time on the timeline are decided. */
    decidedUpTo(): number;
  };
}

/** An encoder and the unbroken run of samples that goes into it. */
interface Run {
  epoch: number;
  source: AudioSource;
  encoder: TrackAudioEncoder;
  timeline: AudioTimeline;
  fitter: AudioFitter;
  failed: boolean;
}

export class AudioLane {
  #queue: Piece[] = [];
  #firstArrival: number | undefined;
  #draining: Promise<void> | undefined;
  #run: Run | undefined;
  #lastTime: number | undefined;
  #finishing = new Set<Promise<void>>();
  #failures = 0;
  #forced = false;
  #closed = false;

  constructor(private readonly context: AudioLaneContext) {}

  /** Takes a piece over; it is copied and closed at once, so that nothing of the browser's is held. */
  push(data: AudioData, arrival: number): void {
    const { stats, clock, report } = this.context;
    stats.audioSamplesIn += data.numberOfFrames;
    if (this.#closed || this.#queue.length >= QUEUE_LIMIT) {
      stats.audioSamplesDropped += data.numberOfFrames;
      report.warn(
        'audio-overlap',
        'Audio could not be encoded in time and is left out.',
        stats.audioSamplesDropped,
      );
      data.close();
      return;
    }
    const duration = (data.numberOfFrames / data.sampleRate) * 1e6;
    const unwrapped = clock.observe(data.timestamp, arrival, duration);
    this.#firstArrival ??= arrival;
    const piece = { planes: planesOf(data), sampleRate: data.sampleRate, unwrapped, time: 0 };
    data.close();
    if (!clock.settled) {
      // Paused before anything was captured: there is no time yet that could be left out.
      if (this.context.gate.since === undefined) this.#queue.push(piece);
    } else this.#queue.push(...this.#placed(piece));
    this.advance(arrival);
  }

  /** Goes on with what may go on; called when a piece arrived, a frame was decided on, and now and then. */
  advance(now: number): void {
    if (!this.context.clock.settled && !this.#settle(now)) return;
    this.#draining ??= this.#drain()
      .catch(error => this.context.report.fail(error))
      .finally(() => {
        this.#draining = undefined;
      });
  }

  /** Fixes where the audio lies against the video, once enough of both was seen. */
  #settle(now: number): boolean {
    const { clock, video } = this.context;
    const first = this.#queue[0];
    if (!first || this.#firstArrival === undefined) return false;
    if (!video.leads() || (this.#forced && !Number.isFinite(video.floor()))) {
      clock.settleAt(first.unwrapped, this.#lastTime ?? 0);
    } else {
      const seenEnough = now - this.#firstArrival >= SETTLE || this.#forced;
      if (!seenEnough || !Number.isFinite(video.floor())) return false;
      clock.settle(video.floor());
    }
    this.#queue = this.#queue.flatMap(piece => this.#placed(piece));
    return true;
  }

  /**
   * Puts a piece on the timeline, less what a pause leaves out of it, and tells the plan what lies where before any
   * of it is encoded: the video decides on cuts by it.
   */
  #placed(piece: Piece): Piece[] {
    const { plan, clock, gate } = this.context;
    const frames = piece.planes[0]?.length ?? 0;
    const time = clock.map(piece.unwrapped);
    const duration = (frames / piece.sampleRate) * 1e6;
    const { from, to } = gate.part(time, duration);
    if (from >= to) return [];
    const planes =
      from === 0 && to === 1
        ? piece.planes
        : piece.planes.map(plane => plane.slice(Math.round(from * frames), Math.round(to * frames)));
    const placed = { ...piece, planes, time: time + from * duration };
    plan.arrived(placed.time, sourceOf(placed));
    return [placed];
  }

  /** Fixes the clock now if that can be done, so that a pause knows where it begins. */
  settleNow(now: number): void {
    if (this.context.clock.settled || !Number.isFinite(this.context.video.floor())) return;
    const before = this.#forced;
    this.#forced = true;
    this.#settle(now);
    this.#forced = before;
  }

  async #drain(): Promise<void> {
    const { video, plan } = this.context;
    for (let piece = this.#queue[0]; piece !== undefined; piece = this.#queue[0]) {
      const { time } = piece;
      if (!this.#forced && video.leads() && (time > video.decidedUpTo() || !plan.epochAt(time))) return;
      this.#queue.shift();
      await this.#take(piece, time);
    }
  }

  async #take(piece: Piece, time: number): Promise<void> {
    const { video, plan } = this.context;
    const source = sourceOf(piece);
    if (!video.leads()) this.#decide(piece, time, source);
    const epoch = plan.epochAt(time);
    if (!epoch?.source) return;
    const run = await this.#runFor(epoch, time);
    if (!run) return;
    const planes =
      audioChange(run.source, source) === undefined
        ? piece.planes
        : run.fitter.fit(piece.planes, source.sampleRate);
    await this.#place(run, planes, time);
  }

  /** Without video, cuts are decided here. */
  #decide(piece: Piece, time: number, source: AudioSource): void {
    const { files, plan, limits } = this.context;
    const start = (reason: CutReason): void => {
      files.begin({
        reason,
        startTime: Math.max(0, Math.round(time)),
        video: undefined,
        audioEpoch: plan.epochAtCut(time),
      });
    };
    plan.arrived(time, source);
    const file = files.current;
    if (!file) return start('start');
    const duration = ((piece.planes[0]?.length ?? 0) / piece.sampleRate) * 1e6;
    const decision = decideAudio({
      file: { startTime: file.setup.startTime, expectedBytes: file.expectedBytes(0) },
      block: { time, duration, expectedBytes: file.largestPacket },
      change: plan.changeBefore(time),
      limits,
    });
    if (decision.action === 'cut') start(decision.reason);
  }

  async #runFor(epoch: AudioEpoch, time: number): Promise<Run | undefined> {
    const before = this.#run;
    if (before && before.epoch === epoch.id && !before.failed) return before;
    this.#run = undefined;
    if (before) this.#finish(before, epoch.id);
    const { options, files, report, aacEncoderUrl, plan } = this.context;
    const source = epoch.source as AudioSource;
    const choice = await chooseAudio(options.codec, source, options.bitrate);
    const target = { sampleRate: choice.config.sampleRate, numberOfChannels: choice.config.numberOfChannels };
    if (target.numberOfChannels < source.numberOfChannels) {
      report.warn(
        'audio-downmixed',
        `${source.numberOfChannels} channels are mixed down to ${target.numberOfChannels}.`,
      );
    }
    // Goes on exactly where the one before stopped; the first begins with its first sample, but not before the recording.
    const origin = before ? before.timeline.time : Math.max(0, time);
    const encoder = await TrackAudioEncoder.open(
      choice,
      {
        onPacket: (packet, config) => {
          if (config) files.announceAudio(epoch.id, trackInfo(choice.family, config, target));
          files.routeAudio(epoch.id, packet);
          if (packet.timestamp - origin > WORKS) this.#failures = 0;
        },
        onError: error => this.#onError(run, error),
      },
      aacEncoderUrl,
    );
    if (this.#closed) {
      encoder.close();
      return undefined;
    }
    const timeline = new AudioTimeline(origin, target.sampleRate);
    const run: Run = {
      epoch: epoch.id,
      source: target,
      encoder,
      timeline,
      fitter: new AudioFitter(target),
      failed: false,
    };
    this.#run = run;
    plan.forgetBefore(epoch.id);
    return run;
  }

  #onError(run: Run, error: unknown): void {
    run.failed = true;
    this.#failures++;
    if (this.#failures > MAX_FAILURES) this.context.report.fail(new EncoderFailedError('audio', error));
  }

  /** Encodes a piece so that the run stays unbroken. */
  async #place(run: Run, planes: Plane[], time: number): Promise<void> {
    const { stats, report } = this.context;
    const frames = planes[0]?.length ?? 0;
    const first = run.timeline.time <= 0;
    const before =
      first && time < 0 ? Math.min(frames, Math.round((-time * run.source.sampleRate) / 1e6)) : 0;
    const { silence, skip } = before > 0 ? { silence: 0, skip: before } : run.timeline.place(time, frames);
    if (silence > 0) {
      await this.#silence(run, silence);
      report.warn(
        'audio-gap',
        'The audio had gaps, which are filled with silence.',
        stats.audioSamplesFilled,
      );
    }
    if (skip > 0 && before === 0) {
      stats.audioSamplesDropped += skip;
      report.warn(
        'audio-overlap',
        'The audio overlapped what was there and was left out.',
        stats.audioSamplesDropped,
      );
    }
    const kept = skip === 0 ? planes : planes.map(plane => plane.slice(skip));
    this.#encode(run, kept);
  }

  #encode(run: Run, planes: Plane[]): void {
    const time = run.timeline.time;
    run.timeline.advance(planes[0]?.length ?? 0);
    this.#lastTime = run.timeline.time;
    run.encoder.encode({ planes, sampleRate: run.source.sampleRate, time });
    this.context.stats.audioQueue = run.encoder.pending + this.#queue.length;
  }

  /** After a sleep of hours this is a lot: it waits for the encoder, so that memory stays flat. */
  async #silence(run: Run, samples: number): Promise<void> {
    const { sampleRate, numberOfChannels } = run.source;
    const most = Math.ceil(sampleRate / SILENCE_PIECES);
    for (let left = samples; left > 0 && !run.failed && !this.#closed; left -= most) {
      while (run.encoder.pending > SILENCE_QUEUE && !run.failed)
        await new Promise(resolve => setTimeout(resolve, 5));
      const length = Math.min(left, most);
      this.#encode(
        run,
        Array.from({ length: numberOfChannels }, () => new Float32Array(length)),
      );
    }
    this.context.stats.audioSamplesFilled += samples;
  }

  /**
   * Fills a track that is silent because nothing comes, so that the file is not held up.
   *
   * @param until time on the timeline in microseconds.
   * @param fallback parameters to begin with when nothing has ever arrived.
   */
  async fillUntil(until: number, fallback: AudioSource): Promise<void> {
    const { plan, report, stats } = this.context;
    if (this.#draining || this.#queue.length > 0) return;
    plan.assume(fallback);
    const epoch = plan.epochAt(until);
    if (!epoch?.source) return;
    const filling = this.#runFor(epoch, epoch.startTime).then(async run => {
      if (!run) return;
      const missing = Math.floor(((until - run.timeline.time) * run.source.sampleRate) / 1e6);
      if (missing <= 0) return;
      await this.#silence(run, missing);
      report.warn(
        'audio-gap',
        'The audio had gaps, which are filled with silence.',
        stats.audioSamplesFilled,
      );
    });
    this.#draining = filling
      .catch(error => report.fail(error))
      .finally(() => {
        this.#draining = undefined;
      });
    await this.#draining;
  }

  /** Time on the timeline up to which audio is encoded. */
  get time(): number {
    return this.#lastTime ?? 0;
  }

  /** Gets an encoder's last packets out; files of epochs before the next one then have all their audio. */
  #finish(run: Run, nextEpoch: number): void {
    const finishing = run.encoder.finish().then(() => {
      this.context.files.endAudioBefore(nextEpoch);
      this.#finishing.delete(finishing);
    });
    this.#finishing.add(finishing);
  }

  /** No more audio: encodes what waits and gets all packets out. */
  async end(now: number): Promise<void> {
    this.#forced = true;
    do {
      this.advance(now);
      await this.#draining;
    } while (this.#queue.length > 0 && this.context.clock.settled);
    this.#closed = true;
    const run = this.#run;
    this.#run = undefined;
    if (run) this.#finish(run, Number.POSITIVE_INFINITY);
    await Promise.all(this.#finishing);
  }

  /** Throws away what waits. */
  cancel(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#run?.encoder.close();
    this.#run = undefined;
  }
}
