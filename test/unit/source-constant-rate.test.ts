import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConstantRate } from '../../src/source/constant-rate.ts';
import { random } from './source-kit.ts';

const SECOND = 1_000_000;
/** Where the first frame lies; a grid need not begin at zero. */
const FIRST = 3 * SECOND + 17;

/** Frames at a rate; each is off by at most so many places of the grid, but for the first. */
interface Source {
  rate: number;
  seconds: number;
  jitter?: number;
  /** The first frame is off like the others, and the grid with it. */
  jitterFirst?: boolean;
}

/** What became of the frames of a source. */
interface Outcome {
  dropped: number;
  repeated: number;
  taken: number;
  /** Times of all frames that come out. */
  times: number[];
  /** Numbers of the source's frames that were left out. */
  left: number[];
  /** How far taken frames were moved, in places: backwards at the most, and forwards. */
  earlier: number;
  later: number;
}

const play = (
  grid: number,
  { rate, seconds, jitter = 0, jitterFirst = false }: Source,
  seed = 1,
): Outcome => {
  const constant = new ConstantRate(grid);
  const next = random(seed);
  const outcome: Outcome = { dropped: 0, repeated: 0, taken: 0, times: [], left: [], earlier: 0, later: 0 };
  for (let i = 0; i < Math.round(rate * seconds); i++) {
    const off = i === 0 && !jitterFirst ? 0 : (2 * next() - 1) * jitter * constant.step;
    const time = Math.round(FIRST + (i * SECOND) / rate + off);
    const slot = constant.place(time);
    if (slot.action === 'drop') {
      outcome.dropped++;
      outcome.left.push(i);
      continue;
    }
    outcome.taken++;
    outcome.repeated += slot.repeats.length;
    outcome.times.push(...slot.repeats, slot.time);
    outcome.earlier = Math.max(outcome.earlier, (time - slot.time) / constant.step);
    outcome.later = Math.max(outcome.later, (slot.time - time) / constant.step);
  }
  return outcome;
};

/** Times are those of a grid from `from` on, each rounded once, none left out. */
const expectGrid = (times: number[], grid: number, from = FIRST): void => {
  const wrong = times.findIndex((time, i) => time !== Math.round(from + (i * SECOND) / grid));
  expect(wrong).toBe(-1);
};

const minutes = (count: number): number => 60 * count;

describe('a source that has the rate already', () => {
  it.each([24, 29.97, 30, 59.94, 60])(
    '%d: every frame has its place, and time never adds up errors',
    rate => {
      const outcome = play(rate, { rate, seconds: minutes(10) });
      expect(outcome).toMatchObject({ dropped: 0, repeated: 0 });
      expectGrid(outcome.times, rate);
      expect(Math.max(outcome.earlier, outcome.later) * (SECOND / rate)).toBeLessThanOrEqual(1);
    },
  );

  it('may be off by 0.4 places each time', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(5, 15, 29.97, 30, 120), (seed, rate) => {
        const outcome = play(rate, { rate, seconds: 20, jitter: 0.4 }, seed);
        expect(outcome).toMatchObject({ dropped: 0, repeated: 0 });
        expectGrid(outcome.times, rate);
      }),
      { numRuns: 25 },
    );
  });

  it('may be off by 0.2 places each time, the first frame too', () => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const outcome = play(30, { rate: 30, seconds: 20, jitter: 0.2, jitterFirst: true }, seed);
        expect(outcome).toMatchObject({ dropped: 0, repeated: 0 });
      }),
      { numRuns: 25 },
    );
  });

  it('gets in step again after a first frame that came late by any part of a place, for one frame', () => {
    for (let late = 0; late < 1; late += 0.05) {
      const constant = new ConstantRate(30);
      const actions = Array.from({ length: 300 }, (_, i) =>
        constant.place(Math.round(FIRST + (i === 0 ? 0 : i - late) * constant.step)),
      );
      const odd = actions.filter(slot => slot.action === 'drop' || slot.repeats.length > 0);
      expect(odd.length).toBeLessThanOrEqual(1);
    }
  });
});

