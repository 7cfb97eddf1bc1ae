/** Plays files of a recording in the page: one, or all of them one after another. */
import type { RecordedFile, Storage } from 'steadyreel';
import * as describe from './describe.ts';
import { el, icon } from './dom.ts';
import { markPlaying } from './files.ts';
import * as format from './format.ts';

/** An address that a video element can play, and what to do when it has done so. */
interface Address {
  url: string;
  release(): void;
}

/** The storage's own address where it has one, else one made of the file's bytes. */
export const addressOf = async (storage: Storage, key: string): Promise<Address> => {
  const url = storage.url(key);
  if (url !== undefined) return { url, release: () => undefined };
  const made = URL.createObjectURL(await storage.read(key));
  return { url: made, release: () => URL.revokeObjectURL(made) };
};

/** A player inside a recording's card. */
export class Player {
  readonly node: HTMLElement;
  readonly #video = el('video', { controls: true, playsinline: true });
  readonly #caption = el('p', { class: 'player-caption', role: 'status' });
  readonly #storage: Storage;
  readonly #onError: (error: unknown) => void;
  #queue: RecordedFile[] = [];
  #of = 1;
  #address: Address | undefined;
  /** Counts what was asked for, so that an address that comes late is not played. */
  #turn = 0;

  constructor(storage: Storage, onError: (error: unknown) => void) {
    this.#storage = storage;
    this.#onError = onError;
    const close = el(
      'button',
      { type: 'button', class: 'quiet icon-only', 'aria-label': 'Close player', onclick: () => this.close() },
      icon('close'),
    );
    this.node = el(
      'div',
      { class: 'player', hidden: true },
      this.#video,
      el('div', { class: 'player-bar' }, this.#caption, close),
    );
    this.#video.addEventListener('ended', () => void this.#next());
    this.#video.addEventListener('error', () => {
      if (!this.#video.hasAttribute('src')) return;
      onError(
        new Error(`This browser cannot play the file: ${this.#video.error?.message ?? 'no reason given'}.`),
      );
    });
  }

  /** Plays files in their order. `of` is how many the whole recording has. */
  play(files: readonly RecordedFile[], of: number): void {
    this.#queue = [...files];
    this.#of = of;
    this.node.hidden = false;
    void this.#next();
  }

  close(): void {
    this.#turn++;
    this.#queue = [];
    this.#video.pause();
    this.#unload();
    this.node.hidden = true;
    this.#mark(undefined);
  }

  async #next(): Promise<void> {
    const file = this.#queue.shift();
    if (!file) return this.#mark(undefined);
    const turn = ++this.#turn;
    try {
      const address = await addressOf(this.#storage, file.key);
      if (turn !== this.#turn) return address.release();
      this.#unload();
      this.#address = address;
      this.#video.setAttribute('aria-label', `File ${file.index}`);
      this.#video.src = address.url;
      this.#caption.textContent = this.#describe(file);
      this.#mark(file.index);
      this.node.scrollIntoView({ block: 'nearest' });
      await this.#video.play();
    } catch (error) {
      // A play() that is cut short by the next file, or by closing, is no fault.
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.#onError(error);
    }
  }

  #describe(file: RecordedFile): string {
    const parameters = describe.parameters(file, undefined).map(parameter => parameter.text);
    return `File ${file.index} of ${this.#of} · ${format.duration(file.duration)} · ${parameters.slice(0, 3).join(' · ')}`;
  }

  #unload(): void {
    this.#video.removeAttribute('src');
    this.#address?.release();
    this.#address = undefined;
  }

  #mark(index: number | undefined): void {
    const card = this.node.closest('article');
    if (card) markPlaying(card, index);
  }
}
