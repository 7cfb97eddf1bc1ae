import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioClock } from '../../src/source/audio-clock.ts';
import { VideoClock } from '../../src/source/video-clock.ts';

const SECOND = 1_000_000;
const PIECE = 10_000;
/** What is known by arrival rises by half a thousandth of the time in which nothing came faster. */
const RISE = 500e-6;

/** Feeds pieces of 10 ms that begin at `timestamp` and are captured from `captured` on. */
const play = (
  clock: AudioClock,
  given: { timestamp: number; captured: number; count: number; delay?: (i: number) => number },
): number[] =>
  Array.from({ length: given.count }, (_, i) => {
    const arrival = given.captured + (i + 1) * PIECE + (given.delay?.(i) ?? 0);
    return clock.observe(given.timestamp + i * PIECE, arrival, PIECE);
  });

/** Gives pieces on, each as late as it is said to be or behind the one before; tells the delay of the fastest. */
const inOrder = (late: number[], step: number, give: (i: number, arrival: number) => unknown): number => {
  let arrival = 0;
  return Math.min(
    ...late.map((delay, i) => {
      arrival = Math.max(arrival, i * step + delay);
      give(i, arrival);
      return arrival - i * step;
    }),
  );
};

const jitter = fc.array(fc.integer({ min: 0, max: 150_000 }), { minLength: 30, maxLength: 60 });
const origin = fc.integer({ min: -4_000 * SECOND, max: 4_000 * SECOND });

describe('placing audio against video by what came through fastest', () => {
  it('lines up a microphone and a camera of unrelated clocks, whatever the jitter', () => {
    fc.assert(
      fc.property(jitter, jitter, origin, origin, (audioLate, videoLate, audioOrigin, videoOrigin) => {
        const began = 7 * SECOND;
        const video = new VideoClock();
        const videoDelay = inOrder(videoLate, 33_333, (i, arrival) =>
          video.map(videoOrigin + i * 33_333, began + arrival),
        );
        const audio = new AudioClock();
        const audioDelay = inOrder(audioLate, PIECE, (i, arrival) =>
          audio.observe(audioOrigin + i * PIECE, began + arrival, PIECE),
        );
        audio.settle(video.floor);
        // Sound and picture of the same moment lie apart by no more than their fastest pieces were late.
        const apart = audio.map(audioOrigin) - 0;
        const passed = videoLate.length * 33_333 + 150_000;
        expect(Math.abs(apart)).toBeLessThanOrEqual(Math.max(audioDelay, videoDelay) + passed * RISE);
      }),
    );
  });

  it('one piece without delay is enough', () => {
    const clock = new AudioClock();
    const late = (i: number): number => (i === 17 ? 0 : 40_000 + ((i * 7_919) % 60_000));
    play(clock, { timestamp: 123, captured: 2 * SECOND, count: 30, delay: late });
    clock.settle(1 * SECOND);
    // Captured at 2 s, arrived 10 ms later; the video's timeline began at 1 s.
    expect(Math.abs(clock.map(123) - (SECOND + PIECE))).toBeLessThan(300_000 * RISE);
  });

  it('is settled once', () => {
    const clock = new AudioClock();
    expect(clock.settled).toBe(false);
    const [first = 0] = play(clock, { timestamp: 0, captured: 0, count: 30, delay: () => 50_000 });
    clock.settle(0);
    expect(clock.settled).toBe(true);
    const before = clock.map(first);
    clock.settle(-SECOND);
    clock.settleAt(0, 5 * SECOND);
    expect(clock.map(first)).toBe(before);
  });

  it('then does not jump when pieces come faster: it moves by a thousandth of the time', () => {
    const clock = new AudioClock(() => ({ floor: 0, steady: true }));
    const [first = 0] = play(clock, { timestamp: 0, captured: 0, count: 40, delay: () => 50_000 });
    clock.settle(0);
    const before = clock.map(first);
    play(clock, { timestamp: 40 * PIECE, captured: 40 * PIECE, count: 1_030 });
    // Those 50 ms were how late the first ones came; what is known of the new pace is believed after 0.3 s.
    expect(before - clock.map(first)).toBeCloseTo(10 * SECOND * 0.001, -2);
    play(clock, { timestamp: 1_070 * PIECE, captured: 1_070 * PIECE, count: 9_000 });
    expect(before - clock.map(first)).toBeGreaterThan(48_000);
    expect(before - clock.map(first)).toBeLessThan(50_000);
  });

  it('without video, the first piece lies where it is put', () => {
    const clock = new AudioClock();
    const [first = 0, second = 0] = play(clock, { timestamp: 5_000, captured: 0, count: 2 });
    clock.settleAt(first, 250_000);
    expect([clock.map(first), clock.map(second)]).toEqual([250_000, 250_000 + PIECE]);
  });

  it('tells the time of what arrives now, for video that begins later', () => {
    const clock = new AudioClock();
    const placed = play(clock, {
      timestamp: 0,
      captured: 3 * SECOND,
      count: 30,
      delay: i => (i % 5) * 9_000,
    });
    clock.settleAt(placed[0] ?? 0, 0);
    // The fastest piece needed the 10 ms that it is long.
    expect(Math.abs(clock.timeAt(3 * SECOND + PIECE))).toBeLessThan(300_000 * RISE);
    expect(clock.timeAt(4 * SECOND + PIECE) - clock.timeAt(3 * SECOND + PIECE)).toBeCloseTo(SECOND, 3);
    expect(clock.lastArrival).toBe(3 * SECOND + 30 * PIECE + 36_000);
  });
});

