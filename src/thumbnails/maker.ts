/** Makes the thumbnails of one recording: from frames that pass to what the manifest says is in storage. */
import {
  RECORDINGS_PREFIX,
  type RecordingThumbnails,
  THUMBNAILS_FOLDER,
  type Thumbnail,
  type ThumbnailSprite,
} from '../manifest.ts';
import { toMicroseconds, toSeconds } from '../media.ts';
import type { ThumbnailOptions } from '../options.ts';
import { chunkOf, decodeKeyFrame, type KeyFrame } from './key-frame.ts';
import { COLUMNS, ROWS, type Turned } from './layout.ts';
import { Pictures } from './pictures.ts';
import { Schedule } from './schedule.ts';
import { StoreQueue } from './store-queue.ts';
import { Index, type Sheet } from './vtt.ts';

/** Bytes of thumbnails that may wait for the storage: an hour of them, about. */
const LIMIT = 6 * 1024 ** 2;
/** Bytes with sheets, which are more for less: eight hours of them. */
const SHEET_LIMIT = 12 * 1024 ** 2;
/** Bytes of key frames that may wait for their turn: half an hour of them, about. */
const KEY_FRAMES_LIMIT = 16 * 1024 ** 2;
/** A storage that refuses so many in a row is not asked any more. */
const REFUSALS = 3;
/** What is still on its way when all files are stored is waited for so long; milliseconds. */
const LAST = 5_000;

/** What it needs from its session. */
export interface MakerContext {
  recordingId: string;
  options: Required<ThumbnailOptions>;
  /** Rejects when the storage refuses, or was given up. */
  put(object: { key: string; bytes: Uint8Array<ArrayBuffer> }): Promise<void>;
  /** What is in storage now; `tell`: it is worth writing the manifest for. */
  publish(thumbnails: RecordingThumbnails, tell: boolean): void;
  /** Some could not be made or stored. Must not throw. */
  warn(message: string, count: number): void;
  /** Calls back after so many milliseconds; gives back what prevents it. */
  after(milliseconds: number, call: () => void): () => void;
}

/** What is to be stored. */
interface Unstored {
  key: string;
  bytes: Uint8Array<ArrayBuffer>;
  onStored(): void;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What it gives, or throws, is had later. */
const orError = <T>(work: () => T): (() => T) => {
  try {
    const done = work();
    return () => done;
  } catch (error) {
    return () => {
      throw error;
    };
  }
};

/** `0001`. */
const numbered = (number: number): string => String(number).padStart(4, '0');

export class ThumbnailMaker {
  readonly #folder: string;
  readonly #schedule: Schedule;
  readonly #pictures: Pictures;
  readonly #queue = new StoreQueue();
  /** One picture at a time. */
  #making: Promise<void> | undefined;
  /** Of key frames that wait. */
  #keyFrameBytes = 0;
  /** Nothing is made any more: the recording is over, or the storage wants none. */
  #over = false;
  /** Nothing is made, stored or told any more: it was thrown away, or is not waited for any longer. */
  #closed = false;
  /** Pictures and sheets that wait to be drawn, are drawn, or are being stored. */
  #busy = 0;
  #ending: Promise<void> | undefined;
  /** In a row. */
  #refusals = 0;
  /** That were made, so that each has a name of its own. */
  readonly #made = { pictures: 0, sheets: 0 };
  /** Times of the tiles on the sheet that is not full yet. */
  #times: number[] = [];
  /** The sheet before it, whether it is in storage or not. */
  #lastSheet: Sheet | undefined;
  /** What is in storage. */
  readonly #items: Thumbnail[] = [];
  readonly #sprites: ThumbnailSprite[] = [];
  readonly #index = new Index();
  #indexBytes = 0;
  #indexWaits = false;
  #bytes = 0;
  #leftOut = 0;
  /** Microseconds, once it is known. */
  #duration: number | undefined;

  constructor(private readonly context: MakerContext) {
    this.#folder = `${RECORDINGS_PREFIX}${context.recordingId}/`;
    this.#schedule = new Schedule(toMicroseconds(context.options.interval));
    this.#pictures = new Pictures(context.options.width);
  }

