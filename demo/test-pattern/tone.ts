/** The tone of the test pattern. Pure, no browser needed. */

/** A stretch of audio, planar: all samples of the first channel, then of the next. */
export interface TonePiece {
  /** Seconds on the pattern's timeline. */
  time: number;
  sampleRate: number;
  numberOfChannels: number;
  /** Samples per channel. */
  frames: number;
  data: Float32Array<ArrayBuffer>;
}

/** Hertz: left and right; further channels take turns. */
const FREQUENCIES = [440, 660] as const;
const BEEP_FREQUENCY = 1000;
/** -12 dBFS. */
const AMPLITUDE = 10 ** (-12 / 20);
/** Seconds from each full second on in which the beep sounds and the picture flashes. */
export const BEEP_DURATION = 0.1;
/** Seconds over which the beep fades in and out, so that it does not click. */
const FADE = 0.005;

const beepGain = (time: number): number => {
  const into = time - Math.floor(time);
  if (into >= BEEP_DURATION) return 0;
  return Math.min(1, into / FADE, (BEEP_DURATION - into) / FADE);
};

/** The sample at a time: the phase depends on nothing else, so it runs on through any change. */
const sampleAt = (time: number, channel: number): number => {
  const tone = Math.sin(2 * Math.PI * (FREQUENCIES[channel % 2] ?? 440) * time);
  const gain = beepGain(time);
  const beep = gain === 0 ? 0 : gain * Math.sin(2 * Math.PI * BEEP_FREQUENCY * time);
  return AMPLITUDE * (tone + beep);
};

/** True for the frames in which the picture flashes, those shown while the beep sounds. */
export const isFlashing = (frame: number, frameRate: number): boolean =>
  (frame % frameRate) / frameRate < BEEP_DURATION;

/**
 * The tone from a time on.
 *
 * @param time - Seconds on the pattern's timeline of the first sample.
 * @param frames - Samples per channel.
 */
export const tone = (
  time: number,
  frames: number,
  sampleRate: number,
  numberOfChannels: number,
): TonePiece => {
  const data = new Float32Array(frames * numberOfChannels);
  for (let channel = 0; channel < numberOfChannels; channel++) {
    for (let n = 0; n < frames; n++) data[channel * frames + n] = sampleAt(time + n / sampleRate, channel);
  }
  return { time, sampleRate, numberOfChannels, frames, data };
};
