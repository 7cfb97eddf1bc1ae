import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VideoClock } from '../../src/source/video-clock.ts';

const SECOND = 1_000_000;
const STEP = 33_333;

/** Feeds frames of one step, each as late as `delay` says; gives their places. */
const play = (clock: VideoClock, from: number, count: number, delay: (i: number) => number = () => 0) =>
  Array.from({ length: count }, (_, i) => clock.map(from + i * STEP, i * STEP + delay(i)));

describe('a steady source', () => {
  it('begins at 0 and keeps its own steps, whatever its clock starts from', () => {
    for (const from of [0, 1, 2_720 * SECOND, -5 * SECOND]) {
      expect(play(new VideoClock(), from, 4)).toEqual(
        [0, STEP, 2 * STEP, 3 * STEP].map(time => ({ time, repaired: false })),
      );
    }
  });

  it('begins where it is told to, on a whole microsecond', () => {
    const clock = new VideoClock(arrival => arrival / 2 + 0.4);
    expect(clock.map(700, 3_000).time).toBe(1_500);
    expect(clock.map(700 + STEP, 3_000 + STEP).time).toBe(1_500 + STEP);
  });

  it('keeps its true steps however much the arrival wobbles', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 2, maxLength: 60 });
    const steps = fc.array(fc.integer({ min: 1_000, max: 500_000 }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(delays, steps, fc.integer({ min: -1e9, max: 1e12 }), (late, stepsOf, origin) => {
        const clock = new VideoClock();
        let timestamp = origin;
        late.forEach((delay, i) => {
          const placed = clock.map(timestamp, timestamp - origin + delay);
          expect(placed).toEqual({ time: timestamp - origin, repaired: false });
          timestamp += stepsOf[i] ?? STEP;
        });
      }),
    );
  });

  it('a source that stands still for long, and says so, is no jump', () => {
    const clock = new VideoClock();
    play(clock, 0, 3);
    const late = 3_600 * SECOND;
    expect(clock.map(late, late)).toEqual({ time: late, repaired: false });
  });

  it('frames that waited and then come at once keep their places', () => {
    const clock = new VideoClock();
    play(clock, 0, 30);
    const burst = Array.from({ length: 30 }, (_, i) => clock.map((30 + i) * STEP, 60 * STEP + i));
    expect(burst.map(({ time }) => time)).toEqual(burst.map((_, i) => (30 + i) * STEP));
    expect(burst.some(({ repaired }) => repaired)).toBe(false);
  });
});

