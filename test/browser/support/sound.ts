/** Sounds whose places are known, and where they are found after decoding. */
import type { Recording } from 'steadyreel';
import { commands } from 'vitest/browser';

/** Samples of one channel, and the second at which the first of them lies. */
export interface Sound {
  start: number;
  sampleRate: number;
  samples: Float32Array;
}

const floats = (base64: string): Float32Array => {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
};

/**
 * A file's audio as ffmpeg decodes it, on the file's own timeline. What lies before the file's beginning is the
 * encoder's priming, which players leave out.
 *
 * @throws when the decoded pieces do not follow each other.
 */
export const soundOf = async (key: string, sampleRate = 48_000): Promise<Sound> => {
  const { start, unevenness, base64 } = await commands.sound(key, sampleRate);
  // Containers round times to their timescale, ffprobe to microseconds.
  if (unevenness > 0.0001) throw new Error(`${key}: decoded audio is torn by ${unevenness} s`);
  const priming = Math.max(0, Math.round(-start * sampleRate));
  return { start: start + priming / sampleRate, sampleRate, samples: floats(base64).subarray(priming) };
};

/** Each file's sound on the timeline of the recording. */
export const soundsOf = async (recording: Recording, sampleRate = 48_000): Promise<Sound[]> => {
  const sounds: Sound[] = [];
  for (const { key, startTime, audio } of recording.files) {
    if (!audio) continue;
    const sound = await soundOf(key, sampleRate);
    sounds.push({ ...sound, start: startTime + sound.start });
  }
  return sounds;
};

/** Seconds between the end of each sound and the beginning of the next one; less than 0: they overlap. */
export const gapsOf = (sounds: readonly Sound[]): number[] => {
  const gaps: number[] = [];
  let end: number | undefined;
  for (const { start, sampleRate, samples } of sounds) {
    if (end !== undefined) gaps.push(start - end);
    end = start + samples.length / sampleRate;
  }
  return gaps;
};

/**
 * Seconds at which sounds begin: where the amplitude passes a threshold after a tenth of a second of quiet.
 *
 * @param threshold a fraction of full scale.
 */
export const onsets = ({ start, sampleRate, samples }: Sound, threshold = 0.2): number[] => {
  const found: number[] = [];
  let loud = Number.NEGATIVE_INFINITY;
  for (const [i, sample] of samples.entries()) {
    if (Math.abs(sample) < threshold) continue;
    if (i - loud > sampleRate / 10) found.push(start + i / sampleRate);
    loud = i;
  }
  return found;
};

/**
 * Phase in radians, from -π to π, that a tone would have at second 0, measured over a part of a sound that is a whole
 * number of periods long.
 *
 * @param from the part's first sample. @param to the sample after its last.
 */
export const phaseOf = (
  { start, sampleRate, samples }: Sound,
  frequency: number,
  from: number,
  to: number,
): number => {
  let [sine, cosine] = [0, 0];
  for (let i = from; i < to; i++) {
    const angle = 2 * Math.PI * frequency * (start + i / sampleRate);
    sine += (samples[i] ?? 0) * Math.sin(angle);
    cosine += (samples[i] ?? 0) * Math.cos(angle);
  }
  return Math.atan2(cosine, sine);
};
