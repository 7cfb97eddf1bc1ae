/** Picture and sound that change all the time, both at once. */
import { Recorder, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import {
  type AudioLook,
  AudioSource,
  BT601,
  BT709_FULL,
  type FrameLook,
  VideoSource,
} from './support/source.ts';

const pictures: FrameLook[] = [
  { width: 640, height: 360 },
  { width: 480, height: 270, rotation: 90 },
  { width: 853, height: 479 },
  { width: 640, height: 360, colorSpace: BT709_FULL },
  { width: 320, height: 240, flip: true },
  { width: 360, height: 640, colorSpace: BT601 },
  { width: 640, height: 360, rotation: 180, format: 'NV12' },
];
const sounds: AudioLook[] = [
  { sampleRate: 48_000, numberOfChannels: 2 },
  { sampleRate: 44_100, numberOfChannels: 2 },
  { sampleRate: 48_000, numberOfChannels: 1 },
  { sampleRate: 16_000, numberOfChannels: 1 },
];

/** Numbers that look random and are the same in each run (a linear congruential generator). */
const dice = (seed: number): ((sides: number) => number) => {
  let state = seed;
  return sides => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * sides);
  };
};

test.each([1, 2])('changes at random, number %i', async seed => {
  const roll = dice(seed);
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    cut: { minFileDuration: 0.4 },
  });
  await recorder.start();
  await Promise.all([
    (async () => {
      while (video.count < 180) {
        await video.feed(Math.min(180 - video.count, 2 + roll(20)), pictures[roll(pictures.length)]);
      }
    })(),
    (async () => {
      for (let i = 0; i < 30; i++) await audio.feed(0.2, sounds[roll(sounds.length)]);
    })(),
  ]);
  const recording = await recorder.stop();
  await checkFiles(recording);
  await checkCounters(recording, 180);
  expect(recording.files.length).toBeGreaterThan(5);
  for (const file of recording.files.slice(0, -1)) expect(file.duration).toBeGreaterThanOrEqual(0.4);
  expect(recorder.stats).toMatchObject({ framesDropped: 0, audioSamplesFilled: 0, audioSamplesDropped: 0 });
  // The sound goes on over all cuts: a file's first packet begins where the last one of the file before ends, but for
  // the delay of a new encoder (6.5 ms), which players trim. ffprobe gives every Opus packet its full 20 ms. The two
  // sources begin one after the other, on a busy machine with a pause between them.
  const begin = recording.files[0]?.audio?.startTime ?? Number.NaN;
  expect(Math.abs(begin)).toBeLessThan(0.5);
  let last = begin - 0.02;
  for (const file of recording.files) {
    const packets = await commands.packets(file.key, 'a');
    const step = file.startTime + (file.audio?.startTime ?? 0) - last;
    expect(step, file.key).toBeGreaterThan(-0.007);
    expect(step, file.key).toBeLessThan(0.0205);
    last = file.startTime + (packets.at(-1)?.pts ?? 0);
  }
  expect(Math.abs(last + 0.02 - begin - 6)).toBeLessThan(0.06);
});
