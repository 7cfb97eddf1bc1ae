/** `<steady-recorder>`: a recorder with a preview and a button, for pages that want no code of their own. */
import { asSteadyreelError, RecordingAbortedError, type SteadyreelError } from '../errors.ts';
import type { RecorderEvents, RecorderState } from '../events.ts';
import {
  AutoRecorder,
  type AutoRecorderEvents,
  type AutoRecorderOptions,
  Recorder,
  type Recording,
} from '../index.ts';
import { optionsFrom, whereFrom } from './attributes.ts';
import { capture } from './capture.ts';
import { Recovery } from './recovery.ts';
import { RecoveryView } from './recovery-view.ts';
import { View } from './view.ts';

/** Of an `AutoRecorder`'s events, those that its recorder has not. */
const AUTO_EVENTS = [
  'recording-started',
  'recording-finished',
  'recording-discarded',
  'recording-failed',
] as const;
/** Events of an `AutoRecorder` that its recorder has not. */
export type AutoEvents = Pick<
  AutoRecorderEvents,
  'recording-started' | 'recording-finished' | 'recording-discarded' | 'recording-failed'
>;

/**
 * The element's events: those of the recorder, with the recorder's event as `detail`; with `autorecord`, also those of an `AutoRecorder`; and
 * `recovered`.
 */
export type SteadyRecorderEventMap = {
  [Name in keyof RecorderEvents]: CustomEvent<RecorderEvents[Name]>;
} & { [Name in keyof AutoEvents]: CustomEvent<AutoEvents[Name]> } & {
  recovered: CustomEvent<{ recordings: readonly Recording[] }>;
};
type EventName = keyof SteadyRecorderEventMap;

/** Events that a page may want to hear of all its recorders at once. */
const BUBBLING: readonly EventName[] = ['recording', 'recovered'];

const ACTIVE: readonly RecorderState[] = ['starting', 'recording', 'paused', 'waiting', 'stopping'];

/** So long after its end a recording may still read what was captured before it; milliseconds. */
const BEHIND = 3_000;

const endTracks = (stream: MediaStream): void => {
  for (const track of stream.getTracks()) track.stop();
};

/** What a page set before the element was defined lies on the instance, and hides the accessor of that name. */
const takeEarly = <T>(element: object, name: string): T | undefined => {
  const early = Object.getOwnPropertyDescriptor(element, name);
  if (early) Reflect.deleteProperty(element, name);
  return early?.value;
};

/** Without a DOM, as on a server that renders pages, the module can still be imported. */
const Base = (typeof HTMLElement === 'undefined' ? class {} : HTMLElement) as typeof HTMLElement;

/**
 * `<steady-recorder>`: preview, record and stop button, duration, stored bytes, state and errors. It offers to finish
 * what a crash has cut off on the way to its storage, or the storage did not take.
 *
 * Attributes, read at each start: `endpoint` (address of the storage handler), `storage` (`tus`, the default
 * with an endpoint, `s3`, or `device`, the default without), `codec` and `audio-codec` (as in `RecorderOptions`),
 * `worker-url`, `source` (`camera`, the default, or `screen`: what the button captures when `stream` is
 * null), `autorecord` or `auto-record` (recordings of a `stream` that was set begin and end by themselves, as an `AutoRecorder`'s do, up to
 * `stop()`), `autorecover` or
 * `auto-recover` (finishes what was cut off without being asked, when the element comes into the page).
 *
 * Events: `state`, `file`, `progress`, `recording` (this one bubbles), `finished`, `warning`, `error`, each a
 * `CustomEvent` whose `detail` is the recorder's event of that name; `recovered` (bubbles too), whose `detail` has the
 * `recordings` that were finished. Whatever fails becomes an `error` event and a text in the element; no method rejects.
 *
 * Parts for styling: `panel`, `preview`, `controls`, `button`, `duration`, `state`, `progress`, `bytes`,
 * `error`, `recovery`, `recovery-text`, `recovery-button`, `recovery-progress`, `recovery-bytes`;
 * `--steady-recorder-accent` is its one colour.
 */
