/** What an `AutoRecorder` does, in a file of its own that is loaded when the first one starts. In the page. */
import type { AutoRecorderEvents, AutoRecorderState } from '../auto-recorder.ts';
import type { RecorderEvents } from '../events.ts';
import type { Source } from '../make-source.ts';
import type { Recording } from '../manifest.ts';
import type { Recorder } from '../recorder.ts';
import type { Wanted } from '../recorder-source.ts';
import { decide, holdOffAfter, type Step } from './decide.ts';
import { SourceState } from './source-state.ts';

/** How often the source is looked at: a script's own `addTrack()` fires no event; milliseconds. */
const LOOK = 500;
/** Before a recording that could not be handed over is tried again; milliseconds. */
const ROLL_AGAIN = 10_000;
/** Nobody's fault: the recording was not worth to be kept. */
const DISCARDED = ['recording-too-short', 'recording-empty', 'recording-aborted'];

/** The `AutoRecorder` that it works for. */
export interface AutoHost {
  readonly recorder: Recorder;
  /** False as soon as no more recordings are to begin. */
  isOn(): boolean;
  /** What it is to record now, and what its recorder was made with. */
  source(): Source | null;
  readonly given: Source | null;
  readonly want: Wanted;
  /** Seconds. */
  readonly reconnectWindow: number;
  /** Seconds. */
  readonly maxDuration: number;
  emit<Name extends keyof AutoRecorderEvents>(name: Name, event: AutoRecorderEvents[Name]): void;
  /** A recording can't be begun. */
  fail(error: unknown): void;
  onState(state: AutoRecorderState): void;
}

const now = (): number => performance.now() / 1000;

class Auto {
  #source: Source | null = null;
  #sourceState: SourceState | undefined;
  /** What the recorder was given last. */
  #recorded: Source | null;
  #awaySince: number | undefined;
  /** Not by the page: because nothing came. */
  #paused = false;
  readonly #pause: () => void;
  /** A step takes its time. */
  #busy = false;
  #failures = 0;
  #tryAt = 0;
  /** The recorder does not take the source, and that has been told. */
  #refused = false;
  /** Id of the recording that failed last. */
  #failed: string | undefined;
  /** Id of the recording that is being handed over, or could not be. */
  #rolled: string | undefined;
  #toldAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #storing = new Set<Promise<unknown>>();
  /** Ids of recordings that have got a file. */
  readonly #begun = new Set<string>();