describe('a source that is faster', () => {
  it.each([
    [60, 30],
    [50, 25],
    [30, 15],
  ])('%d to %d: every second frame is left out, and the others stay where they are', (rate, grid) => {
    const outcome = play(grid, { rate, seconds: 60 });
    expect(outcome).toMatchObject({ repeated: 0, dropped: 30 * rate });
    expect(outcome.left.every((frame, i) => frame === 2 * i + 1)).toBe(true);
    expectGrid(outcome.times, grid);
    // Not one is shown earlier or later than it was captured, but for the rounding.
    expect(Math.max(outcome.earlier, outcome.later)).toBeLessThan(1e-4);
  });

  it('60 to 30, unsteady: none is shown twice, and each within half a place of its own time', () => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const outcome = play(30, { rate: 60, seconds: 60, jitter: 0.1 }, seed);
        expect(outcome).toMatchObject({ repeated: 0, dropped: 1_800 });
        expectGrid(outcome.times, 30);
        expect(Math.max(outcome.earlier, outcome.later)).toBeLessThan(0.5);
      }),
      { numRuns: 8 },
    );
  });

  it.each([
    [90, 30],
    [240, 30],
    [30, 10],
    [144, 25],
    [40, 30],
  ])('%d to %d: each place has the frame that is nearest', (rate, grid) => {
    const outcome = play(grid, { rate, seconds: 60 });
    expect(outcome.repeated).toBe(0);
    expect(Math.abs(outcome.taken - 60 * grid)).toBeLessThanOrEqual(1);
    // Half the source's own step to either side, and the room for jitter.
    const half = grid / rate / 2 + 0.12 + 1e-3;
    expect(outcome.later).toBeLessThanOrEqual(half);
    expect(outcome.earlier).toBeLessThanOrEqual(half);
  });
});

describe('a fast source that comes back after a gap', () => {
  it.each([4, 3_600])('of %d seconds: each place has the nearest frame, as before', seconds => {
    const constant = new ConstantRate(30);
    const gap = Math.round((seconds * SECOND) / constant.step) * constant.step;
    for (const from of [FIRST, FIRST + gap + 60 * constant.step]) {
      for (let i = 0; i < 60; i++) {
        const time = Math.round(from + (i * constant.step) / 2);
        const slot = constant.place(time);
        expect(slot.action).toBe(i % 2 === 0 ? 'take' : 'drop');
        if (slot.action === 'take') expect(Math.abs(slot.time - time)).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('a source that is slower', () => {
  it.each([
    [25, 30],
    [15, 30],
    [24, 30],
    [10, 30],
    [7, 30],
    [1, 30],
    [24, 60],
  ])('%d to %d: no frame is left out, and a minute has all it is to have', (rate, grid) => {
    const { dropped, repeated, taken, times } = play(grid, { rate, seconds: 60 });
    expect(dropped).toBe(0);
    expect(taken).toBe(60 * rate);
    expectGrid(times, grid);
    // Up to the last frame of the source; its own step is still to be filled.
    const full = (60 - 1 / rate) * grid + 1;
    expect(Math.abs(taken + repeated - full)).toBeLessThanOrEqual(0.75);
  });

  it('15 to 30: each frame is shown twice', () => {
    const constant = new ConstantRate(30);
    const step = SECOND / 15;
    const at = (place: number): number => Math.round(FIRST + (place * SECOND) / 30);
    expect(constant.place(FIRST)).toEqual({ action: 'take', time: FIRST, repeats: [] });
    for (let i = 1; i < 100; i++) {
      const slot = constant.place(Math.round(FIRST + i * step));
      expect(slot).toEqual({ action: 'take', time: at(2 * i), repeats: [at(2 * i - 1)] });
    }
  });

  it('unsteady: no frame is moved by a whole place', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 2, max: 30, noNaN: true }), (seed, rate) => {
        const outcome = play(30, { rate, seconds: 20, jitter: 0.15 }, seed);
        expect(outcome.dropped).toBe(0);
        expectGrid(outcome.times, 30);
        expect(outcome.earlier).toBeLessThanOrEqual(0.76);
        expect(outcome.later).toBeLessThanOrEqual(0.65);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a source that is a little off', () => {
  // In ten minutes there are 17,982 frames for 18,000 places: 18 are to be shown again, and none left out.
  it.each([0, 0.05, 0.1, 0.15])('29.97 to 30, unsteady by %d places: as few repeats as can be', jitter => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const outcome = play(30, { rate: 29.97, seconds: minutes(10), jitter, jitterFirst: true }, seed);
        expect(outcome.dropped).toBe(0);
        expect(Math.abs(outcome.repeated - 18)).toBeLessThanOrEqual(1);
        expectGrid(outcome.times, 30, outcome.times[0]);
      }),
      { numRuns: jitter === 0 ? 1 : 3 },
    );
  });

  it.each([0, 0.05, 0.1, 0.15])('30.03 to 30, unsteady by %d places: as few drops as can be', jitter => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const outcome = play(30, { rate: 30.03, seconds: minutes(10), jitter, jitterFirst: true }, seed);
        expect(outcome.repeated).toBe(0);
        expect(Math.abs(outcome.dropped - 18)).toBeLessThanOrEqual(1);
      }),
      { numRuns: jitter === 0 ? 1 : 3 },
    );
  });
});

