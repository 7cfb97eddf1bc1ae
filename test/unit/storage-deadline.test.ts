/** Servers that accept a request and never answer it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openAccess } from '../../src/on-demand.ts';
import { Persistence, refusal } from '../../src/storage/http.ts';
import { deadlineOf, sleep } from '../../src/storage/retry.ts';
import { tus } from '../../src/storage/tus/tus.ts';
import { ID, manifest, noise, until } from './server-kit.ts';
import { grow, growingFile, keptFile, newSink } from './storage-kit.ts';

const ENDPOINT = 'https://storage.example/storage';

/** As `fetch` does it when no answer comes. */
const silence = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

describe('the time that a request gets', () => {
  it('is half a minute, and what its bytes take at 100 kbit/s', () => {
    expect(deadlineOf(0)).toBe(30_000);
    expect(deadlineOf(12_500)).toBe(31_000);
    expect(deadlineOf(1024 ** 2)).toBeCloseTo(113_887, -1);
  });

  it('is one that a timer can take, whatever the size', () => {
    for (const bytes of [2 ** 40, Number.POSITIVE_INFINITY]) expect(deadlineOf(bytes)).toBe(2 ** 31 - 1);
  });
});

describe('no answer', () => {
  // What is loaded when it is needed takes time of its own.
  beforeAll(async () => void (await openAccess({ kind: 'device' })));
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** Milliseconds of the fake clock until a promise is settled. */
  const timed = async (promise: Promise<unknown>): Promise<number> => {
    const before = performance.now();
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    while (!settled && performance.now() - before < 600_000) await vi.advanceTimersByTimeAsync(50);
    return performance.now() - before;
  };

  const start = (giveUpAfter = 30) => {
    let stoppedAt: number | undefined;
    const onTrouble = vi.fn();
    const persistence = new Persistence(ENDPOINT, giveUpAfter, () => stoppedAt, onTrouble);
    const stop = (): void => {
      stoppedAt = performance.now();
    };
    return { persistence, onTrouble, stop, signal: new AbortController().signal };
  };

  it.each([
    [0, 30_000],
    [125_000, 40_000],
  ])('to %i bytes is a failure that may pass, after %i ms', async (bytes, expected) => {
    const { persistence, onTrouble, signal } = start();
    const tried = persistence.attempt(silence, signal, bytes);
    const took = await timed(tried);
    expect(await tried).toBeUndefined();
    expect(took).toBeGreaterThanOrEqual(expected);
    expect(took).toBeLessThan(expected + 500);
    expect(onTrouble.mock.calls).toEqual([['no answer in time']]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('to a request that was under way at stop(): given up when patience is over', async () => {
    const { persistence, stop, signal } = start(3);
    const tried = persistence.attempt(silence, signal);
    tried.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(10_000);
    stop();
    const took = await timed(tried);
    await expect(tried).rejects.toMatchObject({ code: 'storage-unreachable' });
    expect(took).toBeGreaterThanOrEqual(3_000);
    expect(took).toBeLessThan(3_500);
    const next = persistence.attempt(async () => new Response(), signal);
    await expect(next).rejects.toMatchObject({ code: 'storage-unreachable' });
  });

  it('to a large request then: what came of it can be asked for, once and in some seconds', async () => {
    const { persistence, stop, signal } = start(3);
    stop();
    const large = (): Promise<Response | undefined> => persistence.attempt(silence, signal, 10_000_000);
    const tried = large();
    expect(await timed(tried)).toBeLessThan(4_000);
    expect(await tried).toBeUndefined();
    const answer = new Response();
    expect(await persistence.attempt(async () => answer, signal)).toBe(answer);
    const again = large();
    again.catch(() => undefined);
    expect(await timed(again)).toBeLessThan(5_500);
    await expect(again).rejects.toMatchObject({ code: 'storage-unreachable' });
  });

  it('yet, when patience is none: a request still gets a second', async () => {
    const { persistence, stop, signal } = start(0);
    stop();
    const slow = (): Promise<Response> =>
      new Promise(resolve => setTimeout(() => resolve(new Response()), 600));
    const tried = persistence.attempt(slow, signal);
    await timed(tried);
    expect(await tried).toMatchObject({ status: 200 });
  });

  it('but its first half: the words of a refusal are not waited for', async () => {
    const told = refusal(ENDPOINT, new Response(new ReadableStream(), { status: 507 }));
    expect(await timed(told)).toBeLessThan(6_000);
    expect(await told).toMatchObject({ code: 'storage-full' });
  });

  it.each(['list', 'read', 'delete'] as const)('to %s(): storage-unreachable', async call => {
    vi.stubGlobal('fetch', (_: string, { signal }: { signal?: AbortSignal }) => silence(signal));
    const asked = tus({ endpoint: ENDPOINT })[call](call === 'read' ? `recordings/${ID}/0001.mp4` : ID);
    asked.catch(() => undefined);
    expect(await timed(asked)).toBeLessThan(31_000);
    await expect(asked).rejects.toMatchObject({ code: 'storage-unreachable' });
  });

  it('to read() after the headers: the time goes with the length that they say', async () => {
    vi.stubGlobal('fetch', async (_: string, { signal }: { signal: AbortSignal }) => {
      const body = new ReadableStream({ start: stream => void silence(signal).catch(e => stream.error(e)) });
      return new Response(body, { headers: { 'Content-Length': '125000' } });
    });
    const asked = tus({ endpoint: ENDPOINT }).read(`recordings/${ID}/0001.mp4`);
    asked.catch(() => undefined);
    const took = await timed(asked);
    expect(took).toBeGreaterThanOrEqual(40_000);
    expect(took).toBeLessThan(41_000);
    await expect(asked).rejects.toMatchObject({ code: 'storage-unreachable' });
  });
});

describe('an uplink that is slow', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const SIZE = 1024 ** 2;

  /** Keeps what came through of a request that is cut, and answers after two seconds: the link's queue is full. */
  const serve = (bytesPerSecond: number): Map<string, number> => {
    const has = new Map<string, number>();
    vi.stubGlobal('fetch', async (url: string, { method, body, signal }: RequestInit) => {
      if (method === 'POST') return new Response(null, { status: 201, headers: { Location: `f${++made}` } });
      const [length, began] = [(body as Uint8Array | undefined)?.byteLength ?? 0, performance.now()];
      const takes = method === 'HEAD' ? 2_000 : (length / bytesPerSecond) * 1_000;
      const before = has.get(url) ?? 0;
      try {
        await sleep(Math.min(takes, 2 ** 31 - 1), signal as AbortSignal);
      } finally {
        const through = ((performance.now() - began) / 1_000) * bytesPerSecond;
        has.set(url, before + Math.min(length, Math.floor(through)));
      }
      const headers = { 'Upload-Offset': String(has.get(url)) };
      return new Response(null, { status: method === 'HEAD' ? 200 : 204, headers });
    });
    let made = 0;
    return has;
  };

  /** Runs until all files are stored, or none will be. */
  const store = async (count: number, bytesPerSecond: number) => {
    const has = serve(bytesPerSecond);
    const { sink, signal, stop } = newSink(ENDPOINT, { chunkBytes: SIZE });
    const files = Array.from({ length: count }, (_, i) => keptFile(i + 1));
    for (const file of files) {
      file.append(new Uint8Array(SIZE));
      await file.seal();
    }
    const stopped = stop();
    let took = 0;
    const all = Promise.allSettled(files.map(file => sink.store(file, signal))).finally(() => {
      took = performance.now() - stopped;
    });
    for (let i = 0; i < 1_200 && took === 0; i++) await vi.advanceTimersByTimeAsync(500);
    return { has: [...has.values()], results: await all, took };
  };

  it.each([
    [1, 150],
    [4, 300],
  ])(
    'is not given up while bytes get through, though a request takes longer than patience does: %i files',
    async (count, most) => {
      const { has, results, took } = await store(count, 10_000);
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(has).toEqual(Array.from({ length: count }, () => SIZE));
      expect(took).toBeGreaterThan(100_000);
      expect(took).toBeLessThan(most * 1_000);
    },
  );

  it('is given up when none do, after one more look', async () => {
    const { results, took } = await store(4, 0);
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage-unreachable' } });
    expect(took).toBeGreaterThanOrEqual(30_000);
    expect(took).toBeLessThan(37_500);
  });
});

describe('a function of the page that never settles', () => {
  beforeAll(async () => void (await openAccess({ kind: 'device' })));
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const never = (): Promise<never> => new Promise(() => undefined);

  it('headers() in the worker: it is trouble, and given up so long after stop()', async () => {
    const { sink, signal, stop, troubles } = newSink(
      ENDPOINT,
      { headers: 'asked', giveUpAfter: 3 },
      { ask: never },
    );
    const all = Promise.allSettled([
      sink.store(growingFile(), signal),
      sink.writeManifest(manifest(ID), signal),
    ]);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(troubles).toEqual(['no answer in time', 'no answer in time']);
    stop();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(vi.getTimerCount()).toBe(0);
    for (const result of await all)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage-unreachable' } });
  });

  it('headers() in the worker, and the recording is thrown away', async () => {
    const { sink, controller, signal } = newSink(ENDPOINT, { headers: 'asked' }, { ask: never });
    const storing = sink.store(growingFile(), signal);
    storing.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    controller.abort(new Error('thrown away'));
    await expect(storing).rejects.toThrow('thrown away');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('headers() in the page: storage-unreachable, or what the signal says', async () => {
    const storage = tus({ endpoint: ENDPOINT, headers: never });
    const controller = new AbortController();
    const all = Promise.allSettled([storage.list(), storage.list({ signal: controller.signal })]);
    await vi.advanceTimersByTimeAsync(1_000);
    controller.abort(new Error('not now'));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(await all).toMatchObject([
      { reason: { code: 'storage-unreachable' } },
      { reason: { message: 'not now' } },
    ]);
  });
});

describe('a real server that accepts and is silent', () => {
  it('does not hold up stop()', async () => {
    let asked = 0;
    const silent = createServer(() => void asked++);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.closeAllConnections());
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const { sink, signal, stop } = newSink(`http://127.0.0.1:${port}/storage`, { giveUpAfter: 1 });
    const files = Array.from({ length: 20 }, (_, i) => growingFile(i + 1));
    const storing = files.map(file => sink.store(file, signal));
    const written = sink.writeManifest(manifest(ID), signal);
    const all = Promise.allSettled([...storing, written]);
    await Promise.all(files.map(file => grow(file, noise(10), 10)));
    await until(() => asked === 4, 'three files and the manifest were asked for');
    const stoppedAt = stop();
    for (const result of await all) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'storage-unreachable' } });
    }
    // All of them share one patience.
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
    expect(asked).toBe(4);
  });
});
