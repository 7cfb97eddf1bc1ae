/** Flash and beep: what happened at the same moment is shown and heard at the same moment, in every file. */
import { Recorder, type Recording, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import { FlashBeepSource } from './support/flash-beep.ts';
import { onsets, soundOf } from './support/sound.ts';

/** Seconds at which flashes begin, on the file's own timeline. */
const flashes = async (key: string): Promise<number[]> => {
  const frames = await commands.brightness(key);
  const bright = frames.map(({ luma }) => luma > 180);
  return frames.filter((_, i) => bright[i] && !bright[i - 1]).map(({ time }) => time);
};

/** Seconds by which each beep is later than its flash, file by file. */
const lateness = async (recording: Recording): Promise<number[][]> => {
  const files: number[][] = [];
  for (const { key } of recording.files) {
    const [seen, heard] = [await flashes(key), onsets(await soundOf(key))];
    expect(heard.length, `${key}: beeps to ${seen.length} flashes`).toBe(seen.length);
    files.push(seen.map((flash, i) => (heard[i] ?? Number.NaN) - flash));
  }
  return files;
};

const sizes = [
  { width: 640, height: 360 },
  { width: 480, height: 270 },
  { width: 854, height: 480 },
  { width: 640, height: 360 },
];

const record = async (source: FlashBeepSource, secondsEach: number): Promise<Recording> => {
  const recorder = new Recorder(source.stream, { storage: tus({ endpoint: inject('endpoint') }) });
  await recorder.start();
  for (const size of sizes) await source.feed(secondsEach, size);
  const recording = await recorder.stop();
  expect(recorder.stats).toMatchObject({ framesDropped: 0, audioSamplesFilled: 0, audioSamplesDropped: 0 });
  return recording;
};

const expectTogether = (files: number[][], flashesEach: number): void => {
  expect(files.map(file => file.length)).toEqual(sizes.map(() => flashesEach));
  for (const late of files.flat()) expect(Math.abs(late)).toBeLessThanOrEqual(0.02);
};

test.concurrent('over 60 s and three cuts, each flash and its beep are within 20 ms of each other', async () => {
  // 2,720 s lay between the timestamps of a camera and a microphone.
  const source = new FlashBeepSource({ audioBase: 2_720_000_000 });
  const recording = await record(source, 15);
  await checkFiles(recording);
  await checkCounters(recording, 1800);
  const late = await lateness(recording);
  expectTogether(late, 15);
}, 180_000);

test.concurrent('the same when each piece of audio comes when it is full, as from a microphone', async () => {
  const recording = await record(new FlashBeepSource({ audioBase: -1_000_000_000, lateness: 10 }), 3);
  await checkFiles(recording);
  const late = await lateness(recording);
  expectTogether(late, 3);
});
