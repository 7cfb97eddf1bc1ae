/** Clocks that drift apart by 200 ppm, over an hour of simulated time, with real encoders: heard and seen in the files. */
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { SimulatedRecording } from './support/simulated-recording.ts';
import { makeFrame } from './support/source.ts';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const FILE = 600 * SECOND;
/** Microseconds from one frame to the next, and hertz: few, so that an hour is soon over. */
const STEP = 500_000;
const RATE = 8_000;
/** A flash and a beep of a quarter of a second every 20 s, for the first time after 5 s. */
const EVERY = 20 * SECOND;
const FIRST = 5 * SECOND;
const LENGTH = 500_000;

const isOn = (time: number): boolean => time >= FIRST && (time - FIRST) % EVERY < LENGTH;

/** What a microphone hears whose clock is fast by so much: `piece` quarters of its own seconds from the beginning. */
const hear = (piece: number, drift: number, base: number): AudioData => {
  const frames = RATE / 2;
  const data = new Float32Array(frames);
  for (let i = 0; i < frames; i++) {
    const n = piece * frames + i;
    const time = (n / RATE / (1 + drift)) * SECOND;
    if (isOn(time)) data[i] = 0.5 * Math.sin((2 * Math.PI * 1_000 * time) / SECOND);
  }
  const timestamp = base + piece * STEP;
  return new AudioData({
    format: 'f32-planar',
    sampleRate: RATE,
    numberOfFrames: frames,
    numberOfChannels: 1,
    timestamp,
    data,
  });
};

/** The picture of a moment: bright while a flash lasts. */
const see = (frame: number): VideoFrame => {
  const bright = isOn(frame * STEP);
  const look = { width: 192, height: 64 };
  if (!bright) return makeFrame(frame, frame * STEP, look);
  const data = new Uint8Array(192 * 64 * 1.5).fill(128).fill(235, 0, 192 * 64);
  return new VideoFrame(data, { format: 'I420', codedWidth: 192, codedHeight: 64, timestamp: frame * STEP });
};

/** Milliseconds of delay that come and go, the same in each run. */
const jitter = (i: number): number => ((i * 7_919) % 13) * 1_000;

/** Seconds by which each beep is later than its flash. */
const record = async (drift: number, length: number): Promise<number[]> => {
  const recording = new SimulatedRecording(inject('endpoint'), {
    video: { codec: 'avc', bitrate: 40_000, keyFrameInterval: 10 },
    audio: { codec: 'opus', bitrate: 64_000 },
    cut: { maxFileDuration: FILE / SECOND },
  });
  let [piece, frame] = [0, 0];
  while (frame * STEP < length) {
    // A frame is there 30 ms after its moment, a piece of audio when it is full: whichever arrives first.
    const seen = frame * STEP + 30_000 + jitter(frame + 5);
    const heard = ((piece + 1) * STEP) / (1 + drift) + jitter(piece);
    await recording.until(Math.min(seen, heard));
    if (heard < seen) recording.audio.put(hear(piece++, drift, 2_720 * SECOND));
    else recording.video.put(see(frame++));
  }
  const manifest = await recording.stop();
  expect(recording.errors).toEqual([]);
  expect(recording.stats).toMatchObject({ framesDropped: 0, audioSamplesFilled: 0, audioSamplesDropped: 0 });
  expect(manifest.files).toHaveLength(length / FILE);
  await checkFiles(manifest, true);
  const apart: number[] = [];
  for (const { key } of manifest.files) {
    const frames = await commands.brightness(key);
    const bright = frames.map(({ luma }) => luma > 180);
    const flashes = frames.filter((_, i) => bright[i] && !bright[i - 1]).map(({ time }) => time);
    const beeps = await commands.beeps(key);
    expect(beeps.length, key).toBe(flashes.length);
    apart.push(...flashes.map((flash, i) => (beeps[i] ?? Number.NaN) - flash));
  }
  expect(apart).toHaveLength(length / EVERY);
  return apart;
};

test.concurrent.each([
  ['fast', 200e-6, HOUR],
  ['slow', -200e-6, HOUR / 6],
])(
  'a microphone that is %s by 200 ppm: sound and picture stay together',
  async (_, drift, length) => {
    const apart = await record(drift, length);
    // That audio comes in pieces of a quarter of a second, which arrive when they are full, is no drift.
    const [start = Number.NaN] = apart;
    const off = apart.map(seconds => Math.abs(seconds - start));
    // Uncorrected, it would be 720 ms after an hour.
    expect(Math.max(...off)).toBeLessThanOrEqual(0.04);
    console.info(`${drift * 1e6} ppm: at most ${Math.round(Math.max(...off) * 1000)} ms`);
  },
  300_000,
);
