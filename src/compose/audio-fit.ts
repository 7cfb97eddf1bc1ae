/** Fits audio into parameters that it does not have, for the moments in which a file may not yet be cut. Pure. */
import type { AudioSource } from '../media.ts';
import { type Plane, Resampler } from './resampler.ts';

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
