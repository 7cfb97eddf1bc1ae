/** What the element shows of recordings that were cut off: an offer, how far their finishing is, what came of it. */
import type { RecoveryProgress } from '../index.ts';
import { formatBytes } from './format.ts';
import { make } from './make.ts';

/** What is shown. `offer` and `failed` have a button. */
export type RecoveryState = 'nothing' | 'offer' | 'running' | 'done' | 'failed';

/** Shown only while there is something to say. */
export class RecoveryView {
  // It takes the focus when the button goes that had it: else the keyboard's user would be thrown back to the page's top.
  readonly #text = make('p', 'recovery-text', { role: 'status', tabindex: '-1' });
  readonly #button = make('button', 'recovery-button', { type: 'button' });
  readonly #progress = make('progress', 'recovery-progress', { 'aria-label': 'Stored of what was cut off' });
  readonly #bytes = make('span', 'bytes recovery-bytes', {});
  readonly node = make('div', 'recovery', {}, this.#text, this.#button, this.#progress, this.#bytes);
  #state: RecoveryState = 'nothing';

  constructor(press: () => void) {
    this.node.hidden = true;
    this.#button.addEventListener('click', () => {
      // Not `disabled`, which would take the keyboard's focus away.
      if (this.#button.ariaDisabled !== 'true') press();
    });
  }

  get state(): RecoveryState {
    return this.#state;
  }

  /** @param button its label; the last one stays when there is none. */
  show(state: RecoveryState, text: string, button?: string): void {
    this.#state = state;
    this.node.dataset.state = state;
    const appears = this.node.hidden;
    this.node.hidden = state === 'nothing';
    this.#progress.hidden = this.#bytes.hidden = state !== 'running';
    this.#progress.removeAttribute('value');
    this.#bytes.textContent = '';
    if (button !== undefined) this.#button.textContent = button;
    this.#button.ariaDisabled = String(state === 'running');
    const focused = this.#button.matches(':focus');
    this.#button.hidden = state === 'done';
    if (focused && state === 'done') this.#text.focus();
    // A screen reader tells of what changes in a status that was there before: not of one that comes with its text.
    if (appears) setTimeout(() => this.#say(state, text));
    else this.#say(state, text);
  }

  #say(state: RecoveryState, text: string): void {
    // What is set is read out, also when it was there before.
    if (state === this.#state && text !== this.#text.textContent) this.#text.textContent = text;
  }

  progress({ recordedBytes, storedBytes }: RecoveryProgress, text: string): void {
    this.#say('running', text);
    this.#progress.max = recordedBytes || 1;
    this.#progress.value = storedBytes;
    this.#bytes.textContent = `${formatBytes(storedBytes)} of ${formatBytes(recordedBytes)} stored`;
  }
}
