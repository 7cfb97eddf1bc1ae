import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bunched,
  type Changes,
  exponential,
  type Happening,
  HOUR,
  MINUTE,
  type Outcome,
  type Placed,
  play,
  random,
  SECOND,
  type Simulation,
  simulation,
  uniform,
} from './source-kit.ts';

const PIECE = 10_000;
/** What sound and picture may be apart. */
const TOGETHER = 20_000;
/** The latest piece comes so late, where nothing else is said. */
const LATEST = 40_000;

/** By how much the clocks of audio and video run faster than the arrivals; ppm. */
const DRIFTS = [
  [200, 0],
  [-200, 0],
  [0, 200],
  [0, -200],
  [100, -100],
  [-100, 100],
  [200, -200],
  [-200, 200],
  [200, 200],
] as const;

const drift = fc.constantFrom(...DRIFTS);
const noDrift = fc.constant([0, 0] as const);
const base = fc.integer({ min: -4_000 * SECOND, max: 4_000 * SECOND });
const seed = fc.integer({ min: 1, max: 1e9 });
const jitter = fc.record({ kind: fc.constantFrom('none', 'exponential', 'uniform'), seed });

/** Two sources of unrelated clocks. */
const sources = (drifts: fc.Arbitrary<readonly [audio: number, video: number]>) =>
  fc.record({
    drifts,
    bases: fc.tuple(base, base),
    jitter: fc.tuple(jitter, jitter),
    follows: fc.constantFrom('samples' as const, 'system' as const),
    step: fc.constantFrom(16_667, 33_333, 40_000, 66_667),
  });

type Sources = ReturnType<typeof sources> extends fc.Arbitrary<infer Value> ? Value : never;

const delayOf = (given: Sources['jitter'][number]): Simulation['audio']['delay'] => {
  if (given.kind === 'none') return () => 0;
  return given.kind === 'uniform' ? uniform(given.seed, LATEST) : exponential(given.seed, PIECE, LATEST);
};

/** The same each time that it is asked for. */
const simulationOf = ({ drifts, bases, jitter, follows, step }: Sources, changes: Changes): Simulation =>
  simulation({
    ...changes,
    audio: { base: bases[0], ppm: drifts[0], delay: delayOf(jitter[0]), follows, ...changes.audio },
    video: { base: bases[1], ppm: drifts[1], delay: delayOf(jitter[1]), step, ...changes.video },
  });

/** What came of a simulation, with the worst that sound and picture were apart from a moment on. */
const outcomeOf = (given: Simulation, from = 0): Outcome & { apart: number } => {
  let apart = 0;
  const outcome = play(given, piece => {
    if (piece.at >= from) apart = Math.max(apart, Math.abs(piece.apart));
  });
  return { ...outcome, apart };
};

const UNTOUCHED = { silence: 0, skipped: 0, stretched: 0 };
const UNBROKEN = { silence: 0, skipped: 0 };

describe('clocks that do not drift', () => {
  const held = fc.array(fc.integer({ min: 1, max: 28 }), { maxLength: 2 });

  it('are put together at once, and no sample is touched, whatever the jitter', () => {
    fc.assert(
      fc.property(sources(noDrift), held, (source, seconds) => {
        const heldUp = seconds.map(second => ({ at: second * SECOND, by: 2 * SECOND }));
        const outcome = outcomeOf(simulationOf(source, { length: 30 * SECOND, heldUp }));
        expect(outcome).toMatchObject({ ...UNTOUCHED, samplesOut: outcome.samplesIn, repaired: 0 });
        // Both were known from their first piece on, but for what is known rises by itself.
        expect(outcome.apart).toBeLessThan(1_000);
      }),
      { numRuns: 25 },
    );
  });

  it('stay as they are when pieces of 10 ms come six at a time', () => {
    const outcome = outcomeOf(simulation({ audio: { delay: bunched(6, PIECE), base: 2_720 * SECOND } }));
    expect(outcome).toMatchObject({ ...UNTOUCHED, samplesOut: outcome.samplesIn });
    expect(outcome.apart).toBeLessThan(1_000);
  });

  it('are brought together within a minute when all came late at first', () => {
    for (const late of [-LATEST, LATEST]) {
      const atFirst = (at: number): number => (at < SECOND ? Math.abs(late) : 0);
      const track = late > 0 ? { audio: { delay: atFirst } } : { video: { delay: atFirst } };
      const given = simulation({ ...track, length: 2 * MINUTE });
      expect(Math.round(outcomeOf(given).apart)).toBe(LATEST);
      expect(outcomeOf(given, 30 * SECOND).apart).toBeLessThan(TOGETHER);
      expect(outcomeOf(given, MINUTE + 20 * SECOND).apart).toBeLessThan(2_500);
      expect(outcomeOf(given)).toMatchObject(UNBROKEN);
    }
  });
});

