import { describe, expect, test } from 'vitest';
import { decide, type Facts, holdOffAfter, type Step } from '../../src/auto/decide.ts';

/** A recording that runs, of a stream that is live. */
const USUAL: Facts = {
  recorder: 'recording',
  live: true,
  changed: false,
  away: 0,
  paused: false,
  duration: 10,
  holdOff: 0,
  reconnectWindow: 30,
  maxDuration: Number.POSITIVE_INFINITY,
};

const expectSteps = (cases: [Step, Partial<Facts>][]): void => {
  for (const [step, facts] of cases) expect(decide({ ...USUAL, ...facts }), JSON.stringify(facts)).toBe(step);
};

describe('what an AutoRecorder does next', () => {
  test('a recording begins when the stream is live, also while the one before is being stored', () => {
    expectSteps([
      ['start', { recorder: 'idle' }],
      ['start', { recorder: 'stopping' }],
      ['start', { recorder: 'stopped' }],
      ['start', { recorder: 'failed' }],
      ['none', { recorder: 'idle', live: false }],
      ['none', { recorder: 'starting' }],
      ['none', { recorder: 'failed', holdOff: 0.1 }],
    ]);
  });

  test('a stream that stays away is waited for, off the timeline, for as long as the window', () => {
    expectSteps([
      ['none', {}],
      ['none', { live: false, away: 0.9 }],
      ['pause', { live: false, away: 1 }],
      ['none', { live: false, away: 5, recorder: 'paused' }],
      ['none', { live: false, away: 29.9, recorder: 'waiting' }],
      ['stop', { live: false, away: 30, recorder: 'waiting' }],
      ['stop', { live: false, away: 30, recorder: 'paused' }],
      ['resume', { recorder: 'paused', paused: true }],
      // By the page.
      ['none', { recorder: 'paused', paused: false }],
      // The recorder finds new tracks on the stream by itself.
      ['none', { recorder: 'waiting' }],
    ]);
  });

  test('without a window, a stream that is muted for a moment is still the same', () => {
    expectSteps([
      ['none', { live: false, away: 0.9, reconnectWindow: 0 }],
      ['stop', { live: false, away: 1, reconnectWindow: 0 }],
    ]);
  });

  test('another source takes the place of the one before, or is a recording of its own', () => {
    expectSteps([
      ['replace', { changed: true }],
      ['replace', { changed: true, recorder: 'waiting' }],
      ['none', { changed: true, live: false, away: 0 }],
      ['stop', { changed: true, live: false, away: 30 }],
      ['stop', { changed: true, reconnectWindow: 0 }],
      ['start', { changed: true, reconnectWindow: 0, recorder: 'stopping' }],
    ]);
  });

  test('a recording that is long enough rolls over, when it runs', () => {
    expectSteps([
      ['roll-over', { maxDuration: 10 }],
      ['none', { maxDuration: 10, duration: 9.9 }],
      ['none', { maxDuration: 10, recorder: 'waiting' }],
      ['none', { maxDuration: 10, recorder: 'paused' }],
    ]);
  });
});

test('recordings that fail one after another are tried ever more seldom', () => {
  expect([0, 1, 2, 3, 6, 7, 50].map(holdOffAfter)).toEqual([0, 1, 2, 4, 32, 60, 60]);
});