describe('a source whose timestamps can not be believed', () => {
  it.each([
    ['forward by an hour', 3_600 * SECOND],
    ['back by an hour', -3_600 * SECOND],
    ['back to where a clock begins', -100 * SECOND],
    ['just above the limit', 2 * SECOND + 1],
    ['back, just above the limit', -2 * SECOND - 1],
  ])('a jump %s is one step on the timeline', (_, jump) => {
    const clock = new VideoClock();
    play(clock, 100 * SECOND, 30);
    const jumped = Array.from({ length: 30 }, (_, i) =>
      clock.map(100 * SECOND + jump + (30 + i) * STEP, (30 + i) * STEP),
    );
    expect(jumped[0]?.repaired).toBe(true);
    expect(jumped[0]?.time).toBe(30 * STEP);
    expect(jumped.map(({ time }) => time)).toEqual(jumped.map((_, i) => (30 + i) * STEP));
    expect(jumped.slice(1).some(({ repaired }) => repaired)).toBe(false);
  });

  it('a jump takes as long as the frames were apart when they arrived', () => {
    const clock = new VideoClock();
    play(clock, 0, 10);
    const placed = clock.map(3_600 * SECOND, 9 * STEP + 5 * SECOND);
    expect(placed).toEqual({ time: 9 * STEP + 5 * SECOND, repaired: true });
  });

  it('a jump that arrives in a burst takes a usual step at least', () => {
    const clock = new VideoClock();
    play(clock, 0, 30);
    expect(clock.map(3_600 * SECOND, 29 * STEP + 1).time).toBeGreaterThanOrEqual(30 * STEP - 1);
  });

  it.each([
    ['equal to the one before', 2 * STEP],
    ['run back a little', 1 * STEP],
  ])('a timestamp that is %s gets a place before the next frame, which keeps its own', (_, timestamp) => {
    const clock = new VideoClock();
    const last = play(clock, 0, 3).at(-1)?.time ?? 0;
    const repaired = clock.map(timestamp, 2.5 * STEP);
    expect(repaired.repaired).toBe(true);
    expect(repaired.time).toBeGreaterThan(last);
    expect(repaired.time).toBeLessThan(3 * STEP);
    expect(clock.map(3 * STEP, 3 * STEP)).toEqual({ time: 3 * STEP, repaired: false });
  });

  it('one that comes twice now and then, and late, disturbs no other', () => {
    const clock = new VideoClock();
    for (let i = 0; i < 100; i++) {
      expect(clock.map(i * STEP, i * STEP + 2)).toEqual({ time: i * STEP, repaired: false });
      if (i % 10 === 9) expect(clock.map(i * STEP, (i + 1) * STEP + 1).time).toBeLessThan((i + 1) * STEP);
    }
  });

  it('a source that gives no timestamps at all lasts as long as it did', () => {
    const clock = new VideoClock();
    const last = Array.from({ length: 300 }, (_, i) => clock.map(0, i * STEP).time).at(-1) ?? 0;
    expect(Math.abs(last - 299 * STEP)).toBeLessThan(10 * STEP);
  });

  it('a worker that was held up for seconds is no fault of the source', () => {
    const clock = new VideoClock();
    const held = Array.from({ length: 300 }, (_, i) => {
      // The browser keeps the newest two seconds of frames.
      if (i > 90 && i < 120) return undefined;
      return clock.map(i * STEP, i > 90 && i < 180 ? 180 * STEP + i : i * STEP);
    });
    held.forEach((placed, i) => {
      if (placed) expect(placed).toEqual({ time: i * STEP, repaired: false });
    });
  });

  it('time always goes on by a millisecond or more, in whole microseconds, whatever comes', () => {
    const input = fc.array(
      fc.tuple(fc.integer({ min: -1e13, max: 1e13 }), fc.integer({ min: 0, max: 1e7 })),
      { minLength: 2, maxLength: 100 },
    );
    fc.assert(
      fc.property(input, frames => {
        const clock = new VideoClock();
        let arrival = 0;
        let last: number | undefined;
        for (const [timestamp, wait] of frames) {
          arrival += wait + 0.123;
          const { time } = clock.map(timestamp, arrival);
          expect(Number.isSafeInteger(time)).toBe(true);
          if (last !== undefined) expect(time - last).toBeGreaterThanOrEqual(1_000);
          expect(clock.lastTime).toBe(time);
          last = time;
        }
      }),
    );
  });

  it('says so each time that it could not keep the step, and never otherwise', () => {
    const input = fc.array(
      fc.tuple(fc.integer({ min: -5_000_000, max: 5_000_000 }), fc.integer({ min: 0, max: 200_000 })),
      { minLength: 2, maxLength: 80 },
    );
    fc.assert(
      fc.property(input, frames => {
        const clock = new VideoClock();
        let arrival = 0;
        let last: { timestamp: number; time: number; repaired: boolean } | undefined;
        for (const [timestamp, wait] of frames) {
          arrival += wait;
          const { time, repaired } = clock.map(timestamp, arrival);
          const kept = last !== undefined && time - last.time === timestamp - last.timestamp;
          if (last !== undefined && !repaired && !last.repaired) expect(kept).toBe(true);
          last = { timestamp, time, repaired };
        }
      }),
    );
  });
});

describe('a pause that is taken off the timeline', () => {
  it('the next frame follows as if there had been none', () => {
    const clock = new VideoClock();
    play(clock, 700, 30, () => 5_000);
    const gap = 90 * SECOND;
    clock.moveBack(gap);
    const after = Array.from({ length: 5 }, (_, i) =>
      clock.map(700 + gap + (30 + i) * STEP, gap + (30 + i) * STEP + 5_000),
    );
    expect(after).toEqual(after.map((_, i) => ({ time: (30 + i) * STEP, repaired: false })));
    expect(clock.typicalStep).toBe(STEP);
    // Arrivals are measured against the timeline without the pause.
    expect(clock.floor).toBe(gap + 5_000);
  });

  it('several add up', () => {
    const clock = new VideoClock();
    clock.map(0, 0);
    for (let i = 1; i <= 10; i++) {
      clock.moveBack(SECOND);
      expect(clock.map(i * (SECOND + STEP), i * (SECOND + STEP))).toEqual({
        time: i * STEP,
        repaired: false,
      });
    }
  });

  it('before the first frame changes nothing', () => {
    const clock = new VideoClock();
    clock.moveBack(SECOND);
    expect(clock.map(5_000, 9_000)).toEqual({ time: 0, repaired: false });
    expect(clock.floor).toBe(9_000);
  });
});

