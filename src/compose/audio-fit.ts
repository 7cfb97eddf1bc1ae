/** Fits audio into parameters that it does not have, for the moments in which a file may not yet be cut. Pure. */
import type { AudioSource } from '../media.ts';

type Plane = Float32Array<ArrayBuffer>;

const HALF_TAPS = 16;

/** Windowed sinc (Blackman), cut off at the lower of both Nyquist frequencies. */
const kernel = (x: number, cutoff: number): number => {
  const position = x / HALF_TAPS;
  if (Math.abs(position) >= 1) return 0;
  const window = 0.42 + 0.5 * Math.cos(Math.PI * position) + 0.08 * Math.cos(2 * Math.PI * position);
  const argument = Math.PI * x * cutoff;
  return (argument === 0 ? cutoff : (cutoff * Math.sin(argument)) / argument) * window;
};

/** Turns samples at one rate into samples at another, piece by piece, without clicks between the pieces. */
export class Resampler {
  /** The end of what came before, so that the filter has a past. */
  #past: Plane[] = [];
  /** Position of the next output sample, in input samples after the past's beginning. */
  #position = HALF_TAPS;
  readonly #step: number;
  readonly #cutoff: number;

  constructor(from: number, to: number) {
    this.#step = from / to;
    this.#cutoff = Math.min(1, to / from) * 0.97;
  }

  push(planes: readonly Plane[]): Plane[] {
    const frames = planes[0]?.length ?? 0;
    if (this.#past.length !== planes.length) this.#past = planes.map(() => new Float32Array(2 * HALF_TAPS));
    const pastFrames = this.#past[0]?.length ?? 0;
    const joined = planes.map((plane, channel) => join(this.#past[channel], plane));
    const end = pastFrames + frames - HALF_TAPS;
    const count = Math.max(0, Math.ceil((end - this.#position) / this.#step));
    const result = joined.map(input => this.#filter(input, count));
    this.#position += count * this.#step;
    const keepFrom = Math.max(0, Math.floor(this.#position) - HALF_TAPS);
    this.#position -= keepFrom;
    this.#past = joined.map(input => input.slice(keepFrom));
    return result;
  }

  #filter(input: Plane, count: number): Plane {
    const output = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const at = this.#position + i * this.#step;
      const base = Math.floor(at);
      let sum = 0;
      for (let tap = base - HALF_TAPS + 1; tap <= base + HALF_TAPS; tap++) {
        sum += (input[tap] ?? 0) * kernel(at - tap, this.#cutoff);
      }
      output[i] = sum;
    }
    return output;
  }
}

const join = (a: Plane | undefined, b: Plane): Plane => {
  const joined = new Float32Array((a?.length ?? 0) + b.length);
  if (a) joined.set(a);
  joined.set(b, a?.length ?? 0);
  return joined;
};

/** −3 dB. */
const HALF_POWER = Math.SQRT1_2;

/** Gains of each input channel into left and right, by number of channels, in the order that Web Audio names. */
const STEREO_GAINS: Record<number, readonly (readonly [left: number, right: number])[]> = {
  3: [
    [1, 0],
    [0, 1],
    [HALF_POWER, HALF_POWER],
  ],
  4: [
    [1, 0],
    [0, 1],
    [HALF_POWER, 0],
    [0, HALF_POWER],
  ],
  5: [
    [1, 0],
    [0, 1],
    [HALF_POWER, HALF_POWER],
    [HALF_POWER, 0],
    [0, HALF_POWER],
  ],
  6: [
    [1, 0],
    [0, 1],
    [HALF_POWER, HALF_POWER],
    [0, 0],
    [HALF_POWER, 0],
    [0, HALF_POWER],
  ],
  8: [
    [1, 0],
    [0, 1],
    [HALF_POWER, HALF_POWER],
    [0, 0],
    [HALF_POWER, 0],
    [0, HALF_POWER],
    [HALF_POWER, 0],
    [0, HALF_POWER],
  ],
};

const mix = (planes: readonly Plane[], gain: (channel: number) => number): Plane => {
  const output = new Float32Array(planes[0]?.length ?? 0);
  planes.forEach((plane, channel) => {
    const g = gain(channel);
    if (g !== 0) for (let i = 0; i < output.length; i++) output[i] = (output[i] ?? 0) + g * (plane[i] ?? 0);
  });
  return output;
};

/** Gives audio another number of channels: up by repeating, down by the usual gains, so that nothing clips. */
export const remix = (planes: readonly Plane[], channels: number): Plane[] => {
  const count = planes.length;
  if (count === channels) return [...planes];
  if (count === 0) return [];
  if (count === 1) return Array.from({ length: channels }, () => planes[0] as Plane);
  if (channels === 1) return [mix(planes, () => 1 / count)];
  const gains = STEREO_GAINS[count];
  if (channels === 2 && gains) {
    const total = gains.reduce((sum, [left]) => sum + left, 0);
    return [mix(planes, c => (gains[c]?.[0] ?? 0) / total), mix(planes, c => (gains[c]?.[1] ?? 0) / total)];
  }
  return Array.from({ length: channels }, (_, c) => planes[c] ?? new Float32Array(planes[0]?.length ?? 0));
};

/** Fits audio of changing parameters into fixed ones. */
export class AudioFitter {
  #resampler: { from: number; resampler: Resampler } | undefined;

  constructor(private readonly target: AudioSource) {}

  fit(planes: readonly Plane[], sampleRate: number): Plane[] {
    const mixed = remix(planes, this.target.numberOfChannels);
    if (sampleRate === this.target.sampleRate) {
      this.#resampler = undefined;
      return mixed;
    }
    if (this.#resampler?.from !== sampleRate) {
      this.#resampler = { from: sampleRate, resampler: new Resampler(sampleRate, this.target.sampleRate) };
    }
    return this.#resampler.resampler.push(mixed);
  }
}
