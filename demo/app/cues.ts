/** The index of a recording's thumbnails: WebVTT whose cues name a part of a sheet. Pure. */

/** A tile, and when it is to be shown; seconds on the recording's timeline, pixels on the sheet. */
export interface Cue {
  start: number;
  end: number;
  /** Beside the index. */
  sheet: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const CUE = /^(\S+) --> (\S+).*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;

const secondsOf = (text: string): number => text.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);

/** What is no cue of this kind is left out. */
export const parseCues = (text: string): Cue[] =>
  [...text.matchAll(CUE)].map(([, start = '', end = '', sheet = '', ...box]) => {
    const [x = 0, y = 0, width = 0, height = 0] = box.map(Number);
    return { start: secondsOf(start), end: secondsOf(end), sheet, x, y, width, height };
  });

/** What is shown at a time: before the first, the first; where there is none, the last one before. */
export const cueAt = (cues: readonly Cue[], time: number): Cue | undefined => {
  let [low, high] = [0, cues.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((cues[middle]?.start ?? 0) <= time) low = middle;
    else high = middle - 1;
  }
  return cues[low];
};