  /** Looks at a frame, which stays the caller's. Never throws. */
  frame(frame: VideoFrame): void {
    // Raw frames are large, and their sources have few of them: while one is at work, none waits.
    if (this.#making || !this.#takes(frame.timestamp)) return;
    const copy = orError(() => frame.clone());
    this.#queueUp(frame.timestamp, async () => copy());
  }

  /** Looks at a frame that came encoded. Of a clip, all of them come at once, and some wait. Never throws. */
  keyFrame(frame: KeyFrame): void {
    const { byteLength } = frame.data;
    if (this.#keyFrameBytes + byteLength > KEY_FRAMES_LIMIT || !this.#takes(frame.time)) return;
    this.#keyFrameBytes += byteLength;
    const chunk = orError(() => chunkOf(frame));
    const open = (): Promise<VideoFrame> => {
      this.#keyFrameBytes -= byteLength;
      return decodeKeyFrame(chunk(), frame.config);
    };
    this.#queueUp(frame.time, open, frame);
  }

  /** Whether the frame at this time is one of those that are shown. */
  #takes(time: number): boolean {
    if (this.#over || !this.#schedule.isDue(time)) return false;
    this.#schedule.take(time);
    return true;
  }

  /** @param open gives, when its turn comes, a frame that is to be closed here. */
  #queueUp(time: number, open: () => Promise<VideoFrame>, turned?: Turned): void {
    this.#busy++;
    const making = (this.#making ?? Promise.resolve()).then(() => this.#make(time, open, turned));
    this.#making = making;
    void making.then(() => {
      if (this.#making === making) this.#making = undefined;
    });
  }

  async #make(time: number, open: () => Promise<VideoFrame>, turned: Turned | undefined): Promise<void> {
    this.#busy--;
    // Only raw frames have to be closed, and of those none waits.
    if (this.#closed && turned) return;
    await this.#orLeaveOut(async () => {
      const frame = await open();
      try {
        if (this.#closed) return;
        this.#pictures.draw(frame, turned);
      } finally {
        frame.close();
      }
      if (this.context.options.sprite) this.#addTile(time);
      await this.#storePicture(time);
    });
    if (this.#pictures.full && !this.#closed) await this.#orLeaveOut(() => this.#storeSheet());
  }

  async #orLeaveOut(work: () => Promise<void>): Promise<void> {
    this.#busy++;
    try {
      await work();
    } catch (error) {
      this.#leaveOut(`A thumbnail could not be made: ${wordsOf(error)}`);
    }
    this.#busy--;
  }

  #leaveOut(why: string, count = 1): void {
    if (this.#closed) return;
    this.#leftOut += count;
    this.#publish(false);
    this.context.warn(why, this.#leftOut);
  }

  async #storePicture(time: number): Promise<void> {
    const { bytes, width, height } = await this.#pictures.thumbnail();
    const key = `${this.#folder}${THUMBNAILS_FOLDER}/${numbered(++this.#made.pictures)}.jpg`;
    const onStored = (): void => {
      this.#items.push({ time: toSeconds(time), key, width, height });
      this.#publish(this.#items.length === 1);
    };
    this.#store({ key, bytes, onStored }, LIMIT);
  }

  #addTile(time: number): void {
    if (this.#times.length === 0 && this.#lastSheet) this.#lastSheet.end = time;
    this.#times.push(time);
    this.#pictures.addTile();
  }

  async #storeSheet(): Promise<void> {
    const times = this.#times;
    this.#times = [];
    const key = `${this.#folder}sprite-${numbered(++this.#made.sheets)}.jpg`;
    const sheet: Sheet = { key, times };
    this.#lastSheet = sheet;
    const { bytes } = await this.#pictures.takeSheet();
    const onStored = (): void => {
      this.#index.add(sheet);
      this.#sprites.push({ key, startTime: toSeconds(times[0] ?? 0), tiles: times.length });
      this.#storeIndex();
    };
    this.#store({ key, bytes, onStored }, SHEET_LIMIT);
  }

  #store(object: Unstored, limit: number): void {
    if (this.#closed) return;
    const store = async (): Promise<void> => {
      this.#busy++;
      await this.#put(object);
      this.#busy--;
    };
    const added = this.#queue.add(object.bytes.byteLength, limit, store);
    if (!added) this.#leaveOut('The storage can not be reached: thumbnails that would wait are left out.');
  }

  /** However often it was asked for meanwhile: what is written is the newest. */
  #storeIndex(): void {
    if (this.#indexWaits || this.#closed) return;
    this.#indexWaits = true;
    this.#queue.add(0, Number.POSITIVE_INFINITY, async () => {
      this.#indexWaits = false;
      const { tile } = this.#pictures;
      if (!tile || this.#sprites.length === 0) return;
      const bytes = new TextEncoder().encode(this.#index.text(tile, this.#lastEnd));
      const onStored = (): void => {
        this.#bytes -= this.#indexBytes;
        this.#indexBytes = bytes.byteLength;
        this.#publish(true);
      };
      await this.#put({ key: this.#indexKey, bytes, onStored });
    });
  }

  /** Where the last tile's time ends, as far as that is known; microseconds. */
  get #lastEnd(): number {
    const last = this.#lastSheet?.times.at(-1) ?? 0;
    return this.#duration ?? last + toMicroseconds(this.context.options.interval);
  }

