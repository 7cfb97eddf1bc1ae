/** One recording of a `Recorder`, from `start()` until its worker has said its last word. In the page. */
import { answer } from './answer.ts';
import { type Deferred, deferred } from './deferred.ts';
import { errorFromMessage } from './error-from-message.ts';
import {
  asSteadyreelError,
  RecordingAbortedError,
  RecordingTooShortError,
  StateInvalidError,
  type SteadyreelError,
  StorageError,
  WorkerFailedError,
} from './errors.ts';
import type { RecorderEvents, RecorderState, RecorderStats, Told } from './events.ts';
import { type Given, letGo, newSetup, prepareWorker, startWorker } from './hand-over.ts';
import type { Recording } from './manifest.ts';
import { keepOpen } from './on-demand.ts';
import type { Joined, OverlayControl } from './overlay-control.ts';
import type { Command, Openable, Opened, RecorderSource } from './recorder-source.ts';
import type { Storage } from './storage/storage.ts';
import type { FromWorker, ToWorker } from './worker/protocol.ts';
import { emptyStats } from './worker/stats.ts';

/** What its recorder gives it, and hears from it. */
export interface RunHost extends Given {
  readonly overlays: OverlayControl;
  emit<Name extends keyof RecorderEvents>(name: Name, event: RecorderEvents[Name]): void;
  /** The run's state may have changed. */
  onState(run: Run): void;
}

/** Storages that have taken recordings of this page, or at least not refused them. */
const known = new WeakSet<Storage>();
const NO_OVERLAYS: Joined = { overlays: undefined, transfer: [], leave: () => undefined };

/** What becomes of it: it goes on, it was told to end, or is to be thrown away; or its worker is no more. */
type End = 'open' | 'stop' | 'abort' | 'over';

export class Run {
  readonly id = crypto.randomUUID();
  readonly started = deferred<void>();
  /** It is not open any more. */
  readonly closed = deferred<void>();
  readonly #finished = deferred<Recording>();
  readonly #aborted = deferred<void>();
  readonly #worker: Worker;
  #state: RecorderState = 'idle';
  #stats = emptyStats();
  #recording: Recording | undefined;
  #linked: Recording | undefined;
  #end: End = 'open';
  /** It may end without anything recorded, and nobody needs to know. */
  #quiet = false;
  /** Code of the error that the page has been told of last. */
  #told: string | undefined;
  /** Calls of `replaceSource()` that the worker has not answered. */
  #replacing: Deferred<void>[] = [];
  /** What is being recorded; absent while it is being opened. */
  #source: RecorderSource | undefined;
  /** Commands for a worker that has not been told to start yet, as its source is still being opened. */
  #held: Command[] | undefined = [];
  /** Aborts when nothing is to be opened any more. */
  readonly #opening = new AbortController();
  #after: MessagePort | undefined;
  /** By the page; the state may be `waiting` meanwhile. */
  #paused = false;
  /** No more overlays are drawn for it. */
  #leave = (): void => undefined;
  /** Ends the watch over the source's tracks. */
  #unwatch = (): void => undefined;
  /** Lets go of what keeps the page awake and open. */
  #release = (): void => undefined;

