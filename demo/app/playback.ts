/** Plays the files of a recording one after another, on one timeline. */
import type { RecordedFile, Recording, Storage } from 'steadyreel';
import { type Address, addressOf } from './addresses.ts';
import { el } from './dom.ts';

/** What it tells. */
export interface PlaybackEvents {
  /** Seconds on the recording's timeline. */
  onTime(time: number): void;
  /** Another file plays; `undefined`: none any more. */
  onFile(file: RecordedFile | undefined): void;
  /** It plays, or stands still. */
  onPlaying(playing: boolean): void;
  onError(error: unknown): void;
}

/** So many seconds before a file ends, the next one is made ready. */
const AHEAD = 4;

/** A file in a video element. */
interface Loaded {
  index: number;
  video: HTMLVideoElement;
  address: Address;
}

/** Number of the file, from 0, that is shown at a time. Pure. */
export const fileAt = (files: readonly RecordedFile[], time: number): number =>
  Math.max(
    0,
    files.findLastIndex(file => file.startTime <= time),
  );

export class Playback {
  /** Holds the video that is seen. */
  readonly node = el('div', { class: 'player-picture' });
  readonly #storage: Storage;
  readonly #files: readonly RecordedFile[];
  readonly #events: PlaybackEvents;
  #now: Loaded | undefined;
  #next: Promise<Loaded | undefined> | undefined;
  #muted = false;
  /** Counts what was asked for, so that a file that comes late is not played. */
  #turn = 0;

  constructor(storage: Storage, { files }: Recording, events: PlaybackEvents) {
    this.#storage = storage;
    this.#files = files;
    this.#events = events;
  }

  /** Seconds on the recording's timeline. */
  get time(): number {
    const { index = 0, video } = this.#now ?? {};
    return (this.#files[index]?.startTime ?? 0) + (video?.currentTime ?? 0);
  }

  get paused(): boolean {
    return this.#now?.video.paused ?? true;
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    if (this.#now) this.#now.video.muted = muted;
  }

  /** Goes to a time, and plays on from there unless it is to stand still. */
  async seek(time: number, play = true): Promise<void> {
    const index = fileAt(this.#files, time);
    const within = Math.max(0, time - (this.#files[index]?.startTime ?? 0));
    const turn = ++this.#turn;
    try {
      if (this.#now?.index !== index) {
        const loaded = await this.#load(index);
        if (turn !== this.#turn) return loaded.address.release();
        this.#show(loaded);
      }
      const video = this.#now?.video;
      if (!video) return;
      if (Math.abs(video.currentTime - within) > 0.01) video.currentTime = within;
      this.#events.onTime(time);
      if (play) await video.play();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A play() that is cut short by what was asked for next is no fault. */
  #fail(error: unknown): void {
    if (!(error instanceof DOMException && error.name === 'AbortError')) this.#events.onError(error);
  }

  toggle(): void {
    const video = this.#now?.video;
    if (!video) return;
    const ended = this.#now?.index === this.#files.length - 1 && video.ended;
    if (ended) void this.seek(0);
    else if (video.paused) video.play().catch(error => this.#fail(error));
    else video.pause();
  }

  async #load(index: number): Promise<Loaded> {
    const file = this.#files[index];
    if (!file) throw new Error('The recording has no files.');
    const address = await addressOf(this.#storage, file.key);
    const video = el('video', { playsinline: true, preload: 'auto', 'aria-label': `File ${file.index}` });
    video.src = address.url;
    const loaded = { index, video, address };
    video.addEventListener('timeupdate', () => this.#onTime(loaded));
    video.addEventListener('ended', () => void this.#onEnded(loaded));
    for (const name of ['play', 'pause'] as const)
      video.addEventListener(name, () => this.#now === loaded && this.#events.onPlaying(!video.paused));
    video.addEventListener('error', () => {
      const reason = video.error?.message || 'no reason given';
      if (this.#now === loaded)
        this.#events.onError(new Error(`This browser cannot play the file: ${reason}.`));
    });
    return loaded;
  }

  #show(loaded: Loaded): void {
    const before = this.#now;
    this.#now = loaded;
    loaded.video.muted = this.#muted;
    this.#forgetNext();
    this.node.replaceChildren(loaded.video);
    before?.video.pause();
    before?.address.release();
    this.#events.onFile(this.#files[loaded.index]);
  }

  #onTime(loaded: Loaded): void {
    if (this.#now !== loaded) return;
    this.#events.onTime(this.time);
    const { index, video } = loaded;
    const hasNext = index + 1 < this.#files.length;
    // In time, so that there is no gap to be seen.
    if (hasNext && video.duration - video.currentTime < AHEAD)
      this.#next ??= this.#load(index + 1).catch(() => undefined);
  }

  async #onEnded(loaded: Loaded): Promise<void> {
    if (this.#now !== loaded) return;
    const file = this.#files[loaded.index + 1];
    if (!file) {
      this.#events.onPlaying(false);
      return;
    }
    const turn = ++this.#turn;
    const next = await this.#next;
    if (turn !== this.#turn) return;
    if (next?.index !== loaded.index + 1) return void this.seek(file.startTime);
    this.#next = undefined;
    this.#show(next);
    next.video.play().catch(error => this.#fail(error));
  }

  #forgetNext(): void {
    void this.#next?.then(loaded => loaded?.address.release());
    this.#next = undefined;
  }

  /** Stops, and lets go of what was loaded. */
  close(): void {
    this.#turn++;
    this.#forgetNext();
    this.#now?.video.pause();
    this.#now?.address.release();
    this.#now = undefined;
    this.node.replaceChildren();
    this.#events.onFile(undefined);
  }
}