export class SteadyRecorderElement extends Base {
  /** Attributes whose changes the browser tells of. */
  static readonly observedAttributes = ['endpoint', 'storage'];
  #options: AutoRecorderOptions = takeEarly<AutoRecorderOptions>(this, 'options') ?? {};
  #recorder: Recorder | undefined;
  /** Begins and ends recordings by itself, since a stream was set. */
  #auto: AutoRecorder | undefined;
  /** Removes the listeners from the recorder, and lets go of what it keeps. */
  #detach = (): void => undefined;
  #stream: MediaStream | null = null;
  /** The stream that the element captured itself, and so must end itself. */
  #captured: MediaStream | undefined;
  #state: RecorderState = 'idle';
  #starting: Promise<void> | undefined;
  /** Counts starts and stops, so that a start that still waits for permission knows it has been overtaken. */
  #run = 0;
  /** Counts streams that are taken up, stops and aborts: by the next of them, one that still waits has been overtaken. */
  #turn = 0;
  /** It was following its stream when it was taken out of the page, and will again. */
  #returns = false;
  #reported = '';
  readonly #view: View;
  readonly #recovery: Recovery;
  /** A tab beside this one may have been closed by a crash meanwhile. */
  readonly #onShown = (): void => {
    if (!document.hidden) void this.#recovery.look();
  };

  constructor() {
    super();
    const press = (stop: boolean): void => void (stop ? this.stop() : this.start());
    const offer = new RecoveryView(() => void this.recover());
    this.#view = new View(this.attachShadow({ mode: 'open' }), offer.node, press);
    this.#recovery = new Recovery(offer, {
      where: () => whereFrom(name => this.getAttribute(name), this.#options),
      recovered: recordings => this.#emit('recovered', { recordings }),
      failed: error => this.#emit('error', { error }),
    });
  }

  /** More options for the recorder, merged over those of the attributes. Taken up at the next start. `maxDuration` is for `autorecord`. */
  get options(): AutoRecorderOptions {
    return this.#options;
  }

  /** See the getter. */
  set options(options: AutoRecorderOptions) {
    this.#options = options;
    this.#lookAnew();
  }

  /** The recorder of the recording that runs, or of the last one. */
  get recorder(): Recorder | undefined {
    return this.#recorder;
  }

  /** What the recorder is doing; `starting` also while the element asks for the camera or the screen. */
  get state(): RecorderState {
    return this.#state;
  }

  /**
   * What is recorded; null, the default, lets the element capture its `source` at each start. Set while a
   * recording runs, the recording is stopped first, and the new stream taken up when all of it is stored. With `autorecord`, it is
   * taken up at once; with a `reconnectWindow` the recording goes on with it.
   */
  get stream(): MediaStream | null {
    return this.#stream;
  }

  /** See the getter. */
  set stream(stream: MediaStream | null) {
    if (stream === this.#stream) return;
    this.#stream = stream;
    void this.#takeUp();
  }

  /** Starts a recording, or waits for the start that is under way. Does nothing while one runs. Never rejects. */
  start(): Promise<void> {
    if (this.#starting) return this.#starting;
    if (this.#auto || ACTIVE.includes(this.#state) || this.#follow()) return Promise.resolve();
    const run = ++this.#run;
    this.#starting = this.#begin(run).finally(() => {
      if (run === this.#run) this.#starting = undefined;
    });
    return this.#starting;
  }

  /**
   * Stops the recording and waits until all of it is stored. Never rejects.
   *
   * @returns The recording; `undefined` when there is none, or when it failed: then there is an `error` event.
   */
  stop(): Promise<Recording | undefined> {
    this.#returns = false;
    this.#turn++;
    return this.#end(recorder => recorder.stop());
  }

  /** Throws the recording that runs away, in storage too. Never rejects. */
  async abort(): Promise<void> {
    this.#turn++;
    if (!ACTIVE.includes(this.#state)) return;
    await this.#end(recorder => recorder.abort());
    this.#view.progress(0, 0, 0);
  }

  /** Finishes what was cut off on the way to the element's storage, as its button does. Never rejects. */
  recover(): Promise<void> {
    return this.#recovery.finish();
  }

  /** Called by the browser: takes up attributes, and starts when `autorecord` says so. */
  connectedCallback(): void {
    this.#stream = takeEarly<MediaStream>(this, 'stream') ?? this.#stream;
    if (this.#state === 'idle' || this.#returns) void this.#takeUp();
    document.addEventListener('visibilitychange', this.#onShown);
    this.#lookAnew();
  }

  /** Called by the browser: another storage may have been left with something to be finished. */
  attributeChangedCallback(): void {
    this.#lookAnew();
  }

  #lookAnew(): void {
    if (!this.isConnected) return;
    this.#recovery.clear('done', 'failed');
    void this.#recovery.look(this.hasAttribute('autorecover') || this.hasAttribute('auto-recover'));
  }

  /** Called by the browser: stops the recording and lets go of a stream that the element captured itself. */
  disconnectedCallback(): void {
    document.removeEventListener('visibilitychange', this.#onShown);
    // An element that is only moved is connected again before the microtask runs.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#returns ||= this.#auto !== undefined;
      void this.#end(recorder => recorder.stop());
    });
  }

  async #takeUp(): Promise<void> {
    const turn = ++this.#turn;
    if (!this.#auto && ACTIVE.includes(this.#state)) await this.#end(recorder => recorder.stop());
    this.#view.preview(this.#stream);
    if (turn !== this.#turn) return;
    if (this.#auto) this.#auto.source = this.#stream;
    else if (this.isConnected) {
      this.#returns = false;
      this.#follow();
    }
  }

  /** With `autorecord`, what is recorded is up to the stream from now on. False without it, or without a stream. */
  #follow(): boolean {
    const wanted = this.hasAttribute('autorecord') || this.hasAttribute('auto-record');
    if (!wanted || !this.#stream) return false;
    this.#clear();
    try {
      const { maxDuration, ...extra } = this.#options;
      const options = optionsFrom(name => this.getAttribute(name), extra);
      const auto = new AutoRecorder(this.#stream, { ...options, ...(maxDuration && { maxDuration }) });
      for (const name of AUTO_EVENTS) auto.on(name, event => this.#emit(name, event));
      auto.on('recording-failed', ({ recordingId, error }) => {
        if (recordingId === undefined) void this.#onNotBegun(auto, error);
      });
      this.#attach(auto.recorder);
      this.#auto = auto;
      auto.start();
    } catch (error) {
      this.#report(error);
      this.#setState('failed');
    }
    return true;
  }

  /** Not even its first recording: either it tries again by itself, or it could not be loaded. */
  async #onNotBegun(auto: AutoRecorder, error: SteadyreelError): Promise<void> {
    this.#report(error);
    // Its state is told behind what it does.
    await undefined;
    if (auto !== this.#auto || auto.state !== 'off') return;
    this.#auto = undefined;
    this.#setState('failed');
  }

  /** What is shown of the recording before. */
  #clear(): void {
    this.#reported = '';
    this.#view.error('');
    this.#view.progress(0, 0, 0);
    this.#recovery.clear('done');
  }

  async #begin(run: number): Promise<void> {
    this.#detach();
    this.#recorder = undefined;
    this.#clear();
    this.#setState('starting');
    try {
      const { maxDuration: _, ...extra } = this.#options;
      const options = optionsFrom(name => this.getAttribute(name), extra);
      const stream = this.#stream ?? (await this.#capture(run));
      if (run !== this.#run) return;
      this.#view.preview(stream);
      const recorder = new Recorder(stream, options);
      this.#attach(recorder);
      await recorder.start();
    } catch (error) {
      if (run !== this.#run) return;
      this.#report(error);
      this.#release();
      this.#setState('failed');
    }
  }

  async #capture(run: number): Promise<MediaStream> {
    const stream = await capture(this.getAttribute('source') ?? 'camera');
    if (run === this.#run) this.#captured = stream;
    else endTracks(stream);
    return stream;
  }

  async #end<T>(how: (recorder: Recorder) => Promise<T>): Promise<T | undefined> {
    this.#run++;
    this.#starting = undefined;
    const auto = this.#auto;
    this.#auto = undefined;
    // It ends the recording, too; what becomes of that is heard below.
    void auto?.stop();
    const recorder = this.#recorder;
    try {
      if (recorder && recorder.state !== 'idle') return await how(recorder);
      this.#release();
      this.#setState('idle');
    } catch (error) {
      // The page has thrown it away itself.
      if (!(error instanceof RecordingAbortedError)) this.#report(error);
    } finally {
      // What is kept for clips is of no use to anybody any more.
      if (!this.isConnected) recorder?.close();
    }
    return undefined;
  }

  #attach(recorder: Recorder): void {
    this.#detach();
    this.#recorder = recorder;
    const removers = [
      recorder.on('state', event => {
        if (event.state === 'starting' && this.#auto) this.#clear();
        this.#setState(event.state, event);
        if (!ACTIVE.includes(event.state)) this.#release();
        if (event.state === 'stopping') this.#releaseSoon();
      }),
      recorder.on('progress', event => {
        if (event.recordingId === recorder.recording?.id) this.#view.onProgress(event);
        this.#emit('progress', event);
      }),
      recorder.on('file', event => this.#emit('file', event)),
      recorder.on('recording', event => this.#emit('recording', event)),
      recorder.on('warning', event => this.#emit('warning', event)),
      recorder.on('finished', event => this.#emit('finished', event)),
      recorder.on('error', event => this.#report(event.error)),
    ];
    this.#detach = () => {
      for (const remove of removers) remove();
      recorder.close();
    };
  }

  /** To store the rest, nothing is captured any more. */
  #releaseSoon(): void {
    const captured = this.#captured;
    setTimeout(() => {
      if (captured === this.#captured) this.#release();
    }, BEHIND);
  }

  /** Ends what the element captured itself. */
  #release(): void {
    if (!this.#captured) return;
    endTracks(this.#captured);
    this.#captured = undefined;
    this.#view.preview(this.#stream);
  }

  #setState(state: RecorderState, event = { state, before: this.#state }): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#view.state(state);
    this.#emit('state', event);
    // What the storage did not take can be stored later.
    if (state === 'failed') void this.#recovery.look();
  }

  /** Once for each error: the recorder tells of it by an event, and by a rejection with its twin. */
  #report(error: unknown): void {
    const known = asSteadyreelError(error);
    if (known.message === this.#reported) return;
    this.#reported = known.message;
    this.#view.error(known.message);
    this.#emit('error', { error: known });
  }

  #emit<Name extends EventName>(name: Name, detail: SteadyRecorderEventMap[Name]['detail']): void {
    this.dispatchEvent(new CustomEvent(name, { detail, composed: true, bubbles: BUBBLING.includes(name) }));
  }
}
