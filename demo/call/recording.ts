/** Record, pause and stop, of a page with a call: one `Recorder` after another. */
import { Recorder, type RecorderOptions, type RecorderState } from 'steadyreel';
import { byId } from '../app/dom.ts';
import type { Library } from '../app/library.ts';
import { Live } from '../app/live.ts';
import { clearNotices, notify, notifyError } from '../app/notices.ts';
import { chosenStorage, THUMBNAILS } from '../app/options.ts';

const ACTIVE: readonly RecorderState[] = ['starting', 'recording', 'paused', 'waiting', 'stopping'];

/** What is recorded. */
export interface Call {
  connection: RTCPeerConnection;
  title: string;
}

const METHODS = {
  none: '',
  passthrough: 'No second encoder: what is recorded is what the call has encoded.',
  encoding: 'Recorded by an encoder of its own, as the frames of this call can’t be had.',
};

const chosenOptions = (title: string): RecorderOptions => {
  const seconds = byId('max-file-duration', HTMLInputElement).valueAsNumber;
  return {
    storage: chosenStorage().storage,
    passthrough: { vp8: byId('record-vp8', HTMLInputElement).checked ? 'record' : 'refuse' },
    fallback: byId('encode-instead', HTMLInputElement).checked ? 'encode' : 'none',
    // An empty field is no number: then there is no limit.
    cut: Number.isNaN(seconds) ? {} : { maxFileDuration: seconds, minFileDuration: Math.min(1, seconds) },
    thumbnails: THUMBNAILS,
    metadata: { title },
  };
};

export class CallRecording {
  readonly #live = new Live();
  readonly #record = byId('record', HTMLButtonElement);
  readonly #label = byId('record-label', HTMLSpanElement);
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #method = byId('method', HTMLParagraphElement);
  readonly #library: Library;
  readonly #call: () => Promise<Call | undefined>;
  readonly #onActive: (active: boolean) => void;
  #recorder: Recorder | undefined;
  /** Also true while the call is being made for a recording. */
  #busy = false;

  /**
   * @param call what is to be recorded; makes the call where there is none, and gives nothing where that failed and was told.
   * @param onActive a recording has begun, or is over.
   */
  constructor(library: Library, call: () => Promise<Call | undefined>, onActive: (active: boolean) => void) {
    this.#library = library;
    this.#call = call;
    this.#onActive = onActive;
    this.#record.addEventListener('click', () => void this.#toggle());
    this.#pause.addEventListener('click', () => this.#togglePause());
    addEventListener('beforeunload', event => {
      if (this.active) event.preventDefault();
    });
    this.#show('idle');
  }

  /** True from the start of a recording until all of it is stored. */
  get active(): boolean {
    return this.#recorder !== undefined && ACTIVE.includes(this.#recorder.state);
  }

  #show(state: RecorderState): void {
    const active = ACTIVE.includes(state);
    const stoppable = active && state !== 'starting' && state !== 'stopping';
    this.#label.textContent = stoppable ? 'Stop' : 'Record';
    this.#record.ariaDisabled = String(active && !stoppable);
    const focused = document.activeElement === this.#pause;
    this.#pause.hidden = state !== 'recording' && state !== 'paused';
    // The keyboard's focus must not go with the button.
    if (focused && this.#pause.hidden) this.#record.focus();
    this.#pause.textContent = state === 'paused' ? 'Resume' : 'Pause';
    this.#live.state(state);
    this.#onActive(active);
  }

  #listen(next: Recorder): void {
    next.on('state', ({ state }) => {
      this.#show(state);
      if (!ACTIVE.includes(state)) this.#library.refresh();
      // What the storage did not take can be stored later.
      if (state === 'failed') this.#library.look();
    });
    next.on('progress', event => this.#live.progress(event));
    next.on('recording', ({ recording }) => {
      this.#live.recording(recording);
      this.#method.textContent = METHODS[recording.method ?? 'none'];
    });
    next.on('warning', ({ code, message, count }) =>
      notify({ kind: 'warning', code, message: count > 1 ? `${message} (${count} so far)` : message }),
    );
    next.on('error', ({ error }) => notifyError(error));
  }

  async #start(): Promise<void> {
    clearNotices();
    this.#live.reset();
    this.#method.textContent = METHODS.none;
    this.#show('starting');
    const call = await this.#call();
    if (!call) return this.#show('idle');
    this.#recorder = new Recorder(call.connection, chosenOptions(call.title));
    this.#listen(this.#recorder);
    await this.#recorder.start();
  }

  /** What the recorder rejects with, it has also told by its `error` event; the notice is shown once. */
  async #toggle(): Promise<void> {
    if (this.#busy || this.#record.ariaDisabled === 'true') return;
    this.#busy = true;
    try {
      if (this.active) await this.#recorder?.stop();
      else await this.#start();
    } catch (error) {
      notifyError(error);
      if (!this.active) this.#show('failed');
    } finally {
      this.#busy = false;
    }
  }

  #togglePause(): void {
    try {
      if (this.#recorder?.state === 'paused') this.#recorder.resume();
      else this.#recorder?.pause();
    } catch (error) {
      notifyError(error);
    }
  }
}
