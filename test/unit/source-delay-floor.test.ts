import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayFloor, stepOverJump } from '../../src/source/delay-floor.ts';
import { HOUR, MINUTE, random, SECOND } from './source-kit.ts';

const PIECE = 10_000;
/** The floor rises by so much of the time that passes. */
const RISE = 500e-6;

describe('the delay of what came through fastest', () => {
  it('is infinite before anything came, then that of the first piece', () => {
    const floor = new DelayFloor();
    expect(floor.value).toBe(Number.POSITIVE_INFINITY);
    floor.observe(-700 * SECOND, 5);
    expect(floor.value).toBe(-700 * SECOND);
  });

  it('is never more than the last delay, and never less than the smallest', () => {
    const delays = fc.array(fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 1e9 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(delays, all => {
        const floor = new DelayFloor();
        let arrival = 0;
        for (const [delay, wait] of all) {
          floor.observe(delay, (arrival += wait));
          expect(floor.value).toBeLessThanOrEqual(delay);
        }
        expect(floor.value).toBeGreaterThanOrEqual(Math.min(...all.map(([delay]) => delay)));
      }),
    );
  });

  it('rises by half a thousandth of the time in which nothing comes faster', () => {
    const floor = new DelayFloor();
    floor.observe(20_000, 0);
    for (let i = 1; i <= 1_000; i++) floor.observe(90_000, i * PIECE);
    expect(floor.value).toBeCloseTo(20_000 + 10 * SECOND * RISE, 3);
  });

  it('rises no more in an hour without anything than in a second', () => {
    const floor = new DelayFloor();
    floor.observe(20_000, 0);
    floor.observe(90_000, HOUR);
    expect(floor.value).toBeCloseTo(20_000 + SECOND * RISE, 3);
  });

  it('arrival times that run back do not lower it', () => {
    const floor = new DelayFloor();
    floor.observe(20_000, HOUR);
    floor.observe(90_000, 0);
    expect(floor.value).toBe(20_000);
  });

  it.each([200, -200, 0])('follows a clock that drifts by %i ppm, however much the arrivals wobble', ppm => {
    const floor = new DelayFloor();
    const next = random(4_711);
    let worst = 0;
    for (let at = 0; at < 30 * MINUTE; at += PIECE) {
      const least = 7_000 - at * ppm * 1e-6;
      floor.observe(least + next() * 50_000, at);
      // Of a hundred pieces that came in a second one has nearly no delay.
      if (at > SECOND) worst = Math.max(worst, Math.abs(floor.value - least));
    }
    expect(worst).toBeLessThan(5_000);
  });

  it('is moved by what all delays are moved by', () => {
    const floor = new DelayFloor();
    floor.observe(20_000, 0);
    floor.shift(5 * SECOND);
    floor.observe(5 * SECOND + 60_000, PIECE);
    expect(floor.value).toBeCloseTo(5 * SECOND + 20_000 + PIECE * RISE, 3);
  });
});

describe('a source in real time', () => {
  it('is one whose floor has not sunk for 0.3 s', () => {
    const floor = new DelayFloor();
    expect(floor.isSteady(HOUR)).toBe(false);
    floor.observe(20_000, SECOND);
    expect(floor.isSteady(SECOND + 299_999)).toBe(false);
    expect(floor.isSteady(SECOND + 300_000)).toBe(true);
    expect(floor.isSteady(SECOND + 300_000, SECOND)).toBe(false);
    floor.observe(10_000, 2 * SECOND);
    expect(floor.isSteady(2 * SECOND + 299_999)).toBe(false);
  });

  it('may come a little faster now and then, and drift', () => {
    const floor = new DelayFloor();
    const steady = Array.from({ length: 6_000 }, (_, i) => {
      floor.observe(20_000 - i * 2 - (i % 50 === 0 ? 4_000 : 0), i * PIECE);
      return floor.isSteady(i * PIECE);
    });
    expect(steady.indexOf(true)).toBe(30);
    expect(steady.lastIndexOf(false)).toBe(29);
  });

  it('is not one that gives what it has as fast as it can', () => {
    const floor = new DelayFloor();
    for (let i = 0; i < 300; i++) {
      // Ten seconds of audio in a second.
      floor.observe(i * (PIECE / 10) - i * PIECE, i * (PIECE / 10));
      expect(floor.isSteady(i * (PIECE / 10))).toBe(false);
    }
  });
});

describe('the step over a jump of a clock', () => {
  it('is what passed between the arrivals', () => {
    expect(stepOverJump(PIECE, 3 * SECOND, 0)).toBe(3 * SECOND);
  });

  it('is longer by what the last piece was late', () => {
    // Captured at 0, came after 45 ms; the next one, captured at 2 s, came at once.
    expect(stepOverJump(PIECE, 2 * SECOND - 45_000, 45_000)).toBe(2 * SECOND);
  });

  it('is a usual step at the least: two that come together do not lie on each other', () => {
    expect(stepOverJump(PIECE, 20, 0)).toBe(PIECE);
  });

  it('does not count what a worker was held up: what was kept comes at once, and is as late', () => {
    expect(stepOverJump(PIECE, 20, 1_500_000)).toBe(PIECE);
    expect(stepOverJump(PIECE, 20, 100_000)).toBe(PIECE);
    expect(stepOverJump(PIECE, 20, 99_999)).toBe(100_019);
  });
});
