/** A file on this device may lie there in segments, so that its beginning can be let go while its end is written. Pure. */

/** A segment's place in the whole. */
export interface Segment {
  /** Bytes before it. */
  start: number;
  /** Name of its file. */
  name: string;
}

/** `0001.mp4` for the first, `0001.mp4.16777216` for one that begins there. */
export const segmentAt = (name: string, start: number): Segment => ({
  start,
  name: start === 0 ? name : `${name}.${start}`,
});

/** The segments of a file among the files of its folder, in order. */
export const segmentsAmong = (names: readonly string[], name: string): Segment[] =>
  names
    .flatMap(found => {
      if (found === name) return [segmentAt(name, 0)];
      const start = found.startsWith(`${name}.`) ? Number(found.slice(name.length + 1)) : 0;
      return Number.isSafeInteger(start) && start > 0 ? [segmentAt(name, start)] : [];
    })
    .sort((a, b) => a.start - b.start);
