/** One recording in the worker, from its start until every byte is durable: wires the rooms together. */
import { deferred } from '../deferred.ts';
import { asSteadyreelError, errorToMessage, RecordingEmptyError, type SteadyreelError } from '../errors.ts';
import type { Recording } from '../manifest.ts';
import { wallClock } from '../source/wall-clock.ts';
import { withDeadline } from '../storage/http.ts';
import { sleep } from '../storage/retry.ts';
import type { SinkEvents, StorageSink } from '../storage/sink.ts';
import { storageTag } from '../storage/storage.ts';
import type { Asks } from './asks.ts';
import { checkCodecs } from './check-codecs.ts';
import { RecordingFiles } from './files.ts';
import { Latest } from './latest.ts';
import { ManifestKeeper } from './manifest-keeper.ts';
import { openParts, type SessionParts } from './open-parts.ts';
import { tellProgress } from './progress.ts';
import type { CallReplacement, FromWorker, Replacement, Reporter, SessionSetup } from './protocol.ts';
import { RecordingLog } from './recording-log.ts';
import { watchRoom } from './room.ts';
import { leave, methodOf, type OpenTracks, type SessionTracks } from './session-tracks.ts';
import { backlogOf, emptyStats } from './stats.ts';
import { Warnings } from './warnings.ts';
import { writeAlarm } from './write-alarm.ts';

/** `start()` waits this long for a storage that does not answer; milliseconds. */
const PREFLIGHT = 3_000;
/** A storage that has refused gets this long to take the manifest that says so; milliseconds. */
const LAST_WORD = 3_000;

type Phase = 'starting' | 'recording' | 'ending' | 'over';

export class Session {
  #phase: Phase = 'starting';
  /** What went wrong for good first; the recording ends with it. */
  #error: SteadyreelError | undefined;
  #stoppedAt: number | undefined;
  #storedBytes = new Map<string, number>();
  /** The storage has the newest manifest. */
  #saidAll = false;
  readonly #firstManifest = deferred<void>();
  readonly #abort = new AbortController();
  readonly #kept = new Latest(() => this.#keepManifest());
  readonly #stats = emptyStats();
  readonly #warnings: Warnings;
  readonly #sink: StorageSink;
  readonly #log: RecordingLog;
  readonly #keeper: ManifestKeeper;
  readonly #files: RecordingFiles;
  readonly #tracks: SessionTracks;
  readonly #stopTimers: () => void;

  /** Use `Session.open`. Starts reading the tracks at once. */
  private constructor(
    private readonly setup: SessionSetup,
    private readonly parts: SessionParts,
    private readonly asks: Asks,
    private readonly send: (message: FromWorker) => void,
  ) {
    const { journal, openSink, openTracks } = parts;
    this.#warnings = new Warnings(warning => send({ type: 'warning', ...warning }));
    const report: Reporter = {
      warn: (code, message, count) => this.#warnings.warn(code, message, count),
      fail: error => this.#fail(error),
    };
    const now = (): number | undefined => this.#tracks.now;
    this.#log = new RecordingLog(journal.tail, report.fail, writeAlarm(now));
    this.#sink = openSink(this.#sinkEvents(report));
    this.#keeper = this.#openKeeper();
    this.#files = this.#openFiles(report);
    this.#tracks = openTracks({
      setup: this.parts.turn?.hold(setup) ?? setup,
      files: this.#files,
      keeper: this.#keeper,
      stats: this.#stats,
      report,
      wall: wallClock,
      beside: { put: object => this.#sink.put(object, this.#abort.signal), keeper: this.#keeper },
      onWaiting: () => send({ type: 'waiting' }),
      onResumed: () => send({ type: 'resumed' }),
      onEnded: () => void this.stop(),
    });
    const silence = tellProgress(now, () => this.#progress());
    const unwatch = watchRoom(journal, this.#stats, report, () => this.#phase === 'recording');
    this.#stopTimers = () => {
      silence();
      unwatch();
    };
  }

  /** Begins a recording. Never rejects: what goes wrong is sent. @param given how its tracks are opened; default: by its setup. */
  static async open(
    setup: SessionSetup,
    asks: Asks,
    send: (message: FromWorker) => void,
    given?: OpenTracks,
  ): Promise<Session | undefined> {
    try {
      const session = new Session(setup, await openParts(setup, given), asks, send);
      void session.#start();
      return session;
    } catch (error) {
      leave(setup);
      send({ type: 'failed', error: errorToMessage(error), recording: undefined });
      return undefined;
    }
  }

