/**
 * Whatever happens to a recording, in whatever order: its files follow each other without a gap, each with one set of
 * parameters; times only grow; nothing is lost and nothing comes twice without being counted; every frame is closed once.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { problemsOf } from './timeline-checks.ts';
import { scenario } from './timeline-random.ts';
import { play } from './timeline-recording.ts';

vi.mock('../../src/compose/video-fit.ts', () => import('../support/simulated-fitter.ts'));

/** Sequences of a test; together they are thousands. */
const RUNS = 400;
/** Others can be tried by `STEADYREEL_SEED=<number>`. */
const SEED = Number(process.env.STEADYREEL_SEED ?? 1);
const PARTS = [0, 1, 2, 3, 4, 5];

describe(`random sequences of changes, mutes, pauses, swaps, jumps, sleeps and failures (seed ${SEED})`, () => {
  it.each(PARTS)(
    'part %i: what must hold of every recording holds',
    async part => {
      await fc.assert(
        fc.asyncProperty(scenario, async given => {
          expect(problemsOf(await play(given))).toEqual([]);
        }),
        // What has failed is made smaller for as long as there is time.
        { numRuns: RUNS, seed: SEED * 1_000 + part, interruptAfterTimeLimit: 100_000 },
      );
    },
    120_000,
  );
});