  /** @throws WorkerFailedError (`worker-failed`). */
  constructor(private readonly host: RunHost) {
    this.#worker = startWorker(host.workerUrl);
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#onMessage(data);
    this.#worker.onerror = event => {
      event.preventDefault();
      this.#fail(new WorkerFailedError(event.message || 'its script could not be loaded'));
    };
  }

  get state(): RecorderState {
    return this.#state;
  }

  /** As of the last second. */
  get stats(): RecorderStats {
    return this.#stats;
  }

  /** Its manifest; `undefined` before there is one, and when it was thrown away. */
  get recording(): Recording | undefined {
    return this.#recording;
  }

  /** All manifests: with `record: 'both'`, two. */
  get recordings(): Recording[] {
    return [this.#recording, this.#linked].filter(recording => recording !== undefined);
  }

  /** What `stop()` promises, for one that ends by itself. */
  get finished(): Promise<Recording> {
    return this.#finished.promise;
  }

  /** False as soon as it is to end, or has. */
  get open(): boolean {
    return this.#end === 'open';
  }

  #setState(state: RecorderState): void {
    this.#state = state;
    if (!this.open) {
      this.closed.resolve();
      this.#leave();
    }
    this.host.onState(this);
  }

  /**
   * Begins to read the source. What goes wrong is told, and `started` rejects with it.
   *
   * @param after to the worker of the recording that this one goes on from.
   */
  begin(source: Openable, after?: MessagePort): void {
    this.#after = after;
    try {
      // Before anybody hears of the new state: a listener may call stop().
      const opened = source.open(this.#opening.signal);
      if (opened instanceof Promise) void this.#openLater(opened);
      else this.#tellStart(opened);
    } catch (error) {
      return this.#fail(asSteadyreelError(error));
    }
    this.#release = keepOpen(this.host.options, warning => this.#warn(warning));
    this.#setState('starting');
  }

  /** What it gives has to be found out first. */
  async #openLater(opening: Promise<Opened>): Promise<void> {
    const { signal } = this.#opening;
    try {
      const opened = await opening;
      if (signal.aborted) letGo(opened.transfer);
      else this.#tellStart(opened);
    } catch (error) {
      if (!signal.aborted) this.#fail(asSteadyreelError(error));
    }
  }

  #tellStart({ source, setup: tracks, transfer }: Opened): void {
    // Into what is made of a ring they are drawn there.
    const {
      overlays,
      transfer: theirs,
      leave,
    } = tracks.ring ? NO_OVERLAYS : this.host.overlays.join(!tracks.call);
    this.#leave = leave;
    const held = this.#held ?? [];
    this.#held = undefined;
    const after = this.#after;
    const own = { storageKnown: known.has(this.host.storage), after };
    const setup = { ...newSetup(this.id, { ...tracks, overlays }, this.host), ...own };
    this.#command({ type: 'start', setup }, [...transfer, ...theirs, ...(after ? [after] : [])]);
    for (const { message, transfer } of held) this.#command(message, transfer);
    this.#watch(source);
  }

  #watch(source: RecorderSource): void {
    this.#unwatch();
    this.#source = source;
    this.#unwatch = source.watch(() => this.#look());
  }

  #look(): void {
    if (!this.open) return;
    try {
      const command = this.#source?.look();
      if (command) void this.#replace(command);
    } catch (error) {
      this.#tell(asSteadyreelError(error));
    }
  }

  /**
   * Goes on with another source, unless it ends meanwhile. Resolves when its tracks are being read.
   *
   * @param taken called when nothing is in the way of that.
   * @throws as `RecorderSource.replacedBy()`.
   */
  async replaceSource(next: Openable, taken: () => void): Promise<void> {
    // Before, it is not known what is being opened, and by which method it is recorded.
    if (this.#held) await this.started.promise.catch(() => undefined);
    if (!this.#source || !this.open) return taken();
    const { source, command } = await this.#source.replacedBy(next);
    taken();
    if (!this.open) return letGo(command.transfer);
    this.#watch(source);
    await this.#replace(command);
  }

  async #replace(command: Command): Promise<void> {
    const replaced = deferred<void>();
    this.#replacing.push(replaced);
    this.#command(command.message, command.transfer);
    await replaced.promise;
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'started':
        return this.#onStarted();
      case 'ask':
        return void answer(this.host.storage, message, given => this.#command(given));
      case 'replaced':
        return this.#replacing.shift()?.resolve();
      case 'waiting':
        if (this.open) this.#setState('waiting');
        return;
      case 'resumed':
        if (this.open) this.#setState(this.#paused ? 'paused' : 'recording');
        return;
      case 'ended':
        if (this.open) this.#end = 'stop';
        return this.#setState('stopping');
      case 'file': {
        const { type: _, ...event } = message;
        return this.host.emit('file', { recordingId: this.id, ...event });
      }
      case 'recording':
        this.#recording = message.recording;
        return this.host.emit('recording', { recording: message.recording });
      case 'linked':
        this.#linked = message.recording;
        return this.host.emit('recording', { recording: message.recording });
      case 'progress':
        return this.#onProgress(message);
      case 'warning': {
        const { type: _, ...event } = message;
        return this.#warn(event);
      }
      case 'error':
        return this.#tell(errorFromMessage(message.error));
      case 'done':
        this.#recording = message.recording;
        this.started.resolve();
        this.#finished.resolve(message.recording);
        return this.#over('stopped');
      case 'failed':
        return this.#onFailed(message);
      case 'aborted':
        return this.#onAborted(message.tooShort);
    }
  }

  #onStarted(): void {
    const { storage, workerUrl } = this.host;
    known.add(storage);
    prepareWorker(workerUrl);
    // A source may have ended and be waited for already.
    if (this.#state === 'starting') this.#setState('recording');
    this.started.resolve();
  }

  #onProgress({ stats, backlog }: Extract<FromWorker, { type: 'progress' }>): void {
    this.#stats = stats;
    this.#look();
    const { recordedBytes, storedBytes, duration } = stats;
    const recordingId = this.id;
    this.host.emit('progress', { recordingId, recordedBytes, storedBytes, duration, backlog });
  }

  #warn(warning: Told<'warning'> & { recordingId?: string }): void {
    this.host.emit('warning', { recordingId: this.id, ...warning });
  }

  #onFailed(message: Extract<FromWorker, { type: 'failed' }>): void {
    if (message.recording) this.#recording = message.recording;
    const error = errorFromMessage(message.error);
    // Most errors were told of when they came.
    if (this.#told !== error.code && !this.#isNothing(error)) this.#tell(error);
    this.#reject(error, 'failed');
  }

  #isNothing(error: SteadyreelError | undefined): boolean {
    return this.#quiet && error?.code === 'recording-empty';
  }

  #tell(error: SteadyreelError): void {
    this.#told = error.code;
    if (error instanceof StorageError) known.delete(this.host.storage);
    this.host.emit('error', { error, recordingId: this.id });
  }

  #fail(error: SteadyreelError): void {
    this.#tell(error);
    this.#reject(error, 'failed');
  }

  #onAborted(tooShort = false): void {
    this.#recording = this.#linked = undefined;
    const { minDuration } = this.host.options;
    this.#reject(tooShort ? new RecordingTooShortError(minDuration) : new RecordingAbortedError(), 'stopped');
  }

  /** It ends without a recording. */
  #reject(error: SteadyreelError, state: 'stopped' | 'failed'): void {
    this.started.reject(error);
    this.#finished.reject(error);
    this.#over(state, error);
  }

  /** Lets go of all that it holds; what was promised is kept. */
  #over(state: 'stopped' | 'failed', error?: SteadyreelError): void {
    this.#end = 'over';
    this.#opening.abort();
    this.#aborted.resolve();
    for (const replaced of this.#replacing.splice(0)) replaced.resolve();
    this.#unwatch();
    this.#release();
    this.#worker.onmessage = null;
    this.#worker.onerror = null;
    this.#worker.terminate();
    this.#setState(state);
    const { id: recordingId, recording } = this;
    if (!this.#isNothing(error))
      this.host.emit('finished', { recordingId, recording, ...(error && { error }) });
  }

  /** @throws StateInvalidError (`state-invalid`). */
  pause(): void {
    if (this.#state === 'paused') return;
    this.#commandWhile('recording', 'pause');
    this.#setState('paused');
  }

  /** @throws StateInvalidError (`state-invalid`). */
  resume(): void {
    if (this.#state === 'recording') return;
    this.#commandWhile('paused', 'resume');
    this.#setState('recording');
  }

  #commandWhile(state: 'recording' | 'paused', type: 'pause' | 'resume'): void {
    if (this.#state !== state)
      throw new StateInvalidError(`${type}()`, this.#state, `It needs a recorder that is "${state}".`);
    this.#paused = type === 'pause';
    this.#command({ type });
  }

  /** A second call gives the same promise. */
  stop(): Promise<Recording> {
    if (this.open) {
      this.#end = 'stop';
      this.#setState('stopping');
      this.#command({ type: 'stop' });
    }
    return this.#finished.promise;
  }

  /** Lets the recording at the other end of the port begin with the frame before which this one ends. */
  handOver(port: MessagePort): void {
    this.#command({ type: 'hand-over', port }, [port]);
  }

  /**
   * Ends it as `stop()` does, but if nothing has been recorded, nobody hears of it.
   *
   * @param late also when it is about to take over: else its worker knows.
   */
  quit(late?: boolean): void {
    this.#quiet = true;
    if (late || this.#held) void this.stop();
    else this.#command({ type: 'stop', inTime: true });
  }

  /** A second call gives the same promise. */
  abort(): Promise<void> {
    if (this.#end === 'open' || this.#end === 'stop') {
      this.#end = 'abort';
      this.#setState('stopping');
      if (this.#held) this.#onAborted();
      else this.#command({ type: 'abort' });
    }
    return this.#aborted.promise;
  }

  #command(message: ToWorker, transfer: Transferable[] = []): void {
    if (this.#held) this.#held.push({ message, transfer });
    else this.#worker.postMessage(message, transfer);
  }
}
