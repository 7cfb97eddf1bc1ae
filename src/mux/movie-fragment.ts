/** Movie fragments, `moof` and `mdat`, and the index of them (ISO/IEC 14496-12, 8.8). Pure. */
import { box, concat, fullBox, type Part, u32, u64 } from './boxes.ts';

/** One sample; times are ticks of its track. */
export interface Sample {
  time: number;
  duration: number;
  key: boolean;
  data: Uint8Array;
}

/** What a movie fragment has of a track: samples that follow each other, at least one. */
export interface TrackRun {
  trackId: number;
  samples: readonly Sample[];
}

/** `sample_depends_on` and `sample_is_non_sync_sample` (ISO/IEC 14496-12, 8.8.3.1). */
const KEY = 0x02000000;
const DELTA = 0x01010000;
const flagsOf = (sample: Sample | undefined): number => (sample?.key === false ? DELTA : KEY);

const DATA_OFFSET = 0x01;
const FIRST_SAMPLE_FLAGS = 0x04;
const DURATIONS = 0x0100;
const SIZES = 0x0200;
const FLAGS = 0x0400;

const sizeOf = (samples: readonly Sample[]): number =>
  samples.reduce((sum, sample) => sum + sample.data.byteLength, 0);

/** What the samples have in common is said once: that of the second, as the first is often a key frame. */
const traf = ({ trackId, samples }: TrackRun, dataOffset: number): Uint8Array => {
  const [first, second] = samples as readonly [Sample, Sample | undefined];
  const usual = second ?? first;
  const { duration } = usual;
  const size = usual.data.byteLength;
  const flags = flagsOf(usual);
  const rest = samples.slice(1);
  const says =
    (samples.some(sample => sample.duration !== duration) ? DURATIONS : 0) |
    (samples.some(sample => sample.data.byteLength !== size) ? SIZES : 0) |
    (rest.some(sample => flagsOf(sample) !== flags) ? FLAGS : 0);
  const firstFlags = !(says & FLAGS) && flagsOf(first) !== flags ? FIRST_SAMPLE_FLAGS : 0;
  const lines = samples.flatMap(sample => [
    ...(says & DURATIONS ? u32(sample.duration) : []),
    ...(says & SIZES ? u32(sample.data.byteLength) : []),
    ...(says & FLAGS ? u32(flagsOf(sample)) : []),
  ]);
  return box(
    'traf',
    // Defaults for duration, size and flags; offsets count from the beginning of the moof.
    fullBox('tfhd', 0, 0x020038, u32(trackId), u32(duration), u32(size), u32(flags)),
    fullBox('tfdt', 1, 0, u64(first.time)),
    fullBox(
      'trun',
      0,
      DATA_OFFSET | firstFlags | says,
      u32(samples.length),
      u32(dataOffset),
      firstFlags ? u32(flagsOf(first)) : [],
      lines,
    ),
  );
};

const moof = (sequence: number, runs: readonly TrackRun[], dataStart: number): Uint8Array => {
  let offset = dataStart;
  const trafs = runs.map(run => {
    const bytes = traf(run, offset);
    offset += sizeOf(run.samples);
    return bytes;
  });
  return box('moof', fullBox('mfhd', 0, 0, u32(sequence)), ...trafs);
};

/** Bytes before the content of a box. */
const BOX_HEADER = 8;

/**
 * A movie fragment; the data is copied once.
 *
 * @param sequence 1 for the first of a file.
 */
export const movieFragment = (sequence: number, runs: readonly TrackRun[]): Uint8Array => {
  // Where the data lies does not change how long the moof is.
  const length = moof(sequence, runs, 0).byteLength;
  const data = runs.flatMap(run => run.samples.map(sample => sample.data));
  const size = runs.reduce((sum, run) => sum + sizeOf(run.samples), BOX_HEADER);
  const mdat: Part[] = [u32(size), [0x6d, 0x64, 0x61, 0x74]];
  return concat([moof(sequence, runs, length + BOX_HEADER), ...mdat, ...data]);
};

/** Where players can begin: a movie fragment with a key frame in it. */
export interface IndexEntry {
  /** Ticks of the track. */
  time: number;
  /** Of the movie fragment, in bytes from the beginning of the file. */
  offset: number;
  /** Number of the track's run in it, and of the sample in that, from 1. */
  run: number;
  sample: number;
}

/** The index of a file, `mfra`, at its end (ISO/IEC 14496-12, 8.8.9). */
export const movieFragmentIndex = (
  tracks: readonly { trackId: number; entries: readonly IndexEntry[] }[],
): Uint8Array => {
  const tables = tracks.map(({ trackId, entries }) => {
    const lines = entries.map(({ time, offset, run, sample }) =>
      concat([u64(time), u64(offset), u32(run), u32(1), u32(sample)]),
    );
    // Numbers of run, table and sample have four bytes each. One part and not one for each line: a Chromium worker has 500 KiB of stack.
    return fullBox('tfra', 1, 0, u32(trackId), u32(0x3f), u32(entries.length), concat(lines));
  });
  const size = tables.reduce((sum, table) => sum + table.length, BOX_HEADER);
  return box('mfra', ...tables, fullBox('mfro', 0, 0, u32(size + 16)));
};