  get #indexKey(): string {
    return `${this.#folder}thumbnails.vtt`;
  }

  async #put({ key, bytes, onStored }: Unstored): Promise<void> {
    try {
      await this.context.put({ key, bytes });
      if (this.#closed) return;
      this.#refusals = 0;
      this.#bytes += bytes.byteLength;
      onStored();
    } catch (error) {
      this.#onRefused(error);
    }
  }

  #onRefused(error: unknown): void {
    let count = 1;
    if (++this.#refusals === REFUSALS) {
      this.#over = true;
      count += this.#queue.clear();
    }
    this.#leaveOut(`A thumbnail could not be stored: ${wordsOf(error)}`, count);
  }

  #publish(tell: boolean): void {
    const { tile } = this.#pictures;
    const thumbnails: RecordingThumbnails = {
      interval: this.context.options.interval,
      items: [...this.#items],
      ...(tile && { tile: { ...tile, columns: COLUMNS, rows: ROWS } }),
      sprites: [...this.#sprites],
      ...(this.#indexBytes > 0 && { vtt: this.#indexKey }),
      bytes: this.#bytes,
      leftOut: this.#leftOut,
    };
    this.context.publish(thumbnails, tell);
  }

  /** No more frames: what there is of a sheet is stored. */
  end(): void {
    this.#ending = this.#finish(this.#over);
    this.#over = true;
  }

  async #finish(refused: boolean): Promise<void> {
    await this.#making;
    if (!refused && !this.#closed && !this.#pictures.empty) await this.#orLeaveOut(() => this.#storeSheet());
  }

  /**
   * Resolves when all is stored that will be, which does not take long. Never rejects.
   *
   * @param duration of the recording in microseconds.
   */
  async settled(duration: number): Promise<void> {
    this.#duration = duration;
    const all = this.#ending?.then(() => {
      this.#storeIndex();
      return this.#queue.settled();
    });
    let forget = (): void => undefined;
    const late = new Promise<true>(resolve => {
      forget = this.context.after(LAST, () => resolve(true));
    });
    if (await Promise.race([all, late])) this.#leaveOutRest();
    forget();
  }

  /** What is not stored by now is not in the manifest. */
  #leaveOutRest(): void {
    const sheet = this.#times.length > 0 && this.#refusals < REFUSALS ? 1 : 0;
    const count = this.#queue.clear() + this.#busy + sheet;
    if (count > 0) this.#leaveOut('Not all thumbnails were in storage in time.', count);
    this.#closed = true;
  }

  /** Throws away what waits. */
  cancel(): void {
    this.#over = this.#closed = true;
    this.#queue.clear();
  }
}