describe('a source that gives nothing', () => {
  it('has its last frame shown again up to the given time, once for each place', () => {
    const constant = new ConstantRate(25);
    constant.place(FIRST);
    const at = (place: number): number => FIRST + place * 40_000;
    expect(constant.fillUntil(at(1) - 1)).toEqual([]);
    expect(constant.fillUntil(at(1))).toEqual([at(1)]);
    expect(constant.fillUntil(at(1))).toEqual([]);
    expect(constant.fillUntil(at(4) + 39_999)).toEqual([at(2), at(3), at(4)]);
    expect(constant.fillUntil(at(2))).toEqual([]);
    expect(constant.lastTime).toBe(at(4));
    expect(constant.endTime).toBe(at(5));
    // What comes next goes on behind it; what was only late has lost its place.
    expect(constant.place(at(3))).toEqual({ action: 'drop' });
    expect(constant.place(at(4))).toEqual({ action: 'drop' });
    expect(constant.place(at(5) + 3_000)).toEqual({ action: 'take', time: at(5), repeats: [] });
    expect(constant.place(at(8))).toEqual({ action: 'take', time: at(8), repeats: [at(6), at(7)] });
  });

  it('shows nothing before there was a frame', () => {
    const constant = new ConstantRate(30);
    expect(constant.fillUntil(60 * SECOND)).toEqual([]);
    expect(constant.lastTime).toBeUndefined();
    expect(constant.endTime).toBeUndefined();
    expect(constant.place(FIRST)).toEqual({ action: 'take', time: FIRST, repeats: [] });
  });

  it('is filled for up to ten seconds, and not at all when it was longer', () => {
    const gap = (seconds: number) => {
      const constant = new ConstantRate(30);
      constant.place(FIRST);
      return constant.place(FIRST + seconds * SECOND);
    };
    const filled = gap(10);
    expect(filled.action === 'take' && filled.repeats.length).toBe(299);
    for (const seconds of [10.1, 11, 8 * 3_600])
      expect(gap(seconds)).toMatchObject({ action: 'take', repeats: [], time: FIRST + seconds * SECOND });
  });

  it('is not filled by the timer either, when it was longer', () => {
    const constant = new ConstantRate(30);
    constant.place(FIRST);
    expect(constant.fillUntil(FIRST + 8 * 3_600 * SECOND)).toEqual([]);
    expect(constant.lastTime).toBe(FIRST);
  });

  it('a timer and a source that comes and goes: together they have every place once', () => {
    const actions = fc.array(
      fc.record({ wait: fc.integer({ min: 1_000, max: 900_000 }), frame: fc.boolean() }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(actions, fc.constantFrom(1, 12.5, 30, 240), (steps, grid) => {
        const constant = new ConstantRate(grid);
        constant.place(FIRST);
        const times = [FIRST];
        let now = FIRST;
        for (const { wait, frame } of steps) {
          now += wait;
          const slot = frame ? constant.place(now) : undefined;
          if (slot?.action === 'take') times.push(...slot.repeats, slot.time);
          if (!slot) times.push(...constant.fillUntil(now));
          // Nothing lies in the future by more than a frame may be too early.
          expect(times.at(-1)).toBeLessThanOrEqual(now + 0.62 * constant.step + 1);
        }
        expectGrid(times, grid);
        expect(constant.lastTime).toBe(times.at(-1));
      }),
    );
  });
});

describe('a source that does as it likes', () => {
  /** Steps as of a camera, of a screen on which little moves, and of a machine that was asleep. */
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1_000, max: 120_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 1_000, max: 9 * SECOND }) },
    { weight: 1, arbitrary: fc.integer({ min: 11 * SECOND, max: 3_600 * SECOND }) },
  );

  it('has strictly growing times on the grid; each place is taken or repeated, but for the long gaps', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.constantFrom(1, 10, 24, 29.97, 30, 60),
        (steps, grid) => {
          const constant = new ConstantRate(grid);
          let time = FIRST;
          let last = -1;
          for (const wait of [0, ...steps]) {
            time += wait;
            const slot = constant.place(time);
            if (slot.action === 'drop') continue;
            for (const out of [...slot.repeats, slot.time]) {
              const place = Math.round((out - FIRST) / constant.step);
              expect(out).toBe(Math.round(FIRST + place * constant.step));
              if (place !== last + 1) expect((place - last) * constant.step).toBeGreaterThan(10 * SECOND);
              last = place;
            }
            expect(Math.abs(slot.time - time)).toBeLessThan(0.76 * constant.step + 1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
