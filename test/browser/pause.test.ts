/** Pausing: the paused time is not on the timeline, and picture and sound stay together. */
import { Recorder, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { AudioSource, received, VideoSource } from './support/source.ts';

test('pause and resume: one file, no gap, picture and sound together', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
  });
  await recorder.start();
  // Loud before the pause, silent while it lasts, loud after it; the counters tell the frames apart.
  const sound = audio
    .feed(1.5)
    .then(() => audio.feed(2, { amplitude: 0 }))
    .then(() => audio.feed(1.5));
  await video.feed(45);
  recorder.pause();
  expect(recorder.state).toBe('paused');
  recorder.pause();
  await video.feed(60);
  recorder.resume();
  expect(recorder.state).toBe('recording');
  await video.feed(45);
  await sound;
  const recording = await recorder.stop();
  expect(recording.files).toHaveLength(1);
  await checkFiles(recording, true);
  const key = recording.files[0]?.key ?? '';
  const counters = await commands.counters(key, 640, 360);
  // All frames of before and after; of those while paused at most one at each end, by when the commands came through.
  const inPause = counters.filter(c => c >= 45 && c < 105);
  expect(inPause.length).toBeLessThanOrEqual(3);
  expect(counters.filter(c => c < 44)).toEqual(Array.from({ length: 44 }, (_, i) => i));
  expect(counters.filter(c => c > 105)).toEqual(Array.from({ length: 44 }, (_, i) => 106 + i));
  expect(recording.duration).toBeGreaterThan(2.9);
  expect(recording.duration).toBeLessThan(3.1);
  const pause = recording.events.find(e => e.type === 'pause');
  expect(pause?.time).toBeCloseTo(1.5, 0);
  expect(pause?.type === 'pause' ? pause.duration : 0).toBeCloseTo(2, 0);
  const samples = await commands.audio(key, 48_000, 1);
  expect(samples.length / 48_000).toBeCloseTo(recording.duration, 1);
  const loud = Array.from({ length: 58 }, (_, i) =>
    samples.slice((i + 1) * 2400, (i + 2) * 2400).some(sample => Math.abs(sample) > 0.05),
  );
  expect(loud.filter(l => !l).length, 'twentieths of a second without sound').toBeLessThanOrEqual(2);
});

test('stopped while paused: what was captured meanwhile is left out', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
  });
  await recorder.start();
  await video.feed(30);
  await received(recorder, 30);
  recorder.pause();
  video.skipMissed();
  await video.feed(30);
  const recording = await recorder.stop();
  await checkFiles(recording, true);
  const counters = await commands.counters(recording.files[0]?.key ?? '', 640, 360);
  expect(counters.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(counters.length).toBeLessThanOrEqual(31);
});

test('pausing what is not being recorded is an error', () => {
  const recorder = new Recorder(new MediaStream([new VideoSource().track]), {});
  expect(() => recorder.pause()).toThrowError(expect.objectContaining({ code: 'state-invalid' }));
  expect(() => recorder.resume()).toThrowError(expect.objectContaining({ code: 'state-invalid' }));
});
