/** `Recorder`: what a page holds. It commands a worker and does nothing per frame. */
import { answer } from './answer.ts';
import { deferred } from './deferred.ts';
import { Emitter } from './emitter.ts';
import { errorFromMessage } from './error-from-message.ts';
import {
  asSteadyreelError,
  RecordingAbortedError,
  StateInvalidError,
  type SteadyreelError,
  WorkerFailedError,
} from './errors.ts';
import type { RecorderEvents, RecorderState, RecorderStats } from './events.ts';
import { letGo, newSetup, startWorker } from './hand-over.ts';
import { keepOpen } from './keep-open.ts';
import { makeSource, type Source } from './make-source.ts';
import type { Recording } from './manifest.ts';
import { type RecorderOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import type { Command, Openable, Opened, RecorderSource, Wanted } from './recorder-source.ts';
import { endRun, newRun, type Run, rejectRun } from './run.ts';
import { device } from './storage/device/device.ts';
import type { Storage } from './storage/storage.ts';
import type { FromWorker, ToWorker } from './worker/protocol.ts';
import { emptyStats } from './worker/stats.ts';

/** What `start()` and `stop()` promise, kept so that a second call gives the same. */
type Phase =
  | { name: 'idle' }
  | { name: 'active'; run: Run }
  | { name: 'over'; started: Promise<void>; finished: Promise<Recording>; aborted: Promise<void> };

/**
 * Records a live `MediaStream`, or a WebRTC call, into MP4 files that each keep one set of track parameters.
 *
 * @example
 * const recorder = new Recorder(stream, { storage: tus({ endpoint: '/storage' }) });
 * await recorder.start();
 * const recording = await recorder.stop();
 */
export class Recorder {
  #source: Openable;
  readonly #storage: Storage;
  readonly #options: ResolvedOptions;
  readonly #want: Wanted;
  readonly #workerUrl: string | URL | undefined;
  readonly #events = new Emitter<RecorderEvents>();
  #phase: Phase = { name: 'idle' };
  #state: RecorderState = 'idle';
  #stats: RecorderStats = emptyStats();
  #recording: Recording | undefined;

  /**
   * @param source a `MediaStream` with at least one live video or audio track when `start()` is called: its first live track
   * of each kind is recorded. Or a WebRTC call, whose frames are then recorded as they were encoded: a peer connection
   * (what it receives; of one that only sends, what it sends), or receivers, senders and `FrameFeed`s. See `tap()`.
   * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`), SourceInvalidError
   * (`source-invalid`).
   */
  constructor(source: Source, options: RecorderOptions = {}) {
    this.#options = resolveOptions(options);
    this.#want = { video: options.video !== false, audio: options.audio !== false };
    this.#storage = options.storage ?? device();
    this.#workerUrl = options.workerUrl;
    this.#source = makeSource(source, this.#want, this.#options, this.#workerUrl);
  }

  /** What the recorder is doing. */
  get state(): RecorderState {
    return this.#state;
  }

  /** What was counted, as of the last half second. */
  get stats(): RecorderStats {
    return this.#stats;
  }

  /** The manifest of the recording that runs, or of the last one. */
  get recording(): Recording | undefined {
    return this.#recording;
  }

  /** Where the files go. */
  get storage(): Storage {
    return this.#storage;
  }

  /**
   * Listens to an event.
   *
   * @returns a function that removes the listener.
   */
  on<Name extends keyof RecorderEvents>(
    name: Name,
    listener: (event: RecorderEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  #setState(state: RecorderState): void {
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    this.#events.emit('state', { state, before });
  }

  /**
   * Begins a recording. Resolves when the tracks are being read and the storage has not refused (it may still
   * be unreachable: the recording then waits on this device). A second call gives the same promise; after
   * `stop()` it begins the next recording.
   *
   * @throws SourceNoTracksError (`source-no-tracks`), SourceEndedError (`source-ended`),
   * BrowserUnsupportedError (`browser-unsupported`), CodecUnsupportedError (`codec-unsupported`),
   * StorageUnauthorizedError (`storage-unauthorized`) and other storage errors, WorkerFailedError
   * (`worker-failed`), StateInvalidError (`state-invalid`) while the one before is still stopping.
   */
  start(): Promise<void> {
    if (this.#phase.name === 'active') {
      const { run } = this.#phase;
      if (!run.stopping && !run.aborting) return run.started.promise;
      return Promise.reject(
        new StateInvalidError('start()', this.#state, 'Wait for stop() or abort() to resolve.'),
      );
    }
    try {
      return this.#begin();
    } catch (error) {
      const failure = asSteadyreelError(error);
      this.#events.emit('error', { error: failure });
      return Promise.reject(failure);
    }
  }

  #begin(): Promise<void> {
    this.#source.check();
    const worker = startWorker(this.#workerUrl);
    const run = newRun(worker);
    this.#phase = { name: 'active', run };
    this.#stats = emptyStats();
    this.#recording = undefined;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#onMessage(run, data);
    worker.onerror = event => {
      event.preventDefault();
      this.#fail(run, new WorkerFailedError(event.message || 'its script could not be loaded'));
    };
    try {
      // Before anybody hears of the new state: a listener may call stop().
      const opened = this.#source.open(run.opening.signal);
      if (opened instanceof Promise) void this.#openLater(run, opened);
      else this.#tellStart(run, opened);
    } catch (error) {
      this.#fail(run, asSteadyreelError(error));
      return run.started.promise;
    }
    run.release = keepOpen(this.#options, warning => this.#events.emit('warning', warning));
    this.#setState('starting');
    return run.started.promise;
  }

  /** What it gives has to be found out first. */
  async #openLater(run: Run, opening: Promise<Opened>): Promise<void> {
    try {
      const opened = await opening;
      if (run.opening.signal.aborted) letGo(opened.transfer);
      else this.#tellStart(run, opened);
    } catch (error) {
      if (!run.opening.signal.aborted) this.#fail(run, asSteadyreelError(error));
    }
  }

  #tellStart(run: Run, { source, setup: tracks, transfer }: Opened): void {
    const setup = newSetup(tracks, this.#options, this.#storage, this.#workerUrl);
    const held = run.held ?? [];
    run.held = undefined;
    this.#command(run, { type: 'start', setup }, transfer);
    for (const { message, transfer } of held) this.#command(run, message, transfer);
    this.#watch(run, source);
  }

  #watch(run: Run, source: RecorderSource): void {
    run.unwatch();
    run.source = source;
    run.unwatch = source.watch(() => this.#look(run));
  }

  #look(run: Run): void {
    if (run.stopping || run.aborting) return;
    try {
      const command = run.source?.look();
      if (command) void this.#replace(run, command);
    } catch (error) {
      this.#tell(run, asSteadyreelError(error));
    }
  }

  /**
   * Goes on with the tracks of another source, on the same timeline: another camera, microphone or screen, or other ends of a
   * call where a call is recorded. A new file begins only when parameters differ, or a kind of track comes or goes. Resolves
   * when the new tracks are being read. Before `start()`, and after `stop()`, the next recording takes the new source.
   *
   * @throws SourceInvalidError (`source-invalid`), SourceNoTracksError (`source-no-tracks`), SourceEndedError
   * (`source-ended`): the recording then goes on with the old source.
   */
  async replaceSource(next: Source): Promise<void> {
    const given = makeSource(next, this.#want, this.#options, this.#workerUrl);
    given.check();
    // Before, it is not known what is being opened, and by which method it is recorded.
    if (this.#phase.name === 'active' && this.#phase.run.held)
      await this.#phase.run.started.promise.catch(() => undefined);
    const run = this.#phase.name === 'active' ? this.#phase.run : undefined;
    if (!run?.source || run.stopping || run.aborting) return void (this.#source = given);
    const { source, command } = await run.source.replacedBy(given);
    this.#source = given;
    if (run.stopping || run.opening.signal.aborted) return letGo(command.transfer);
    this.#watch(run, source);
    await this.#replace(run, command);
  }

  async #replace(run: Run, command: Command): Promise<void> {
    const replaced = deferred<void>();
    run.replacing.push(replaced);
    this.#command(run, command.message, command.transfer);
    await replaced.promise;
  }

  #onMessage(run: Run, message: FromWorker): void {
    switch (message.type) {
      case 'started':
        if (!run.stopping && !run.aborting) this.#setState('recording');
        return run.started.resolve();
      case 'ask':
        return void answer(this.#storage, message, given => this.#command(run, given));
      case 'replaced':
        return run.replacing.shift()?.resolve();
      case 'waiting':
        return this.#setState('waiting');
      case 'resumed':
        return this.#setState(run.paused ? 'paused' : 'recording');
      case 'ended':
        run.stopping = true;
        return this.#setState('stopping');
      case 'file': {
        const { type: _, ...event } = message;
        return this.#events.emit('file', event);
      }
      case 'recording':
        this.#recording = message.recording;
        return this.#events.emit('recording', { recording: message.recording });
      case 'progress':
        return this.#onProgress(message);
      case 'warning': {
        const { type: _, ...event } = message;
        return this.#events.emit('warning', event);
      }
      case 'error':
        return this.#tell(run, errorFromMessage(message.error));
      case 'done':
        this.#recording = message.recording;
        run.started.resolve();
        run.finished.resolve(message.recording);
        return this.#end(run, 'stopped');
      case 'failed':
        return this.#onFailed(run, message);
      case 'aborted':
        return this.#onAborted(run);
    }
  }

  #onProgress({ stats, backlog }: Extract<FromWorker, { type: 'progress' }>): void {
    this.#stats = stats;
    const { recordedBytes, storedBytes, duration } = stats;
    this.#events.emit('progress', { recordedBytes, storedBytes, duration, backlog });
  }

  #onFailed(run: Run, message: Extract<FromWorker, { type: 'failed' }>): void {
    if (message.recording) this.#recording = message.recording;
    const error = errorFromMessage(message.error);
    // Most errors were told of when they came.
    if (run.told !== error.code) this.#tell(run, error);
    rejectRun(run, error);
    this.#end(run, 'failed');
  }

  #tell(run: Run, error: SteadyreelError): void {
    run.told = error.code;
    this.#events.emit('error', { error });
  }

  #fail(run: Run, error: SteadyreelError): void {
    this.#tell(run, error);
    rejectRun(run, error);
    this.#end(run, 'failed');
  }

  #onAborted(run: Run): void {
    rejectRun(run, new RecordingAbortedError());
    this.#recording = undefined;
    this.#end(run, 'stopped');
  }

  #end(run: Run, state: 'stopped' | 'failed'): void {
    endRun(run);
    if (this.#phase.name === 'active' && this.#phase.run === run) {
      const { started, finished, aborted } = run;
      this.#phase = {
        name: 'over',
        started: started.promise,
        finished: finished.promise,
        aborted: aborted.promise,
      };
    }
    this.#setState(state);
  }

  /**
   * Leaves out what is captured from now on. The time until `resume()` is not on the timeline, and no new file begins
   * when the source is as it was. Does nothing while paused.
   *
   * @throws StateInvalidError (`state-invalid`) when nothing is being recorded.
   */
  pause(): void {
    if (this.#state === 'paused') return;
    this.#commandWhile('recording', 'pause');
    this.#setState('paused');
  }

  /**
   * Goes on where `pause()` left off. Does nothing while recording.
   *
   * @throws StateInvalidError (`state-invalid`) when the recorder is neither paused nor recording.
   */
  resume(): void {
    if (this.#state === 'recording') return;
    this.#commandWhile('paused', 'resume');
    this.#setState('recording');
  }

  #commandWhile(state: 'recording' | 'paused', type: 'pause' | 'resume'): void {
    if (this.#phase.name !== 'active' || this.#state !== state) {
      throw new StateInvalidError(`${type}()`, this.#state, `It needs a recorder that is "${state}".`);
    }
    this.#phase.run.paused = type === 'pause';
    this.#command(this.#phase.run, { type });
  }

  /**
   * Ends the recording. Resolves with its manifest when every byte is durable in storage. A second call gives
   * the same promise.
   *
   * @throws StateInvalidError (`state-invalid`) before the first `start()`; RecordingEmptyError
   * (`recording-empty`) when nothing came from the tracks; a StorageError when the storage did not take it all:
   * the rest is then kept on this device, see `device()`.
   */
  stop(): Promise<Recording> {
    switch (this.#phase.name) {
      case 'idle':
        return Promise.reject(new StateInvalidError('stop()', this.#state, 'Call start() first.'));
      case 'over':
        return this.#phase.finished;
      case 'active': {
        const { run } = this.#phase;
        if (!run.stopping && !run.aborting) {
          run.stopping = true;
          this.#setState('stopping');
          this.#command(run, { type: 'stop' });
        }
        return run.finished.promise;
      }
    }
  }

  /**
   * Throws the recording away, in storage too. Resolves when it is gone; does nothing before `start()` and after
   * `stop()` has resolved. A second call gives the same promise.
   */
  abort(): Promise<void> {
    switch (this.#phase.name) {
      case 'idle':
        return Promise.resolve();
      case 'over':
        return this.#phase.aborted;
      case 'active': {
        const { run } = this.#phase;
        if (!run.aborting) {
          run.aborting = true;
          this.#setState('stopping');
          if (run.held) this.#onAborted(run);
          else this.#command(run, { type: 'abort' });
        }
        return run.aborted.promise;
      }
    }
  }

  #command(run: Run, message: ToWorker, transfer: Transferable[] = []): void {
    if (run.held) run.held.push({ message, transfer });
    else run.worker.postMessage(message, transfer);
  }
}
