import { describe, expect, it, vi } from 'vitest';
import { Slots } from '../../src/storage/slots.ts';
import { noise, sha256 } from './server-kit.ts';
import { CHUNK, grow, growingFile, newServer, newSink } from './storage-kit.ts';

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const { signal } = new AbortController();

describe('slots', () => {
  it('let in so many at once, in order, and the next when one is done or has failed', async () => {
    const slots = new Slots(2);
    const entered: number[] = [];
    const ends: ((failed: boolean) => void)[] = [];
    const all = [0, 1, 2, 3].map(i =>
      slots
        .run(() => {
          entered.push(i);
          return new Promise<void>((resolve, reject) =>
            ends.push(failed => (failed ? reject(new Error('no')) : resolve())),
          );
        }, signal)
        .catch(() => undefined),
    );
    await settle();
    expect(entered).toEqual([0, 1]);
    ends[1]?.(true);
    await settle();
    expect(entered).toEqual([0, 1, 2]);
    ends[0]?.(false);
    await settle();
    expect(entered).toEqual([0, 1, 2, 3]);
    for (const end of ends) end(false);
    await Promise.all(all);
    expect(await slots.run(async () => 'free again', signal)).toBe('free again');
  });

  it('an abort while waiting gives the turn to the next', async () => {
    const slots = new Slots(1);
    let end: (() => void) | undefined;
    const first = slots.run(() => new Promise<void>(resolve => (end = resolve)), signal);
    const controller = new AbortController();
    const reason = new Error('thrown away');
    const aborted = slots.run(async () => 'never', controller.signal);
    const next = slots.run(async () => 'next', signal);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(slots.run(async () => 'never', controller.signal)).rejects.toBe(reason);
    end?.();
    await first;
    expect(await next).toBe('next');
  });
});

describe('many files that waited', () => {
  it('have no more than three chunks in memory, and are all stored', async () => {
    const { endpoint, client } = await newServer();
    const { sink } = newSink(endpoint);
    const files = Array.from({ length: 12 }, (_, i) => ({
      file: growingFile(i + 1),
      bytes: noise(CHUNK * 2 + i),
    }));
    await Promise.all(files.map(({ file, bytes }) => grow(file, bytes, CHUNK)));
    let chunks = 0;
    let most = 0;
    const { fetch } = globalThis;
    for (const { file } of files) {
      const read = file.read.bind(file);
      vi.spyOn(file, 'read').mockImplementation((...where) => {
        most = Math.max(most, ++chunks);
        return read(...where);
      });
    }
    vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
      fetch(url, init).finally(() => {
        if (init.method === 'PATCH') chunks--;
      }),
    );
    try {
      await Promise.all(files.map(({ file }) => sink.store(file, signal)));
    } finally {
      vi.unstubAllGlobals();
    }
    expect(most).toBe(3);
    for (const { file, bytes } of files) {
      expect(sha256(await client.bytes(`/${file.key}`))).toBe(sha256(bytes));
    }
  });
});
