/** The bar on which a recording is looked through: by pointer and by keyboard, with a small picture of what is there. */
import type { Recording } from 'steadyreel';
import { el } from './dom.ts';
import { hue } from './files.ts';
import * as format from './format.ts';
import { fileAt } from './playback.ts';
import type { Previews } from './previews.ts';

/** Seconds that an arrow key goes, but no more than a tenth of a short recording. */
const STEP = 5;

export class Scrubber {
  readonly node: HTMLElement;
  readonly #input = el('input', {
    type: 'range',
    class: 'scrub-range',
    min: '0',
    step: 'any',
    'aria-label': 'Position',
  });
  readonly #picture = el('span', { class: 'preview-picture' });
  readonly #when = el('span', { class: 'preview-time' });
  readonly #preview = el(
    'div',
    { class: 'preview', 'aria-hidden': 'true', hidden: true },
    this.#picture,
    this.#when,
  );
  readonly #recording: Recording;
  readonly #previews: Previews;
  readonly #onSeek: (time: number) => void;
  /** Seconds; of a recording that is not finished, as much as is known. */
  readonly #duration: number;
  /** Counts the tiles that were asked for, so that one that comes late is not shown. */
  #turn = 0;
  #dragging = false;

  constructor(recording: Recording, previews: Previews, onSeek: (time: number) => void) {
    this.#recording = recording;
    this.#previews = previews;
    this.#onSeek = onSeek;
    this.#duration = Math.max(recording.duration, 0.1);
    this.#input.max = String(this.#duration);
    this.node = el('div', { class: 'scrub' }, this.#marks(), this.#input, this.#preview);
    this.#listen();
    this.show(0);
  }

  /** Where the files lie, each in its colour. */
  #marks(): HTMLElement {
    const { files } = this.#recording;
    const marks = files.map((file, index) => {
      const end = files[index + 1]?.startTime ?? this.#duration;
      const mark = el('span', { class: `scrub-mark ${hue(file)}` });
      mark.style.left = `${(100 * file.startTime) / this.#duration}%`;
      mark.style.width = `${(100 * (end - file.startTime)) / this.#duration}%`;
      return mark;
    });
    return el(
      'div',
      { class: 'scrub-track', 'aria-hidden': 'true' },
      ...marks,
      el('span', { class: 'scrub-rest' }),
    );
  }

  #listen(): void {
    const input = this.#input;
    input.addEventListener('input', () => {
      this.#dragging = true;
      this.#say(input.valueAsNumber);
      this.#look(input.valueAsNumber);
      this.#onSeek(input.valueAsNumber);
    });
    input.addEventListener('change', () => {
      this.#dragging = false;
    });
    input.addEventListener('keydown', event => this.#onKey(event));
    input.addEventListener('pointermove', event => this.#look(this.#timeAt(event)));
    input.addEventListener('pointerleave', () => this.#hide());
    input.addEventListener('blur', () => this.#hide());
    input.addEventListener('focus', () => {
      if (input.matches(':focus-visible')) this.#look(input.valueAsNumber);
    });
  }

  #timeAt({ clientX }: PointerEvent): number {
    const { left, width } = this.#input.getBoundingClientRect();
    return this.#duration * Math.min(1, Math.max(0, (clientX - left) / width));
  }

  /** The browser's own steps would be a hundredth of the bar. */
  #onKey(event: KeyboardEvent): void {
    const step = Math.min(STEP, this.#duration / 10);
    const by = new Map([
      ['ArrowRight', step],
      ['ArrowUp', step],
      ['ArrowLeft', -step],
      ['ArrowDown', -step],
      ['PageUp', 6 * step],
      ['PageDown', -6 * step],
      ['Home', Number.NEGATIVE_INFINITY],
      ['End', Number.POSITIVE_INFINITY],
    ]).get(event.key);
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.seekBy(by);
    this.#look(this.#input.valueAsNumber);
  }

  /** Goes so many seconds on, or back. */
  seekBy(seconds: number): void {
    const time = Math.min(this.#duration, Math.max(0, this.#input.valueAsNumber + seconds));
    this.show(time);
    this.#onSeek(time);
  }

  /** Shows where it plays. */
  show(time: number): void {
    if (this.#dragging) return;
    this.#input.value = String(time);
    this.#say(time);
  }

  #say(time: number): void {
    const { files } = this.#recording;
    const file = files.length > 1 ? `, file ${fileAt(files, time) + 1} of ${files.length}` : '';
    const text = `${format.duration(time)} of ${format.duration(this.#duration)}${file}`;
    this.#input.setAttribute('aria-valuetext', text);
    this.node.style.setProperty('--played', `${(100 * time) / this.#duration}%`);
  }

  #look(time: number): void {
    const turn = ++this.#turn;
    this.#preview.hidden = false;
    this.#when.textContent = format.duration(time);
    this.#place(time);
    void this.#previews.at(time).then(tile => {
      if (turn !== this.#turn) return;
      this.#picture.hidden = tile === undefined;
      if (!tile) return;
      const { style } = this.#picture;
      style.width = `${tile.width}px`;
      style.height = `${tile.height}px`;
      style.backgroundImage = `url("${tile.url}")`;
      style.backgroundPosition = `${-tile.x}px ${-tile.y}px`;
      this.#place(time);
    });
  }

  /** Above its time, and within the bar. */
  #place(time: number): void {
    const half = this.#preview.offsetWidth / 2;
    const whole = this.node.offsetWidth;
    const at = (whole * time) / this.#duration;
    this.#preview.style.left = `${Math.max(half, Math.min(whole - half, at))}px`;
  }

  #hide(): void {
    this.#turn++;
    this.#preview.hidden = true;
  }
}
