/** One track of a file that is written: from packets to samples, and which of them go into the next movie fragment. */
import type { IndexEntry, Sample, TrackRun } from './movie-fragment.ts';

/** Where a track stands, as plain data: what another writer needs to go on. */
export interface TrackState {
  /** Ticks by which the media begins before the file. */
  leftOut: number;
  /** Where the last sample that was written out ends; ticks. */
  end: number;
  /** Number of samples that were written out. */
  samples: number;
}

/** Times are microseconds after the file's beginning, unless they are said to be ticks. */
export class Track {
  readonly #pending: Sample[] = [];
  readonly #index: IndexEntry[] = [];
  #leftOut = 0;
  #end = 0;
  #samples = 0;
  /** The last one of all; its duration may still change by a tick. */
  #last: Sample | undefined;
  #begun = false;

  /**
   * @param timescale ticks in a second.
   * @param even true when samples follow each other without a gap, so that rounding must not make one.
   */
  constructor(
    readonly id: number,
    readonly timescale: number,
    private readonly even: boolean,
    state?: TrackState,
  ) {
    if (!state) return;
    this.#leftOut = state.leftOut;
    this.#end = state.end;
    this.#samples = state.samples;
    this.#begun = true;
  }

  get state(): TrackState {
    return { leftOut: this.#leftOut, end: this.#end, samples: this.#samples };
  }

  #ticks(microseconds: number): number {
    return Math.round((microseconds * this.timescale) / 1e6);
  }

  add(data: Uint8Array, key: boolean, time: number, duration: number): void {
    const said = this.#ticks(time);
    if (!this.#begun) this.#leftOut = Math.max(0, -said);
    const last = this.#last;
    const expected = last ? last.time + last.duration : this.#end;
    const ticks = said + this.#leftOut;
    const follows = this.#begun && (ticks < expected || (this.even && ticks - expected <= 1));
    const length = this.even ? this.#ticks(duration) : this.#ticks(time + duration) - said;
    const sample = { time: follows ? expected : ticks, duration: Math.max(1, length), key, data };
    // A sample lasts until the next one, where that is known in time.
    if (last && this.#pending.at(-1) === last) last.duration = sample.time - last.time;
    this.#pending.push(sample);
    this.#last = sample;
    this.#begun = true;
  }

  /** Microseconds of what waits, from the beginning of the first sample to the end of the last. */
  get waits(): number {
    const [first] = this.#pending;
    const last = this.#pending.at(-1);
    return first && last ? ((last.time + last.duration - first.time) / this.timescale) * 1e6 : 0;
  }

  /** Where the last sample ends. */
  get end(): number {
    const last = this.#last;
    const ticks = last ? last.time + last.duration : this.#end;
    return ((ticks - this.#leftOut) / this.timescale) * 1e6;
  }

  /** Takes samples that begin before this time out, for a movie fragment. */
  take(until: number): TrackRun | undefined {
    const limit = this.#ticks(until) + this.#leftOut;
    const found = this.#pending.findIndex(sample => sample.time >= limit);
    const samples = this.#pending.splice(0, found < 0 ? this.#pending.length : found);
    const last = samples.at(-1);
    if (!last) return undefined;
    this.#end = last.time + last.duration;
    this.#samples += samples.length;
    return { trackId: this.id, samples };
  }

  /** A movie fragment with these samples lies here. */
  note(samples: readonly Sample[], offset: number, run: number): void {
    const at = samples.findIndex(sample => sample.key);
    const sample = samples[at];
    if (sample) this.#index.push({ time: sample.time, offset, run, sample: at + 1 });
  }

  get index(): readonly IndexEntry[] {
    return this.#index;
  }
}
