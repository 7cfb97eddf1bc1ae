import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { notReached, Persistence, refusal } from '../../src/storage/http.ts';

const ENDPOINT = 'https://storage.example/storage';
const json = (status: number, message: string): Response =>
  Response.json({ error: { code: 'some-code', message } }, { status });

describe('the error for an answer', () => {
  it.each([
    [401, 'storage-unauthorized'],
    [403, 'storage-unauthorized'],
    [413, 'storage-full'],
    [507, 'storage-full'],
    [500, 'storage-unreachable'],
    [503, 'storage-unreachable'],
    [400, 'storage-rejected'],
    [404, 'storage-rejected'],
    [409, 'storage-rejected'],
    [412, 'storage-rejected'],
  ])('%i: %s, with the status', async (status, code) => {
    const error = await refusal(ENDPOINT, json(status, 'Because.'));
    expect(error).toMatchObject({ code, status });
    expect(error.message).toContain(ENDPOINT);
    expect(error.message).toContain(String(status));
  });

  it('has the words of the server: of its JSON, its text, or its status', async () => {
    expect((await refusal(ENDPOINT, json(400, 'No such thing.'))).message).toContain('No such thing.');
    expect((await refusal(ENDPOINT, new Response(' plain words ', { status: 400 }))).message).toContain(
      '400: plain words)',
    );
    const silent = new Response('', { status: 400, statusText: 'Bad Request' });
    expect((await refusal(ENDPOINT, silent)).message).toContain('Bad Request');
    expect((await refusal(ENDPOINT, new Response(null, { status: 400 }))).message).toContain('no reason');
  });

  it('has not all of a page of HTML', async () => {
    const page = `<html>${'x'.repeat(100_000)}</html>`;
    expect((await refusal(ENDPOINT, new Response(page, { status: 400 }))).message.length).toBeLessThan(500);
  });

  it('survives a body that breaks off', async () => {
    const body = new ReadableStream({ start: controller => controller.error(new Error('reset')) });
    expect(await refusal(ENDPOINT, new Response(body, { status: 507 }))).toMatchObject({
      code: 'storage-full',
    });
  });

  it('no answer at all: the cause is kept', () => {
    const cause = new TypeError('fetch failed');
    expect(notReached(ENDPOINT, cause)).toMatchObject({ code: 'storage-unreachable', cause });
    expect(notReached(ENDPOINT, cause).message).toContain('fetch failed');
  });
});

describe('trying again', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  const start = (giveUpAfter = 30) => {
    let stoppedAt: number | undefined;
    const onTrouble = vi.fn();
    const persistence = new Persistence(ENDPOINT, giveUpAfter, () => stoppedAt, onTrouble);
    const controller = new AbortController();
    return {
      persistence,
      onTrouble,
      controller,
      stop: () => {
        stoppedAt = performance.now();
      },
      attempt: (request: () => Promise<Response>) => persistence.attempt(request, controller.signal),
    };
  };

  /** Runs a promise to its end in the time of the fake clock; gives the milliseconds that it took. */
  const timed = async (promise: Promise<unknown>): Promise<number> => {
    const before = performance.now();
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    while (!settled) await vi.advanceTimersByTimeAsync(20);
    return performance.now() - before;
  };

  const down = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));

  it.each([200, 204, 401, 404, 409, 413, 400])('%i is an answer, at once', async status => {
    const { attempt, onTrouble } = start();
    const answer = new Response(null, { status });
    expect(await attempt(async () => answer)).toBe(answer);
    expect(onTrouble).not.toHaveBeenCalled();
  });

  it('500 and no answer are none, after a pause that grows', async () => {
    const { attempt, onTrouble } = start();
    const first = attempt(async () => json(500, 'Oops.'));
    expect(await timed(first)).toBeGreaterThanOrEqual(125);
    expect(await first).toBeUndefined();
    expect(onTrouble).toHaveBeenLastCalledWith('HTTP 500: Oops.');
    const second = attempt(down);
    expect(await timed(second)).toBeGreaterThanOrEqual(250);
    expect(await second).toBeUndefined();
    expect(onTrouble).toHaveBeenLastCalledWith('fetch failed');
  });

  it('progress makes pauses short again', async () => {
    const { attempt, persistence } = start();
    for (let i = 0; i < 6; i++) await timed(attempt(down));
    persistence.progress();
    expect(await timed(attempt(down))).toBeLessThanOrEqual(270);
  });

  it('goes on for as long as the recording does', async () => {
    const { attempt } = start(0.1);
    for (let i = 0; i < 100; i++) {
      const tried = attempt(down);
      await timed(tried);
      expect(await tried).toBeUndefined();
    }
  });

  it('gives up so long after stop(), with the last cause', async () => {
    const { attempt, stop } = start(3);
    await timed(attempt(down));
    stop();
    const stoppedAt = performance.now();
    let failure: unknown;
    while (failure === undefined) {
      const tried = attempt(async () => json(503, 'Busy.')).catch(error => {
        failure = error;
      });
      await timed(tried);
      if (performance.now() - stoppedAt < 3_000) expect(failure).toBeUndefined();
    }
    expect(failure).toMatchObject({
      code: 'storage-unreachable',
      status: 503,
      message: expect.stringContaining('Busy.'),
    });
    // The pause that ran when the time was over, and no more.
    expect(performance.now() - stoppedAt).toBeLessThan(3_000 + 5_000);
  });

  it('progress after stop() makes patience anew', async () => {
    const { attempt, stop, persistence } = start(1);
    stop();
    await vi.advanceTimersByTimeAsync(5_000);
    persistence.progress();
    const tried = attempt(down);
    await timed(tried);
    expect(await tried).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(attempt(down)).rejects.toMatchObject({ code: 'storage-unreachable' });
  });

  it('is over at once when it is aborted: with the reason, while it waits and while it asks', async () => {
    const reason = new Error('thrown away');
    const waiting = start();
    const sleeping = waiting.attempt(down);
    sleeping.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1);
    waiting.controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    const asking = start();
    asking.controller.abort(reason);
    await expect(asking.attempt(down)).rejects.toBe(reason);
    expect(asking.onTrouble).not.toHaveBeenCalled();
  });
});
