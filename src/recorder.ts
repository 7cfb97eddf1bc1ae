/** `Recorder`: what a page holds. It commands a worker for each recording, and does nothing per frame. */

import type { RingState } from './clip/protocol.ts';
import { type ClipOptions, resolveClip, resolvePreRoll, type StartOptions } from './clip-options.ts';
import type { Dvr } from './dvr.ts';
import { fromDvr, loadDvr } from './dvr-load.ts';
import { Emitter } from './emitter.ts';
import { asSteadyreelError, RecordingEmptyError, StateInvalidError } from './errors.ts';
import type { RecorderEvents, RecorderState, RecorderStats } from './events.ts';
import { makeSource, type Source } from './make-source.ts';
import type { Recording } from './manifest.ts';
import { type RecorderOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { OverlayControl, type Overlays } from './overlay-control.ts';
import type { Openable, Wanted } from './recorder-source.ts';
import { Run, type RunHost } from './run.ts';
import { device } from './storage/device/device.ts';
import type { Storage } from './storage/storage.ts';
import { emptyStats } from './worker/stats.ts';

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
  readonly #options: ResolvedOptions;
  readonly #want: Wanted;
  readonly #events = new Emitter<RecorderEvents>();
  readonly #host: RunHost;
  /** The newest recording. Those before it may still be being stored. */
  #run: Run | undefined;
  /** What keeps the last of the stream, as it is loaded, and once it is. */
  #loading: Promise<Dvr> | undefined;
  #dvr: Dvr | undefined;
  /** The one that takes over from it, until it has. */
  #next: Run | undefined;
  /** While it is being handed over. */
  #rolling: Promise<Recording> | undefined;
  /** What the page has been told last. */
  #state: RecorderState = 'idle';

  /**
   * @param source a `MediaStream` with at least one live video or audio track when `start()` is called: its first live track
   * of each kind is recorded. Or a WebRTC call, whose frames are then recorded as they were encoded: a peer connection
   * (what it receives; of one that only sends, what it sends), or receivers, senders and `FrameFeed`s. See `tap()`.
   * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
   */
  constructor(source: Source, options: RecorderOptions = {}) {
    this.#options = resolveOptions(options);
    this.#want = { video: options.video !== false, audio: options.audio !== false };
    this.#host = {
      options: this.#options,
      storage: options.storage ?? device(),
      workerUrl: options.workerUrl,
      overlays: new OverlayControl(this.#options, options.workerUrl, warning =>
        this.#events.emit('warning', warning),
      ),
      emit: (name, event) => this.#events.emit(name, event),
      onState: run => this.#onState(run),
    };
    this.#source = this.#makeSource(source);
    if (this.#options.dvr !== false) void this.#keepRing();
  }

  #keepRing(): Promise<Dvr> {
    const { options, workerUrl, overlays, emit } = this.#host;
    const loading = loadDvr(this.#source, {
      ...{ options, workerUrl, overlays },
      warn: warning => emit('warning', warning),
      fail: error => emit('error', { error }),
    });
    this.#loading = loading;
    loading.then(
      dvr => {
        this.#dvr = dvr;
        dvr.keep();
      },
      // Who asks for something of it hears why there is none; it may be there the next time.
      () => {
        this.#loading = undefined;
      },
    );
    return loading;
  }

  #makeSource(source: Source): Openable {
    return makeSource(source, this.#want, this.#options, this.#host.workerUrl);
  }

  /** What the recorder is doing: with its newest recording, as all that follows. Others may still be being stored. */
  get state(): RecorderState {
    return this.#state;
  }

  /** What was counted, as of the last second. */
  get stats(): RecorderStats {
    return this.#run?.stats ?? emptyStats();
  }

  /** The manifest of the recording that runs, or of the last one. */
  get recording(): Recording | undefined {
    return this.#run?.recording;
  }

  /** That, and with `record: 'both'` the one with overlays beside it. */
  get recordings(): Recording[] {
    return this.#run?.recordings ?? [];
  }

  /** What is drawn into every frame. */
  get overlays(): Overlays {
    return this.#host.overlays;
  }

  /** Where the files go. */
  get storage(): Storage {
    return this.#host.storage;
  }

  /** What `dvr` holds, as of the last half second; `undefined` while it holds nothing. */
  get dvr(): RingState | undefined {
    return this.#dvr?.state;
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

  #onState(run: Run): void {
    if (run === this.#next && !run.open) this.#next = undefined;
    if (run === this.#run && !run.open && this.#next) {
      this.#run = this.#next;
      this.#next = undefined;
      // The pause came too late to keep it from taking over.
      if (this.#state === 'paused' && this.#run.state === 'recording') this.#run.pause();
    }
    const state = this.#run?.state ?? this.#state;
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    this.#events.emit('state', { state, before });
  }

  /**
   * Begins a recording. Resolves when the tracks are being read and the storage has not refused (it may still
   * be unreachable: the recording then waits on this device). A second call gives the same promise; after
   * `stop()` it begins the next recording, also while the ones before are still being stored.
   *
   * @throws OptionInvalidError (`option-invalid`), StateInvalidError (`state-invalid`) for `preRoll` without `dvr`,
   * SourceInvalidError (`source-invalid`), SourceNoTracksError (`source-no-tracks`), SourceEndedError (`source-ended`),
   * BrowserUnsupportedError (`browser-unsupported`), CodecUnsupportedError (`codec-unsupported`),
   * StorageUnauthorizedError (`storage-unauthorized`) and other storage errors, WorkerFailedError
   * (`worker-failed`).
   */
  start(options: StartOptions = {}): Promise<void> {
    if (this.#run?.open) return this.#run.started.promise;
    let source: Openable;
    try {
      const preRoll = resolvePreRoll(options);
      source = this.#checked(preRoll);
      this.#run = new Run(this.#host);
    } catch (thrown) {
      const error = asSteadyreelError(thrown);
      this.#events.emit('error', { error });
      return Promise.reject(error);
    }
    const { started } = this.#run;
    this.#run.begin(source);
    return started.promise;
  }

  /** What a recording is made of that begins so many seconds ago. */
  #checked(preRoll: number): Openable {
    this.#source.check();
    if (preRoll === 0 && this.#options.dvr === false) return this.#source;
    return fromDvr(this.#ring('preRoll'), { request: { kind: 'live', preRoll }, exact: false });
  }

  /** @throws StateInvalidError (`state-invalid`). */
  #ring(call: string): Promise<Dvr> {
    if (this.#options.dvr !== false) return this.#loading ?? this.#keepRing();
    throw new StateInvalidError(call, this.#state, 'Make the recorder with dvr: { seconds }.');
  }

  /**
   * Makes a recording of its own, of kind `clip`, of what the ring holds, whether a recording runs or not. Resolves with its
   * manifest when every byte of it is durable in storage.
   *
   * @throws OptionInvalidError (`option-invalid`), StateInvalidError (`state-invalid`) without `dvr`, SourceEndedError
   * (`source-ended`) when nothing is kept, RecordingEmptyError (`recording-empty`), a StorageError as `stop()`.
   */
  async clip(wanted: ClipOptions): Promise<Recording> {
    const { request, exact, metadata = this.#options.metadata } = resolveClip(wanted);
    const dvr = this.#ring('clip()');
    const options = { ...this.#options, metadata, minDuration: 0 };
    const { emit } = this.#host;
    const host: RunHost = {
      ...{ ...this.#host, options, onState: () => undefined },
      // What becomes of it is promised.
      emit: (name, event) => name !== 'finished' && emit(name, event),
    };
    const run = new Run(host);
    run.started.promise.catch(() => undefined);
    run.begin(fromDvr(dvr, { request, exact, kind: 'clip' }));
    return run.finished;
  }

  /** Ends what `dvr` keeps, and lets go of it. Recordings that are made of it end. A recorder that has none does nothing. */
  close(): void {
    void this.#loading?.then(
      dvr => dvr.close(),
      () => undefined,
    );
  }

  /**
   * Goes on with the tracks of another source, on the same timeline: another camera, microphone or screen, or other ends of a
   * call where a call is recorded. A new file begins only when parameters differ, or a kind of track comes or goes. Resolves
   * when the new tracks are being read. Before `start()`, and after `stop()`, the next recording takes the new source.
   *
   * @throws SourceInvalidError (`source-invalid`), SourceNoTracksError (`source-no-tracks`), SourceEndedError
   * (`source-ended`); of a call whose own frames can't be had, PassthroughUnavailableError (`passthrough-unavailable`) and
   * TransformTakenError (`transform-taken`), whatever `fallback` is: the recording then goes on with the old source.
   */
  async replaceSource(source: Source): Promise<void> {
    const given = this.#makeSource(source);
    given.check();
    const next = this.#next;
    // It ends, or it was too late for that and it takes over.
    if (next) {
      next.quit();
      await Promise.race([next.closed.promise, this.#run?.closed.promise]);
    }
    const take = (): void => {
      this.#source = given;
    };
    if (this.#loading) return (await this.#loading).replaceSource(given).then(take);
    if (this.#run?.open) await this.#run.replaceSource(given, take);
    else take();
  }

  /**
   * Leaves out what is captured from now on. The time until `resume()` is not on the timeline, and no new file begins
   * when the source is as it was. Does nothing while paused.
   *
   * @throws StateInvalidError (`state-invalid`) when nothing is being recorded.
   */
  pause(): void {
    this.#next?.quit();
    this.#running('pause()').pause();
  }

  /**
   * Goes on where `pause()` left off. Does nothing while recording.
   *
   * @throws StateInvalidError (`state-invalid`) when the recorder is neither paused nor recording.
   */
  resume(): void {
    this.#running('resume()').resume();
  }

  #running(call: string): Run {
    if (this.#run) return this.#run;
    throw new StateInvalidError(call, this.#state, 'Call start() first.');
  }

  /**
   * Ends the recording. Resolves with its manifest when every byte is durable in storage; the next `start()` need not wait for
   * that. A second call gives the same promise, until then.
   *
   * @throws StateInvalidError (`state-invalid`) before the first `start()`; RecordingEmptyError
   * (`recording-empty`) when nothing came from the tracks; a StorageError when the storage did not take it all:
   * the rest is then kept on this device, see `device()`.
   */
  stop(): Promise<Recording> {
    this.#next?.quit(true);
    if (this.#run) return this.#run.stop();
    return Promise.reject(new StateInvalidError('stop()', this.#state, 'Call start() first.'));
  }

  /**
   * Ends the recording, and begins the next one with the next frame: none is lost, and none is in both. Of a call, of sound
   * alone, and with `dvr`, the two overlap by up to some seconds. Resolves with the one that has ended,
   * as `stop()` does; `state` stays `recording`. A second call, while it is under way, gives the same promise.
   *
   * @throws StateInvalidError (`state-invalid`) when nothing is being recorded; what `start()` may reject with;
   * RecordingEmptyError (`recording-empty`) when `pause()` or `replaceSource()` has come in between, and in time: the recording
   * then goes on as it is.
   */
  rollOver(): Promise<Recording> {
    const run = this.#run;
    if (run?.state !== 'recording')
      return Promise.reject(
        new StateInvalidError('rollOver()', this.#state, 'It needs a recorder that is "recording".'),
      );
    this.#rolling ??= this.#rollOver(run);
    return this.#rolling;
  }

  async #rollOver(run: Run): Promise<Recording> {
    try {
      const source = this.#checked(0);
      const next = new Run(this.#host);
      const { port1, port2 } = new MessageChannel();
      this.#next = next;
      next.begin(source, port1);
      run.handOver(port2);
      // The next one fails, or has taken over.
      await Promise.race([next.finished, run.closed.promise]);
    } finally {
      // What fails at once does so before it is `#rolling`.
      await undefined;
      this.#rolling = undefined;
    }
    // Given up: that one goes on.
    if (run.open) throw new RecordingEmptyError();
    return run.stop();
  }

  /**
   * Throws the recording away, in storage too. Resolves when it is gone; does nothing before `start()` and after
   * `stop()` has resolved. A second call gives the same promise.
   */
  abort(): Promise<void> {
    this.#next?.quit(true);
    return this.#run?.abort() ?? Promise.resolve();
  }
}