describe('what was captured after a moment', () => {
  it('is told by the timestamp, however late it arrives, also behind a jump', () => {
    for (const jump of [0, 90 * SECOND, -90 * SECOND]) {
      const clock = new AudioClock();
      play(clock, { timestamp: 1_000, captured: 0, count: 30, delay: i => (i % 4) * 5_000 });
      const timestamp = 1_000 + 30 * PIECE + jump;
      play(clock, { timestamp, captured: 30 * PIECE, count: 30, delay: i => (i % 4) * 5_000 });
      // A piece that begins now arrives when it is complete.
      const moment = 60 * PIECE + PIECE;
      expect(clock.capturedAfter(timestamp + 30 * PIECE - 100, moment)).toBe(false);
      expect(clock.capturedAfter(timestamp + 30 * PIECE + 100, moment)).toBe(true);
    }
  });
});

describe('a pause that is taken off the timeline', () => {
  it('moves all that comes next back, and not what was placed', () => {
    const clock = new AudioClock();
    const before = play(clock, { timestamp: 0, captured: 0, count: 30 });
    clock.settle(PIECE);
    const placed = before.map(time => clock.map(time));
    clock.moveBack(5 * SECOND);
    const [after = 0] = play(clock, {
      timestamp: 30 * PIECE + 5 * SECOND,
      captured: 30 * PIECE + 5 * SECOND,
      count: 1,
    });
    expect(placed.at(-1)).toBe(29 * PIECE);
    expect(clock.map(after)).toBe(30 * PIECE);
    expect(clock.timeAt(31 * PIECE + 5 * SECOND)).toBe(30 * PIECE);
  });

  it('before audio is placed changes nothing', () => {
    const clock = new AudioClock();
    const [first = 0] = play(clock, { timestamp: 0, captured: 0, count: 30 });
    clock.moveBack(5 * SECOND);
    clock.settle(PIECE);
    expect(clock.map(first)).toBe(0);
  });
});

describe('another source', () => {
  it('goes on at its arrival, whatever its clock says', () => {
    for (const timestamp of [0, 30 * PIECE, 100_000, 900 * SECOND, -SECOND]) {
      const clock = new AudioClock();
      play(clock, { timestamp: 0, captured: 0, count: 30 });
      clock.settle(PIECE);
      clock.rebase();
      const after = play(clock, { timestamp, captured: 2 * SECOND, count: 10 });
      expect(after.map(time => clock.map(time))).toEqual(after.map((_, i) => 2 * SECOND + i * PIECE));
    }
  });

  it.each([15_000, 30_000])(
    'that comes %i µs later than the next piece would have lies as much later',
    after => {
      const clock = new AudioClock();
      play(clock, { timestamp: 0, captured: 0, count: 30 });
      clock.rebase();
      const [first] = play(clock, { timestamp: 77 * SECOND, captured: 30 * PIECE + after, count: 5 });
      expect(first).toBe(30 * PIECE + after);
    },
  );

  it('whose timestamp happens to be that of the last piece is no piece that came twice', () => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 30 });
    clock.rebase();
    expect(clock.observe(29 * PIECE, 30 * PIECE + 20, PIECE)).toBe(30 * PIECE);
  });

  it('as the first is nothing special', () => {
    const clock = new AudioClock();
    clock.rebase();
    expect(clock.observe(5_000, 9_000, PIECE)).toBe(5_000);
    expect(clock.observe(5_000 + PIECE, 9_000 + PIECE + 3, PIECE)).toBe(5_000 + PIECE);
  });
});

