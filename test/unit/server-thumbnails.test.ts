/** Thumbnails in the storage handler: put, read, and gone with their recording. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Access } from '../../src/server/index.ts';
import { errorCode, filePath, ID, newStorage, noise, OTHER_ID } from './server-kit.ts';

const NAMES = ['thumbnails/0001.jpg', 'sprite-0001.jpg', 'thumbnails.vtt'];
const TYPES = ['image/jpeg', 'image/jpeg', 'text/vtt'];

describe('what belongs to the thumbnails', () => {
  it('is put as a whole, replaced, and read as what its name says', async () => {
    const { client, dir } = await newStorage();
    for (const [i, name] of NAMES.entries()) {
      for (const bytes of [noise(3000), noise(200)]) {
        // What a client says of its type is not what a browser is told.
        const headers = { 'Content-Type': 'text/html' };
        const put = await client.send('PUT', filePath(ID, name), { body: bytes, headers });
        expect(put.status).toBe(204);
        const read = await client.send('GET', filePath(ID, name));
        expect(read.headers.get('content-type')).toBe(TYPES[i]);
        expect(read.headers.get('x-content-type-options')).toBe('nosniff');
        expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
        const etag = read.headers.get('etag') ?? '';
        const again = await client.send('GET', filePath(ID, name), { headers: { 'If-None-Match': etag } });
        expect(again.status).toBe(304);
      }
    }
    expect(await readdir(join(dir, ID))).toEqual(['sprite-0001.jpg', 'thumbnails', 'thumbnails.vtt']);
    const saved = await client.send('GET', `${filePath(ID, NAMES[0])}?download`);
    expect(saved.headers.get('content-disposition')).toBe(`attachment; filename="${ID}-0001.jpg"`);
  });

  it('is asked for as writing and reading, with its key', async () => {
    const asked: Access[] = [];
    const { client } = await newStorage({
      authorize: (_, access) => {
        asked.push(access);
        return { prefix: 'anna' };
      },
    });
    await client.send('PUT', filePath(ID, NAMES[0]), { body: noise(10) });
    expect((await client.bytes(filePath(ID, NAMES[0]))).length).toBe(10);
    const key = `recordings/${ID}/${NAMES[0]}`;
    expect(asked).toEqual(['write', 'read'].map(action => ({ action, recordingId: ID, key })));
  });

  it('is not taken when it is too large, and nothing of it stays', async () => {
    const { client, dir } = await newStorage();
    const body = new Uint8Array(4 * 1024 ** 2 + 1);
    for (const part of [body, new Response(body).body]) {
      const response = await client.send('PUT', filePath(ID, NAMES[0]), { body: part });
      expect([response.status, await errorCode(response)]).toEqual([413, 'too-large']);
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it.each(['thumbnails/1.jpg', 'thumbnails/0001.png', 'other/0001.jpg', 'thumbnails', 'sprite-1.jpg'])(
    'has no such name as %s',
    async name => {
      const { client, dir } = await newStorage();
      expect((await client.send('PUT', filePath(ID, name), { body: noise(10) })).status).toBe(404);
      expect(await readdir(dir)).toEqual([]);
    },
  );

  it.each(NAMES)('is no upload: %s', async name => {
    const { client, dir } = await newStorage();
    expect((await client.create(ID, name)).status).toBe(400);
    expect((await client.patch(0, noise(10), {}, filePath(ID, name))).status).toBe(405);
    expect(await readdir(dir)).toEqual([]);
  });

  it('goes with its recording; what is of others stays', async () => {
    const { client, dir } = await newStorage();
    await client.upload(noise(10));
    await client.putManifest();
    for (const name of NAMES) await client.send('PUT', filePath(ID, name), { body: noise(10) });
    await client.send('PUT', filePath(OTHER_ID, NAMES[0]), { body: noise(10) });
    // A prefix may look like a recording, and a folder in it like that of thumbnails.
    const foreign = join(dir, ID, 'thumbnails', OTHER_ID);
    await mkdir(foreign);
    await writeFile(join(foreign, '0001.mp4'), 'x');
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect(await readdir(join(dir, ID))).toEqual(['thumbnails']);
    expect(await readdir(join(dir, ID, 'thumbnails'))).toEqual([OTHER_ID]);
    expect(await readFile(join(foreign, '0001.mp4'), 'utf8')).toBe('x');
    expect(await readdir(join(dir, OTHER_ID, 'thumbnails'))).toEqual(['0001.jpg']);
  });

  it('leaves nothing behind when it is put while its recording is deleted', async () => {
    const { client, dir } = await newStorage();
    await client.putManifest();
    const puts = Array.from({ length: 30 }, (_, i) =>
      client.send('PUT', filePath(ID, `thumbnails/${String(i + 1).padStart(4, '0')}.jpg`), {
        body: noise(2000),
      }),
    );
    await Promise.race(puts);
    await client.send('DELETE', `/recordings/${ID}`);
    await Promise.all(puts);
    await client.send('DELETE', `/recordings/${ID}`);
    expect((await readdir(dir)).filter(name => name !== '.uploads')).toEqual([]);
  });
});
