/** A constant frame rate, and timestamps that can not be believed. */
import { Recorder, type RecorderEvents, type Recording, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { AudioSource, makeFrame, until, VideoSource } from './support/source.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Two seconds, and by how long a busy machine was late with the last frame. */
const expectTwoSeconds = ({ duration }: Recording): void => {
  expect(duration).toBeGreaterThan(1.9);
  expect(duration).toBeLessThan(2.3);
};

/** Records a source of another rate at 30 frames a second; gives the frames' counters and all that was counted. */
const recordAt30 = async (frameRate: number, frames: number) => {
  const video = new VideoSource(frameRate);
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    video: { frameRate: 30 },
    cut: { maxFileDuration: 2 },
  });
  await recorder.start();
  await Promise.all([video.feed(frames), audio.feed(frames / frameRate)]);
  const recording = await recorder.stop();
  await checkFiles(recording);
  const counters: number[][] = [];
  for (const { key, duration, startTime } of recording.files) {
    counters.push(await commands.counters(key, 640, 360));
    const packets = await commands.packets(key, 'v');
    // To the tick: the track counts time in thirtieths.
    for (const [i, packet] of packets.entries()) {
      expect(packet.pts, `${key} frame ${i}`).toBeCloseTo(i / 30, 5);
      expect(packet.duration, `${key} frame ${i}`).toBeCloseTo(1 / 30, 5);
    }
    expect(duration * 30).toBeCloseTo(packets.length, 3);
    expect(startTime * 30).toBeCloseTo(Math.round(startTime * 30), 3);
  }
  const { framesIn, framesRepeated, framesDropped, framesEncoded } = recorder.stats;
  expect(framesIn).toBe(frames);
  expect(framesEncoded).toBe(counters.flat().length);
  expect(framesEncoded).toBe(framesIn + framesRepeated - framesDropped);
  return { counters: counters.flat(), framesRepeated, framesDropped, files: recording.files.length };
};

test.concurrent('from 15 to 30: each frame twice, over a cut', async () => {
  const { counters, framesDropped, files } = await recordAt30(15, 45);
  expect(files).toBe(2);
  expect(framesDropped).toBe(0);
  expect(new Set(counters)).toEqual(new Set(range(0, 45)));
  expect(counters).toEqual([...counters].sort((a, b) => a - b));
  expect(counters.length).toBeGreaterThanOrEqual(88);
  expect(counters.length).toBeLessThanOrEqual(91);
});

test.concurrent('from 60 to 30: every second frame', async () => {
  const { counters, framesDropped, framesRepeated } = await recordAt30(60, 150);
  expect(framesDropped - framesRepeated).toBe(75);
  // On a machine that is held up for 0.3 s a place is filled before its frame comes, which is then one too many.
  expect(framesRepeated).toBeLessThanOrEqual(3);
  const places = range(0, 75).map(i => 2 * i);
  const others = counters.filter((counter, i) => counter !== places[i]);
  expect(others.length).toBeLessThanOrEqual(2 * framesRepeated);
  expect(counters).toEqual([...counters].sort((a, b) => a - b));
});

test.concurrent('a source that stands still goes on at the constant rate', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    video: { frameRate: 30 },
  });
  await recorder.start();
  await video.feed(30);
  await until(performance.now() + 2_000);
  const recording = await recorder.stop();
  await checkFiles(recording);
  const [file] = recording.files;
  expect(recording.duration).toBeGreaterThan(2.9);
  expect(file?.video?.frames).toBe(Math.round(recording.duration * 30));
  const counters = await commands.counters(file?.key ?? '', 640, 360);
  expect(counters).toEqual([...range(0, 30), ...counters.slice(30).map(() => 29)]);
});

/** Feeds frames in real time, with timestamps of their own in microseconds. */
const recordTimes = async (times: readonly number[]) => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
  });
  const warnings: RecorderEvents['warning'][] = [];
  recorder.on('warning', warning => warnings.push(warning));
  await recorder.start();
  await video.feedFrames(times.length, (_, counter) => makeFrame(counter, times[counter] ?? 0));
  const recording = await recorder.stop();
  await checkFiles(recording, true);
  const packets = await commands.packets(recording.files[0]?.key ?? '', 'v');
  for (const [i, { pts }] of packets.entries())
    if (i > 0) expect(pts).toBeGreaterThan(packets[i - 1]?.pts ?? 0);
  expect(await commands.counters(recording.files[0]?.key ?? '', 640, 360)).toEqual(range(0, times.length));
  const repaired = warnings.filter(w => w.code === 'timestamps').at(-1)?.count ?? 0;
  return { recording, packets, repaired };
};

const STEP = 33_333;
const steady = range(0, 60).map(i => i * STEP);
const HOURS = 3 * 3_600_000_000;

test.concurrent('steady timestamps are kept as they are, and an uneven frame rate with them', async () => {
  let time = 0;
  const uneven = range(0, 60).map(i => {
    time += i === 0 ? 0 : ([16_000, 50_000, 33_000, 34_000][i % 4] ?? 0);
    return time;
  });
  const { packets, repaired } = await recordTimes(uneven);
  expect(repaired).toBe(0);
  for (const [i, { pts }] of packets.entries()) expect(pts).toBeCloseTo((uneven[i] ?? 0) / 1e6, 4);
});

test.concurrent('duplicates and steps back: each frame has a time of its own, and the repairs are counted', async () => {
  const times = steady.map((time, i) =>
    i === 20 || i === 40 ? (steady[i - 1] ?? 0) : i === 50 ? time - 60_000 : time,
  );
  const { recording, repaired } = await recordTimes(times);
  expect(repaired).toBe(3);
  expectTwoSeconds(recording);
});

test.concurrent('timestamps that stand still: the frames lie where they arrived', async () => {
  const { recording, repaired } = await recordTimes(steady.map(() => 0));
  expect(repaired).toBe(59);
  expect(recording.duration).toBeGreaterThan(1.7);
  expect(recording.duration).toBeLessThan(2.4);
});

test.concurrent('a jump of hours, as after a sleep, is one step: nothing is filled', async () => {
  const { recording, repaired } = await recordTimes(steady.map((time, i) => (i < 30 ? time : time + HOURS)));
  expect(repaired).toBe(1);
  expectTwoSeconds(recording);
});

test.concurrent('a jump of hours in picture and sound at once: both go on together, and no silence is filled in', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
  });
  await recorder.start();
  const sleep = (i: number): number => (i < 30 ? 0 : HOURS);
  const sound = audio.feed(1).then(() => {
    audio.skipTime(HOURS);
    return audio.feed(1);
  });
  await Promise.all([video.feedFrames(60, (timestamp, i) => makeFrame(i, timestamp + sleep(i))), sound]);
  const recording = await recorder.stop();
  await checkFiles(recording, true);
  expect(recording.duration).toBeCloseTo(2, 1);
  expect(recorder.stats.audioSamplesFilled).toBeLessThan(4_800);
  const samples = await commands.audio(recording.files[0]?.key ?? '', 48_000, 1);
  expect(samples.length / 48_000).toBeCloseTo(2, 1);
});
