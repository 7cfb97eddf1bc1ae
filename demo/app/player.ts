/** Plays a recording in the page: all of its files, on one timeline. */
import type { RecordedFile, Recording, Storage } from 'steadyreel';
import * as describe from './describe.ts';
import { el, icon } from './dom.ts';
import { markPlaying } from './files.ts';
import * as format from './format.ts';
import { Playback } from './playback.ts';
import { Previews } from './previews.ts';
import { Scrubber } from './scrubber.ts';

/** Seconds that the keys J and L go. */
const SKIP = 10;

const button = (name: string, label: string, onclick: () => void): HTMLButtonElement =>
  el(
    'button',
    { type: 'button', class: 'quiet icon-only', 'aria-label': label, title: label, onclick },
    icon(name),
  );

/** Another picture and name for a button. */
const turn = (node: HTMLButtonElement, name: string, label: string): void => {
  node.ariaLabel = node.title = label;
  node.replaceChildren(icon(name));
};

/** A player inside a recording's card. */
export class Player {
  readonly node: HTMLElement;
  readonly #recording: Recording;
  readonly #caption = el('p', { class: 'player-caption', role: 'status' });
  readonly #clock = el('span', { class: 'player-clock' });
  readonly #toggle = button('play', 'Play', () => this.#playback.toggle());
  readonly #mute = button('volume', 'Mute', () => this.#onMute());
  readonly #playback: Playback;
  readonly #previews: Previews;
  readonly #scrubber: Scrubber;

  constructor(storage: Storage, recording: Recording, onError: (error: unknown) => void) {
    this.#recording = recording;
    this.#playback = new Playback(storage, recording, {
      onTime: time => this.#onTime(time),
      onFile: file => this.#onFile(file),
      onPlaying: playing => turn(this.#toggle, playing ? 'pause' : 'play', playing ? 'Pause' : 'Play'),
      onError,
    });
    this.#previews = new Previews(storage, recording);
    const seek = (time: number): void => void this.#playback.seek(time, !this.#playback.paused);
    this.#scrubber = new Scrubber(recording, this.#previews, seek);
    this.node = el(
      'div',
      { class: 'player', role: 'group', 'aria-label': 'Player', hidden: true },
      this.#playback.node,
      el(
        'div',
        { class: 'player-controls' },
        this.#toggle,
        this.#scrubber.node,
        this.#clock,
        this.#mute,
        button('full', 'Full screen', () => this.#onFull()),
      ),
      el(
        'div',
        { class: 'player-bar' },
        this.#caption,
        button('close', 'Close player', () => this.close()),
      ),
    );
    this.#playback.node.addEventListener('click', () => this.#playback.toggle());
    this.node.addEventListener('keydown', event => this.#onKey(event));
  }

  /** Plays from a time on; seconds on the recording's timeline. */
  play(from: number): void {
    this.node.hidden = false;
    this.node.scrollIntoView({ block: 'nearest' });
    void this.#playback.seek(from);
  }

  close(): void {
    if (document.fullscreenElement === this.node) void document.exitFullscreen();
    this.#playback.close();
    this.#previews.release();
    this.node.hidden = true;
  }

  #onTime(time: number): void {
    this.#scrubber.show(time);
    this.#clock.textContent = `${format.duration(time)} / ${format.duration(this.#recording.duration)}`;
  }

  #onFile(file: RecordedFile | undefined): void {
    const card = this.node.closest('article');
    if (card) markPlaying(card, file?.index);
    if (file) this.#caption.textContent = this.#describe(file);
  }

  #describe(file: RecordedFile): string {
    const parameters = describe.parameters(file, undefined).map(parameter => parameter.text);
    return `File ${file.index} of ${this.#recording.files.length} · ${parameters.slice(0, 3).join(' · ')}`;
  }

  #onMute(): void {
    const muted = !this.#playback.muted;
    this.#playback.muted = muted;
    turn(this.#mute, muted ? 'muted' : 'volume', muted ? 'Unmute' : 'Mute');
  }

  #onFull(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.node.requestFullscreen().catch(() => undefined);
  }

  /** As in other players; what a button or the bar does with a key is theirs. */
  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const actions: Record<string, () => void> = {
      k: () => this.#playback.toggle(),
      j: () => this.#scrubber.seekBy(-SKIP),
      l: () => this.#scrubber.seekBy(SKIP),
      m: () => this.#onMute(),
      f: () => this.#onFull(),
    };
    const key = event.key.toLowerCase();
    const space = key === ' ' && !(event.target instanceof HTMLButtonElement);
    const action = space ? actions.k : Object.hasOwn(actions, key) && actions[key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
