/** Uploading to the real server, over real connections that work. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { manifestKey } from '../../src/manifest.ts';
import { nextChunk } from '../../src/storage/tus/chunk.ts';
import { tus } from '../../src/storage/tus/tus.ts';
import { uploadMetadata } from '../../src/storage/tus/uploads.ts';
import { filePath, ID, manifest, metadataHeader, noise, sha256, until } from './server-kit.ts';
import { CHUNK, grow, growingFile, keptFile, newServer, newSink, watchFetch } from './storage-kit.ts';

afterEach(() => vi.restoreAllMocks());

describe('the next chunk', () => {
  const limits = { chunkBytes: 100, largestChunk: 800 };
  it.each([
    ['is twice as large after one that went in a moment', { bytes: 100, sent: 100, took: 20 }, 200],
    ['is never larger than the largest', { bytes: 800, sent: 800, took: 20 }, 800],
    ['is as large as before when there was less', { bytes: 400, sent: 30, took: 20 }, 400],
    ['is as small as at first after one that took long', { bytes: 800, sent: 800, took: 2_000 }, 100],
    ['is as small as at first after one that never arrived', { bytes: 800, sent: 0, took: 9_000 }, 100],
  ])('%s', (_, sent, next) => expect(nextChunk(sent, limits)).toBe(next));
});

describe('a file that grows', () => {
  it.each([
    ['of many chunks and a part', CHUNK * 5 + 1_234, 10_000],
    ['whose size is a multiple of the chunk', CHUNK * 4, 10_000],
    ['of one chunk', CHUNK, CHUNK],
    ['of one byte', 1, 1],
    ['of one byte more than a chunk', CHUNK + 1, 7_000],
    ['of nothing', 0, 1],
  ])('%s is stored as it is, while it grows', async (_, size, piece) => {
    const { endpoint, client } = await newServer();
    const { sink, signal, storedOf, troubles } = newSink(endpoint);
    const bytes = noise(size);
    const file = growingFile();
    await Promise.all([sink.store(file, signal), grow(file, bytes, piece)]);
    expect(await client.offset()).toEqual({ offset: size, length: size });
    const stored = size === 0 ? new Uint8Array() : await client.bytes();
    expect(sha256(stored)).toBe(file.sha256);
    expect(storedOf(file).at(-1)).toBe(size);
    expect(storedOf(file)).toEqual([...storedOf(file)].sort((a, b) => a - b));
    expect(troubles).toEqual([]);
  });

  it('is sent in chunks: none larger, few smaller, and no byte twice', async () => {
    const { endpoint } = await newServer();
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint, { flushInterval: 60 });
    const file = growingFile();
    const size = CHUNK * 6 + 100;
    await Promise.all([sink.store(file, signal), grow(file, noise(size), 9_000)]);
    const patches = sent.filter(({ method }) => method === 'PATCH');
    expect(patches.map(({ bytes }) => bytes)).toEqual([...Array(6).fill(CHUNK), 100]);
    expect(patches.map(({ headers }) => Number(headers.get('upload-offset')))).toEqual(
      Array.from({ length: 7 }, (_, i) => i * CHUNK),
    );
  });

  it('never has more than a chunk of it in memory', async () => {
    const { endpoint } = await newServer();
    const { sink, signal } = newSink(endpoint);
    const file = growingFile();
    const read = vi.spyOn(file, 'read');
    await grow(file, noise(CHUNK * 5), CHUNK * 5);
    await sink.store(file, signal);
    for (const [, length] of read.mock.calls) expect(length).toBeLessThanOrEqual(CHUNK);
  });

  it('is sent in larger ones where more is there and the link is fast, up to the largest', async () => {
    const { endpoint } = await newServer();
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint, { largestChunk: 4 * CHUNK });
    const file = growingFile();
    await grow(file, noise(CHUNK * 12), CHUNK * 12);
    await sink.store(file, signal);
    const patches = sent.filter(({ method }) => method === 'PATCH');
    expect(patches.map(({ bytes }) => bytes / CHUNK)).toEqual([1, 2, 4, 4, 1]);
  });

  it('says at first that it does not know how long it will be, and how long it is just once, at the end', async () => {
    const { endpoint } = await newServer();
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint);
    const file = growingFile();
    await Promise.all([sink.store(file, signal), grow(file, noise(CHUNK * 3 + 5), 20_000)]);
    const [first, ...others] = sent;
    expect(first?.method).toBe('POST');
    expect(first?.headers.get('upload-defer-length')).toBe('1');
    expect(first?.headers.get('upload-length')).toBeNull();
    const lengths = others.map(({ headers }) => headers.get('upload-length'));
    expect(lengths.at(-1)).toBe(String(CHUNK * 3 + 5));
    expect(lengths.filter(length => length !== null)).toHaveLength(1);
    for (const { headers } of sent) expect(headers.get('tus-resumable')).toBe('1.0.0');
  });

  it('with nothing left to send when it is sealed, has its length declared by an empty request', async () => {
    const { endpoint, client } = await newServer();
    const sent = watchFetch();
    const { sink, signal, storedOf } = newSink(endpoint);
    const file = growingFile();
    const storing = sink.store(file, signal);
    const bytes = noise(CHUNK * 2);
    file.append(bytes);
    await until(() => storedOf(file).at(-1) === CHUNK * 2, 'both chunks are stored');
    await file.seal();
    await storing;
    expect(sent.at(-1)).toMatchObject({ method: 'PATCH', bytes: 0 });
    expect(sent.at(-1)?.headers.get('upload-length')).toBe(String(CHUNK * 2));
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it('is sent after the flush interval although there is less than a chunk', async () => {
    const { endpoint, client } = await newServer();
    const { sink, signal, storedOf } = newSink(endpoint, { flushInterval: 0.1 });
    const file = growingFile();
    const storing = sink.store(file, signal);
    file.append(noise(100));
    await until(() => storedOf(file).at(-1) === 100, 'the first bytes are stored');
    file.append(noise(50));
    await until(() => storedOf(file).at(-1) === 150, 'the next bytes are stored');
    expect(await client.offset()).toEqual({ offset: 150, length: undefined });
    await file.seal();
    await storing;
  });

  it('goes where its key says, with the headers that were asked for', async () => {
    const allowed = 'Bearer let-me-in';
    const { endpoint, client } = await newServer({
      authorize: ({ headers, method }) => method === 'GET' || headers.get('authorization') === allowed,
    });
    const { sink, signal } = newSink(endpoint, { headers: { Authorization: allowed } });
    const file = growingFile(12);
    const bytes = noise(1_000);
    await Promise.all([sink.store(file, signal), grow(file, bytes, 1_000)]);
    expect(await client.bytes(filePath(ID, '0012.mp4'))).toEqual(bytes);
    expect(uploadMetadata(file.key)).toBe(`${metadataHeader(ID, '0012.mp4')},filetype ${btoa('video/mp4')}`);
  });

  it('several at once', async () => {
    const { endpoint, client } = await newServer();
    const { sink, signal } = newSink(endpoint);
    const files = [1, 2, 3].map(index => ({ file: growingFile(index), bytes: noise(CHUNK * index + index) }));
    await Promise.all(
      files.flatMap(({ file, bytes }) => [sink.store(file, signal), grow(file, bytes, 8_000)]),
    );
    for (const [i, { bytes }] of files.entries()) {
      expect(sha256(await client.bytes(filePath(ID, `000${i + 1}.mp4`)))).toBe(sha256(bytes));
    }
  });
});

describe('a file that the server knows already', () => {
  it('goes on where it stands', async () => {
    const { endpoint, client } = await newServer();
    const bytes = noise(CHUNK * 3);
    await client.create();
    await client.patch(0, bytes.slice(0, 100_000));
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint);
    const file = growingFile();
    await grow(file, bytes, CHUNK);
    await sink.store(file, signal);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
    expect(sent.reduce((sum, request) => sum + request.bytes, 0)).toBe(CHUNK * 3 - 100_000);
  });

  it('is finished without a byte when all of it is there', async () => {
    const { endpoint, client } = await newServer();
    const bytes = noise(1_000);
    await client.upload(bytes);
    const sent = watchFetch();
    const { sink, signal } = newSink(endpoint);
    const file = growingFile();
    await grow(file, bytes, CHUNK);
    await sink.store(file, signal);
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'HEAD']);
  });

  it('is sent anew when the server has lost it', async () => {
    const { endpoint, client } = await newServer();
    const { sink, signal, storedOf } = newSink(endpoint);
    const bytes = noise(CHUNK * 3);
    const file = keptFile();
    const storing = sink.store(file, signal);
    file.append(bytes.slice(0, CHUNK));
    await until(() => storedOf(file).at(-1) === CHUNK, 'the first chunk is stored');
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    file.append(bytes.slice(CHUNK));
    await file.seal();
    await storing;
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
    expect(storedOf(file).at(-1)).toBe(CHUNK * 3);
  });
});

describe('the manifest', () => {
  it('is written over the one before, and read back as it is', async () => {
    const { endpoint } = await newServer();
    const { sink, signal } = newSink(endpoint);
    await sink.writeManifest({ ...manifest(ID), state: 'recording' }, signal);
    const last = { ...manifest(ID), duration: 12.5, metadata: { title: 'Übung 1 – "ganz" 🎥' } };
    await sink.writeManifest(last, signal);
    const storage = tus({ endpoint });
    expect(await storage.list()).toEqual([last]);
    expect(JSON.parse(await (await storage.read(manifestKey(ID))).text())).toEqual(last);
  });

  it('that the server refuses is an error', async () => {
    const { endpoint } = await newServer({ maxManifestBytes: 100 });
    const { sink, signal } = newSink(endpoint);
    await expect(sink.writeManifest(manifest(ID), signal)).rejects.toMatchObject({
      code: 'storage-full',
      status: 413,
    });
  });
});

describe('what is small', () => {
  const key = `recordings/${ID}/thumbnails/0001.jpg`;

  it('is put as a whole, over the one before, and read back as what it is', async () => {
    const { endpoint } = await newServer();
    const told: string[] = [];
    const { sink, signal, uploads } = newSink(endpoint, {}, { onStored: key => told.push(key) });
    for (const bytes of [noise(20_000), noise(500)]) {
      await sink.put({ key, bytes }, signal);
      const read = await tus({ endpoint }).read(key);
      expect(read.type).toBe('image/jpeg');
      expect(sha256(new Uint8Array(await read.arrayBuffer()))).toBe(sha256(bytes));
    }
    // It is no file: neither counted as one, nor gone on with after a crash.
    expect([told, uploads.size]).toEqual([[], 0]);
  });

  it('that the server refuses is an error', async () => {
    const { endpoint } = await newServer({ authorize: (_, access) => !access.key?.endsWith('.jpg') });
    const { sink, signal } = newSink(endpoint);
    await expect(sink.put({ key, bytes: noise(10) }, signal)).rejects.toMatchObject({
      code: 'storage-unauthorized',
    });
  });
});

describe('removing a recording', () => {
  it('deletes what was stored of it', async () => {
    const { endpoint, client } = await newServer();
    const { sink, signal } = newSink(endpoint);
    await sink.writeManifest(manifest(ID), signal);
    const file = growingFile();
    await Promise.all([sink.store(file, signal), grow(file, noise(10), 10)]);
    await sink.remove(ID, signal);
    expect(await client.list()).toEqual([]);
    expect((await client.send('GET', filePath())).status).toBe(404);
  });

  it('is tried once, and does not mind when it fails', async () => {
    const { sink, signal } = newSink('http://127.0.0.1:9/storage');
    await sink.remove(ID, signal);
  });
});
