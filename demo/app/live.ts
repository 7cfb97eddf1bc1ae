/** What the page shows of the recording that runs: state, duration, bytes, files. */
import type { RecordedFile, RecorderEvents, RecorderState, Recording } from 'steadyreel';
import * as describe from './describe.ts';
import { byId, el, icon } from './dom.ts';
import { fileList, growTimeline, timeline } from './files.ts';
import * as format from './format.ts';

const STATES: Record<RecorderState, string> = {
  idle: 'Ready',
  starting: 'Starting…',
  recording: 'Recording',
  paused: 'Paused',
  waiting: 'Waiting for the source…',
  stopping: 'Storing the rest…',
  stopped: 'Stopped',
  failed: 'Failed',
};

/** Milliseconds between two updates of what moves; enough for tenths of a second. */
const TICK = 50;

/** Shows one recording after the other. */
export class Live {
  readonly #state = byId('state', HTMLElement);
  readonly #clock = byId('duration', HTMLElement);
  readonly #progress = byId('stored', HTMLProgressElement);
  readonly #bytes = byId('bytes', HTMLElement);
  readonly #backlog = byId('backlog', HTMLElement);
  readonly #files = byId('live-files', HTMLDivElement);
  readonly #said = byId('announcement', HTMLElement);
  #current: RecorderState = 'idle';
  #shown: readonly RecordedFile[] = [];
  #bar: HTMLOListElement | undefined;
  /** Duration when it was last told, and when that was. */
  #told = { duration: 0, at: 0 };
  #ticking = false;

  constructor() {
    this.reset();
  }

  /** Before the next recording. */
  reset(): void {
    this.#shown = [];
    this.#bar = undefined;
    this.progress({ recordedBytes: 0, storedBytes: 0, duration: 0, backlog: { bytes: 0, seconds: 0 } });
    this.#files.replaceChildren(
      el(
        'div',
        { class: 'empty' },
        icon('files'),
        el('p', {}, el('strong', {}, 'No file yet')),
        el('p', {}, 'Each file shows up here as it begins, with its parameters and the reason.'),
      ),
    );
  }

  state(state: RecorderState): void {
    // The clock stops where it stood; the manifest has the last word.
    this.#told = { duration: this.#duration(), at: performance.now() };
    this.#current = state;
    this.#state.textContent = STATES[state];
    document.documentElement.dataset.state = state;
    if (state === 'recording' && !this.#ticking) this.#tick();
  }

  progress(event: Omit<RecorderEvents['progress'], 'recordingId'>): void {
    const { recordedBytes, storedBytes, duration, backlog } = event;
    if (this.#current === 'recording' || duration === 0) this.#told = { duration, at: performance.now() };
    this.#progress.max = Math.max(1, recordedBytes);
    this.#progress.value = storedBytes;
    this.#bytes.textContent = `${format.bytes(storedBytes)} stored of ${format.bytes(recordedBytes)} recorded`;
    this.#backlog.textContent =
      backlog.bytes > 0
        ? `Backlog ${format.bytes(backlog.bytes)} (${format.inSeconds(backlog.seconds)})`
        : 'No backlog';
    if (!this.#ticking) this.#draw();
  }

  /** The manifest, after each change. */
  recording({ files, duration, endedAt }: Recording): void {
    if (files.length === 0) return;
    if (endedAt !== undefined) this.#told = { duration, at: performance.now() };
    this.#say(files);
    this.#shown = files;
    this.#bar = timeline(files, this.#duration());
    this.#files.replaceChildren(this.#bar, fileList(files));
    if (!this.#ticking) this.#draw();
  }

  #say(files: readonly RecordedFile[]): void {
    const file = files.at(-1);
    if (file && files.length > this.#shown.length) {
      this.#said.textContent = describe.sentence(file, files.at(-2));
    }
  }

  /** Seconds, run on from what was told last. */
  #duration(): number {
    if (this.#current !== 'recording') return this.#told.duration;
    return this.#told.duration + (performance.now() - this.#told.at) / 1000;
  }

  #draw(): void {
    const duration = this.#duration();
    this.#clock.textContent = format.duration(duration);
    if (this.#bar) growTimeline(this.#bar, this.#shown, duration);
  }

  #tick(): void {
    this.#ticking = this.#current === 'recording';
    this.#draw();
    if (this.#ticking) setTimeout(() => requestAnimationFrame(() => this.#tick()), TICK);
  }
}
