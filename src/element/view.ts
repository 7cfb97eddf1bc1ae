/** The element's shadow tree: no inline style and no inline handler, so that no content security policy is in its way. */
import type { RecorderEvents, RecorderState } from '../events.ts';
import { formatBytes, formatDuration } from './format.ts';
import { make } from './make.ts';

/** Every colour follows the page's `color-scheme`; every size follows its font. */
const CSS = `
:host{display:block;max-width:40em;font:inherit;color:CanvasText;color-scheme:inherit;
--accent:var(--steady-recorder-accent,light-dark(#c8102e,#ff6b7d))}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box}
[part=panel]{display:grid;gap:.75em;padding:.75em;border:1px solid light-dark(#0002,#fff3);border-radius:.75em;background:Canvas}
video{display:block;width:100%;aspect-ratio:16/9;object-fit:contain;background:#000;border-radius:.5em}
[part=controls]{display:flex;flex-wrap:wrap;align-items:center;gap:.5em 1em}
button{display:inline-flex;align-items:center;gap:.5em;min-height:2.75em;padding:0 1.1em;font:inherit;font-weight:600;color:inherit;
background:light-dark(#0000000d,#ffffff1a);border:1px solid light-dark(#0003,#fff4);border-radius:2em;cursor:pointer}
button:hover{background:light-dark(#0000001a,#ffffff2b)}
button:focus-visible{outline:3px solid light-dark(#0a58ca,#8ab8ff);outline-offset:2px}
button[aria-disabled=true]{opacity:.55;cursor:default}
[part=button]::before{content:"";width:.8em;height:.8em;border-radius:50%;background:var(--accent)}
[part=button][data-on]::before{border-radius:.15em}
[part=duration]{font-variant-numeric:tabular-nums;font-size:1.15em;font-weight:600}
[part=state]{opacity:.8}
progress{width:100%;height:.4em;accent-color:var(--accent)}
[part~=bytes]{font-size:.85em;opacity:.8;font-variant-numeric:tabular-nums}
[part=error]{margin:0;padding:.6em .8em;border-radius:.5em;color:light-dark(#8d0c22,#ffb3bd);background:light-dark(#fdecef,#3d1219);overflow-wrap:anywhere}
[part=recovery]{display:flex;flex-wrap:wrap;align-items:center;gap:.6em 1em;padding:.6em .8em;border-radius:.5em;background:light-dark(#fdf3dd,#33270f)}
[part=recovery][data-state=done]{background:light-dark(#e2f3ea,#12301f)}
[part=recovery][data-state=failed]{color:light-dark(#8d0c22,#ffb3bd);background:light-dark(#fdecef,#3d1219)}
[part=recovery-text]{flex:1 1 12em;margin:0;min-height:1.2em;overflow-wrap:anywhere}
[part=recovery-text]:focus{outline:none}
`;

const LABELS: Record<RecorderState, string> = {
  idle: 'Ready',
  starting: 'Starting…',
  recording: 'Recording',
  paused: 'Paused',
  waiting: 'Waiting for the source…',
  stopping: 'Storing the rest…',
  stopped: 'Stopped',
  failed: 'Failed',
};

/** States in which the button stops instead of starting. */
const STOPPABLE: readonly RecorderState[] = ['recording', 'paused', 'waiting'];
/** States in which the button has nothing to do but wait. */
const BUSY: readonly RecorderState[] = ['starting', 'stopping'];

let sheet: CSSStyleSheet | undefined;

/** What the element shows. */
export class View {
  readonly #video = make('video', 'preview', { 'aria-label': 'Preview' });
  readonly #button = make('button', 'button', { type: 'button' });
  readonly #duration = make('span', 'duration', { role: 'timer', 'aria-label': 'Duration' });
  readonly #state = make('span', 'state', { role: 'status', 'aria-live': 'polite' });
  readonly #progress = make('progress', 'progress', { 'aria-label': 'Stored of what was recorded' });
  readonly #bytes = make('span', 'bytes', {});
  readonly #error = make('p', 'error', { role: 'alert' });

  /** @param recovery stands above all. */
  constructor(root: ShadowRoot, recovery: HTMLElement, press: (stop: boolean) => void) {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
    }
    root.adoptedStyleSheets = [sheet];
    this.#video.muted = this.#video.autoplay = this.#video.playsInline = true;
    this.#button.addEventListener('click', () => {
      // Not `disabled`, which would take the keyboard's focus away in the middle of a press.
      if (this.#button.ariaDisabled !== 'true') press('on' in this.#button.dataset);
    });
    const controls = make('div', 'controls', {}, this.#button, this.#duration, this.#state);
    const rest = [this.#video, controls, this.#progress, this.#bytes, this.#error];
    root.append(make('div', 'panel', {}, recovery, ...rest));
    this.state('idle');
    this.progress(0, 0, 0);
    this.error('');
  }

  preview(stream: MediaStream | null): void {
    this.#video.srcObject = stream;
  }

  state(state: RecorderState): void {
    const stop = STOPPABLE.includes(state);
    this.#button.textContent = stop ? 'Stop' : 'Record';
    this.#button.toggleAttribute('data-on', stop);
    this.#button.ariaDisabled = String(BUSY.includes(state));
    this.#state.textContent = LABELS[state];
  }

  progress(duration: number, recorded: number, stored: number): void {
    this.#duration.textContent = formatDuration(duration);
    this.#progress.hidden = this.#bytes.hidden = recorded === 0;
    this.#progress.max = recorded || 1;
    this.#progress.value = stored;
    this.#bytes.textContent = `${formatBytes(stored)} of ${formatBytes(recorded)} stored`;
  }

  /** The empty string takes the error away. */
  error(message: string): void {
    this.#error.hidden = message === '';
    this.#error.textContent = message;
  }

  onProgress(event: RecorderEvents['progress']): void {
    this.progress(event.duration, event.recordedBytes, event.storedBytes);
  }
}
