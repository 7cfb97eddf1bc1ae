/** What is kept in memory where there is no private file system. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GrowingFile } from '../../src/journal/growing-file.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryBudget, MemoryStore, memoryStores } from '../../src/journal/memory-store.ts';
import { fileKey } from '../../src/manifest.ts';
import { ID, noise, sha256, until } from './server-kit.ts';
import { CHUNK, newServer, newSink } from './storage-kit.ts';

afterEach(() => vi.unstubAllGlobals());

const FAILED = expect.objectContaining({ code: 'device-storage-failed' });
const MIB = 1024 * 1024;

describe('memory', () => {
  it('is there again for pieces that were wholly released; the others stay', async () => {
    const store = new MemoryStore(new MemoryBudget(10));
    store.append(Uint8Array.of(1, 2, 3, 4));
    store.append(Uint8Array.of(5, 6, 7, 8));
    store.release(3);
    expect(await store.read(0, 8)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    store.release(6);
    store.append(Uint8Array.of(9, 10, 11, 12, 13, 14));
    expect(await store.read(4, 10)).toEqual(Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
    expect(() => store.append(Uint8Array.of(15))).toThrow(FAILED);
  });

  it('gives no bytes that it does not have', async () => {
    const store = new MemoryStore();
    store.append(Uint8Array.of(1, 2));
    store.append(Uint8Array.of(3, 4));
    store.release(2);
    for (const [offset, length] of [
      [0, 1],
      [1, 2],
      [3, 2],
    ] as const) {
      await expect(store.read(offset, length)).rejects.toEqual(FAILED);
    }
  });

  it('is shared by all files of a recording, and a file that is let go gives it back', async () => {
    vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.reject(new Error('private')) } });
    const storage = { kind: 'tus', endpoint: 'https://example.org' };
    const setup = { version: 1, id: ID, startedAt: '', metadata: {}, storage } as const;
    const local = await Journal.open(setup, async () => memoryStores());
    expect(local.durable).toBe(false);
    const [one, other] = ['0001.mp4', '0002.mp4'].map(name => local.openStore(name, () => undefined));
    one?.append(new Uint8Array(40 * MIB));
    other?.append(new Uint8Array(24 * MIB));
    expect(() => other?.append(Uint8Array.of(1))).toThrow(FAILED);
    await one?.dispose(true);
    await one?.dispose(true);
    other?.append(new Uint8Array(40 * MIB));
    expect(() => other?.append(Uint8Array.of(1))).toThrow(FAILED);
  });
});

it('is no longer to be had where its code is not where the page says', async () => {
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.reject(new Error('private')) } });
  const storage = { kind: 'tus', endpoint: 'https://example.org' };
  const setup = { version: 1, id: ID, startedAt: '', metadata: {}, storage } as const;
  const missing = new Error('404');
  await expect(Journal.open(setup, () => Promise.reject(missing))).rejects.toBe(missing);
});

describe('an upload from memory', () => {
  const start = async () => {
    const { endpoint, client } = await newServer();
    const onError = vi.fn();
    const store = new MemoryStore(new MemoryBudget(CHUNK * 2));
    const file = new GrowingFile(fileKey(ID, 1), store, onError);
    const { sink, signal, storedOf } = newSink(endpoint);
    const storing = sink.store(file, signal);
    storing.catch(() => undefined);
    return { client, file, onError, storing, storedOf };
  };

  it('goes on for longer than memory lasts, as what is stored is let go', async () => {
    const { client, file, onError, storing, storedOf } = await start();
    const bytes = noise(CHUNK * 10);
    for (let at = 0; at < bytes.byteLength; at += CHUNK) {
      file.append(bytes.slice(at, at + CHUNK));
      await until(() => storedOf(file).at(-1) === at + CHUNK, 'the chunk is stored');
    }
    await file.seal();
    await storing;
    expect(onError).not.toHaveBeenCalled();
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it('that the server has lost is an error, and no wrong bytes are sent', async () => {
    const { client, file, storing, storedOf } = await start();
    file.append(noise(CHUNK));
    await until(() => storedOf(file).at(-1) === CHUNK, 'the first chunk is stored');
    await client.send('DELETE', `/recordings/${ID}`);
    file.append(noise(CHUNK));
    await file.seal();
    await expect(storing).rejects.toEqual(FAILED);
    expect((await client.offset()).offset).toBe(0);
  });
});
