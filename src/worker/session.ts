/** One recording in the worker: wires the rooms together, from the tracks to the storage. */
import type { CutLimits } from '../cut/decide.ts';
import { canEncodeVideo, chooseAudio } from '../encode/choose.ts';
import {
  asSteadyreelError,
  CodecUnsupportedError,
  errorToMessage,
  RecordingEmptyError,
  type SteadyreelError,
} from '../errors.ts';
import type { WarningCode } from '../events.ts';
import { LocalCopy } from '../journal/local-copy.ts';
import type { Recording } from '../manifest.ts';
import { toMicroseconds, toSeconds } from '../media.ts';
import type { ResolvedOptions } from '../options.ts';
import { AudioClock } from '../source/audio-clock.ts';
import { TrackReader } from '../source/track-reader.ts';
import { VideoClock } from '../source/video-clock.ts';
import { createSink } from '../storage/create-sink.ts';
import { sleep } from '../storage/retry.ts';
import type { StorageSink } from '../storage/sink.ts';
import { AudioLane } from './audio-lane.ts';
import { AudioPlan } from './audio-plan.ts';
import { RecordingFiles } from './files.ts';
import { ManifestKeeper } from './manifest-keeper.ts';
import type { FromWorker, SessionSetup } from './protocol.ts';
import { backlogOf, emptyStats } from './stats.ts';
import { VideoLane } from './video-lane.ts';
import { Warnings } from './warnings.ts';

/** How often audio that waits is looked at, and how often the page hears of progress; milliseconds. */
const TICK = 100;
const PROGRESS = 500;
/** How long a track that is expected may hold up the other one at the start; microseconds. */
const GRACE = 2_000_000;
/** Audio that stays away this long is filled with silence; microseconds. */
const SILENT_AFTER = 1_000_000;
/** Filling stays this far behind, so that audio that is only late still finds its place; microseconds. */
const FILL_BEHIND = 500_000;
/** Audio waits this long for the video at most; microseconds. */
const VIDEO_LAG = 300_000;
/** `start()` waits this long for a storage that does not answer; milliseconds. */
const PREFLIGHT = 3_000;
/** A storage that has refused gets this long to take the manifest that says so; milliseconds. */
const LAST_WORD = 3_000;

type Phase = 'starting' | 'recording' | 'ending' | 'over';

const now = (): number => performance.now() * 1000;

const limitsOf = (cut: ResolvedOptions['cut']): CutLimits => ({
  minFileDuration: toMicroseconds(cut.minFileDuration),
  maxFileDuration: cut.maxFileDuration * 1e6,
  maxFileBytes: cut.maxFileBytes,
});

export class Session {
  #phase: Phase = 'starting';
  #error: SteadyreelError | undefined;
  #stoppedAt: number | undefined;
  readonly #abort = new AbortController();
  readonly #began = now();
  readonly #stats = emptyStats();
  readonly #warnings: Warnings;
  readonly #videoClock: VideoClock;
  readonly #audioClock = new AudioClock();
  readonly #plan: AudioPlan;
  readonly #files: RecordingFiles;
  readonly #keeper: ManifestKeeper;
  readonly #sink: StorageSink;
  readonly #video: { reader: TrackReader<VideoFrame>; lane: VideoLane } | undefined;
  readonly #audio: { reader: TrackReader<AudioData>; lane: AudioLane } | undefined;
  #onFirstManifest: (error?: unknown) => void = () => undefined;
  readonly #firstManifest: Promise<void>;
  #videoLive: boolean;
  #audioLive: boolean;
  #decided = Number.NEGATIVE_INFINITY;
  #timers: ReturnType<typeof setInterval>[] = [];

