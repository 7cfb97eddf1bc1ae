import { describe, expect, test } from 'vitest';
import { originAfter, pieceTime, samplesIn } from '../../demo/test-pattern/schedule.ts';
import { isFlashing, tone } from '../../demo/test-pattern/tone.ts';

describe('the tone of the test pattern', () => {
  test('the pieces hold every sample once, at any rate', () => {
    for (const rate of [8000, 22_050, 44_100, 48_000, 96_000]) {
      let next = 0;
      for (let piece = 0; piece < 250; piece++) {
        const { first, count } = samplesIn(piece, rate);
        expect(first).toBe(next);
        next = first + count;
      }
      expect(next).toBe(Math.round(2.5 * rate));
    }
  });

  test('is 440 Hz left and 660 Hz right at -12 dBFS', () => {
    const second = tone(0.2, 24_000, 48_000, 2);
    const crossings = (samples: Float32Array): number =>
      samples.filter((sample, n) => sample >= 0 && (samples[n - 1] ?? 0) < 0).length;
    const [left, right] = [second.data.subarray(0, 24_000), second.data.subarray(24_000)];
    expect(Math.abs(crossings(left) - 220)).toBeLessThanOrEqual(1);
    expect(Math.abs(crossings(right) - 330)).toBeLessThanOrEqual(1);
    expect(Math.max(...left)).toBeCloseTo(10 ** (-12 / 20), 3);
  });

  test('runs on without a click from piece to piece and through a change of the rate', () => {
    const before = tone(0.49, 480, 48_000, 1).data;
    const after = tone(0.5, 441, 44_100, 1).data;
    const joined = [...before, ...after];
    // The steepest that a 440 Hz sine of this amplitude gets from one sample to the next at 44,100 Hz.
    const steepest = 0.252 * 2 * Math.PI * (440 / 44_100);
    for (let n = 1; n < joined.length; n++) {
      expect(Math.abs((joined[n] ?? 0) - (joined[n - 1] ?? 0))).toBeLessThan(steepest);
    }
  });

  test('beeps while the picture flashes', () => {
    const loudest = (time: number): number => Math.max(...tone(time, 480, 48_000, 1).data.map(Math.abs));
    for (let frame = 0; frame < 60; frame++) {
      const middle = frame / 30 + 0.012;
      expect(loudest(middle) > 0.27, `frame ${frame}`).toBe(isFlashing(frame, 30));
    }
  });
});

describe('the clock of the test pattern', () => {
  test('catches up after a short stop', () => {
    expect(originAfter(1000, 5300, 4)).toBe(1000);
  });

  test('goes on where it was after a long one', () => {
    const origin = originAfter(1000, 60_000, 4);
    expect((60_000 - origin) / 1000).toBe(4);
  });

  test('does not drift', () => {
    expect(pieceTime(360_000)).toBe(3600);
  });
});
