/** Audio on its way from the track to the files: clock, unbroken timeline, encoder. */
import { type CutLimits, decideAudio } from '../cut/decide.ts';
import { TrackAudioEncoder } from '../encode/audio-encoder.ts';
import { chooseAudio } from '../encode/choose.ts';
import { EncoderFailedError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason } from '../manifest.ts';
import type { AudioSource } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import type { AudioClock } from '../source/audio-clock.ts';
import type { PauseGate } from '../source/pause-gate.ts';
import { durationOf, follows, joined, type Piece, PlaneCopier, sourceOf, trackInfo } from './audio-piece.ts';
import type { AudioEpoch, AudioPlan } from './audio-plan.ts';
import { AudioRun } from './audio-run.ts';
import type { MediaFiles } from './media-files.ts';
import type { Reporter } from './protocol.ts';

/** How long audio is watched before it is placed: the fastest piece of so long a time tells the delay. */
const SETTLE = 300_000;
/** How long both tracks are watched at the most, when their delays do not come to rest; microseconds. */
const LONGEST_SETTLE = 2_000_000;
/** Most pieces that wait: 20 seconds of 10 ms. */
const QUEUE_LIMIT = 2_000;
/** Most pieces that are encoded as one: a tenth of a second. */
const TOGETHER = 10;
/** Silence of a recording without video is decided on piece by piece, as it too may have to be cut; microseconds. */
const FILL_STEP = 100_000;
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
  files: MediaFiles;
  stats: RecorderStats;
  report: Reporter;
  aacEncoderUrl: string;
  /** Where the video is. */
  video: {
    /** True while video is expected or comes: cuts are decided there. */
    leads(): boolean;
    /** Smallest arrival − timeline time; infinite before the first frame. */
    floor(): number;
    /** Whether that is known well enough at an arrival time. */
    isSteady(now: number): boolean;
    /** All cuts up to this time on the timeline are decided. */
    decidedUpTo(): number;
  };
}