  /** Use `Session.open`. Starts reading the tracks at once. */
  private constructor(
    private readonly setup: SessionSetup,
    private readonly local: LocalCopy,
    private readonly send: (message: FromWorker) => void,
  ) {
    this.#firstManifest = new Promise((resolve, reject) => {
      this.#onFirstManifest = error => (error === undefined ? resolve() : reject(error));
    });
    this.#firstManifest.catch(() => undefined);
    this.#warnings = new Warnings(message => this.send({ type: 'warning', ...message }));
    const report = {
      warn: (code: WarningCode, message: string, count?: number) => this.#warnings.warn(code, message, count),
      fail: (error: unknown) => this.#fail(error),
    };
    this.#sink = createSink(setup.storage, {
      onStored: (key, bytes) => this.#onStored(key, bytes),
      onTrouble: detail =>
        report.warn('storage-unreachable', `The storage can not be reached, and is tried again: ${detail}`),
      stoppedAt: () => this.#stoppedAt,
    });
    this.#keeper = new ManifestKeeper({
      id: setup.recordingId,
      startedAt: setup.startedAt,
      metadata: setup.options.metadata,
      write: manifest => this.#writeManifest(manifest),
      onFile: event => this.send({ type: 'file', ...event }),
      onChange: recording => this.send({ type: 'recording', recording }),
      onError: error => this.#onStorageError(error),
    });
    this.#plan = new AudioPlan(setup.audio !== undefined);
    this.#files = new RecordingFiles({
      recordingId: setup.recordingId,
      sink: this.#sink,
      keeper: this.#keeper,
      stats: this.#stats,
      report,
      signal: this.#abort.signal,
      openStore: name => this.local.openStore(name, report.fail),
      removeWhenStored: setup.storage.kind !== 'device',
      onStorageError: error => this.#onStorageError(error),
    });
    this.#videoLive = setup.video !== undefined;
    this.#audioLive = setup.audio !== undefined;
    const limits = limitsOf(setup.options.cut);
    this.#videoClock = new VideoClock(arrival =>
      this.#audioClock.settled ? this.#audioClock.timeAt(arrival) : 0,
    );
    const shared = { limits, files: this.#files, stats: this.#stats, report };
    if (setup.video) {
      const lane = new VideoLane({
        ...shared,
        options: setup.options.video,
        frameRate: setup.video.frameRate ?? 30,
        clock: this.#videoClock,
        keeper: this.#keeper,
        audio: this.#plan,
        onDecided: time => this.#onDecided(time),
      });
      const reader = new TrackReader(
        setup.video.readable,
        (frame, at) => lane.push(frame, at),
        () => void this.#videoEnded(),
      );
      this.#video = { lane, reader };
    }
    if (setup.audio) {
      const lane = new AudioLane({
        ...shared,
        options: setup.options.audio,
        clock: this.#audioClock,
        plan: this.#plan,
        aacEncoderUrl: setup.aacEncoderUrl,
        video: {
          leads: () => this.#videoLeads(),
          floor: () => this.#videoClock.floor,
          decidedUpTo: () => Math.max(this.#decided, this.#timelineNow() - VIDEO_LAG),
        },
      });
      const reader = new TrackReader(
        setup.audio.readable,
        (data, at) => lane.push(data, at),
        () => void this.#audioEnded(),
      );
      this.#audio = { lane, reader };
    }
    this.#timers = [setInterval(() => this.#tick(), TICK), setInterval(() => this.#progress(), PROGRESS)];
  }

  /** Begins a recording. Never rejects: what goes wrong is sent. */
  static async open(setup: SessionSetup, send: (message: FromWorker) => void): Promise<Session | undefined> {
    try {
      const local = await LocalCopy.open(setup.recordingId, setup.storage.kind === 'device');
      const session = new Session(setup, local, send);
      void session.#start();
      return session;
    } catch (error) {
      void setup.video?.readable.cancel().catch(() => undefined);
      void setup.audio?.readable.cancel().catch(() => undefined);
      send({ type: 'failed', error: errorToMessage(error), recording: undefined });
      return undefined;
    }
  }

  async #start(): Promise<void> {
    if (!this.local.durable) {
      this.#warnings.warn(
        'device-storage-failed',
        'This device has no private file system: up to 64 MiB of what is not yet stored wait in memory.',
      );
    }
    try {
      await this.#checkCodecs();
      this.#keeper.update();
      const patience = sleep(PREFLIGHT, this.#abort.signal).catch(() => undefined);
      await Promise.race([this.#firstManifest, patience]);
    } catch (error) {
      return this.#refuse(asSteadyreelError(error));
    }
    if (this.#phase !== 'starting') return;
    this.#phase = 'recording';
    this.send({ type: 'started' });
  }

  async #checkCodecs(): Promise<void> {
    const { video, audio } = this.setup.options;
    if (this.setup.video && video.codec !== 'auto' && !(await canEncodeVideo(video.codec))) {
      throw new CodecUnsupportedError('video', video.codec, 'not at any size');
    }
    if (this.setup.audio)
      await chooseAudio(audio.codec, { sampleRate: 48_000, numberOfChannels: 2 }, audio.bitrate);
  }

  /** What was asked for can't be done: `start()` rejects, and nothing stays. */
  async #refuse(error: SteadyreelError): Promise<void> {
    if (this.#phase === 'over') return;
    await this.#throwAway();
    this.send({ type: 'failed', error: errorToMessage(error), recording: undefined });
  }

  async #writeManifest(manifest: Recording): Promise<void> {
    try {
      if (this.setup.storage.kind !== 'device') await this.local.writeManifest(manifest);
    } catch (error) {
      this.#warnings.warn('device-storage-failed', asSteadyreelError(error).message);
    }
    // A storage that refuses once is not asked again, but for the last word.
    if (this.#error && this.#phase !== 'over') return;
    const { signal } = this.#abort;
    try {
      await this.#sink.writeManifest(
        manifest,
        this.#error ? AbortSignal.any([signal, AbortSignal.timeout(LAST_WORD)]) : signal,
      );
      this.#onFirstManifest();
    } catch (error) {
      this.#onFirstManifest(error);
      if (this.#phase !== 'starting') throw error;
    }
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────────

  /** True while cuts are decided by the video. */
  #videoLeads(): boolean {
    if (!this.#videoLive) return false;
    return this.#videoClock.lastTime !== undefined || now() - this.#began < GRACE;
  }

  #timelineNow(): number {
    const { floor } = this.#videoClock;
    return Number.isFinite(floor) ? now() - floor : Number.NEGATIVE_INFINITY;
  }

  #onDecided(time: number): void {
    this.#decided = time;
    this.#audio?.lane.advance(now());
  }

  #tick(): void {
    const lane = this.#audio?.lane;
    if (!lane || this.#phase === 'ending' || this.#phase === 'over') return;
    lane.advance(now());
    if (!this.#audioLive || !this.#videoLeads() || !this.#files.current) return;
    const silent = now() - (this.#audioClock.lastArrival ?? this.#began + GRACE - SILENT_AFTER);
    if (silent > SILENT_AFTER) void this.#fill(this.#timelineNow() - FILL_BEHIND);
  }

  async #fill(until: number): Promise<void> {
    const { sampleRate, numberOfChannels } = this.setup.audio ?? {};
    const fallback = { sampleRate: sampleRate ?? 48_000, numberOfChannels: numberOfChannels ?? 1 };
    await this.#audio?.lane.fillUntil(until, fallback);
  }

  #progress(): void {
    const stats = this.#stats;
    const time = Math.max(this.#videoClock.lastTime ?? 0, this.#audio?.lane.time ?? 0);
    if (this.#phase !== 'over') stats.duration = toSeconds(time);
    stats.recordedBytes = this.#files.recordedBytes;
    this.send({ type: 'progress', stats: { ...stats }, backlog: backlogOf(stats) });
  }

  #storedBytes = new Map<string, number>();
  #onStored(key: string, bytes: number): void {
    this.#storedBytes.set(key, bytes);
    this.#stats.storedBytes = [...this.#storedBytes.values()].reduce((sum, stored) => sum + stored, 0);
  }

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────

  async #videoEnded(): Promise<void> {
    await this.#video?.lane.end(undefined);
    this.#videoLive = false;
    if (this.#phase === 'ending' || this.#phase === 'over') return;
    if (!this.#audioLive) return this.#ended();
    // The audio goes on alone, in a file of its own.
    const last = this.#files.current;
    if (last) {
      const startTime = last.endTime ?? last.setup.startTime;
      this.#files.begin({
        reason: 'track-removed',
        startTime,
        video: undefined,
        audioEpoch: this.#plan.epochAtCut(startTime),
      });
    }
    this.#audio?.lane.advance(now());
  }

  async #audioEnded(): Promise<void> {
    await this.#audio?.lane.end(now());
    this.#audioLive = false;
    if (this.#phase === 'ending' || this.#phase === 'over') return;
    this.#files.endAudioBefore(Number.POSITIVE_INFINITY);
    this.#plan.end();
    if (!this.#videoLive) this.#ended();
  }

  #ended(): void {
    this.send({ type: 'ended' });
    void this.stop();
  }

  /** Something of ours broke: ends the recording and keeps what there is. */
  #fail(thrown: unknown): void {
    const error = asSteadyreelError(thrown);
    if (this.#error || this.#phase === 'over') return;
    this.#error = error;
    this.send({ type: 'error', error: errorToMessage(error) });
    void this.stop();
  }

  /** The storage refuses: the recording goes on, and what it does not take is kept on this device. */
  #onStorageError(thrown: unknown): void {
    if (this.#error || this.#phase === 'over' || this.#abort.signal.aborted) return;
    this.#error = asSteadyreelError(thrown);
    this.send({ type: 'error', error: errorToMessage(this.#error) });
  }

  /** Takes what is on its way, finishes all files, and waits until they are durable. */
  async stop(): Promise<void> {
    if (this.#phase === 'ending' || this.#phase === 'over') return;
    this.#phase = 'ending';
    this.#stoppedAt = performance.now();
    const end = now();
    try {
      await Promise.all([this.#video?.reader.stop(), this.#audio?.reader.stop()]);
      await this.#video?.lane.end(end);
      await this.#endAudio(end);
      this.#files.endAudioBefore(Number.POSITIVE_INFINITY);
      await this.#files.settled();
      await this.#files.stored();
      await this.#complete();
    } catch (error) {
      this.#error ??= asSteadyreelError(error);
      await this.#giveUp(this.#error);
    }
  }

  async #endAudio(end: number): Promise<void> {
    const lane = this.#audio?.lane;
    if (!lane) return;
    if (this.#audioLive && this.#video && this.#files.current) {
      lane.advance(end);
      const silent = end - (this.#audioClock.lastArrival ?? 0);
      if (silent > SILENT_AFTER) await this.#fill(this.#video.lane.endTime(end));
    }
    await lane.end(end);
  }

  async #complete(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    const { files } = this.#keeper.manifest;
    if (files.length === 0) throw this.#error ?? new RecordingEmptyError();
    if (this.#error) throw this.#error;
    this.#keeper.end('complete', new Date().toISOString());
    this.#keeper.update();
    await this.#keeper.written();
    if (this.#error) throw this.#error;
    await this.#files.dispose(this.setup.storage.kind !== 'device');
    if (this.setup.storage.kind !== 'device') await this.local.remove().catch(() => undefined);
    this.#over();
    this.send({ type: 'done', recording: this.#keeper.manifest });
  }

  /** Keeps on this device what the storage did not take. */
  async #giveUp(error: SteadyreelError): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#over();
    const empty = this.#keeper.manifest.files.length === 0;
    this.#keeper.end('failed', new Date().toISOString(), error);
    await this.#files.dispose(false);
    if (empty) {
      await Promise.all([
        this.local.remove().catch(() => undefined),
        this.#sink.remove(this.setup.recordingId, AbortSignal.timeout(5_000)).catch(() => undefined),
      ]);
    } else {
      this.#keeper.update();
      await this.#keeper.written();
      await this.local.keep().catch(() => undefined);
    }
    this.send({
      type: 'failed',
      error: errorToMessage(error),
      recording: empty ? undefined : this.#keeper.manifest,
    });
  }

  #over(): void {
    this.#phase = 'over';
    for (const timer of this.#timers) clearInterval(timer);
    this.#warnings.flush();
    this.#progress();
  }

  async #throwAway(): Promise<void> {
    this.#over();
    this.#abort.abort(new DOMException('aborted', 'AbortError'));
    this.#video?.reader.cancel();
    this.#audio?.reader.cancel();
    this.#video?.lane.cancel();
    this.#audio?.lane.cancel();
    this.#files.cancel();
    await this.#files.stored();
    await this.#files.dispose(true).catch(() => undefined);
    await this.local.remove().catch(() => undefined);
    await this.#sink.remove(this.setup.recordingId, AbortSignal.timeout(10_000)).catch(() => undefined);
  }

  /** Throws the recording away, in storage too. */
  async abort(): Promise<void> {
    if (this.#phase === 'over') return;
    await this.#throwAway();
    this.send({ type: 'aborted' });
  }
}
