/**
 * A recording in simulated time: the real tracks, lanes, clocks, decisions, files and muxer, wired as the session does
 * it, with only the browser's own parts simulated.
 */
import { vi } from 'vitest';
import type { RecorderStats } from '../../src/events.ts';
import type { ByteStore } from '../../src/journal/growing-file.ts';
import type { Recording } from '../../src/manifest.ts';
import { type ResolvedOptions, resolveOptions } from '../../src/options.ts';
import { ConstantRate } from '../../src/source/constant-rate.ts';
import type { StorageSink } from '../../src/storage/sink.ts';
import { RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import type { Reporter } from '../../src/worker/protocol.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { Tracks } from '../../src/worker/tracks.ts';
import { ID } from './server-kit.ts';
import {
  type Action,
  type AudioShape,
  type Kind,
  type Next,
  type Outcome,
  type Scenario,
  SECOND,
  type Track,
  type VideoShape,
} from './timeline-scenario.ts';
import { SINK, World } from './timeline-world.ts';

/** `stop()` is over by then, even when encoders hang. */
const PATIENCE = 90 * SECOND;
/** Sleeps that are noticed. */
const ASLEEP = 10 * SECOND;
export const STARTED = '2024-05-01T10:00:00.000Z';

const optionsOf = ({ options, maxFileBytes }: Scenario): ResolvedOptions => {
  const resolved = resolveOptions(options);
  return maxFileBytes === undefined ? resolved : { ...resolved, cut: { ...resolved.cut, maxFileBytes } };
};

/** Timers that the lanes set by themselves run by the simulated clock too. */
const simulateTimers = (world: World): void => {
  vi.stubGlobal('setTimeout', (call: () => void, milliseconds = 0) => world.clock.after(milliseconds, call));
  vi.stubGlobal('clearTimeout', (cancel: (() => void) | undefined) => cancel?.());
};

/** Where a recording's bytes and what is written of it go. */
export interface Device {
  log: RecordingLog;
  sink: StorageSink;
  openStore(name: string): ByteStore;
  writeManifest(manifest: Recording): Promise<void>;
  removeWhenStored: boolean;
}

/** Opens it, given where what goes wrong is told, and what the recording has counted. */
export type OpenDevice = (world: World, report: Reporter, stats: RecorderStats) => Device;

const inMemory: OpenDevice = (world, report) => ({
  log: new RecordingLog(undefined, report.fail),
  sink: SINK,
  openStore: name => world.openStore(name),
  writeManifest: async () => undefined,
  removeWhenStored: false,
});

class SimulatedRecording {
  readonly #world: World;
  readonly #stats = emptyStats();
  readonly #failures: unknown[] = [];
  readonly #warnings = new Set<string>();
  readonly #told: string[] = [];
  readonly #options: ResolvedOptions;
  readonly #keeper: ManifestKeeper;
  readonly #files: RecordingFiles;
  readonly #tracks: Tracks;
  readonly #began: number;
  #left = 0;
  /** Since when nothing is to be on the timeline. */
  #haltedAt: number | undefined;
  #paused = false;
  #waiting = false;
  #stopAt: number | undefined;
  #overAt: number | undefined;
  #cancelled = false;

  constructor(
    private readonly scenario: Scenario,
    open: OpenDevice,
  ) {
    const world = new World(scenario);
    this.#world = world;
    simulateTimers(world);
    this.#began = world.now();
    this.#options = optionsOf(scenario);
    const report: Reporter = {
      warn: code => this.#warnings.add(code),
      fail: error => this.#fail(error),
    };
    const { writeManifest, ...device } = open(world, report, this.#stats);
    this.#keeper = new ManifestKeeper({
      ...{ id: ID, startedAt: STARTED, metadata: {}, write: writeManifest },
      ...{ onFile: () => undefined, onChange: () => undefined },
      onEvent: event => device.log.event(event),
      onError: error => this.#fail(error),
    });
    const shared = { keeper: this.#keeper, stats: this.#stats, report };
    this.#files = new RecordingFiles({
      ...{ ...shared, ...device, recordingId: ID, startedAt: STARTED, signal: new AbortController().signal },
      onStorageError: error => this.#fail(error),
    });
    this.#tracks = new Tracks({
      ...{ ...shared, setup: this.#setup(), files: this.#files, wall: world.clock },
      Rate: ConstantRate,
      onWaiting: () => this.#tell('waiting'),
      onResumed: () => this.#tell('resumed'),
      onEnded: () => this.#tell('ended'),
    });
  }

  #setup() {
    const { video, audio } = this.scenario;
    return {
      ...{ recordingId: ID, startedAt: STARTED, options: this.#options, aacEncoderUrl: 'none' },
      storage: { kind: 'device' } as const,
      video: video && this.#world.openVideo(video),
      audio: audio && this.#world.openAudio(audio),
    };
  }

  #tell(what: 'waiting' | 'resumed' | 'ended'): void {
    this.#told.push(what);
    if (what === 'ended') void this.#stop();
    this.#waiting = what === 'waiting';
    this.#noteHalt();
  }

  #fail(error: unknown): void {
    this.#failures.push(error);
    void this.#stop();
  }

  /** What passes while the recording is paused or waits is not to be on the timeline. */
  #noteHalt(): void {
    const halted = this.#paused || this.#waiting;
    const now = this.#world.now();
    if (halted) this.#haltedAt ??= now;
    else if (this.#haltedAt !== undefined) {
      this.#left += now - this.#haltedAt;
      this.#haltedAt = undefined;
    }
  }

  async #stop(): Promise<void> {
    if (this.#stopAt !== undefined) return;
    this.#stopAt = this.#world.now();
    this.#paused = this.#waiting = false;
    this.#noteHalt();
    await this.#tracks.stop();
    await this.#files.settled();
    await this.#files.stored();
    this.#overAt = this.#world.now();
  }

  #cancel(): void {
    if (this.#stopAt !== undefined) return;
    this.#stopAt = this.#overAt = this.#world.now();
    this.#cancelled = true;
    this.#tracks.cancel();
    this.#files.cancel();
  }

  async #act(action: Action): Promise<void> {
    const { clock, video, audio } = this.#world;
    switch (action.do) {
      case 'nothing':
        return;
      case 'pause':
      case 'resume':
        return this.#pause(action.do === 'pause');
      case 'stop':
        return void this.#stop();
      case 'cancel':
        return this.#cancel();
      case 'change':
        if (video) Object.assign(video.shape, action.video);
        if (audio) Object.assign(audio.shape, action.audio);
        return;
      case 'replace':
        return this.#replace(action.video, action.audio);
      case 'hold-up':
        return clock.sleep(action.for);
      case 'sleep':
        return this.#sleep(action.for, action.clocksRunOn);
      default:
        return this.#actOn(action.track, action);
    }
  }

  #actOn(track: Track, action: Extract<Action, { track: Track }>): void {
    const world = this.#world;
    const source = world[track]?.source;
    switch (action.do) {
      case 'mute':
      case 'unmute':
        if (source) source.muted = action.do === 'mute';
        return;
      case 'end':
        return source?.end();
      case 'break':
        return source?.break();
      case 'jump':
        return source?.jump(action.by);
      case 'still':
        return source?.standStill(action.count);
      case 'nonsense':
        return source?.talkNonsense(action.count);
      case 'kill':
        return (track === 'video' ? world.videoEncoders : world.audioEncoders).at(-1)?.die();
    }
  }

  /** As a page's `Recorder` lets it: not while it waits. */
  #pause(paused: boolean): void {
    if (this.#waiting || this.#stopAt !== undefined) return;
    this.#paused = paused;
    this.#noteHalt();
    if (paused) this.#tracks.pause();
    else this.#tracks.resume();
  }

  async #sleep(microseconds: number, clocksRunOn: boolean): Promise<void> {
    if (microseconds >= ASLEEP && this.#haltedAt === undefined && this.#stopAt === undefined)
      this.#left += microseconds;
    this.#world.sleep(microseconds, clocksRunOn);
    await this.#world.clock.sleep(microseconds);
  }

  #replace(video: Next<VideoShape>, audio: Next<AudioShape>): void {
    if (this.#stopAt !== undefined) return;
    const world = this.#world;
    const next = <Shape, Input>(
      to: Next<Shape>,
      open: (kind: Kind<Shape>) => Input,
    ): Input | 'same' | undefined => (to === 'gone' ? undefined : to === 'same' ? 'same' : open(to));
    void this.#tracks
      .replace({
        video: next(video, kind => world.openVideo(kind)),
        audio: next(audio, kind => world.openAudio(kind)),
      })
      .catch(error => this.#fail(error));
  }

  /** Lets everything happen, and everything come to its end. */
  async play(): Promise<Outcome> {
    const { clock } = this.#world;
    for (const { after, ...action } of this.scenario.steps) {
      await clock.advance(after);
      await this.#act(action as Action);
    }
    await clock.advance(0);
    void this.#stop();
    const patience = clock.now() + PATIENCE;
    while (this.#overAt === undefined && clock.now() < patience) await clock.advance(SECOND / 20);
    this.#world.endSources();
    await clock.advance(20 * SECOND);
    return this.#outcome();
  }

  async #outcome(): Promise<Outcome> {
    const world = this.#world;
    const { manifest } = this.#keeper;
    const { ledger, videoEncoders, audioEncoders, handed, early } = world;
    const stopAt = this.#stopAt ?? 0;
    return {
      ...{ scenario: this.scenario, options: this.#options, manifest, stats: this.#stats },
      files: await Promise.all(manifest.files.map(file => world.read(file.key, file.bytes))),
      ...{ failures: this.#failures, warnings: this.#warnings, told: this.#told },
      ...{ cancelled: this.#cancelled, ledger, videoEncoders, audioEncoders, handed, early },
      elapsed: stopAt - this.#began,
      left: this.#left,
      stopping: this.#overAt === undefined ? Number.POSITIVE_INFINITY : this.#overAt - stopAt,
    };
  }
}

/** Plays a scenario to its end. One at a time: the browser's parts are put in place for it. */
export const play = async (scenario: Scenario, open: OpenDevice = inMemory): Promise<Outcome> => {
  try {
    return await new SimulatedRecording(scenario, open).play();
  } finally {
    vi.unstubAllGlobals();
  }
};