export class AudioLane {
  readonly #copier = new PlaneCopier();
  #queue: Piece[] = [];
  #firstArrival: number | undefined;
  /** Arrival time since which something of both tracks has come. */
  #bothSince: number | undefined;
  #draining: Promise<void> | undefined;
  #run: AudioRun | undefined;
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
        'audio-dropped',
        'Audio could not be encoded in time and is left out.',
        stats.audioSamplesDropped,
      );
      data.close();
      return;
    }
    const duration = (data.numberOfFrames / data.sampleRate) * 1e6;
    const unwrapped = clock.observe(data.timestamp, arrival, duration);
    this.#firstArrival ??= arrival;
    const piece = { planes: this.#copier.copy(data), sampleRate: data.sampleRate, unwrapped, time: 0 };
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
    const [first] = this.#queue;
    // Of three pieces that come, two wait for a frame.
    if (this.#draining || !first || !this.#mayGoOn(first)) return;
    this.#draining = this.#drain()
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
    const known = Number.isFinite(video.floor());
    if (!known && (!video.leads() || this.#forced)) {
      clock.settleAt(first.unwrapped, this.#lastTime ?? 0);
    } else if (!video.leads()) {
      // The video has gone, but its clock tells where the timeline is.
      clock.settle(video.floor());
    } else {
      if (!known || !(this.#forced || this.#atRest(now))) return false;
      clock.settle(video.floor());
    }
    this.#queue = this.#queue.flatMap(piece => this.#placed(piece));
    return true;
  }

  /** A worker that is held up at the start gets everything late at first, and a frame that comes late is no measure. */
  #atRest(now: number): boolean {
    const { clock, video } = this.context;
    this.#bothSince ??= now;
    if (now - this.#bothSince >= LONGEST_SETTLE) return true;
    return now - (this.#firstArrival ?? now) >= SETTLE && clock.isSteady(now) && video.isSteady(now);
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
        : piece.planes.map(plane => plane.subarray(Math.round(from * frames), Math.round(to * frames)));
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

  /** Paused before it is known where anything lies: what has come so far is left out with the pause. */
  forget(): void {
    if (this.context.clock.settled) return;
    this.#queue.length = 0;
    this.#firstArrival = undefined;
    this.#bothSince = undefined;
  }

  async #drain(): Promise<void> {
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) await this.#take(piece);
  }

  /**
   * What waits and may go on: pieces of 10 ms become one of some 30, as many as lie between two frames. Each that is encoded by
   * itself costs the same, however short it is.
   */
  #next(): Piece | undefined {
    const { video, plan } = this.context;
    const [first] = this.#queue;
    if (!first || !this.#mayGoOn(first)) return undefined;
    // Sound without a picture is decided on piece by piece.
    const epoch = video.leads() ? plan.epochAt(first.time) : undefined;
    let [last, count] = [first, 1];
    for (const piece of this.#queue.slice(1, TOGETHER)) {
      const goesOn = epoch && follows(last, piece) && plan.epochAt(piece.time) === epoch;
      if (!goesOn || !this.#mayGoOn(piece)) break;
      last = piece;
      count++;
    }
    this.#queue.splice(0, count);
    return joined(first, last);
  }

  /** True once it is decided whether there is a cut before it. */
  #mayGoOn({ time }: Piece): boolean {
    const { video, plan } = this.context;
    if (this.#forced || !video.leads()) return true;
    return time <= video.decidedUpTo() && plan.epochAt(time) !== undefined;
  }

  async #take(piece: Piece): Promise<void> {
    const { video, plan, stats } = this.context;
    const { time } = piece;
    const source = sourceOf(piece);
    if (!video.leads()) this.#decide(time, durationOf(piece), source);
    const epoch = plan.epochAt(time);
    const run = epoch?.source && (await this.#runFor(epoch, time));
    // No file has taken it up before the end.
    if (!run) return void (stats.audioSamplesDropped += piece.planes[0]?.length ?? 0);
    await run.place(piece.planes, source, time);
    this.#lastTime = run.time;
    this.#countQueue();
  }

  #countQueue(): void {
    this.context.stats.audioQueue = (this.#run?.pending ?? 0) + this.#queue.length;
  }

  /** Without video, cuts are decided here. */
  #decide(time: number, duration: number, source: AudioSource): void {
    const { files, plan, limits } = this.context;
    const start = (reason: CutReason): void => {
      files.begin({
        reason,
        startTime: Math.max(files.earliest, Math.round(time)),
        video: undefined,
        audioEpoch: plan.epochAtCut(time),
      });
    };
    plan.arrived(time, source);
    const file = files.current;
    if (!file) return start(files.reasonForFirst);
    const decision = decideAudio({
      file: { startTime: file.setup.startTime, expectedBytes: file.expectedBytes(0) },
      block: { time, duration, expectedBytes: file.largestPacket },
      change: plan.changeBefore(time),
      limits,
    });
    if (decision.action === 'cut') start(decision.reason);
  }

  async #runFor(epoch: AudioEpoch, time: number): Promise<AudioRun | undefined> {
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
    const origin = before ? before.goOnAt : Math.max(0, time);
    const encoder = await TrackAudioEncoder.open(
      choice,
      {
        onPacket: (packet, config) => {
          if (config) files.announceAudio(epoch.id, trackInfo(choice.family, config, target));
          files.routeAudio(epoch.id, packet);
          this.#countQueue();
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
    const { stats } = this.context;
    const run = new AudioRun({ epoch: epoch.id, source: target, encoder, origin, stats, report });
    this.#run = run;
    plan.forgetBefore(epoch.id);
    return run;
  }

  #onError(run: AudioRun, error: unknown): void {
    const { stats, report } = this.context;
    run.failed = true;
    stats.audioSamplesDropped += run.lost;
    report.warn(
      'audio-dropped',
      `The audio encoder failed and is replaced: ${String(error)}`,
      stats.audioSamplesDropped,
    );
    this.#failures++;
    if (this.#failures <= MAX_FAILURES || this.#closed) return;
    report.fail(new EncoderFailedError('audio', error));
    // What waits can't be encoded any more.
    this.#closed = true;
    this.#queue.length = 0;
  }

  /**
   * Fills a track that is silent because nothing comes, so that the file is not held up.
   *
   * @param until time on the timeline in microseconds.
   * @param fallback parameters to begin with when nothing has ever arrived.
   */
  async fillUntil(until: number, fallback: AudioSource): Promise<void> {
    if (this.#draining || this.#queue.length > 0) return;
    this.#draining = this.#fillUntil(until, fallback)
      .catch(error => this.context.report.fail(error))
      .finally(() => {
        this.#draining = undefined;
      });
    await this.#draining;
  }

  async #fillUntil(until: number, fallback: AudioSource): Promise<void> {
    const { plan, video } = this.context;
    const step = video.leads() ? Number.POSITIVE_INFINITY : FILL_STEP;
    let from = this.#run?.time ?? plan.epochAt(until)?.startTime ?? until;
    if (from < until) plan.assume(fallback);
    while (from < until) {
      const to = Math.min(until, from + step);
      const source = plan.epochAt(to)?.source;
      if (source && !video.leads()) this.#decide(from, to - from, source);
      const epoch = plan.epochAt(to);
      const run = epoch?.source && (await this.#runFor(epoch, epoch.startTime));
      if (!run) return;
      await run.fillUntil(to);
      this.#lastTime = run.time;
      from = to;
    }
  }

  /** Time on the timeline up to which audio is encoded. */
  get time(): number {
    return this.#lastTime ?? 0;
  }

  /** Gets an encoder's last packets out; files of epochs before the next one then have all their audio. */
  #finish(run: AudioRun, nextEpoch: number): void {
    // The encoders before it may take longer: their packets too still need a file.
    const before = [...this.#finishing];
    const finishing = Promise.all([run.finish(), ...before]).then(() => {
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
    this.#run?.close();
    this.#run = undefined;
  }
}
