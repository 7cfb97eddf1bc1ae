/** What is made of a ring whose video gives nothing for a while, as that of a call whose camera is off. */
import { describe, expect, test } from 'vitest';
import type { RingTaker } from '../../src/worker/ring-taker.ts';
import { newRing, PIECE, SECOND, SimulatedStream, type TakenFiles, takeAll } from './dvr-kit.ts';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const turn = () => new Promise(resolve => setTimeout(resolve));

/**
 * A stream that has run for 8 s, of which the last 5 without a picture; and a recording that begins now.
 *
 * @param deaf true when it gives no key frames that it is asked for.
 */
const begun = ({ deaf = false } = {}) => {
  const ring = newRing(60);
  const stream = new SimulatedStream(entry => ring.append(entry));
  stream.play(3);
  stream.muted = true;
  stream.play(5);
  if (deaf) stream.keyFrameAt = () => undefined;
  let taker: RingTaker | undefined;
  const made = takeAll(ring, stream, { kind: 'live', preRoll: 0 }, one => (taker = one));
  const play = async (seconds: number): Promise<void> => {
    await turn();
    stream.play(seconds);
    await turn();
  };
  /** The stream ends a moment after the recording. */
  const stop = async () => {
    taker?.endAt(stream.time);
    await play(0.5);
    ring.finish();
    return made;
  };
  const pause = async (seconds: number): Promise<void> => {
    taker?.pause(stream.time);
    await play(seconds);
    taker?.resume(stream.time);
    stream.keyFrameAt(stream.time);
  };
  return { stream, play, stop, pause };
};

const shapesOf = ({ all }: TakenFiles) =>
  all.map(({ setup, frames }) => [
    setup.reason,
    setup.startTime / SECOND,
    setup.video !== undefined,
    frames.length,
  ]);

/** Packets of the ring's sound from second to second, one after another. */
const soundOf = (...ranges: [from: number, to: number][]): string[] =>
  ranges.flatMap(([from, to]) =>
    numbers(Math.round((from * SECOND) / PIECE), Math.round((to * SECOND) / PIECE)).map(
      i => `sound ${i * PIECE}`,
    ),
  );

const expectSound = ({ sound }: TakenFiles, ...ranges: [number, number][]): void => {
  expect(sound.map(({ text }) => text)).toEqual(soundOf(...ranges));
  expect(sound.map(({ time }) => time)).toEqual(sound.map((_, i) => i * PIECE));
};

describe('while the camera is off', () => {
  test('a recording has the sound alone, from its start on, and the picture once it comes', async () => {
    const { stream, play, stop } = begun();
    await play(10);
    stream.muted = false;
    await play(2);
    const { files } = await stop();
    expect(shapesOf(files)).toEqual([
      ['start', 0, false, 0],
      ['track-added', 10, true, 50],
    ]);
    expect(files.all[1]?.frames[0]).toMatchObject({ type: 'key', time: 10 * SECOND });
    expect(files.all[1]?.config).toBeDefined();
    expect(files.all.map(({ endTime }) => endTime)).toEqual([10 * SECOND, 12 * SECOND]);
    expectSound(files, [8, 20]);
  });

  test('what comes then is of no use before its first key frame', async () => {
    const { stream, play, stop } = begun({ deaf: true });
    await play(4);
    stream.muted = false;
    // Its last group had 25 of its 50.
    await play(2);
    const { files } = await stop();
    expect(shapesOf(files)).toEqual([
      ['start', 0, false, 0],
      ['track-added', 5, true, 25],
    ]);
    expect(files.all[1]?.frames[0]).toMatchObject({ type: 'key', time: 5 * SECOND });
    expectSound(files, [8, 14]);
  });

  test('one that is stopped before it is known that no picture comes has what it has', async () => {
    const { play, stop } = begun();
    await play(1.5);
    const { files } = await stop();
    expect(shapesOf(files)).toEqual([['start', 0, false, 0]]);
    expect(files.all[0]?.endTime).toBe(1.5 * SECOND);
    expectSound(files, [8, 9.5]);
  });

  test('a picture that comes in time begins the recording', async () => {
    const { stream, play, stop } = begun();
    await play(1);
    stream.muted = false;
    await play(2);
    const { files } = await stop();
    expect(shapesOf(files)).toEqual([['start', 0, true, 50]]);
    expectSound(files, [9, 11]);
  });

  test('one that goes on after a pause goes on with the sound, on the same timeline', async () => {
    const { stream, play, stop, pause } = begun();
    stream.muted = false;
    await play(2);
    stream.muted = true;
    await play(1);
    await pause(3);
    await play(5);
    await pause(1);
    await play(4);
    stream.muted = false;
    await play(2);
    const { files, notes } = await stop();
    expect(shapesOf(files)).toEqual([
      ['start', 0, true, 50],
      ['track-removed', 3, false, 0],
      ['track-added', 12, true, 50],
    ]);
    expect(files.all.map(({ endTime, over }) => [endTime, over])).toMatchObject([
      [3 * SECOND, true],
      [12 * SECOND, expect.anything()],
      [14 * SECOND, expect.anything()],
    ]);
    expect(notes).toEqual([
      { type: 'pause', time: 3, duration: 3 },
      { type: 'pause', time: 8, duration: 1 },
    ]);
    expectSound(files, [8, 11], [14, 19], [20, 26]);
  });

  test('what lies between two pauses is recorded, however soon the second one comes', async () => {
    const { play, stop, pause } = begun();
    await play(4);
    await pause(1);
    await play(1);
    await pause(2);
    await play(3);
    const { files, notes } = await stop();
    expect(shapesOf(files)).toEqual([['start', 0, false, 0]]);
    expect(notes).toEqual([
      { type: 'pause', time: 4, duration: 1 },
      { type: 'pause', time: 5, duration: 2 },
    ]);
    expectSound(files, [8, 12], [13, 14], [16, 19]);
  });

  test('a picture that comes with other parameters has a file with those', async () => {
    const { stream, play, stop } = begun();
    await play(4);
    stream.muted = false;
    stream.cut('video-size', 320);
    await play(2);
    const { files } = await stop();
    expect(shapesOf(files)).toEqual([
      ['start', 0, false, 0],
      ['track-added', 4, true, 50],
    ]);
    expectSound(files, [8, 14]);
  });
});

test('a pause that begins before the first picture has come out of its encoder is one all the same', async () => {
  const ring = newRing(60);
  const stream = new SimulatedStream(entry => ring.append(entry), { lag: 200 });
  stream.play(3);
  let taker: RingTaker | undefined;
  const made = takeAll(ring, stream, { kind: 'live', preRoll: 0 }, one => (taker = one));
  stream.play(0.12);
  await turn();
  taker?.pause(stream.time);
  stream.play(5);
  await turn();
  taker?.resume(stream.time);
  stream.keyFrameAt(stream.time);
  stream.play(1);
  stream.end();
  ring.finish();
  const { files, notes } = await made;
  expect(notes).toMatchObject([{ type: 'pause', duration: 5 }]);
  expectSound(files, [3, 3.12], [8.12, 9.12]);
});