describe('another source', () => {
  it('goes on at its arrival, whatever its clock says, and that is no fault', () => {
    for (const timestamp of [0, 29 * STEP, 30 * STEP, 3_600 * SECOND, -SECOND]) {
      const clock = new VideoClock();
      play(clock, 0, 30);
      clock.rebase();
      expect(clock.timeOf(timestamp)).toBeUndefined();
      expect(clock.map(timestamp, 29 * STEP + SECOND)).toEqual({ time: 29 * STEP + SECOND, repaired: false });
      expect(clock.map(timestamp + STEP, 30 * STEP + SECOND)).toEqual({
        time: 30 * STEP + SECOND,
        repaired: false,
      });
    }
  });

  it('that comes at once takes a usual step', () => {
    const clock = new VideoClock();
    play(clock, 0, 30);
    clock.rebase();
    expect(clock.map(0, 29 * STEP + 10).time).toBe(30 * STEP);
  });

  it('as the first is nothing special', () => {
    const clock = new VideoClock();
    clock.rebase();
    expect(clock.map(5_000, 9_000)).toEqual({ time: 0, repaired: false });
  });
});

describe('what others ask the clock', () => {
  it('the delay of the frame that came through fastest', () => {
    const clock = new VideoClock();
    expect(clock.floor).toBe(Number.POSITIVE_INFINITY);
    const delays = [80_000, 20_000, 5_000, 60_000];
    for (const [i, delay] of delays.entries()) clock.map(i * STEP, 40_000 + i * STEP + delay);
    // The first frame lies at 0, so its timestamp is the timeline's time.
    expect(clock.floor).toBeGreaterThanOrEqual(40_000 + 5_000);
    // It rises by half a thousandth of the time since, so that it follows a slow clock.
    expect(clock.floor).toBeLessThan(40_000 + 5_000 + 3 * STEP * 500e-6);
  });

  it('the delay is the same after a jump, as the jump is freed of that of the frame before it', () => {
    const clock = new VideoClock();
    play(clock, 0, 5, i => (i === 4 ? 45_000 : 5_000));
    expect(Math.abs(clock.floor - 5_000)).toBeLessThan(5 * STEP * 500e-6);
    const jumped = clock.map(3_600 * SECOND, 5 * STEP + 45_000);
    expect(Math.abs(jumped.time - (5 * STEP + 40_000))).toBeLessThan(5 * STEP * 500e-6);
    clock.map(3_600 * SECOND + STEP, 6 * STEP + 65_000);
    expect(Math.abs(clock.floor - 5_000)).toBeLessThan(7 * STEP * 500e-6);
  });

  it('the usual step: learned from the frames, not from pauses and repairs', () => {
    const clock = new VideoClock();
    expect(clock.typicalStep).toBe(33_333);
    for (let i = 0; i < 100; i++) clock.map(i * 100_000, i * 100_000);
    expect(clock.typicalStep).toBeGreaterThan(99_000);
    clock.map(99 * 100_000 + 60 * SECOND, 99 * 100_000 + 60 * SECOND);
    expect(clock.typicalStep).toBeLessThanOrEqual(100_000);
    const before = clock.typicalStep;
    clock.map(0, 99 * 100_000 + 61 * SECOND);
    expect(clock.typicalStep).toBe(before);
  });

  it('where a timestamp would lie, without learning from it', () => {
    const clock = new VideoClock();
    expect(clock.timeOf(500)).toBeUndefined();
    play(clock, 500, 2);
    expect(clock.timeOf(500 + 7 * STEP)).toBe(7 * STEP);
    expect(clock.timeOf(-SECOND)).toBe(-SECOND - 500);
    expect(clock.lastTime).toBe(STEP);
    expect(clock.map(500 + 2 * STEP, 2 * STEP).time).toBe(2 * STEP);
  });

  it('where and when the last frame was', () => {
    const clock = new VideoClock();
    expect([clock.lastTime, clock.lastArrival]).toEqual([undefined, undefined]);
    play(clock, 500, 2, () => 7);
    expect([clock.lastTime, clock.lastArrival]).toEqual([STEP, STEP + 7]);
  });
});
