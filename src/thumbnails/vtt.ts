/**
 * The index of the sheets: WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format") whose cues name a part of a sheet by a media
 * fragment ("Media Fragments URI 1.0", section 4.2.2). Pure.
 */
import { fileNameOf } from '../manifest.ts';
import { placeOf, type Size } from './layout.ts';

/** A sheet that is in storage. Times are microseconds on the timeline. */
export interface Sheet {
  key: string;
  /** Of its tiles. */
  times: readonly number[];
  /** Where the next sheet begins, whether it is in storage or not; absent of the last one. */
  end?: number | undefined;
}

const digits = (value: number, count: number): string => String(value).padStart(count, '0');

/** `00:00:10.000`. */
export const timestamp = (microseconds: number): string => {
  const milliseconds = Math.round(microseconds / 1000);
  const seconds = Math.floor(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${digits(hours, 2)}:${digits(minutes, 2)}:${digits(seconds % 60, 2)}.${digits(milliseconds % 1000, 3)}`;
};

const cue = ({ key, times, end }: Sheet, index: number, tile: Size, last: number): string => {
  const time = times[index] ?? 0;
  const until = times[index + 1] ?? end ?? Math.max(last, time + 1000);
  const { x, y, width, height } = placeOf(index, tile);
  // Beside the index, so that it holds wherever both are served from.
  const part = `${fileNameOf(key)}#xywh=${x},${y},${width},${height}`;
  return `${timestamp(time)} --> ${timestamp(until)}\n${part}\n`;
};

const cuesOf = (sheet: Sheet, tile: Size, last: number): string =>
  sheet.times.map((_, index) => `\n${cue(sheet, index, tile, last)}`).join('');

/** Grows with the recording, and is asked for again and again: what won't change is put into words once. */
export class Index {
  /** Cues of sheets whose ends are known. */
  #closed = '';
  #open: Sheet[] = [];

  /** In order of their times. */
  add(sheet: Sheet): void {
    this.#open.push(sheet);
  }

  /**
   * @param tile size of all tiles.
   * @param last where the last tile's time ends; microseconds on the timeline.
   */
  text(tile: Size, last: number): string {
    for (let [first] = this.#open; first?.end !== undefined; [first] = this.#open) {
      this.#closed += cuesOf(first, tile, last);
      this.#open.shift();
    }
    return `WEBVTT\n${this.#closed}${this.#open.map(sheet => cuesOf(sheet, tile, last)).join('')}`;
  }
}
