/** Uploading to the real server, over connections that break, to a server that refuses or goes away. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { serve } from '../../src/server/index.ts';
import { filePath, ID, manifest, noise, sha256, until } from './server-kit.ts';
import {
  CHUNK,
  type Fate,
  FlakyProxy,
  grow,
  growingFile,
  newServer,
  newSink,
  randomFrom,
  watchFetch,
} from './storage-kit.ts';

// Makes the pauses between tries a tenth of the shortest that the backoff has.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(-0.9));
afterEach(() => vi.restoreAllMocks());

/** Nobody listens here: ports below 1024 but for well-known ones are not given out. */
const NOWHERE = 'http://127.0.0.1:9/storage';

describe('a network that fails', () => {
  it('three in ten requests refused, cut in the middle, or without their answer: every byte, once', async () => {
    const { endpoint: direct, client } = await newServer();
    const random = randomFrom(20240501);
    const kinds: Fate[] = ['refuse', 'cut', 'drop-answer', 'spoil-answer'];
    const { proxy, endpoint } = await FlakyProxy.open(direct, () =>
      random() < 0.3 ? (kinds[Math.floor(random() * kinds.length)] as Fate) : 'pass',
    );
    const { sink, signal, troubles, storedOf } = newSink(endpoint);
    const files = [1, 2, 3, 4, 5].map(index => ({
      file: growingFile(index),
      bytes: noise(index === 5 ? CHUNK * 5 : CHUNK * 5 + index * 1_111),
    }));
    await Promise.all([
      sink.writeManifest(manifest(ID), signal),
      ...files.flatMap(({ file, bytes }) => [sink.store(file, signal), grow(file, bytes, 15_000)]),
    ]);
    for (const { file, bytes } of files) {
      const stored = await client.bytes(`/${file.key}`);
      expect(sha256(stored)).toBe(sha256(bytes));
      expect(file.sha256).toBe(sha256(bytes));
      expect(storedOf(file).at(-1)).toBe(bytes.byteLength);
    }
    expect(await client.list()).toEqual([ID]);
    // Each of them has happened, and each was told.
    for (const kind of kinds) expect(proxy.fates).toContain(kind);
    expect(troubles.length).toBe(proxy.fates.filter(fate => fate !== 'pass').length);
  });

  it.each<[string, Fate]>([
    ['the answer to the creation', 'drop-answer'],
    ['the creation itself', 'refuse'],
  ])('%s is lost: the file is made once', async (_, fate) => {
    const { endpoint: direct, client } = await newServer();
    let first = true;
    const { endpoint } = await FlakyProxy.open(direct, ({ method }) => {
      const hit = first && method === 'POST';
      if (hit) first = false;
      return hit ? fate : 'pass';
    });
    const { sink, signal, troubles } = newSink(endpoint);
    const bytes = noise(CHUNK + 5);
    const file = growingFile();
    await Promise.all([sink.store(file, signal), grow(file, bytes, CHUNK)]);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
    expect(troubles).toHaveLength(1);
  });

  it('the answer to the last request is lost: the server is asked, and nothing is sent twice', async () => {
    const { endpoint: direct, client } = await newServer();
    const { endpoint } = await FlakyProxy.open(direct, ({ headers }) =>
      headers['upload-length'] === undefined ? 'pass' : 'drop-answer',
    );
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint);
    const file = growingFile();
    await grow(file, noise(CHUNK + 5), CHUNK);
    await sink.store(file, signal);
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH', 'HEAD']);
    expect(await client.offset()).toEqual({ offset: CHUNK + 5, length: CHUNK + 5 });
  });

  it('the last request is cut in the middle: the rest is sent, and the length is not declared twice', async () => {
    const { endpoint: direct, client } = await newServer();
    let cut = false;
    const { endpoint } = await FlakyProxy.open(direct, ({ headers }) => {
      if (headers['upload-length'] === undefined || cut) return 'pass';
      cut = true;
      return 'cut';
    });
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint);
    const bytes = noise(CHUNK);
    const file = growingFile();
    await grow(file, bytes, CHUNK);
    await sink.store(file, signal);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
    const patches = sent.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers);
    // Again only as long as the server has not got round to the request that was cut.
    const [first, ...others] = patches.map(headers => headers.get('upload-length'));
    expect([first, others.at(-1)]).toEqual([String(CHUNK), null]);
    expect(Number(patches.at(-1)?.get('upload-offset'))).toBeGreaterThan(0);
  });

  it('a request that is cut in the middle: what came through is kept', async () => {
    const { endpoint: direct, client } = await newServer();
    let cut = false;
    const { endpoint } = await FlakyProxy.open(direct, ({ method }) => {
      if (method !== 'PATCH' || cut) return 'pass';
      cut = true;
      return 'cut';
    });
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint, { chunkBytes: 4 * CHUNK });
    const bytes = noise(4 * CHUNK);
    const file = growingFile();
    await grow(file, bytes, CHUNK);
    await sink.store(file, signal);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
    const offsets = sent.filter(({ method }) => method === 'PATCH').map(r => r.headers.get('upload-offset'));
    expect(offsets[0]).toBe('0');
    expect(Number(offsets.at(-1))).toBeGreaterThan(0);
  });
});

