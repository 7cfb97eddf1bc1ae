/** Uploading to a tus server that is not ours, and to ours together with a client that is not: the protocol is all they share. */
import { readdir } from 'node:fs/promises';
import { Upload } from 'tus-js-client';
import { describe, expect, it } from 'vitest';
import type { GrowingFile } from '../../src/journal/growing-file.ts';
import { manifestKey } from '../../src/manifest.ts';
import { ID, manifest, noise, sha256, until } from './server-kit.ts';
import {
  CHUNK,
  FlakyProxy,
  grow,
  growingFile,
  keptFile,
  newServer,
  newSink,
  randomFrom,
  watchFetch,
} from './storage-kit.ts';
import { startFileServer, stateOf } from './tus-server-kit.ts';

type Sink = ReturnType<typeof newSink>;

const urlOf = ({ uploads }: Sink, key: string): string => String(uploads.get(key)?.url);

/** Begins an upload and dies when `CHUNK` bytes of it, or more, are in storage. Resolves to its address. */
const beginAndCrash = async (endpoint: string, file: GrowingFile): Promise<string> => {
  const sink = newSink(endpoint);
  const storing = sink.sink.store(file, sink.signal).catch(() => 'crashed');
  await until(() => (sink.storedOf(file).at(-1) ?? 0) >= CHUNK, 'a chunk is stored');
  sink.controller.abort(new Error('crash'));
  expect(await storing).toBe('crashed');
  return urlOf(sink, file.key);
};

