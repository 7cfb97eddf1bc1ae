import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Told } from '../../src/events.ts';
import { backlogOf, emptyStats } from '../../src/worker/stats.ts';
import { Warnings } from '../../src/worker/warnings.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const listen = () => {
  const told: (Told<'warning'> & { at: number })[] = [];
  const began = performance.now();
  const warnings = new Warnings(warning => told.push({ ...warning, at: performance.now() - began }));
  return { warnings, told };
};

describe('warnings', () => {
  it('the first is told at once', () => {
    const { warnings, told } = listen();
    warnings.warn('audio-gap', 'gaps');
    expect(told).toEqual([{ code: 'audio-gap', message: 'gaps', count: 1, at: 0 }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a flood of one code is told now and then, and in the end with the newest words and count', () => {
    const { warnings, told } = listen();
    for (let i = 1; i <= 100; i++) {
      warnings.warn('frames-dropped', `dropped ${i}`);
      vi.advanceTimersByTime(25);
    }
    vi.advanceTimersByTime(5_000);
    expect(told.length).toBeLessThanOrEqual(5);
    expect(told.length).toBeGreaterThanOrEqual(3);
    expect(told.at(-1)).toMatchObject({ message: 'dropped 100', count: 100 });
  });

  it('one that comes alone a second later is told at once', () => {
    const { warnings, told } = listen();
    warnings.warn('timestamps', 'first');
    vi.advanceTimersByTime(1_000);
    warnings.warn('timestamps', 'second');
    expect(told.map(({ count, at }) => [count, at])).toEqual([
      [1, 0],
      [2, 1_000],
    ]);
  });

  it('the second of two is told although no third comes', () => {
    const { warnings, told } = listen();
    warnings.warn('audio-overlap', 'one');
    warnings.warn('audio-overlap', 'two');
    expect(told).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(told.map(({ message }) => message)).toEqual(['one', 'two']);
    vi.advanceTimersByTime(60_000);
    expect(told).toHaveLength(2);
  });

  it('codes do not hold each other back', () => {
    const { warnings, told } = listen();
    warnings.warn('audio-gap', 'a');
    warnings.warn('audio-overlap', 'b');
    expect(told.map(({ code }) => code)).toEqual(['audio-gap', 'audio-overlap']);
  });

  it('the count may be that of something else than warnings', () => {
    const { warnings, told } = listen();
    warnings.warn('frames-dropped', 'dropped', 17);
    warnings.warn('frames-dropped', 'dropped', 34);
    warnings.flush();
    expect(told.map(({ count }) => count)).toEqual([17, 34]);
  });

  it('what waits is told when the recording is over, and nothing after that', () => {
    const { warnings, told } = listen();
    for (const message of ['one', 'two', 'three']) warnings.warn('audio-gap', message);
    warnings.flush();
    expect(told.map(({ message }) => message)).toEqual(['one', 'three']);
    expect(vi.getTimerCount()).toBe(0);
    warnings.flush();
    expect(told).toHaveLength(2);
  });
});

describe('what is counted', () => {
  it('begins at zero, each recording with its own', () => {
    expect(new Set(Object.values(emptyStats()))).toEqual(new Set([0]));
    expect(emptyStats()).not.toBe(emptyStats());
    expect(Object.keys(emptyStats()).sort()).toEqual([
      'audioBytes',
      'audioQueue',
      'audioSamplesDropped',
      'audioSamplesFilled',
      'audioSamplesIn',
      'audioSamplesStretched',
      'cuts',
      'duration',
      'framesDropped',
      'framesEncoded',
      'framesFitted',
      'framesIn',
      'framesRepeated',
      'recordedBytes',
      'storedBytes',
      'videoBytes',
      'videoQueue',
    ]);
  });

  it('the backlog: bytes that are not stored, and how long they last at the average bitrate', () => {
    const stats = { ...emptyStats(), recordedBytes: 1_000_000, storedBytes: 750_000, duration: 8 };
    expect(backlogOf(stats)).toEqual({ bytes: 250_000, seconds: 2 });
    expect(backlogOf({ ...stats, storedBytes: 1_000_000 })).toEqual({ bytes: 0, seconds: 0 });
  });

  it('the backlog is never less than nothing, nor no number', () => {
    expect(backlogOf(emptyStats())).toEqual({ bytes: 0, seconds: 0 });
    expect(backlogOf({ ...emptyStats(), recordedBytes: 1, storedBytes: 5, duration: 1 })).toEqual({
      bytes: 0,
      seconds: 0,
    });
  });
});
