/** When the page hears of progress: a clock that shows whole seconds must show every one. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tellProgress, untilProgress } from '../../src/worker/progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is a tenth of a second after each whole one', () => {
  expect(untilProgress(100_000)).toBe(1_000);
  expect(untilProgress(350_000)).toBe(750);
  expect(untilProgress(1_800_000)).toBe(300);
});

it('is once a second while it is not known where the recording is', () => {
  expect(untilProgress(undefined)).toBe(1_000);
});

it('is not twice for a timer that came too early, nor much later than a second', () => {
  expect(untilProgress(2_099_000)).toBe(1_001);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), now => {
      expect(untilProgress(now)).toBeGreaterThanOrEqual(100);
      expect(untilProgress(now)).toBeLessThanOrEqual(1_100);
    }),
  );
});

it('every second is told of, whatever the timers do', () => {
  const seen: number[] = [];
  // The recording began 0.7 s before its worker was asked.
  const now = (): number => (performance.now() - began + 700) * 1_000;
  const began = performance.now();
  const stop = tellProgress(now, () => seen.push(Math.floor((now() - 40_000) / 1e6)));
  vi.advanceTimersByTime(10_000);
  stop();
  vi.advanceTimersByTime(10_000);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
