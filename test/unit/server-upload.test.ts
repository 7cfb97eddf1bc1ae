import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStorageHandler } from '../../src/server/index.ts';
import { RecordingStore } from '../../src/server/store.ts';
import {
  base64,
  Client,
  errorCode,
  filePath,
  ID,
  metadataHeader,
  newStorage,
  noise,
  OTHER_ID,
  sha256,
  until,
} from './server-kit.ts';

/** A body in pieces, which breaks off with an error after the last. */
const brokenBody = (...pieces: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: controller => {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.error(new Error('The client went away'));
    },
  });

describe('creating an upload', () => {
  it('answers with the address that the file is uploaded to and played from', async () => {
    const { client, dir } = await newStorage();
    const response = await client.create();
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`/storage/recordings/${ID}/0001.mp4`);
    expect(response.headers.get('tus-resumable')).toBe('1.0.0');
    expect(await client.offset()).toEqual({ offset: 0, length: undefined });
    expect(await readdir(join(dir, ID))).toEqual(['0001.mp4']);
  });

  it('takes a length, metadata and the first bytes', async () => {
    const { client } = await newStorage();
    const bytes = noise(1000);
    const upload = { 'Upload-Metadata': metadataHeader(ID, '0002.mp4'), 'Upload-Length': '1500' };
    const type = { 'Content-Type': 'application/offset+octet-stream' };
    const created = await client.tus('POST', '', { ...upload, ...type }, bytes);
    expect(created.status).toBe(201);
    expect(created.headers.get('upload-offset')).toBe('1000');
    const head = await client.tus('HEAD', filePath(ID, '0002.mp4'));
    expect(head.headers.get('upload-length')).toBe('1500');
    expect(head.headers.get('upload-offset')).toBe('1000');
    expect(head.headers.get('upload-metadata')).toBe(metadataHeader(ID, '0002.mp4'));
    expect(head.headers.get('cache-control')).toBe('no-store');
  });

  it('refuses a file that exists, unfinished or finished, and leaves it as it is', async () => {
    const { client } = await newStorage();
    const bytes = noise(500);
    await client.create();
    await client.patch(0, bytes);
    const unfinished = await client.create();
    expect(unfinished.status).toBe(409);
    expect(await errorCode(unfinished)).toBe('file-exists');
    await client.finish(500);
    expect((await client.create()).status).toBe(409);
    expect(await client.offset()).toEqual({ offset: 500, length: 500 });
    expect(await client.bytes()).toEqual(bytes);
  });

  it('refuses a file that lies there without having been uploaded, and says that it is finished', async () => {
    const { client, dir } = await newStorage();
    await client.upload(noise(64));
    await rm(join(dir, '.uploads'), { recursive: true });
    expect((await client.create()).status).toBe(409);
    expect(await client.offset()).toEqual({ offset: 64, length: 64 });
  });

  it('takes over the empty file that a crash in the middle of a creation leaves', async () => {
    const { client, dir } = await newStorage();
    await mkdir(join(dir, ID));
    await writeFile(join(dir, ID, '0001.mp4'), '');
    expect((await client.tus('HEAD', filePath())).status).toBe(404);
    expect((await client.create()).status).toBe(201);
    expect(await client.offset()).toEqual({ offset: 0, length: undefined });
  });

  it('lets one of two that come at once win', async () => {
    const { client } = await newStorage();
    const statuses = (await Promise.all([client.create(), client.create()])).map(r => r.status);
    expect(statuses.sort()).toEqual([201, 409]);
  });

  it('begins anew when the file was deleted by hand', async () => {
    const { client, dir } = await newStorage();
    await client.upload(noise(64));
    await rm(join(dir, ID), { recursive: true });
    const gone = await client.tus('HEAD', filePath());
    expect(gone.status).toBe(410);
    expect((await client.create()).status).toBe(201);
    expect(await client.offset()).toEqual({ offset: 0, length: undefined });
  });

  it.each([
    ['no metadata', ''],
    ['no recording', `filename ${base64('0001.mp4')}`],
    ['no file name', `recording ${base64(ID)}`],
    ['upper-case id', metadataHeader(ID.toUpperCase(), '0001.mp4')],
    ['an id that leads out', metadataHeader('../../../../etc', '0001.mp4')],
    ['a name that leads out', metadataHeader(ID, '../0001.mp4')],
    ['an absolute name', metadataHeader(ID, '/etc/0001.mp4')],
    ['a zero byte', metadataHeader(ID, '0001.mp4\0.txt')],
    ['a line break', metadataHeader(ID, '0001.mp4\n')],
    ['another kind of file', metadataHeader(ID, '0001.html')],
    ['the manifest', metadataHeader(ID, 'manifest.json')],
    ['broken base64', `recording ${base64(ID)},filename %%%%`],
  ])('refuses %s', async (_, header) => {
    const { client, dir } = await newStorage();
    const response = await client.tus('POST', '', {
      'Upload-Defer-Length': '1',
      'Upload-Metadata': header,
    });
    expect(response.status).toBe(400);
    expect(await errorCode(response)).toBe('request-invalid');
    expect(await readdir(dir)).toEqual([]);
  });

  it.each([
    ['neither length nor its absence', {}],
    ['both', { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }],
    ['a length that is no number', { 'Upload-Length': 'five' }],
    ['a negative length', { 'Upload-Length': '-5' }],
  ])('refuses %s', async (_, headers) => {
    const { client, dir } = await newStorage();
    const response = await client.create(ID, '0001.mp4', headers as Record<string, string>);
    expect(response.status).toBe(400);
    expect(await errorCode(response)).toBe('request-invalid');
    expect(await readdir(dir)).toEqual([]);
  });

  it('refuses to join uploads', async () => {
    const { client } = await newStorage();
    const headers = { 'Upload-Length': '5', 'Upload-Concat': 'partial' };
    const response = await client.create(ID, '0001.mp4', headers);
    expect(response.status).toBe(501);
    expect(await errorCode(response)).toBe('not-implemented');
  });
});