describe('clocks that drift', () => {
  const held = fc.array(fc.integer({ min: 1, max: 118 }), { maxLength: 2 });

  it('stay together, and the sound has no gap, whatever the jitter', () => {
    fc.assert(
      fc.property(sources(drift), held, (source, seconds) => {
        const heldUp = seconds.map(second => ({ at: second * SECOND, by: 2 * SECOND }));
        const outcome = outcomeOf(simulationOf(source, { length: 2 * MINUTE, heldUp }));
        expect(outcome).toMatchObject({ ...UNBROKEN, repaired: 0 });
        expect(outcome.apart).toBeLessThan(TOGETHER);
      }),
      { numRuns: 25 },
    );
  });

  it.each(DRIFTS)(
    'audio by %i and video by %i ppm: the sound gets as long as the picture',
    (audio, video) => {
      const outcome = outcomeOf(
        simulation({ length: 5 * MINUTE, audio: { ppm: audio }, video: { ppm: video } }),
      );
      expect(outcome.apart).toBeLessThan(TOGETHER);
      const stretchedBy = (outcome.samplesOut - outcome.samplesIn) / 48_000;
      const drifted = 300 * (video - audio) * 1e-6;
      expect(Math.abs(stretchedBy - drifted)).toBeLessThan(0.01);
      if (audio === video) expect(outcome).toMatchObject(UNTOUCHED);
    },
  );

  it('when pieces of 10 ms come six at a time, too', () => {
    for (const [audio, video] of DRIFTS) {
      const delay = bunched(6, PIECE / (1 + audio * 1e-6));
      const given = simulation({ length: 2 * MINUTE, audio: { ppm: audio, delay }, video: { ppm: video } });
      const outcome = outcomeOf(given);
      expect(outcome).toMatchObject(UNBROKEN);
      expect(outcome.apart).toBeLessThan(TOGETHER);
    }
  });

  it('when what reads them looks every 60 ms: by a piece more, as the fastest piece is late by up to a piece', () => {
    for (const [audio, video] of DRIFTS) {
      const delay = (at: number): number => Math.ceil(at / 60_000) * 60_000 - at;
      const given = simulation({ length: 3 * MINUTE, audio: { ppm: audio, delay }, video: { ppm: video } });
      const outcome = outcomeOf(given);
      expect(outcome).toMatchObject(UNBROKEN);
      expect(outcome.apart).toBeLessThan(TOGETHER + PIECE);
    }
  });
});

/** A length of time from a moment on that is neither at the very beginning nor at the end of a minute. */
const happening = (by: fc.Arbitrary<number>): fc.Arbitrary<Happening> =>
  fc.record({ at: fc.integer({ min: 5 * SECOND, max: 50 * SECOND }), by });

describe('what is missing', () => {
  const gap = happening(fc.integer({ min: 60_000, max: 10 * SECOND }));

  it('becomes silence as long as it was, and nothing else does', () => {
    fc.assert(
      fc.property(sources(fc.oneof(drift, noDrift)), gap, (source, missing) => {
        let worst = 0;
        const pieces = ({ missing: gone, silence, skip }: Placed): void => {
          worst = Math.max(worst, skip, Math.abs((silence * SECOND) / 48_000 - gone));
        };
        const given = simulationOf(source, { length: 70 * SECOND, audio: { gaps: [missing] } });
        const { silence } = play(given, pieces);
        expect(silence).toBeGreaterThan(0);
        // 200 ppm of 10 s; the samples that were counted since the clocks' last agreement are off by those of 30 s.
        expect(worst).toBeLessThan(source.follows === 'samples' ? 3_000 : 9_000);
        expect(outcomeOf(given, MINUTE).apart).toBeLessThan(TOGETHER);
      }),
      { numRuns: 25 },
    );
  });

  it('of exact clocks is silence to the sample', () => {
    const gaps = [
      { at: 5 * SECOND, by: 50_000 },
      { at: 10 * SECOND, by: 450_000 },
      { at: 20 * SECOND, by: 10 * SECOND },
    ];
    const outcome = outcomeOf(simulation({ audio: { gaps } }));
    expect(outcome).toMatchObject({ silence: 10.5 * 48_000, skipped: 0, stretched: 0 });
    expect(outcome.apart).toBeLessThan(1);
  });

  it.each([200, -200])('for ten minutes, of a clock that drifts by %i ppm, is silence at once', ppm => {
    const gaps = [{ at: 30 * SECOND, by: 10 * MINUTE }];
    const silences: number[] = [];
    play(simulation({ length: 12 * MINUTE, audio: { ppm, gaps } }), ({ silence, missing, apart }) => {
      if (silence > 0 || missing > 0) silences.push(silence / 48_000 - missing / SECOND);
      // The drift of ten minutes, which is made up for from then on.
      expect(Math.abs(apart)).toBeLessThan(600 * 200 + 10_000);
    });
    expect(silences).toHaveLength(1);
    expect(Math.abs(silences[0] ?? 1)).toBeLessThan(0.13);
  });
});

