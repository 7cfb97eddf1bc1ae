import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../src/server/webhooks/receiver.ts';
import {
  afterDelivery,
  afterFailure,
  afterRestart,
  backoff,
  dueAt,
  holdsUp,
  isOver,
  NOTHING_KNOWN,
  type ReceiverState,
  retryAfter,
  surplus,
} from '../../src/server/webhooks/schedule.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const timing = { firstDelay: 5 * SECOND, longestDelay: HOUR, giveUpAfter: 72 * HOUR, mostFailing: 2 };
const fail = (state: ReceiverState, name: string, now: number, wait = 0): ReceiverState =>
  afterFailure(state, name, { now, wait, timing, random: 0.5 });

describe('an event that is not taken', () => {
  it('waits three times as long each time, an hour at the most, and never the same as another one', () => {
    const delays = Array.from({ length: 9 }, (_, n) => backoff(n + 1, timing, 0.5) / SECOND);
    expect(delays).toEqual([5, 15, 45, 135, 405, 1215, 3600, 3600, 3600]);
    expect([backoff(1, timing, 0), backoff(1, timing, 1)]).toEqual([4000, 6000]);
    expect(backoff(1e9, timing, 0.5)).toBe(HOUR);
  });

  it('is given up three days after it failed first, and not because the server was off', () => {
    let state = NOTHING_KNOWN;
    let now = 0;
    let attempts = 0;
    for (; attempts === 0 || !isOver(state, 'a', now, timing); attempts++) {
      now = dueAt(state, 'a');
      state = fail(state, 'a', now);
    }
    expect(now / HOUR).toBeGreaterThanOrEqual(72);
    expect(now / HOUR).toBeLessThan(73.5);
    expect(attempts).toBeGreaterThan(70);
    expect(isOver(fail(NOTHING_KNOWN, 'a', 500 * HOUR), 'a', 500 * HOUR, timing)).toBe(false);
  });

  it('is sent at once after a restart, which makes it no younger', () => {
    const state = afterRestart(fail(fail(NOTHING_KNOWN, 'a', 0), 'a', HOUR));
    expect(dueAt(state, 'a')).toBe(0);
    expect(isOver(state, 'a', 72 * HOUR, timing)).toBe(true);
  });
});

describe('a receiver that fails', () => {
  it('is asked again within a minute for as long as there are events that it may take', () => {
    let state = NOTHING_KNOWN;
    let now = 0;
    for (let n = 0; n < 50; n++) {
      now = dueAt(state, `new ${n}`);
      state = fail(state, `new ${n}`, now);
    }
    expect(dueAt(state, 'another') - now).toBe(60 * SECOND);
  });

  it('counts one failure for events that were on their way together', () => {
    const together = fail(fail(fail(NOTHING_KNOWN, 'a', 0), 'b', 1), 'c', 2);
    expect(together.failures).toBe(1);
    expect(dueAt(together, 'd')).toBe(5 * SECOND);
  });

  it('gets all that waited when it is back', () => {
    let state = NOTHING_KNOWN;
    for (let n = 0; n < 6; n++) state = fail(state, n % 2 ? 'a' : 'b', n * HOUR);
    state = afterDelivery(state, 'a', 6 * HOUR);
    expect([dueAt(state, 'b'), dueAt(state, 'new')]).toEqual([0, 0]);
  });

  it('that takes all but one event does not get that one with each of the others', () => {
    const state = afterDelivery(fail(NOTHING_KNOWN, 'bad', 0), 'good', 1);
    expect([dueAt(state, 'bad'), dueAt(state, 'new')]).toEqual([5 * SECOND, 0]);
  });

  it('is given the time that it asks for, a day at the most', () => {
    expect(dueAt(fail(NOTHING_KNOWN, 'a', 0, 90 * SECOND), 'b')).toBe(90 * SECOND);
    const now = Date.parse('2024-05-01T10:00:00Z');
    expect(retryAfter('120', now)).toBe(120 * SECOND);
    expect(retryAfter('Wed, 01 May 2024 10:05:00 GMT', now)).toBe(300 * SECOND);
    expect(retryAfter('Wed, 01 May 2024 09:00:00 GMT', now)).toBe(0);
    expect(retryAfter('99999999999', now)).toBe(24 * HOUR);
    for (const none of [null, '', 'soon', '-5']) expect(retryAfter(none, now)).toBe(0);
  });

  it('is known by its status', () => {
    expect([200, 204, 299].map(status => outcomeOf(status, null, 0).kind)).toEqual([
      'taken',
      'taken',
      'taken',
    ]);
    expect(outcomeOf(410, null, 0)).toEqual({ kind: 'gone' });
    for (const status of [199, 302, 400, 404, 429, 500, 503]) {
      const detail = `it answered with HTTP ${status}`;
      expect(outcomeOf(status, '7', 0)).toEqual({ kind: 'failed', detail, wait: 7 * SECOND });
    }
  });
});

describe('the order of a recording', () => {
  it('is kept while its receiver is away, but not for an event that the receiver can not take', () => {
    let state = NOTHING_KNOWN;
    for (let n = 0; n < 11; n++) state = fail(state, 'a', n * HOUR);
    expect(holdsUp(state, 'a')).toBe(true);
    expect(holdsUp(fail(state, 'a', 12 * HOUR), 'a')).toBe(false);
    let bad = fail(fail(NOTHING_KNOWN, 'a', 0), 'a', HOUR);
    bad = afterDelivery(bad, 'another', 2 * HOUR);
    expect(holdsUp(bad, 'a')).toBe(true);
    expect(holdsUp(fail(bad, 'a', 3 * HOUR), 'a')).toBe(false);
  });

  it('gives way for one event when there are too many that fail: the first, when it is not the receiver that is away', () => {
    const two = fail(fail(NOTHING_KNOWN, 'a', 0), 'b', HOUR);
    expect(surplus(two, 2 * HOUR, timing)).toBeUndefined();
    const three = fail(two, 'c', 2 * HOUR);
    expect(surplus(three, 2 * HOUR, timing)).toBe('nobody');
    expect(surplus(three, 72 * HOUR, timing)).toEqual({ name: 'a' });
    const taken = afterDelivery(three, 'another', HOUR + 1);
    expect(surplus(taken, 2 * HOUR, timing)).toEqual({ name: 'a' });
    expect(surplus(taken, 2 * HOUR, timing, name => name === 'a')).toEqual({ name: 'b' });
    expect(surplus(taken, 2 * HOUR, timing, name => name !== 'c')).toBe('nobody');
  });
});