describe('uploading', () => {
  it('stores the bytes as they came, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 70_000 }), { minLength: 1, maxLength: 6 }), async sizes => {
        const { client } = await newStorage();
        const bytes = noise(sizes.reduce((a, b) => a + b, 0));
        await client.create();
        let offset = 0;
        for (const size of sizes) {
          const response = await client.patch(offset, bytes.slice(offset, offset + size));
          expect(response.status).toBe(204);
          offset += size;
          expect(response.headers.get('upload-offset')).toBe(String(offset));
        }
        expect((await client.finish(offset)).status).toBe(204);
        expect(await client.offset()).toEqual({ offset, length: offset });
        expect(sha256(await client.bytes())).toBe(sha256(bytes));
      }),
      { numRuns: 10 },
    );
  });

  it('takes the length together with the last bytes', async () => {
    const { client } = await newStorage();
    await client.create();
    await client.patch(0, noise(10));
    expect((await client.patch(10, noise(5), { 'Upload-Length': '15' })).status).toBe(204);
    expect(await client.offset()).toEqual({ offset: 15, length: 15 });
  });

  it('takes the same length again when the answer was lost, and no other', async () => {
    const { client } = await newStorage();
    await client.upload(noise(10));
    expect((await client.finish(10)).status).toBe(204);
    const other = await client.patch(10, null, { 'Upload-Length': '11' });
    expect(other.status).toBe(400);
    expect(await client.offset()).toEqual({ offset: 10, length: 10 });
  });

  it('refuses a wrong offset and changes nothing', async () => {
    const { client } = await newStorage();
    const bytes = noise(100);
    await client.create();
    await client.patch(0, bytes);
    for (const offset of [0, 99, 101]) {
      const response = await client.patch(offset, noise(10));
      expect(response.status).toBe(409);
      expect(await errorCode(response)).toBe('offset-mismatch');
    }
    expect(await client.bytes()).toEqual(bytes);
  });

  it('keeps all that arrived when the client goes away, and goes on from there', async () => {
    const { client } = await newStorage();
    const bytes = noise(300_000);
    await client.create();
    await client.patch(0, brokenBody(bytes.slice(0, 65_536), bytes.slice(65_536, 200_000)));
    expect(await client.offset()).toEqual({ offset: 200_000, length: undefined });
    expect((await client.patch(200_000, bytes.slice(200_000))).status).toBe(204);
    await client.finish(300_000);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it('lets a new request take over from one that hangs', async () => {
    const { client, dir } = await newStorage();
    const bytes = noise(2000);
    await client.create();
    let sent = false;
    const hanging = new ReadableStream<Uint8Array>({
      pull: controller => {
        if (sent) return new Promise(() => undefined);
        sent = true;
        controller.enqueue(bytes.slice(0, 1000));
      },
    });
    const stuck = client.patch(0, hanging);
    await until(async () => (await stat(join(dir, ID, '0001.mp4'))).size === 1000, 'the first bytes');
    // The stuck request has the lock; HEAD makes it let go.
    expect(await client.offset()).toEqual({ offset: 1000, length: undefined });
    expect((await client.patch(1000, bytes.slice(1000))).status).toBe(204);
    await stuck;
    expect(await client.bytes()).toEqual(bytes);
  });

  it('stores once what two requests send at the same offset at once', async () => {
    const { client, dir } = await newStorage();
    const second = new Client(createStorageHandler({ dir }));
    const bytes = noise(500_000);
    await client.create();
    const statuses = (await Promise.all([client.patch(0, bytes), second.patch(0, bytes)])).map(r => r.status);
    expect(statuses.sort()).toEqual([204, 409]);
    expect(sha256(await client.bytes())).toBe(sha256(bytes));
  });

  it('does not write over what another process has stored meanwhile', async () => {
    const { client, dir } = await newStorage();
    const bytes = noise(100);
    await client.upload(bytes);
    // The tus server has compared the offsets by now, under a lock that only this process has.
    const write = new RecordingStore(dir).write(Readable.from([noise(10)]), `${ID}/0001.mp4`, 90);
    await expect(write).rejects.toMatchObject({ status: 409 });
    expect(await client.bytes()).toEqual(bytes);
  });

  it.each([
    ['no offset', { 'Content-Type': 'application/offset+octet-stream' }, 400],
    ['no type', { 'Upload-Offset': '0' }, 400],
    ['another type', { 'Upload-Offset': '0', 'Content-Type': 'video/mp4' }, 400],
    [
      'an offset that is none',
      { 'Upload-Offset': '0x0', 'Content-Type': 'application/offset+octet-stream' },
      400,
    ],
  ])('refuses %s', async (_, headers, status) => {
    const { client } = await newStorage();
    await client.create();
    const response = await client.tus('PATCH', filePath(), headers as Record<string, string>, noise(10));
    expect(response.status).toBe(status);
    expect(await errorCode(response)).toBe('request-invalid');
    expect(await client.offset()).toEqual({ offset: 0, length: undefined });
  });

  it('refuses requests without the protocol, or with one of another version', async () => {
    const { client } = await newStorage();
    await client.create();
    for (const headers of [{}, { 'Tus-Resumable': '0.2.2' }]) {
      const response = await client.send('PATCH', filePath(), { headers, body: noise(5) });
      expect(response.status).toBe(412);
      expect(response.headers.get('tus-version')).toBe('1.0.0');
      expect(await errorCode(response)).toBe('tus-version');
    }
  });

  it('says 404 for a file that was never created', async () => {
    const { client } = await newStorage();
    expect((await client.tus('HEAD', filePath())).status).toBe(404);
    expect(await errorCode(await client.patch(0, noise(5)))).toBe('not-found');
    expect((await client.tus('DELETE', filePath())).status).toBe(404);
  });

  it('deletes one file', async () => {
    const { client, dir } = await newStorage();
    await client.upload(noise(10));
    await client.upload(noise(10), ID, '0002.mp4');
    expect((await client.tus('DELETE', filePath())).status).toBe(204);
    expect(await readdir(join(dir, ID))).toEqual(['0002.mp4']);
    expect(await readdir(join(dir, '.uploads', ID))).toEqual(['0002.mp4.json']);
    expect((await client.create()).status).toBe(201);
  });

  it('keeps the folder of a recording free of anything but its files', async () => {
    const { client, dir } = await newStorage();
    await client.upload(noise(10));
    await client.putManifest();
    await client.create(OTHER_ID);
    expect(await readdir(join(dir, ID))).toEqual(['0001.mp4', 'manifest.json']);
    expect((await readdir(dir)).sort()).toEqual(['.uploads', ID, OTHER_ID].sort());
    const info = JSON.parse(await readFile(join(dir, '.uploads', ID, '0001.mp4.json'), 'utf8'));
    expect(info.size).toBe(10);
  });
});