describe('timestamps that can not be believed', () => {
  const sizes = fc.oneof(fc.integer({ min: 60_000, max: 450_000 }), fc.integer({ min: 450_000, max: HOUR }));
  const jump = happening(fc.tuple(sizes, fc.constantFrom(1, -1)).map(([size, sign]) => size * sign));

  it('a jump while the samples go on fills and leaves out nothing', () => {
    fc.assert(
      fc.property(sources(noDrift), jump, (source, happens) => {
        const outcome = outcomeOf(simulationOf(source, { audio: { jumps: [happens] } }));
        expect(outcome).toMatchObject({ ...UNTOUCHED, samplesOut: outcome.samplesIn });
        expect(outcome.apart).toBeLessThan(1_000);
      }),
      { numRuns: 50 },
    );
  });

  it('nor where clocks drift', () => {
    fc.assert(
      fc.property(sources(drift), jump, (source, happens) => {
        const outcome = outcomeOf(simulationOf(source, { audio: { jumps: [happens] } }));
        expect(outcome).toMatchObject(UNBROKEN);
        expect(outcome.apart).toBeLessThan(TOGETHER);
      }),
      { numRuns: 50 },
    );
  });

  const still = happening(fc.integer({ min: 20_000, max: 9 * SECOND }));

  it('standing still loses no sample', () => {
    fc.assert(
      fc.property(still, base, (happens, from) => {
        const outcome = outcomeOf(simulation({ audio: { still: [happens], base: from } }));
        expect(outcome).toMatchObject({ ...UNTOUCHED, samplesOut: outcome.samplesIn });
        expect(outcome.apart).toBeLessThan(1_000);
      }),
      { numRuns: 50 },
    );
  });

  it('standing still where pieces come late loses one at the most: what comes at once may be one that comes twice', () => {
    fc.assert(
      fc.property(sources(noDrift), still, (source, happens) => {
        const outcome = outcomeOf(simulationOf(source, { audio: { still: [happens] } }));
        expect([0, 480]).toContain(outcome.skipped);
        // By as much as it is late, a piece and 10 ms may what is said to be missing be believed.
        const believed = LATEST + PIECE + 10_000 + 1_000;
        expect(outcome.silence).toBeLessThan((believed * 48_000) / SECOND);
        expect(outcome.apart).toBeLessThan(believed);
      }),
      { numRuns: 50 },
    );
  });

  it.each([PIECE, 20_000, 60_000, 100_000])('pieces of %i µs that come twice are taken once', piece => {
    const next = random(815);
    const pick = (): boolean => next() < 0.05;
    const doubled: number[] = [];
    const twice = (index: number): boolean => pick() && doubled.push(index) > 0;
    const given = simulation({ audio: { piece, twice, delay: exponential(3, 10_000, LATEST) } });
    const outcome = outcomeOf(given);
    const frames = (piece * 48_000) / SECOND;
    expect(doubled.length).toBeGreaterThan(10);
    expect(outcome).toMatchObject({
      silence: 0,
      stretched: 0,
      skipped: outcome.samplesIn - outcome.samplesOut,
    });
    expect(Math.abs(outcome.skipped / frames - doubled.length)).toBeLessThanOrEqual(1);
    expect(outcome.apart).toBeLessThan(1_000);
  });
});

describe('jumps of the video', () => {
  const size = fc.integer({ min: 3 * SECOND, max: HOUR });
  const jump = happening(fc.tuple(size, fc.constantFrom(1, -1)).map(([by, sign]) => by * sign));

  it('put it off by what the frame was late, which the sound follows without a gap', () => {
    fc.assert(
      fc.property(sources(drift), jump, (source, happens) => {
        const video = { jumps: [happens] };
        const given = { length: 2 * MINUTE, video };
        const outcome = outcomeOf(simulationOf(source, given));
        expect(outcome).toMatchObject({ ...UNBROKEN, repaired: 1 });
        expect(outcome.apart).toBeLessThan(TOGETHER + LATEST);
        const followed = outcomeOf(simulationOf(source, given), happens.at + MINUTE);
        expect(followed.apart).toBeLessThan(TOGETHER);
      }),
      { numRuns: 20 },
    );
  });

  it('by nothing where frames come in time', () => {
    for (const by of [HOUR, -HOUR, 3 * SECOND, -3 * SECOND]) {
      const outcome = outcomeOf(simulation({ video: { jumps: [{ at: 20 * SECOND, by }] } }));
      expect(outcome).toMatchObject({ ...UNTOUCHED, repaired: 1 });
      expect(outcome.apart).toBeLessThan(20);
    }
  });
});