describe.each([
  ['that takes uploads of unknown length', true],
  ['that wants to know the length first', false],
])('a plain @tus/server %s', (_, defers) => {
  it('has a file as it was recorded', async () => {
    const { endpoint, bytesOf } = await startFileServer(defers);
    const all = newSink(endpoint);
    const file = growingFile();
    const bytes = noise(CHUNK * 5 + 1_234);
    await Promise.all([all.sink.store(file, all.signal), grow(file, bytes, 10_000)]);
    expect(sha256(await bytesOf(urlOf(all, file.key)))).toBe(file.sha256);
    expect(file.sha256).toBe(sha256(bytes));
    expect(all.troubles).toEqual([]);
  });

  it.each([0, 1, CHUNK * 2])('has a file of %i bytes', async size => {
    const { endpoint, bytesOf } = await startFileServer(defers);
    const all = newSink(endpoint);
    const file = growingFile();
    await Promise.all([all.sink.store(file, all.signal), grow(file, noise(size), CHUNK)]);
    const url = urlOf(all, file.key);
    expect(await stateOf(url)).toEqual({ status: 200, offset: String(size), length: String(size) });
    expect(sha256(await bytesOf(url))).toBe(file.sha256);
  });

  it('has it although one of four requests fails, breaks off or is not answered', async () => {
    const { endpoint: direct, bytesOf } = await startFileServer(defers);
    const random = randomFrom(3);
    const faults = ['refuse', 'cut', 'drop-answer', 'spoil-answer'] as const;
    const { endpoint, proxy } = await FlakyProxy.open(direct, () =>
      random() < 0.25 ? (faults[Math.floor(random() * 4)] ?? 'pass') : 'pass',
    );
    const all = newSink(endpoint);
    const file = keptFile();
    const bytes = noise(CHUNK * 5 + 77);
    await Promise.all([all.sink.store(file, all.signal), grow(file, bytes, 50_000)]);
    expect(new Set(proxy.fates).size).toBeGreaterThan(2);
    expect(sha256(await bytesOf(urlOf(all, file.key)))).toBe(sha256(bytes));
  });

  it('goes on with an upload that a crash cut off, from where it stands', async () => {
    const { endpoint, bytesOf } = await startFileServer(defers);
    const bytes = noise(CHUNK * 40 + 5);
    const before = keptFile();
    await grow(before, bytes, CHUNK * 10);
    const url = await beginAndCrash(endpoint, before);
    const offset = Number((await stateOf(url)).offset);
    const after = keptFile();
    after.upload = { url };
    await grow(after, bytes, CHUNK);
    const sent = watchFetch();
    const again = newSink(endpoint);
    await again.sink.store(after, again.signal);
    const uploaded = sent.map(({ bytes }) => bytes).reduce((a, b) => a + b, 0);
    expect(sent.map(({ method }) => method)).not.toContain('POST');
    expect(uploaded).toBe(bytes.length - offset);
    expect(sha256(await bytesOf(url))).toBe(after.sha256);
  });

  it('gets the manifest at the end, as an upload like any other', async () => {
    const { endpoint, bytesOf } = await startFileServer(defers);
    const { sink, signal, uploads } = newSink(endpoint);
    await sink.writeManifest({ ...manifest(ID), state: 'recording' }, signal);
    expect(uploads.size).toBe(0);
    const last = { ...manifest(ID), metadata: { title: 'Übung 1 – "ganz" 🎥' } };
    await sink.writeManifest(last, signal);
    const url = String(uploads.get(manifestKey(ID))?.url);
    expect(JSON.parse(new TextDecoder().decode(await bytesOf(url)))).toEqual(last);
  });

  it('keeps files only: what is small is refused', async () => {
    const { endpoint, directory } = await startFileServer(defers);
    const { sink, signal } = newSink(endpoint);
    const key = `recordings/${ID}/thumbnails/0001.jpg`;
    await expect(sink.put({ key, bytes: noise(10) }, signal)).rejects.toMatchObject({
      code: expect.stringMatching(/^storage-(rejected|not-found)$/),
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('has nothing left of a recording that was thrown away', async () => {
    const { endpoint, directory } = await startFileServer(defers);
    const { sink, signal } = newSink(endpoint);
    await sink.writeManifest(manifest(ID), signal);
    const file = growingFile();
    await Promise.all([sink.store(file, signal), grow(file, noise(CHUNK), CHUNK)]);
    await sink.remove(ID, signal);
    expect(await readdir(directory)).toEqual([]);
  });
});

/** Lets tus-js-client finish an upload that is there. */
const finish = (bytes: Uint8Array, url: string, options: ConstructorParameters<typeof Upload>[1] = {}) =>
  new Promise<number[]>((resolve, reject) => {
    const accepted: number[] = [];
    new Upload(Buffer.from(bytes), {
      uploadUrl: url,
      chunkSize: CHUNK,
      retryDelays: null,
      onChunkComplete: (_, sum) => accepted.push(sum),
      onSuccess: () => resolve(accepted),
      onError: reject,
      ...options,
    }).start();
  });

/** Our server, as the plain ones are started. */
const startOwn = async () => {
  const { endpoint, client } = await newServer();
  return { endpoint, bytesOf: (url: string) => client.bytes(url) };
};

describe('tus-js-client', () => {
  const bytes = noise(CHUNK * 40 + 5);

  it.each([
    ['our server', startOwn, true],
    ['a plain one', startFileServer, true],
    ['a plain one that knew the length', () => startFileServer(false), false],
  ])('finishes what our uploader began on %s, from where it stands', async (_, start, defers) => {
    const { endpoint, bytesOf } = await start();
    const file = keptFile();
    await grow(file, bytes, CHUNK * 10);
    const url = await beginAndCrash(endpoint, file);
    const { offset, length } = await stateOf(url);
    expect(length).toBe(defers ? null : String(bytes.length));
    const accepted = await finish(bytes, url, { uploadLengthDeferred: defers });
    // What was on its way when it died may still have come.
    expect(accepted[0]).toBeGreaterThanOrEqual(Number(offset) + CHUNK);
    expect(sha256(await bytesOf(url))).toBe(file.sha256);
    expect(await stateOf(url)).toMatchObject({ offset: String(bytes.length), length: String(bytes.length) });
  });

  it('finds nothing left to do when our uploader has finished', async () => {
    const { endpoint } = await newServer();
    const all = newSink(endpoint);
    const file = keptFile();
    await Promise.all([all.sink.store(file, all.signal), grow(file, bytes, CHUNK * 10)]);
    expect(await finish(bytes, urlOf(all, file.key))).toEqual([]);
  });

  it.each([
    ['our server', startOwn],
    ['a plain one', startFileServer],
  ])('leaves on %s what our uploader finishes', async (_, start) => {
    const { endpoint, bytesOf } = await start();
    const url = await new Promise<string>((resolve, reject) => {
      const upload: Upload = new Upload(Buffer.from(bytes), {
        endpoint,
        metadata: { recording: ID, filename: '0001.mp4' },
        chunkSize: CHUNK,
        retryDelays: null,
        onError: reject,
        onChunkComplete: (_, accepted) => {
          if (accepted >= CHUNK * 2) void upload.abort().then(() => resolve(String(upload.url)));
        },
      });
      upload.start();
    });
    const file = keptFile();
    file.upload = { url };
    await grow(file, bytes, CHUNK);
    const all = newSink(endpoint);
    await all.sink.store(file, all.signal);
    expect(sha256(await bytesOf(url))).toBe(file.sha256);
  });
});
