/** `tus()` on a plain @tus/server that keeps its files in a bucket: what lies there in the end is what was recorded. */
import { S3Store } from '@tus/s3-store';
import { Upload } from 'tus-js-client';
import { describe, expect, inject, it } from 'vitest';
import { manifestKey } from '../../src/manifest.ts';
import { ID, manifest, noise, sha256, until } from '../unit/server-kit.ts';
import { grow, keptFile, newSink, watchFetch } from '../unit/storage-kit.ts';
import { startTusServer, stateOf } from '../unit/tus-server-kit.ts';
import { Bucket, isWithoutCeph, MIB_5 } from './kit.ts';

/** As `docs/deploying.md` says it: a request of a part's size is a part, and is written once. */
const OPTIONS = { chunkBytes: MIB_5, flushInterval: 3600 };

const startStoreServer = async (defers = true) => {
  const ceph = inject('ceph');
  if (ceph === undefined) throw new Error('There is no Ceph.');
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = ceph;
  const store = new S3Store({
    partSize: MIB_5,
    s3ClientConfig: {
      ...{ bucket, endpoint, region, forcePathStyle: true },
      credentials: { accessKeyId, secretAccessKey },
      // Ceph 16 does not know the checksums that the client sends by default.
      requestChecksumCalculation: 'WHEN_REQUIRED',
    },
  });
  if (!defers) store.extensions = store.extensions.filter(name => name !== 'creation-defer-length');
  const bytesOf = async (url: string): Promise<Uint8Array> => {
    const name = new URL(url).pathname.split('/').at(-1) ?? '';
    const response = await new Bucket(ceph, '').fetch(`/${name}`);
    expect(response.status).toBe(200);
    return new Uint8Array(await response.arrayBuffer());
  };
  return { endpoint: await startTusServer(store), bytesOf };
};

const BYTES = noise(3 * MIB_5 + 1_234_567);

describe.skipIf(isWithoutCeph)('tus() on @tus/s3-store', () => {
  it.each([true, false])('stores a file; it may be of unknown length at first: %s', async defers => {
    const { endpoint, bytesOf } = await startStoreServer(defers);
    const { sink, signal, uploads, troubles } = newSink(endpoint, OPTIONS);
    const sent = watchFetch();
    const file = keptFile();
    await Promise.all([sink.store(file, signal), grow(file, BYTES, 700_001)]);
    expect(sha256(await bytesOf(String(uploads.get(file.key)?.url)))).toBe(file.sha256);
    expect(file.sha256).toBe(sha256(BYTES));
    const patches = sent.filter(({ method }) => method === 'PATCH').map(({ bytes }) => bytes);
    expect(patches).toEqual([MIB_5, MIB_5, MIB_5, 1_234_567]);
    expect(troubles).toEqual([]);
  });

  it('stores one that is sent in pieces smaller than a part, although that costs more', async () => {
    const { endpoint, bytesOf } = await startStoreServer();
    const { sink, signal, uploads } = newSink(endpoint, { chunkBytes: 2_000_000 });
    const file = keptFile();
    await Promise.all([sink.store(file, signal), grow(file, BYTES, 1_000_000)]);
    expect(sha256(await bytesOf(String(uploads.get(file.key)?.url)))).toBe(file.sha256);
  });

  it('goes on after a crash from the parts that are there, and ends with the manifest', async () => {
    const { endpoint, bytesOf } = await startStoreServer();
    const url = await beginAndCrash(endpoint);
    const after = keptFile();
    after.upload = { url };
    await grow(after, BYTES, MIB_5);
    const sent = watchFetch();
    const { sink, signal, uploads } = newSink(endpoint, OPTIONS);
    await sink.store(after, signal);
    expect(sent.map(({ method }) => method)).not.toContain('POST');
    expect(sent.map(({ bytes }) => bytes).reduce((a, b) => a + b, 0)).toBeLessThan(BYTES.length);
    expect(sha256(await bytesOf(url))).toBe(after.sha256);
    await sink.writeManifest({ ...manifest(ID), state: 'recording' }, signal);
    await sink.writeManifest(manifest(ID), signal);
    const stored = await bytesOf(String(uploads.get(manifestKey(ID))?.url));
    expect(JSON.parse(new TextDecoder().decode(stored))).toEqual(manifest(ID));
  });

  it('leaves what tus-js-client finishes', async () => {
    const { endpoint, bytesOf } = await startStoreServer();
    const url = await beginAndCrash(endpoint);
    const { offset, length } = await stateOf(url);
    expect([Number(offset) >= MIB_5, length]).toEqual([true, null]);
    await new Promise<void>((resolve, reject) => {
      new Upload(Buffer.from(BYTES), {
        uploadUrl: url,
        uploadLengthDeferred: true,
        chunkSize: MIB_5,
        retryDelays: null,
        onSuccess: () => resolve(),
        onError: reject,
      }).start();
    });
    expect(sha256(await bytesOf(url))).toBe(sha256(BYTES));
  });
});

/** Begins an upload and dies when a part of it, or more, is in storage. Resolves to its address. */
const beginAndCrash = async (endpoint: string): Promise<string> => {
  const { sink, signal, controller, storedOf, uploads } = newSink(endpoint, OPTIONS);
  const file = keptFile();
  const storing = sink.store(file, signal).catch(() => 'crashed');
  file.append(BYTES.slice(0, 2 * MIB_5 + 99));
  await until(() => (storedOf(file).at(-1) ?? 0) >= MIB_5, 'a part is stored');
  controller.abort(new Error('crash'));
  expect(await storing).toBe('crashed');
  return String(uploads.get(file.key)?.url);
};
