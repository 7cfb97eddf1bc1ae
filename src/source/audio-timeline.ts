/** An unbroken run of samples. Pure. Times are microseconds on the timeline. */

/** What to do with a piece of audio so that the track goes on without gap or overlap. */
export interface Placement {
  /** Samples of silence to put before it. */
  silence: number;
  /** Samples to leave out of its beginning. */
  skip: number;
  /** By how much it is to be slowed down: 0.001 makes it a thousandth longer. */
  stretch: number;
}

/** More than this is a gap or an overlap; less is made up for by and by, unheard. */
const TOLERANCE = 5_000;
/** An error within the tolerance is made up for in about so long. */
const HORIZON = 500_000;
const MAX_STRETCH = 0.002;

const AS_IT_IS: Placement = { silence: 0, skip: 0, stretch: 0 };

export class AudioTimeline {
  #origin: number;
  #samples = 0;

  constructor(
    origin: number,
    readonly sampleRate: number,
  ) {
    this.#origin = origin;
  }

  /** Where the next sample goes. */
  get time(): number {
    return this.#origin + (this.#samples * 1e6) / this.sampleRate;
  }

  /** Decides on a piece of `frames` samples that begins at `time`. */
  place(time: number, frames: number): Placement {
    const error = time - this.time;
    const samples = Math.round((Math.abs(error) * this.sampleRate) / 1e6);
    if (Math.abs(error) > TOLERANCE) {
      return error > 0 ? { ...AS_IT_IS, silence: samples } : { ...AS_IT_IS, skip: Math.min(frames, samples) };
    }
    // What is left over from whole samples is no error.
    if (samples <= 1) return AS_IT_IS;
    return { ...AS_IT_IS, stretch: Math.max(-MAX_STRETCH, Math.min(MAX_STRETCH, error / HORIZON)) };
  }

  /** Counts samples that were taken, silence included. */
  advance(frames: number): void {
    this.#samples += frames;
  }
}