describe('the size limit', () => {
  it('holds for a length that is declared', async () => {
    const { client, dir } = await newStorage({ maxFileBytes: 1000 });
    const response = await client.create(ID, '0001.mp4', { 'Upload-Length': '1001' });
    expect(response.status).toBe(413);
    expect(await errorCode(response)).toBe('too-large');
    expect(await readdir(dir)).toEqual([]);
    expect((await client.create(ID, '0001.mp4', { 'Upload-Length': '1000' })).status).toBe(201);
  });

  it('holds for a length that is declared later', async () => {
    const { client } = await newStorage({ maxFileBytes: 1000 });
    await client.create();
    expect((await client.patch(0, null, { 'Upload-Length': '1001' })).status).toBe(413);
    expect(await client.offset()).toEqual({ offset: 0, length: undefined });
  });

  it('holds while bytes come in whose number nobody said', async () => {
    const { client, dir } = await newStorage({ maxFileBytes: 100_000 });
    await client.create();
    await client.patch(0, noise(60_000));
    const endless = new ReadableStream<Uint8Array>({ pull: c => c.enqueue(noise(10_000)) });
    const response = await client.patch(60_000, endless);
    expect(response.status).toBe(413);
    expect(await errorCode(response)).toBe('too-large');
    const { size } = await stat(join(dir, ID, '0001.mp4'));
    expect(size).toBeGreaterThanOrEqual(60_000);
    expect(size).toBeLessThanOrEqual(100_000);
    expect(await client.offset()).toEqual({ offset: size, length: undefined });
    expect((await client.finish(size)).status).toBe(204);
  });

  it('refuses bytes beyond the declared length', async () => {
    const { client } = await newStorage();
    await client.create(ID, '0001.mp4', { 'Upload-Length': '10' });
    const stream = new ReadableStream<Uint8Array>({
      start: controller => {
        controller.enqueue(noise(11));
        controller.close();
      },
    });
    expect((await client.patch(0, stream)).status).toBe(413);
  });
});
