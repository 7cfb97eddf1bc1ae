/** Many cuts: neither picture nor sound is the worse for them. */
import { Recorder, type RecorderOptions, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { checkCounters, checkFiles } from './support/check.ts';
import { gapsOf, phaseOf, type Sound, soundsOf } from './support/sound.ts';
import { AudioSource, VideoSource } from './support/source.ts';

const RATE = 48_000;
/** A whole number of samples to the period. */
const FREQUENCY = 500;
/** What is measured on each side of a cut: 20 periods. */
const WINDOW = (20 * RATE) / FREQUENCY;

/** Samples by which a phase is off another. */
const samplesApart = (phase: number, other: number): number => {
  const turn = 2 * Math.PI;
  const apart = (((phase - other + Math.PI) % turn) + turn) % turn;
  return Math.abs(((apart - Math.PI) / turn) * (RATE / FREQUENCY));
};

const cases = [
  ['opus', 960],
  ['aac', 1024],
] as const;

test.concurrent.each(cases)(
  '20 cuts of the picture: the tone of %s runs on over each',
  async (codec, packet) => {
    const video = new VideoSource();
    const audio = new AudioSource();
    const options: RecorderOptions = {
      storage: tus({ endpoint: inject('endpoint') }),
      cut: { minFileDuration: 0 },
      audio: { codec },
    };
    const recorder = new Recorder(new MediaStream([video.track, audio.track]), options);
    await recorder.start();
    const picture = async (): Promise<void> => {
      for (let file = 0; file <= 20; file++)
        await video.feed(15, { width: 480, height: file % 2 ? 360 : 270 });
    };
    await Promise.all([picture(), audio.feed(10.5, { frequency: FREQUENCY, numberOfChannels: 1 })]);
    const recording = await recorder.stop();
    expect(recording.files.map(f => f.reason)).toEqual(['start', ...Array(20).fill('video-size')]);
    await checkFiles(recording);
    const counters = await checkCounters(recording, 315);
    expect(counters.map(c => c.length)).toEqual(Array(21).fill(15));

    const sounds = await soundsOf(recording, RATE);
    const total = sounds.reduce((sum, { samples }) => sum + samples.length, 0);
    expect(Math.abs(total - audio.samples)).toBeLessThanOrEqual(packet);
    for (const gap of gapsOf(sounds)) expect(Math.abs(gap * RATE)).toBeLessThan(1);
    const reference = phaseOf(sounds[0] as Sound, FREQUENCY, 2 * packet, 2 * packet + WINDOW);
    for (const [i, sound] of sounds.entries()) {
      // A decoder that begins in the middle needs a packet to find its way; the last file ends in what filled a packet up.
      const parts = [packet, sound.samples.length - 4 * packet - WINDOW];
      const shifts = parts.map(from =>
        samplesApart(phaseOf(sound, FREQUENCY, from, from + WINDOW), reference),
      );
      expect(Math.max(...shifts), `file ${i + 1}: samples off`).toBeLessThan(1);
    }
  },
);
