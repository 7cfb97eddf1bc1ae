/** Files decoded one after another sound as if there had been no cut. */
import { Recorder, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { AudioSource, VideoSource } from './support/source.ts';

test('over 5 cuts no sound is lost: as many samples as were fed, and the tone runs on', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    cut: { maxFileDuration: 1 },
  });
  await recorder.start();
  await Promise.all([video.feed(180), audio.feed(6)]);
  const recording = await recorder.stop();
  expect(recording.files).toHaveLength(6);
  await checkFiles(recording);
  const files: number[][] = [];
  for (const { key } of recording.files)
    files.push((await commands.audio(key, 48_000, 2)).filter((_, i) => i % 2 === 0));
  const total = files.reduce((sum, samples) => sum + samples.length, 0);
  expect(Math.abs(total - audio.samples)).toBeLessThanOrEqual(960);
  // 440 Hz cross zero 880 times a second; a gap or an overlap at a join would shift the phase. Measured in the middle
  // of each file, on the timeline, against the phase of the first.
  const phases = recording.files.map(({ startTime, audio: track }, i) => {
    const start = startTime + Math.max(0, track?.startTime ?? 0);
    return phaseAt(files[i] ?? [], Math.round((startTime + 0.5 - start) * 48_000));
  });
  for (const phase of phases.slice(1)) {
    // Half a second before and after are whole periods of 440 Hz, so all phases are alike.
    const apart = Math.abs(((phase - (phases[0] ?? 0) + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);
    expect(apart).toBeLessThan(0.3);
  }
});

/** Phase of a 440 Hz tone around a sample, by correlation over 20 periods. */
const phaseAt = (samples: readonly number[], middle: number): number => {
  const half = Math.round((48_000 / 440) * 10);
  let [sine, cosine] = [0, 0];
  for (let i = -half; i < half; i++) {
    const angle = (2 * Math.PI * 440 * i) / 48_000;
    sine += (samples[middle + i] ?? 0) * Math.sin(angle);
    cosine += (samples[middle + i] ?? 0) * Math.cos(angle);
  }
  return Math.atan2(cosine, sine);
};