describe('a server that goes away', () => {
  it('in the middle, and comes back on the same port and folder: the upload goes on', async () => {
    const { server, dir, endpoint, client } = await newServer();
    const { sink, signal, storedOf, troubles } = newSink(endpoint);
    const bytes = noise(CHUNK * 6 + 77);
    const file = growingFile();
    const storing = sink.store(file, signal);
    file.append(bytes.slice(0, CHUNK * 2 + 10));
    await until(() => (storedOf(file).at(-1) ?? 0) >= CHUNK * 2, 'two chunks are stored');
    await server.close(0);
    file.append(bytes.slice(CHUNK * 2 + 10));
    await until(() => troubles.length > 0, 'the server is missed');
    const again = await serve({ dir, port: server.port });
    onTestFinished(() => again.close(0));
    await file.seal();
    await storing;
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it('is waited for while recording goes on, and given up so long after stop()', async () => {
    const { sink, signal, stop, troubles } = newSink(NOWHERE, { giveUpAfter: 0.3 });
    const file = growingFile();
    file.append(noise(100));
    const stored = sink.store(file, signal);
    const written = sink.writeManifest(manifest(ID), signal);
    await until(() => troubles.length >= 4, 'each was tried twice');
    await file.seal();
    const stopped = stop();
    const failed = expect.objectContaining({ code: 'storage-unreachable' });
    await Promise.all([expect(stored).rejects.toEqual(failed), expect(written).rejects.toEqual(failed)]);
    const took = performance.now() - stopped;
    expect(took).toBeGreaterThanOrEqual(300);
    // One more pause may have begun before the time was over.
    expect(took).toBeLessThan(300 + 2_500);
  });

  it('is not given up while bytes still get through', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { endpoint: direct, client } = await newServer();
    let request = 0;
    const { endpoint } = await FlakyProxy.open(direct, ({ method }) =>
      method === 'PATCH' && request++ % 2 === 0 ? 'refuse' : 'pass',
    );
    const { sink, signal, stop, troubles } = newSink(endpoint, { giveUpAfter: 0.4 });
    const bytes = noise(CHUNK * 4);
    const file = growingFile();
    await grow(file, bytes, CHUNK);
    const stopped = stop();
    await sink.store(file, signal);
    expect(performance.now() - stopped).toBeGreaterThan(400);
    expect(troubles.length).toBeGreaterThanOrEqual(4);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });
});

describe('a server that refuses', () => {
  it.each([
    ['the creation', 'create'],
    ['the first bytes', 'write'],
  ] as const)('401 at %s: storage-unauthorized, without another try', async (_, action) => {
    const { endpoint } = await newServer({ authorize: (__, access) => access.action !== action });
    const sent = watchFetch();
    const { sink, signal, troubles } = newSink(endpoint);
    const file = growingFile();
    file.append(noise(10));
    await expect(sink.store(file, signal)).rejects.toMatchObject({
      code: 'storage-unauthorized',
      status: 401,
    });
    expect(troubles).toEqual([]);
    expect(sent).toHaveLength(action === 'create' ? 1 : 2);
  });

  it('401 in the middle of an upload, when credentials run out', async () => {
    let valid = true;
    const { endpoint, client } = await newServer({
      authorize: (_, { action }) => valid || action !== 'write',
    });
    const { sink, signal, storedOf } = newSink(endpoint);
    const file = growingFile();
    const storing = sink.store(file, signal);
    const bytes = noise(CHUNK);
    file.append(bytes);
    await until(() => storedOf(file).at(-1) === CHUNK, 'the first chunk is stored');
    valid = false;
    file.append(noise(10));
    await expect(storing).rejects.toMatchObject({ code: 'storage-unauthorized' });
    valid = true;
    expect(await client.offset()).toEqual({ offset: CHUNK, length: undefined });
  });

  it('401 for the manifest', async () => {
    const { endpoint } = await newServer({ authorize: () => false });
    const { sink, signal } = newSink(endpoint);
    await expect(sink.writeManifest(manifest(ID), signal)).rejects.toMatchObject({
      code: 'storage-unauthorized',
    });
  });

  it('413: storage-full, and what was taken stays', async () => {
    const { endpoint, client } = await newServer({ maxFileBytes: CHUNK * 2 + 100 });
    const { sink, signal, troubles } = newSink(endpoint);
    const bytes = noise(CHUNK * 3);
    const file = growingFile();
    await grow(file, bytes, CHUNK);
    await expect(sink.store(file, signal)).rejects.toMatchObject({ code: 'storage-full', status: 413 });
    expect(troubles).toEqual([]);
    const { offset } = await client.offset();
    expect(offset).toBeGreaterThanOrEqual(CHUNK * 2);
    expect(offset).toBeLessThanOrEqual(CHUNK * 2 + 100);
  });

  it('another path than the storage answers to: storage-rejected', async () => {
    const { server } = await newServer();
    const { sink, signal } = newSink(`${server.url}elsewhere`);
    await expect(sink.store(growingFile(), signal)).rejects.toMatchObject({
      code: 'storage-rejected',
      status: 404,
    });
  });
});

describe('an abort', () => {
  const reason = new Error('thrown away');
  const rejectsSoon = async (storing: Promise<void>, abort: () => void): Promise<void> => {
    const before = performance.now();
    abort();
    await expect(storing).rejects.toBe(reason);
    expect(performance.now() - before).toBeLessThan(1_000);
  };

  it('while there is nothing to send', async () => {
    const { endpoint, client } = await newServer();
    const { sink, controller, signal } = newSink(endpoint, { flushInterval: 60 });
    const storing = sink.store(growingFile(), signal);
    storing.catch(() => undefined);
    await until(async () => (await client.tus('HEAD', filePath())).status === 200, 'the file is made');
    await rejectsSoon(storing, () => controller.abort(reason));
  });

  it('while it waits for the next try', async () => {
    // Makes the pause two and a half seconds long.
    vi.spyOn(Math, 'random').mockReturnValue(20);
    const { sink, controller, signal, troubles } = newSink(NOWHERE);
    const storing = sink.store(growingFile(), signal);
    storing.catch(() => undefined);
    await until(() => troubles.length > 0, 'the first try has failed');
    await rejectsSoon(storing, () => controller.abort(reason));
  });

  it('while a request is under way', async () => {
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.closeAllConnections());
    onTestFinished(() => void silent.close());
    const asked = once(silent, 'request');
    const { port } = silent.address() as AddressInfo;
    const { sink, controller, signal, troubles } = newSink(`http://127.0.0.1:${port}/storage`);
    const storing = sink.store(growingFile(), signal);
    storing.catch(() => undefined);
    await asked;
    await rejectsSoon(storing, () => controller.abort(reason));
    expect(troubles).toEqual([]);
  });
});