  constructor(private readonly host: AutoHost) {
    const { recorder } = host;
    this.#recorded = host.given;
    this.#pause = recorder.pause.bind(recorder);
    // No event tells of what the page pauses while it is paused because nothing comes; it is not to go on by itself.
    recorder.pause = () => {
      this.#pause();
      this.#paused = false;
    };
    recorder.on('state', ({ state }) => {
      if (state === 'recording') this.#paused = false;
      if (state === 'stopping' || state === 'failed') this.#ends();
      this.look();
    });
    recorder.on('progress', ({ recordingId }) => {
      if (recordingId === recorder.recording?.id) this.#onProgress();
    });
    recorder.on('error', ({ recordingId, error }) => {
      this.#failed = recordingId;
      if (recordingId === undefined) host.emit('recording-failed', { error });
    });
    recorder.on('recording', ({ recording }) => this.#onRecording(recording));
    recorder.on('finished', event => this.#onFinished(event));
  }

  start(): void {
    this.#timer ??= setInterval(this.look, LOOK);
    this.look();
  }

  /** Resolves when all recordings are stored, or have failed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sourceState?.close();
    this.#sourceState = undefined;
    this.#source = null;
    const { recorder } = this.host;
    if (recorder.state !== 'idle') this.#keep(this.#end());
    this.host.onState('off');
    await Promise.allSettled(this.#storing);
  }

  #keep(storing: Promise<unknown>): void {
    this.#storing.add(storing);
    const over = (): void => void this.#storing.delete(storing);
    storing.then(over, over);
  }

  /** Something may have changed. */
  readonly look = (): void => {
    if (!this.host.isOn() || this.#busy) return;
    const { recorder, reconnectWindow, maxDuration } = this.host;
    const source = this.host.source();
    if (source !== this.#source || !this.#sourceState) this.#take(source);
    const live = this.#sourceState?.live ?? false;
    this.#awaySince = live ? undefined : (this.#awaySince ?? now());
    const step = decide({
      recorder: recorder.state,
      live,
      changed: source !== this.#recorded,
      away: now() - (this.#awaySince ?? now()),
      paused: this.#paused,
      duration: this.#duration,
      holdOff: this.#tryAt - now(),
      reconnectWindow,
      maxDuration,
    });
    this.#do(step);
    this.#tellState();
  };

  #take(source: Source | null): void {
    this.#sourceState?.close();
    this.#source = source;
    this.#sourceState = new SourceState(source, this.host.want, this.look);
    this.#failures = this.#tryAt = 0;
    this.#refused = false;
  }

  /** As of now, not of the last progress. */
  get #duration(): number {
    const { recorder } = this.host;
    if (recorder.state !== 'recording' || recorder.recording?.id === this.#rolled) return 0;
    return recorder.stats.duration + (recorder.stats.duration > 0 ? now() - this.#toldAt : 0);
  }

  #onProgress(): void {
    this.#toldAt = now();
    const left = this.host.maxDuration - this.host.recorder.stats.duration;
    // To the moment, and not with the next progress.
    if (left < LOOK / 1000) setTimeout(this.look, left * 1000);
    this.look();
  }

  #do(step: Step): void {
    const { recorder } = this.host;
    switch (step) {
      case 'none':
        return;
      case 'start':
        return void this.#takeTime(() => this.#begin());
      case 'stop':
        return void this.#end().catch(() => undefined);
      case 'replace':
        return void this.#takeTime(() => this.#replace());
      case 'pause':
        this.#paused = true;
        return this.#pause();
      case 'resume':
        return recorder.resume();
      case 'roll-over':
        return void this.#rollOver();
    }
  }

  async #takeTime(step: () => Promise<void>): Promise<void> {
    this.#busy = true;
    await step();
    this.#busy = false;
    this.look();
  }

  async #begin(): Promise<void> {
    const { recorder } = this.host;
    const source = this.host.source();
    this.#paused = false;
    try {
      if (source && source !== this.#recorded) await this.#give(source);
      this.#recorded = source;
      if (this.host.isOn()) await recorder.start();
    } catch {
      // Told, by the recorder's events where they tell of it.
      this.#holdOff();
    }
  }

  /** No event of the recorder's tells when it does not take it. */
  async #give(source: Source): Promise<void> {
    try {
      await this.host.recorder.replaceSource(source);
    } catch (error) {
      if (!this.#refused) this.host.fail(error);
      this.#refused = true;
      throw error;
    }
  }

  async #replace(): Promise<void> {
    const { recorder } = this.host;
    const source = this.host.source();
    try {
      if (source) await recorder.replaceSource(source);
      this.#recorded = source;
    } catch {
      // The recording can't go on with it; the next one can begin with it.
      void this.#end().catch(() => undefined);
    }
  }

  async #rollOver(): Promise<void> {
    const { recorder } = this.host;
    const id = recorder.recording?.id;
    this.#rolled = id;
    const rolling = recorder.rollOver();
    this.#keep(rolling);
    await rolling.catch(() => undefined);
    // It goes on; else it is another one by now.
    setTimeout(() => {
      if (this.#rolled === id) this.#rolled = undefined;
    }, ROLL_AGAIN);
  }

  #holdOff(): void {
    this.#failures++;
    this.#tryAt = now() + holdOffAfter(this.#failures);
  }

  /** Whatever failed in it, it could have gone on. */
  #end(): Promise<Recording> {
    this.#failed = undefined;
    return this.host.recorder.stop();
  }

  /** The newest recording ends, by whomever. */
  #ends(): void {
    const { recorder } = this.host;
    this.#keep(recorder.stop());
    const broke = this.#failed !== undefined && this.#failed === recorder.recording?.id;
    if (broke && !this.#busy && this.#sourceState?.live) this.#holdOff();
  }

  #onRecording({ id, kind, linked, files }: Recording): void {
    // The one with overlays is told of by the original.
    if (kind === 'clip' || linked?.kind === 'original' || files.length === 0 || this.#begun.has(id)) return;
    this.#begun.add(id);
    this.host.emit('recording-started', { recordingId: id });
  }

  #onFinished({ recordingId, recording, error }: RecorderEvents['finished']): void {
    const { emit } = this.host;
    this.#begun.delete(recordingId);
    if (!error) {
      this.#failures = 0;
      if (recording) emit('recording-finished', { recording });
    } else if (DISCARDED.includes(error.code)) emit('recording-discarded', { recordingId, error });
    else emit('recording-failed', { recordingId, error, recording });
  }

  #tellState(): void {
    const { state } = this.host.recorder;
    const waiting = state === 'waiting' || (state === 'paused' && this.#paused);
    const recording = ['starting', 'recording', 'paused'].includes(state);
    this.host.onState(waiting ? 'waiting' : recording ? 'recording' : 'watching');
  }
}

export type { Auto };

/** What `auto.js` gives the page. */
export const openAuto = (host: AutoHost): Auto => new Auto(host);
