/** Samples at other places than those they were taken at: windowed sinc interpolation, piece by piece. Pure. */

/** Samples of one channel. */
export type Plane = Float32Array<ArrayBuffer>;

const HALF_TAPS = 16;
const TAPS = 2 * HALF_TAPS;
/** Kernels are kept for so many places between two samples; in between they are interpolated (error below −90 dB). */
const PHASES = 256;

/** Windowed sinc (Blackman). */
const kernel = (x: number, cutoff: number): number => {
  const position = x / HALF_TAPS;
  if (Math.abs(position) >= 1) return 0;
  const window = 0.42 + 0.5 * Math.cos(Math.PI * position) + 0.08 * Math.cos(2 * Math.PI * position);
  const argument = Math.PI * x * cutoff;
  return (argument === 0 ? cutoff : (cutoff * Math.sin(argument)) / argument) * window;
};

/** All kernels, one after another; the last is the first one, moved by a sample. */
const kernelsFor = (cutoff: number): Float32Array => {
  const kernels = new Float32Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    for (let tap = 0; tap < TAPS; tap++)
      kernels[phase * TAPS + tap] = kernel(phase / PHASES + HALF_TAPS - 1 - tap, cutoff);
  }
  return kernels;
};

const join = (a: Plane | undefined, b: Plane): Plane => {
  const joined = new Float32Array((a?.length ?? 0) + b.length);
  if (a) joined.set(a);
  joined.set(b, a?.length ?? 0);
  return joined;
};

/** The last samples of both, as many as a filter needs; a piece may be shorter than that. */
const endOf = (before: Plane | undefined, plane: Plane): Plane =>
  (plane.length < TAPS ? join(before, plane) : plane).subarray(-TAPS);

/** Reads samples off at steps of any length. */
class Interpolator {
  /** The end of what came before, so that the filter has a past. */
  #past: Plane[] = [];
  /** Where the next output sample lies, in input samples after the past's beginning. */
  #position = 0;
  readonly #kernels: Float32Array;
  readonly #kernel = new Float32Array(TAPS);

  /** @param cutoff as a part of the input's Nyquist frequency. */
  constructor(cutoff: number) {
    this.#kernels = kernelsFor(cutoff);
  }

  /**
   * Begins.
   *
   * @param past what came before; missing samples were silent.
   * @param back by how many samples the output begins before the next input.
   */
  begin(past: readonly Plane[], back: number): void {
    this.#past = past.map(plane =>
      join(new Float32Array(Math.max(0, TAPS - plane.length)), plane.slice(-TAPS)),
    );
    this.#position = TAPS - back;
  }

  /** Number of channels that it was begun with. */
  get channels(): number {
    return this.#past.length;
  }

  /** What can be told so far: the last samples need those that follow. */
  push(planes: readonly Plane[], step: number): Plane[] {
    const joined = planes.map((plane, channel) => join(this.#past[channel], plane));
    const end = (joined[0]?.length ?? 0) - HALF_TAPS;
    const count = Math.max(0, Math.ceil((end - this.#position) / step));
    const result = this.#read(joined, step, count);
    this.#position += count * step;
    const keepFrom = Math.max(0, Math.floor(this.#position) - HALF_TAPS);
    this.#position -= keepFrom;
    this.#past = joined.map(input => input.slice(keepFrom));
    return result;
  }

  #read(inputs: readonly Plane[], step: number, count: number): Plane[] {
    const outputs = inputs.map(() => new Float32Array(count));
    for (let i = 0; i < count; i++) {
      const at = this.#position + i * step;
      const base = Math.floor(at);
      this.#aim(at - base);
      inputs.forEach((input, channel) => {
        const output = outputs[channel] as Plane;
        output[i] = this.#sum(input, base - HALF_TAPS + 1);
      });
    }
    return outputs;
  }

  /** The kernel for a place so far behind a sample. */
  #aim(fraction: number): void {
    const phase = fraction * PHASES;
    const at = Math.floor(phase);
    const part = phase - at;
    const kernels = this.#kernels;
    for (let tap = 0, i = at * TAPS; tap < TAPS; tap++, i++) {
      const here = kernels[i] ?? 0;
      this.#kernel[tap] = here + part * ((kernels[i + TAPS] ?? 0) - here);
    }
  }

  #sum(input: Plane, from: number): number {
    const taps = this.#kernel;
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) sum += (input[from + tap] ?? 0) * (taps[tap] ?? 0);
    return sum;
  }
}

/** Turns samples at one rate into samples at another, without clicks between the pieces. */
export class Resampler {
  readonly #interpolator: Interpolator;
  readonly #step: number;

  constructor(from: number, to: number) {
    this.#step = from / to;
    this.#interpolator = new Interpolator(Math.min(1, to / from) * 0.97);
  }

  push(planes: readonly Plane[]): Plane[] {
    if (this.#interpolator.channels !== planes.length)
      this.#interpolator.begin(
        planes.map(() => new Float32Array(0)),
        HALF_TAPS,
      );
    return this.#interpolator.push(planes, this.#step);
  }
}

/**
 * Makes audio longer or shorter by less than a hundredth, for clocks that drift apart. Passes samples through untouched
 * until it is needed for the first time.
 */
export class Stretcher {
  #interpolator: Interpolator | undefined;
  /** The end of what passed through untouched. */
  #past: Plane[] = [];

  /** @param by 0.001 makes the piece a thousandth longer. */
  stretch(planes: readonly Plane[], by: number): Plane[] {
    if (this.#interpolator === undefined && by !== 0) {
      this.#interpolator = new Interpolator(1);
      this.#interpolator.begin(
        planes.map((_, channel) => this.#past[channel] ?? new Float32Array(0)),
        0,
      );
    }
    if (this.#interpolator) return this.#interpolator.push(planes, 1 / (1 + by));
    this.#past = planes.map((plane, channel) => endOf(this.#past[channel], plane));
    return [...planes];
  }

  /** The last samples, which were waiting for what follows. */
  flush(): Plane[] {
    if (!this.#interpolator) return [];
    const silence = Array.from({ length: this.#interpolator.channels }, () => new Float32Array(HALF_TAPS));
    return this.#interpolator.push(silence, 1);
  }
}
