import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { backoff, shouldGiveUp, sleep, verdictOf } from '../../src/storage/retry.ts';

describe('what a status means', () => {
  it.each([
    ['done', [200, 201, 204, 206, 299]],
    ['unauthorized', [401, 403]],
    ['full', [413, 507]],
    ['missing', [404, 410]],
    ['conflict', [409]],
    ['retry', [408, 423, 425, 429, 460, 500, 502, 503, 504, 599]],
    ['rejected', [100, 301, 304, 400, 405, 412, 415, 416, 422, 451, 501]],
  ] as const)('%s: %j', (verdict, statuses) => {
    for (const status of statuses) expect(verdictOf(status)).toBe(verdict);
  });
});

describe('the pause before the next try', () => {
  it('doubles from a quarter of a second to five seconds, and is never less than half of that', () => {
    const attempts = Array.from({ length: 8 }, (_, i) => i + 1);
    expect(attempts.map(attempt => backoff(attempt, () => 0))).toEqual([
      125, 250, 500, 1_000, 2_000, 2_500, 2_500, 2_500,
    ]);
    expect(attempts.map(attempt => backoff(attempt, () => 1))).toEqual([
      250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000,
    ]);
  });

  it('is spread, so that many recorders do not come back at once', () => {
    const pauses = new Set(Array.from({ length: 100 }, () => backoff(6)));
    expect(pauses.size).toBeGreaterThan(50);
  });

  it('stays in bounds whatever the number of the try', () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), random, (attempt, chance) => {
        const pause = backoff(attempt, () => chance);
        expect(Number.isInteger(pause)).toBe(true);
        expect(pause).toBeGreaterThanOrEqual(125);
        expect(pause).toBeLessThanOrEqual(5_000);
      }),
    );
  });
});

describe('when the storage is given up', () => {
  it('never while recording goes on', () => {
    expect(shouldGiveUp(1e12, 0, undefined, 0)).toBe(false);
  });

  it('so long after stop(), if nothing has moved since', () => {
    expect(shouldGiveUp(40_999, 2_000, 11_000, 30_000)).toBe(false);
    expect(shouldGiveUp(41_000, 2_000, 11_000, 30_000)).toBe(true);
  });

  it('so long after the last progress, if that came after stop()', () => {
    expect(shouldGiveUp(49_999, 20_000, 11_000, 30_000)).toBe(false);
    expect(shouldGiveUp(50_000, 20_000, 11_000, 30_000)).toBe(true);
  });

  it('at once when there is no patience at all', () => {
    expect(shouldGiveUp(11_000, 0, 11_000, 0)).toBe(true);
  });
});

describe('sleeping', () => {
  it('is over in time, and leaves no listener behind', async () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const before = performance.now();
    await sleep(15, controller.signal);
    expect(performance.now() - before).toBeGreaterThanOrEqual(14);
    expect(removed).toHaveBeenCalledTimes(1);
  });

  it('is cut short by the signal, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('thrown away');
    const sleeping = sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(sleep(60_000, controller.signal)).rejects.toBe(reason);
  });
});
