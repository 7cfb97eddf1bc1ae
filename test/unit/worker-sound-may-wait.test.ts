/** Sound that may wait for the next frame, so that a piece of 10 ms does not wake the worker. */
import { expect, it } from 'vitest';
import { RecordingTime } from '../../src/worker/recording-time.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const MS = 1_000;
const PIECE = 10 * MS;

/** A second of sound, and of frames that come every so many pieces; the last piece comes so much later than the others. */
const recorded = async ({ frameEvery = 4, late = 0, settled = true } = {}) => {
  const clock = new SimulatedClock();
  const time = new RecordingTime(clock, () => undefined);
  for (let i = 1; i <= 100; i++) {
    await clock.advance(i === 100 ? PIECE + late : PIECE);
    if (i % frameEvery === 0) time.video.map(i * PIECE, clock.now());
    time.audio.observe(i * PIECE, clock.now(), PIECE);
  }
  if (settled) time.audio.settle(0);
  return { time, now: clock.now() };
};

it('is what comes while frames come, and nothing waits', async () => {
  const { time, now } = await recorded();
  expect(time.soundMayWait(now, 0)).toBe(true);
  expect(time.soundMayWait((time.video.lastArrival ?? 0) + 49 * MS, 0)).toBe(true);
});

it('is none where the next frame may be long in coming, or is none', async () => {
  const { time } = await recorded();
  expect(time.soundMayWait((time.video.lastArrival ?? 0) + 51 * MS, 0)).toBe(false);
  const alone = await recorded({ frameEvery: 1_000 });
  expect(alone.time.soundMayWait(alone.now, 0)).toBe(false);
});

it('is none while more may wait to be read', async () => {
  const { time, now } = await recorded({ late: 5 * MS });
  expect(time.soundMayWait(now, 0)).toBe(false);
});

it('is none before it is known where anything lies', async () => {
  const { time, now } = await recorded({ settled: false });
  expect(time.soundMayWait(now, 0)).toBe(false);
});

it('is none while a file waits for its first sound, or there is no file', async () => {
  const { time, now } = await recorded();
  expect(time.soundMayWait(now)).toBe(false);
  const at = time.at(now) ?? Number.NaN;
  expect(time.soundMayWait(now, at - 99 * MS)).toBe(false);
  expect(time.soundMayWait(now, at - 101 * MS)).toBe(true);
});
