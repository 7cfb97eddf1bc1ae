/** When what was recorded gets to the disk: together, and never too late. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogRecord } from '../../src/worker/checkpoint.ts';
import { patienceOf, writeAlarm } from '../../src/worker/write-alarm.ts';

const video = (time: number): LogRecord => ({ kind: 'video', file: 1, time, type: 'delta' });
const audio = (time: number): LogRecord => ({ kind: 'audio', file: 1, time, duration: 20_000 });

describe('how long a packet may wait', () => {
  it('is what is left of 75 ms since it was captured', () => {
    expect(patienceOf(0)).toBe(75_000);
    expect(patienceOf(30_000)).toBe(45_000);
  });

  it('is never less than 20 ms, however late it is, nor more than 75', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), age => {
        expect(patienceOf(age)).toBeGreaterThanOrEqual(20_000);
        expect(patienceOf(age)).toBeLessThanOrEqual(75_000);
      }),
    );
  });
});

describe('the alarm', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const start = (now: () => number | undefined) => {
    const written: number[] = [];
    const began = performance.now();
    const write = (): void => void written.push(performance.now() - began);
    const alarm = writeAlarm(now);
    return { written, soon: (record: LogRecord) => alarm(write, record) };
  };

  it('writes packets of a moment together, by when the first of them has to be', () => {
    const { written, soon } = start(() => 1_000_000);
    soon(video(990_000));
    vi.advanceTimersByTime(33);
    soon(video(990_000));
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual([65]);
  });

  it('writes sooner when an older packet comes: of sound, the end counts', () => {
    const { written, soon } = start(() => 1_000_000);
    soon(video(990_000));
    vi.advanceTimersByTime(10);
    soon(audio(940_000));
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual([45]);
  });

  it('goes on after each write', () => {
    const { written, soon } = start(() => 1_000_000);
    soon(video(1_000_000));
    vi.advanceTimersByTime(100);
    soon(video(1_000_000));
    vi.advanceTimersByTime(100);
    expect(written).toEqual([75, 175]);
  });

  it('takes what is not known to be old for 20 ms old', () => {
    const { written, soon } = start(() => undefined);
    soon(video(0));
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual([55]);
  });
});