  /** True when this device is only a stop on the way to another storage. */
  get #remote(): boolean {
    return this.setup.storage.kind !== 'device';
  }

  #sinkEvents(report: Reporter): SinkEvents {
    return {
      onStored: (key, bytes) => this.#storedBytes.set(key, bytes),
      onTrouble: detail =>
        report.warn('storage-unreachable', `The storage can not be reached, and is tried again: ${detail}`),
      onUpload: (key, upload) => this.#log.upload(key, { ...upload, at: storageTag(this.setup.storage) }),
      stoppedAt: () => this.#stoppedAt,
      ask: call => this.asks.ask(call),
    };
  }

  #openKeeper(): ManifestKeeper {
    const { recordingId, startedAt, options } = this.setup;
    return new ManifestKeeper({
      id: recordingId,
      startedAt,
      metadata: options.metadata,
      method: methodOf(this.setup),
      kind: this.setup.kind,
      linked: this.setup.linked,
      write: manifest => this.#writeManifest(manifest),
      onFile: event => {
        this.send({ type: 'file', ...event });
        this.parts.turn?.ask();
      },
      onChange: recording => {
        this.send({ type: 'recording', recording });
        if (this.#remote) this.#kept.update();
      },
      onEvent: event => this.#log.event(event),
      onError: error => this.#onStorageError(error),
    });
  }

  #openFiles(report: Reporter): RecordingFiles {
    return new RecordingFiles({
      recordingId: this.setup.recordingId,
      startedAt: this.setup.startedAt,
      sink: this.#sink,
      keeper: this.#keeper,
      log: this.#log,
      stats: this.#stats,
      report,
      signal: this.#abort.signal,
      openStore: name => this.parts.journal.openStore(name, report.fail),
      removeWhenStored: this.#remote,
      onStorageError: error => this.#onStorageError(error),
    });
  }

  async #start(): Promise<void> {
    if (!this.parts.journal.durable) {
      this.#warnings.warn(
        'device-storage-failed',
        'This device has no private file system: up to 64 MiB of what is not yet stored wait in memory.',
      );
    }
    try {
      await checkCodecs(this.setup);
      if (this.setup.fallback !== undefined) this.#noteFallback(this.setup.fallback);
      this.#keeper.update();
      if (!this.setup.storageKnown) {
        const patience = sleep(PREFLIGHT, this.#abort.signal).catch(() => undefined);
        await Promise.race([this.#firstManifest.promise, patience]);
      }
    } catch (error) {
      if (this.#phase === 'starting') return this.#refuse(asSteadyreelError(error));
      // It is ending by now: what there is of it is kept, whatever is missing.
      this.#onStorageError(error);
    }
    if (this.#phase !== 'starting') return;
    this.#phase = 'recording';
    this.send({ type: 'started' });
    this.parts.turn?.begin();
  }

  /** The decoded tracks are recorded in the place of the call's own frames. */
  #noteFallback(message: string): void {
    const code = 'passthrough-unavailable';
    this.#keeper.note({ time: 0, type: 'warning', code, message });
    this.#warnings.warn(code, message);
  }

  /** What was asked for can't be done: `start()` rejects, and nothing stays. */
  async #refuse(error: SteadyreelError): Promise<void> {
    await this.#throwAway();
    this.send({ type: 'failed', error: errorToMessage(error), recording: undefined });
  }

  async #writeManifest(manifest: Recording): Promise<void> {
    if (this.#abort.signal.aborted) return;
    // A storage that has refused is only asked once more, for the last word.
    if (this.#error && this.#phase !== 'over') return;
    const { signal } = this.#abort;
    const patience = this.#error ? AbortSignal.any([signal, AbortSignal.timeout(LAST_WORD)]) : signal;
    try {
      this.#saidAll = false;
      await this.#sink.writeManifest(manifest, patience);
      this.#saidAll = true;
      if (!this.#remote) this.#log.saved(manifest);
      this.#firstManifest.resolve();
    } catch (error) {
      this.#firstManifest.reject(error);
      if (this.#phase !== 'starting') throw error;
    }
  }

  /** On this device, while the recording is on its way to another storage, which may take long. */
  async #keepManifest(): Promise<void> {
    const { manifest } = this.#keeper;
    // It must not know of files that the journal does not: those would be missed after a crash.
    await this.#log.settled();
    try {
      await this.parts.journal.writeManifest(manifest);
      this.#log.saved(manifest);
    } catch (error) {
      this.#warnings.warn('device-storage-failed', asSteadyreelError(error).message);
    }
  }

  #progress(): void {
    const stats = this.#stats;
    stats.duration = (this.#phase === 'over' ? this.#keeper.manifest : this.#tracks).duration;
    stats.recordedBytes = this.#files.recordedBytes;
    stats.storedBytes = [...this.#storedBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.send({ type: 'progress', stats: { ...stats }, backlog: backlogOf(stats) });
  }

  /** Leaves out what is captured until `resume`. */
  pause(): void {
    if (this.#phase === 'starting' || this.#phase === 'recording') this.#tracks.pause();
  }

  /** Goes on where the pause began. */
  resume(): void {
    if (this.#phase === 'starting' || this.#phase === 'recording') this.#tracks.resume();
  }

  /** Goes on with other tracks, of the kind that the session has. */
  async replace(replacement: Replacement | CallReplacement): Promise<void> {
    if (this.#phase !== 'starting' && this.#phase !== 'recording') {
      leave(replacement);
    } else await this.#tracks.replace(replacement).catch(error => this.#fail(error));
    this.send({ type: 'replaced' });
  }

  /** Another recording takes over, with the frame that has this timestamp or a later one: see `Turn`. */
  async endBefore(timestamp: number | undefined): Promise<number | undefined> {
    if (this.#phase !== 'recording') return undefined;
    const last = await this.#tracks.endBefore?.(timestamp);
    void this.stop();
    return last;
  }

  /** A fault that nobody caught. */
  onUncaught(error: unknown): void {
    this.#fail(error);
  }

  /** Something of ours broke: ends the recording and keeps what there is. */
  #fail(thrown: unknown): void {
    if (this.#error || this.#phase === 'over') return;
    this.#error = asSteadyreelError(thrown);
    this.send({ type: 'error', error: errorToMessage(this.#error) });
    void this.stop();
  }

  /** The storage refuses: the recording goes on, and what it does not take is kept on this device. */
  #onStorageError(thrown: unknown): void {
    if (this.#error || this.#phase === 'over' || this.#abort.signal.aborted) return;
    this.#error = asSteadyreelError(thrown);
    this.send({ type: 'error', error: errorToMessage(this.#error) });
  }

  /**
   * Takes what is on its way, finishes all files, and waits until they are durable.
   *
   * @param inTime not when the recording before is about to end, as this one takes over.
   */
  async stop(inTime?: boolean): Promise<void> {
    if (this.#phase === 'ending' || this.#phase === 'over') return;
    if (!this.parts.turn?.giveUp() && inTime) return;
    this.#phase = 'ending';
    this.#stoppedAt = performance.now();
    this.send({ type: 'ended' });
    try {
      await this.#tracks.stop();
      await this.#files.settled();
      if (this.#tooShort) return await this.abort(true);
      await this.#files.stored();
      await this.#complete();
    } catch (error) {
      this.#error ??= asSteadyreelError(error);
      await this.#keep(this.#error);
    }
  }

  /** One that goes on from another is part of something longer. */
  get #tooShort(): boolean {
    const { duration } = this.#keeper.manifest;
    return !this.#error && !this.parts.turn && duration < this.setup.options.minDuration;
  }

  async #complete(): Promise<void> {
    if (this.#error) throw this.#error;
    if (this.#keeper.manifest.files.length === 0) throw new RecordingEmptyError();
    await this.#tracks.stored?.();
    if (this.#abort.signal.aborted) return;
    this.#keeper.end('complete', new Date().toISOString());
    this.#keeper.update();
    await this.#keeper.written();
    if (this.#abort.signal.aborted) return;
    if (this.#error) throw this.#error;
    // From here on there is nothing left to abort.
    this.#end();
    await this.#kept.settled();
    await this.#files.dispose(this.#remote);
    await this.parts.journal.finish().catch(() => undefined);
    this.send({ type: 'done', recording: this.#keeper.manifest });
  }

  /** Ends in failure: what the storage did not take stays on this device. */
  async #keep(error: SteadyreelError): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#end();
    this.#keeper.end('failed', new Date().toISOString(), error);
    await this.#files.dispose(false).catch(() => undefined);
    const { manifest } = this.#keeper;
    if (manifest.files.length === 0) {
      // Of a file that did not come to its end, the journal may have what has not shown itself.
      if (this.#files.allStored) await this.#removeAll();
      else this.parts.journal.leave();
    } else {
      this.#keeper.update();
      await this.#keeper.written();
      await this.#kept.settled();
      await this.#log.settled();
      if (this.#missesNothing) await this.parts.journal.finish().catch(() => undefined);
      else this.parts.journal.leave();
    }
    const recording = manifest.files.length === 0 ? undefined : manifest;
    this.send({ type: 'failed', error: errorToMessage(error), recording });
  }

  /** True when everything that was recorded is where it was to go, and the journal is not needed any more. */
  get #missesNothing(): boolean {
    return !this.#files.damaged && this.#files.allStored && this.#saidAll;
  }

  #end(): void {
    this.#phase = 'over';
    this.#stopTimers();
    this.#warnings.flush();
    this.#progress();
  }

  async #removeAll(): Promise<void> {
    await this.parts.journal.remove().catch(() => undefined);
    const { recordingId } = this.setup;
    const remove = (signal: AbortSignal): Promise<void> => this.#sink.remove(recordingId, signal);
    await withDeadline(LAST_WORD, undefined, remove).catch(() => undefined);
  }

  async #throwAway(): Promise<void> {
    this.#end();
    this.#abort.abort(new DOMException('The recording was thrown away.', 'AbortError'));
    this.#tracks.cancel();
    this.#files.cancel();
    await this.#files.stored();
    await this.#keeper.written();
    await this.#kept.settled();
    await this.#files.dispose(true).catch(() => undefined);
    await this.#removeAll();
  }

  /** Throws the recording away, in storage too. */
  async abort(tooShort = false): Promise<void> {
    if (this.#phase === 'over') return;
    await this.#throwAway();
    this.send({ type: 'aborted', tooShort });
  }
}
