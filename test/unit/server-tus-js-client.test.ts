/** tus-js-client is not our uploader: what it stores shows that the server speaks tus, and not our dialect. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Upload } from 'tus-js-client';
import { expect, it, onTestFinished } from 'vitest';
import { serve } from '../../src/server/index.ts';
import { Client, filePath, ID, noise, sha256, temporaryFolder } from './server-kit.ts';

const start = async () => {
  const dir = await temporaryFolder();
  const server = await serve({ dir, port: 0 });
  onTestFinished(() => server.close(0));
  return { dir, server, client: new Client(fetch, server.endpoint) };
};

const metadata = { recording: ID, filename: '0001.mp4' };

type Options = ConstructorParameters<typeof Upload>[1];

const upload = (file: Buffer | Readable, options: Options): Promise<void> =>
  new Promise((resolve, reject) => {
    new Upload(file, {
      metadata,
      retryDelays: null,
      ...options,
      onSuccess: () => resolve(),
      onError: reject,
    }).start();
  });

it.each([
  ['at once', {}],
  ['in chunks', { chunkSize: 300_000 }],
  ['with the first bytes in the creation', { uploadDataDuringCreation: true, chunkSize: 300_000 }],
])('uploads a buffer %s', async (_, options) => {
  const { client, server } = await start();
  const bytes = noise(1_000_000);
  await upload(Buffer.from(bytes), { endpoint: server.endpoint, ...options });
  expect(await client.offset()).toEqual({ offset: 1_000_000, length: 1_000_000 });
  expect(sha256(await client.bytes())).toBe(sha256(bytes));
});

it('uploads a stream whose length nobody knows', async () => {
  const { client, server } = await start();
  const bytes = noise(1_000_000);
  const stream = Readable.from([bytes.slice(0, 400_000), bytes.slice(400_000)].map(b => Buffer.from(b)));
  await upload(stream, { endpoint: server.endpoint, uploadLengthDeferred: true, chunkSize: 300_000 });
  expect(await client.offset()).toEqual({ offset: 1_000_000, length: 1_000_000 });
  expect(sha256(await client.bytes())).toBe(sha256(bytes));
});

it('goes on with an upload that was stopped half way', async () => {
  const { client, dir, server } = await start();
  const bytes = noise(1_000_000);
  const file = Buffer.from(bytes);
  const stopped = await new Promise<string>((resolve, reject) => {
    const first = new Upload(file, {
      endpoint: server.endpoint,
      metadata,
      chunkSize: 200_000,
      retryDelays: null,
      onError: reject,
      onChunkComplete: (_, accepted) => {
        if (accepted < 400_000) return;
        void first.abort().then(() => resolve(first.url ?? ''));
      },
    });
    first.start();
  });
  expect(stopped).toBe(server.endpoint + filePath());
  const { size } = await stat(join(dir, ID, '0001.mp4'));
  expect(size).toBeGreaterThanOrEqual(400_000);
  expect(size).toBeLessThan(1_000_000);
  await upload(file, { uploadUrl: stopped });
  expect(sha256(await client.bytes())).toBe(sha256(bytes));
});

it('deletes an upload', async () => {
  const { client, server } = await start();
  await upload(Buffer.from(noise(1000)), { endpoint: server.endpoint });
  await Upload.terminate(server.endpoint + filePath());
  expect((await client.send('GET', filePath())).status).toBe(404);
});
