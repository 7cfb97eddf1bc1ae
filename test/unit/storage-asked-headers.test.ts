/** `headers` as a function: asked for each request, in the page and for the worker, also when it fails at first. */
import { describe, expect, it } from 'vitest';
import { answer } from '../../src/answer.ts';
import { s3 } from '../../src/storage/s3/s3.ts';
import type { PageCall } from '../../src/storage/storage.ts';
import { tus } from '../../src/storage/tus/tus.ts';
import { Asks } from '../../src/worker/asks.ts';
import type { FromWorker, ToWorker } from '../../src/worker/protocol.ts';
import { noise } from './server-kit.ts';
import { grow, growingFile, newServer, newSink, watchFetch } from './storage-kit.ts';

const ENDPOINT = 'https://storage.example/storage';

/** A worker's questions, answered by a page's storage. */
const connect = (storage: Parameters<typeof answer>[0]) => {
  const asks = new Asks(message => {
    const { id, call } = message as Extract<FromWorker, { type: 'ask' }>;
    const post = (reply: ToWorker): void => {
      const { id: number, ...rest } = reply as Extract<ToWorker, { type: 'answer' }>;
      asks.answer(number, rest);
    };
    void answer(storage, { id, call }, post);
  });
  return (call: PageCall): Promise<unknown> => asks.ask(call);
};

describe('headers as a function', () => {
  it('is asked before each request of an upload', async () => {
    let token = 0;
    const { endpoint } = await newServer({
      authorize: ({ headers }) => headers.get('authorization') === `Bearer ${token}`,
    });
    const storage = tus({ endpoint, headers: async () => ({ Authorization: `Bearer ${++token}` }) });
    const { sink, signal } = newSink(endpoint, { headers: 'asked' }, { ask: connect(storage) });
    const file = growingFile();
    const sent = watchFetch();
    await Promise.all([sink.store(file, signal), grow(file, noise(200_000), 50_000)]);
    const tokens = sent.map(({ headers }) => headers.get('authorization'));
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens.length).toBeGreaterThan(2);
    await expect(storage.list()).resolves.toEqual([]);
  });

  it('that rejects is trouble that may pass', async () => {
    const { endpoint } = await newServer();
    let asked = 0;
    const headers = async (): Promise<Record<string, string>> => {
      if (asked++ < 2) throw new Error('the token server is down');
      return {};
    };
    const { sink, signal, troubles } = newSink(
      endpoint,
      { headers: 'asked' },
      { ask: connect(tus({ endpoint, headers })) },
    );
    const file = growingFile();
    await Promise.all([sink.store(file, signal), grow(file, noise(1_000), 1_000)]);
    expect(troubles.join()).toContain('the token server is down');
  });

  it.each([
    ['tus', tus],
    ['s3', s3],
  ] as const)('of %s: the worker is told to ask, and nothing of them', async (kind, make) => {
    const storage = make({ endpoint: ENDPOINT, headers: () => ({ Authorization: 'secret' }) });
    expect(structuredClone(storage.config)).toMatchObject({ kind, headers: 'asked' });
    expect(storage.url('recordings/x/0001.mp4')).toBeUndefined();
    expect(await storage.answer?.({ name: 'headers' })).toEqual({ Authorization: 'secret' });
  });

  it('that gives what are none: says so, without their values', async () => {
    const ask = connect(tus({ endpoint: ENDPOINT, headers: () => ({ Authorization: 42 }) as never }));
    await expect(ask({ name: 'headers' })).rejects.toMatchObject({
      code: 'storage-callback-failed',
      message: expect.stringContaining('Authorization'),
    });
  });
});
