/** `AutoRecorder`: begins and ends recordings as a stream comes and goes. What it does is loaded when it is started. In the page. */
import type { Auto, AutoHost } from './auto/auto.ts';
import { Emitter } from './emitter.ts';
import { asSteadyreelError, type SteadyreelError } from './errors.ts';
import { addressOf } from './hand-over.ts';
import { load } from './load.ts';
import type { Source } from './make-source.ts';
import type { Recording } from './manifest.ts';
import { inRange, type RecorderOptions } from './options.ts';
import { Recorder } from './recorder.ts';

/** Options of an `AutoRecorder`: those of a `Recorder`, and one more. */
export interface AutoRecorderOptions extends RecorderOptions {
  /**
   * Seconds, from 1. Default `Infinity`. A recording that is so long is ended, and the next one begins with the next frame: see
   * `Recorder.rollOver()`.
   */
  maxDuration?: number;
}

/**
 * What an `AutoRecorder` is doing: `off` before `start()` and after `stop()`; `watching` for a stream that is live; `recording`;
 * `waiting` for a stream to come back, within `reconnectWindow`.
 */
export type AutoRecorderState = 'off' | 'watching' | 'recording' | 'waiting';

/** Events of an `AutoRecorder`, by name. All others are those of its `recorder`. */
export interface AutoRecorderEvents {
  /** The state changed. */
  state: { state: AutoRecorderState; before: AutoRecorderState };
  /** A recording has got its first frames. */
  'recording-started': { recordingId: string };
  /** A recording is over, and every byte of it is durable in storage. */
  'recording-finished': { recording: Recording };
  /** A recording was shorter than `minDuration`, or nothing came (`error.code` says which): nothing of it is in storage. */
  'recording-discarded': { recordingId: string; error: SteadyreelError };
  /** A recording failed, or could not be begun; `recording` is what was kept of it on this device. The next one is tried all the same. */
  'recording-failed': { recordingId?: string; error: SteadyreelError; recording?: Recording | undefined };
}

/** What `auto.js`, loaded on demand, exports. */
interface AutoModule {
  openAuto(host: AutoHost): Auto;
}

/**
 * Records by itself: a recording begins when the stream goes live (tracks that are live and not muted), and ends when it ends.
 *
 * @example
 * const auto = new AutoRecorder(stream, { storage: tus({ endpoint: '/storage' }), reconnectWindow: 30, minDuration: 5 });
 * auto.on('recording-finished', ({ recording }) => console.log(recording.id, recording.duration));
 * auto.start();
 */
export class AutoRecorder {
  /** All of its recordings are made by this one: for `stats`, and for events. To start and stop it is left to the `AutoRecorder`. */
  readonly recorder: Recorder;
  readonly #events = new Emitter<AutoRecorderEvents>();
  readonly #given: Source | null;
  readonly #options: AutoRecorderOptions;
  readonly #maxDuration: number;
  #source: Source | null;
  #state: AutoRecorderState = 'off';
  #on = false;
  #auto: Promise<Auto> | undefined;

  /**
   * @param source what is to be recorded, as for a `Recorder`; null: it comes later, see `source`.
   * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
   */
  constructor(source: Source | null, options: AutoRecorderOptions = {}) {
    const { maxDuration, ...others } = options;
    this.#maxDuration = inRange(maxDuration, 'maxDuration', 1, Infinity, 'seconds', Infinity);
    this.recorder = new Recorder(source ?? new MediaStream(), others);
    this.#options = options;
    this.#source = this.#given = source;
  }

  /** What it is doing. */
  get state(): AutoRecorderState {
    return this.#state;
  }

  /**
   * What is recorded when it is live. With a `reconnectWindow`, the recording that runs or waits goes on with another source as soon as
   * that is live; without one, it ends, and the next one begins.
   */
  get source(): Source | null {
    return this.#source;
  }

  /** See the getter. */
  set source(source: Source | null) {
    this.#source = source;
    void this.#auto?.then(auto => auto.look());
  }

  /**
   * Listens to an event.
   *
   * @returns a function that removes the listener.
   */
  on<Name extends keyof AutoRecorderEvents>(
    name: Name,
    listener: (event: AutoRecorderEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** From now on, recordings begin by themselves. */
  start(): void {
    this.#on = true;
    this.#auto ??= this.#load();
    this.#auto.then(
      auto => auto.start(),
      error => {
        this.#auto = undefined;
        this.#on = false;
        this.#fail(error);
      },
    );
  }

  /**
   * Ends the recording that runs, and begins no other. Resolves when all of its recordings are stored or have failed, which its events
   * tell; never rejects.
   */
  stop(): Promise<void> {
    this.#on = false;
    const stopped = this.#auto?.then(
      auto => auto.stop(),
      () => undefined,
    );
    return stopped ?? Promise.resolve();
  }

  async #load(): Promise<Auto> {
    const { workerUrl, video, audio, reconnectWindow = 0 } = this.#options;
    const { openAuto } = await load<AutoModule>(addressOf('auto.js', workerUrl));
    return openAuto({
      recorder: this.recorder,
      isOn: () => this.#on,
      source: () => this.#source,
      given: this.#given,
      want: { video: video !== false, audio: audio !== false },
      reconnectWindow,
      maxDuration: this.#maxDuration,
      emit: (name, event) => this.#events.emit(name, event),
      fail: error => this.#fail(error),
      onState: state => this.#setState(state),
    });
  }

  #fail(error: unknown): void {
    this.#events.emit('recording-failed', { error: asSteadyreelError(error) });
  }

  #setState(state: AutoRecorderState): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    this.#events.emit('state', { state, before });
  }
}