describe('pieces that come late', () => {
  it.each([600, 1_000, 2_500])('because the worker was held up for %i ms: they keep their places', held => {
    const clock = new AudioClock();
    const until = 3 * SECOND + held * 1_000;
    const seen = Array.from({ length: 600 }, (_, i) => {
      const captured = (i + 1) * PIECE;
      const arrival = captured > 3 * SECOND && captured < until ? until + i * 20 : captured;
      return clock.observe(i * PIECE, arrival, PIECE);
    });
    expect(seen).toEqual(seen.map((_, i) => i * PIECE));
  });

  it('and stay late have a clock that stood still: in the end they lie where they arrive', () => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 300 });
    clock.settle(PIECE);
    const pause = 5 * SECOND;
    const after = play(clock, { timestamp: 300 * PIECE, captured: 300 * PIECE + pause, count: 600 });
    // Less what is known by arrival rose by until it was sure.
    expect(Math.abs(clock.map(after.at(-1) ?? 0) - (899 * PIECE + pause))).toBeLessThan(4 * SECOND * RISE);
  });
});

describe('timestamps that wobble', () => {
  it('by less than 20 ms leave the samples as they are, one after another', () => {
    const wobble = fc.array(fc.integer({ min: -19_000, max: 19_000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(wobble, origin, (offsets, base) => {
        const clock = new AudioClock();
        const seen = offsets.map((offset, i) =>
          clock.observe(base + i * PIECE + offset, (i + 1) * PIECE, PIECE),
        );
        expect(seen).toEqual(seen.map((_, i) => base + (offsets[0] ?? 0) + i * PIECE));
      }),
    );
  });

  it('are believed only when they disagree by more than 40 ms, and then if that much time has passed', () => {
    const stepFor = (gap: number, arrival: number): number => {
      const clock = new AudioClock();
      play(clock, { timestamp: 0, captured: 0, count: 50 });
      return clock.observe(50 * PIECE + gap, 51 * PIECE + arrival, PIECE) - 50 * PIECE;
    };
    expect(stepFor(40_000, 40_000)).toBe(0);
    expect(stepFor(40_001, 40_001)).toBe(40_001);
    expect(stepFor(40_001, 29_000)).toBe(0);
    expect(stepFor(2 * SECOND, 2 * SECOND)).toBe(2 * SECOND);
  });

  it('and pieces of 100 ms that come once more lie where they lay: they come too early to be new ones', () => {
    const clock = new AudioClock();
    const piece = 100_000;
    const observe = (i: number, arrival: number): number => clock.observe(i * piece, arrival, piece);
    for (let i = 0; i < 50; i++) observe(i, (i + 1) * piece);
    expect([observe(48, 50 * piece + 20), observe(49, 50 * piece + 40)]).toEqual([48 * piece, 49 * piece]);
    expect(observe(50, 51 * piece)).toBe(50 * piece);
  });
});

describe('jumps of the timestamps', () => {
  it('no jump: the timestamps come back as they are, whatever the jitter', () => {
    fc.assert(
      fc.property(jitter, origin, (late, timestamp) => {
        const clock = new AudioClock();
        const seen = play(clock, { timestamp, captured: 0, count: late.length, delay: i => late[i] ?? 0 });
        expect(seen).toEqual(late.map((_, i) => timestamp + i * PIECE));
      }),
    );
  });

  it('at the handover to the worker: a few pieces of the time base of the page, then of the worker', () => {
    for (const age of [90 * SECOND, -90 * SECOND]) {
      const clock = new AudioClock();
      const begun = 500 * SECOND;
      // What was buffered arrives at once.
      const buffered = Array.from({ length: 5 }, (_, i) =>
        clock.observe(begun + i * PIECE, 10 * SECOND + i * 40, PIECE),
      );
      const live = Array.from({ length: 50 }, (_, i) =>
        clock.observe(begun - age + (5 + i) * PIECE, 10 * SECOND + (i + 1) * PIECE, PIECE),
      );
      const all = [...buffered, ...live];
      all.slice(1).forEach((time, i) => {
        expect(time - (all[i] ?? 0)).toBeGreaterThanOrEqual(PIECE - 200);
        expect(time - (all[i] ?? 0)).toBeLessThanOrEqual(PIECE + 200);
      });
      clock.settle(10 * SECOND);
      // Of the live pieces the fastest counts: they lie where they were captured.
      expect(Math.abs(clock.map(live[0] ?? 0) - PIECE)).toBeLessThanOrEqual(200);
    }
  });

  it.each([
    ['forward', 1_000 * SECOND],
    ['back', -1_000 * SECOND],
    ['forward, just above the limit', 520_000],
    ['back, just above the limit', -520_000],
  ])('%s, in the middle of a recording: the track goes on where it was', (_, jump) => {
    const clock = new AudioClock();
    const before = play(clock, { timestamp: 0, captured: 0, count: 50 });
    clock.settle(PIECE);
    const after = play(clock, { timestamp: 50 * PIECE + jump, captured: 50 * PIECE, count: 50 });
    expect([...before, ...after].map(time => clock.map(time))).toEqual(
      Array.from({ length: 100 }, (_, i) => i * PIECE),
    );
  });

  it.each([0, 20_000, 39_000])('a piece that is late by %i µs as it jumps is late, and no more', late => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 50 });
    const after = play(clock, {
      timestamp: 900 * SECOND,
      captured: 50 * PIECE,
      count: 50,
      delay: i => (i === 0 ? late : 0),
    });
    expect(after).toEqual(after.map((_, i) => (50 + i) * PIECE));
  });

  it('with a pause in the capture, the pause is kept', () => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 50 });
    const [after] = play(clock, { timestamp: 77 * SECOND, captured: 5 * SECOND, count: 10 });
    expect(after).toBe(5 * SECOND);
  });

  it('nor is the pause shorter by what the piece before it was late', () => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 50, delay: i => (i === 49 ? 45_000 : 0) });
    const [after = 0] = play(clock, { timestamp: 77 * SECOND, captured: 5 * SECOND, count: 10 });
    expect(Math.abs(after - 5 * SECOND)).toBeLessThan(100);
  });

  it('a pause that the timestamps tell of is no jump', () => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 50 });
    const [after] = play(clock, { timestamp: 60 * SECOND, captured: 60 * SECOND, count: 10 });
    expect(after).toBe(60 * SECOND);
  });

  it('two pieces that arrive together across a jump do not lie on each other', () => {
    const clock = new AudioClock();
    const first = clock.observe(0, SECOND, PIECE);
    const second = clock.observe(-50 * SECOND, SECOND, PIECE);
    expect(second - first).toBe(PIECE);
  });

  it('time never runs back by more than a tenth of a second, whatever the timestamps do', () => {
    const input = fc.array(
      fc.tuple(fc.integer({ min: -1e10, max: 1e10 }), fc.integer({ min: 0, max: 50_000 })),
      { minLength: 2, maxLength: 60 },
    );
    fc.assert(
      fc.property(input, pieces => {
        const clock = new AudioClock();
        let arrival = 0;
        let last: number | undefined;
        for (const [timestamp, wait] of pieces) {
          arrival += wait;
          const unwrapped = clock.observe(timestamp, arrival, PIECE);
          if (last !== undefined) expect(unwrapped - last).toBeGreaterThanOrEqual(-100_000);
          last = unwrapped;
        }
      }),
    );
  });

  it('has caught up with what came as fast as the fastest, once it is known where things lie', () => {
    const clock = new AudioClock();
    play(clock, { timestamp: 0, captured: 0, count: 50, delay: () => 20_000 });
    expect(clock.caughtUp).toBe(false);
    clock.settle(20_000);
    expect(clock.caughtUp).toBe(true);
    const late = (captured: number, delay: number) =>
      play(clock, { timestamp: captured, captured, count: 1, delay: () => delay });
    late(50 * PIECE, 24_000);
    expect(clock.caughtUp).toBe(false);
    late(51 * PIECE, 22_000);
    expect(clock.caughtUp).toBe(true);
    late(52 * PIECE, 90_000);
    expect(clock.caughtUp).toBe(false);
  });
});
