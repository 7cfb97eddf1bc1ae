import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Recording } from '../../src/manifest.ts';
import { errorCode, filePath, ID, manifest, newStorage, noise, OTHER_ID, until } from './server-kit.ts';

const idOf = (n: number): string => `0a1b2c3d-0000-4000-8000-${String(n).padStart(12, '0')}`;

describe('the manifest', () => {
  it('is stored, replaced, and read as it was sent', async () => {
    const { client, dir } = await newStorage();
    expect((await client.putManifest()).status).toBe(204);
    const later = { ...manifest(ID), state: 'recording', metadata: { title: 'Ünïcode ☃' } };
    expect((await client.putManifest(ID, later)).status).toBe(204);
    expect(JSON.parse(await readFile(join(dir, ID, 'manifest.json'), 'utf8'))).toEqual(later);
    expect(await readdir(join(dir, ID))).toEqual(['manifest.json']);
  });

  it('is never half there, however often it is replaced', async () => {
    const { client } = await newStorage();
    const big = (n: number) => ({ ...manifest(ID), duration: n, metadata: { text: 'x'.repeat(50_000 + n) } });
    await client.putManifest(ID, big(0));
    let isWriting = true;
    const writes = (async () => {
      for (let n = 1; n <= 30; n++) await client.putManifest(ID, big(n));
      isWriting = false;
    })();
    let reads = 0;
    for (; isWriting; reads++) {
      const response = await client.send('GET', `/recordings/${ID}/manifest.json`);
      const read = (await response.json()) as Recording;
      expect(read.metadata.text).toHaveLength(50_000 + read.duration);
    }
    await writes;
    expect(reads).toBeGreaterThan(1);
  });

  it('survives writers that come at once', async () => {
    const { client, dir } = await newStorage();
    const all = Array.from({ length: 20 }, (_, n) =>
      client.putManifest(ID, { ...manifest(ID), duration: n }),
    );
    expect((await Promise.all(all)).every(r => r.status === 204)).toBe(true);
    expect(await readdir(join(dir, ID))).toEqual(['manifest.json']);
    const response = await client.send('GET', `/recordings/${ID}/manifest.json`);
    expect(((await response.json()) as Recording).id).toBe(ID);
  });

  it.each([
    ['no JSON', 'version: 1', 'request-invalid'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'request-invalid'],
    ['nothing', '', 'request-invalid'],
    ['no manifest', '{"version":2}', 'manifest-invalid'],
    ['null', 'null', 'manifest-invalid'],
    ['keys of another recording', JSON.stringify({ ...manifest(OTHER_ID), id: ID }), 'manifest-invalid'],
    ['the manifest of another recording', JSON.stringify(manifest(OTHER_ID)), 'request-invalid'],
  ])('refuses %s', async (_, body, code) => {
    const { client, dir } = await newStorage();
    const response = await client.send('PUT', `/recordings/${ID}/manifest.json`, { body });
    expect(response.status).toBe(400);
    expect(await errorCode(response)).toBe(code);
    expect(await readdir(dir)).toEqual([]);
  });

  it('refuses one that is too large, whether or not its length is said', async () => {
    const { client, dir } = await newStorage({ maxManifestBytes: 2000 });
    const text = JSON.stringify({ ...manifest(ID), metadata: { text: 'x'.repeat(3000) } });
    const stream = new Response(text).body;
    for (const init of [
      { body: stream },
      { body: text, headers: { 'Content-Length': String(text.length) } },
    ]) {
      const response = await client.send('PUT', `/recordings/${ID}/manifest.json`, init);
      expect(response.status).toBe(413);
      expect(await errorCode(response)).toBe('too-large');
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it('keeps the old one when the new one breaks off', async () => {
    const { client } = await newStorage();
    await client.putManifest();
    const broken = new ReadableStream<Uint8Array>({
      pull: controller => controller.error(new Error('The client went away')),
    });
    const response = await client.send('PUT', `/recordings/${ID}/manifest.json`, { body: broken });
    expect(response.status).toBe(400);
    expect(await client.list()).toEqual([ID]);
  });
});

describe('the list', () => {
  it('is empty at first', async () => {
    const { client } = await newStorage();
    expect(await client.list()).toEqual([]);
  });

  it('has the newest first, all of them or as many as asked for', async () => {
    const { client } = await newStorage();
    // More than are read at once.
    for (const n of [3, 1, 40, 2, ...Array.from({ length: 36 }, (_, i) => i + 4)]) {
      await client.putManifest(idOf(n), manifest(idOf(n), new Date(n * 1000).toISOString()));
    }
    expect(await client.list()).toEqual(Array.from({ length: 40 }, (_, i) => idOf(40 - i)));
    expect(await client.list('?limit=2')).toEqual([idOf(40), idOf(39)]);
    expect(await client.list('?limit=0')).toEqual([]);
    const wrong = await client.send('GET', '/recordings?limit=-1');
    expect(wrong.status).toBe(400);
    expect(await errorCode(wrong)).toBe('request-invalid');
  });

  it('leaves out what is no manifest, and shows the others', async () => {
    const { client, dir } = await newStorage({ maxManifestBytes: 5000 });
    await client.putManifest(ID);
    await client.create(idOf(2));
    const put = async (n: number, text: string): Promise<void> => {
      await mkdir(join(dir, idOf(n)), { recursive: true });
      await writeFile(join(dir, idOf(n), 'manifest.json'), text);
    };
    await put(3, '{"version":1,');
    await put(4, JSON.stringify(manifest(OTHER_ID)));
    await put(5, JSON.stringify({ ...manifest(idOf(5)), metadata: { text: 'x'.repeat(5000) } }));
    await mkdir(join(dir, 'notes'));
    await writeFile(join(dir, idOf(6)), 'a file with the name of a recording');
    await symlink(join(dir, ID), join(dir, idOf(7)));
    expect(await client.list()).toEqual([ID]);
  });

  it('shows a manifest that nests as deep as its size allows', async () => {
    const { client, faults } = await newStorage();
    const depth = 200_000;
    const text = JSON.stringify(manifest(ID)).replace(
      '"metadata":{}',
      `"metadata":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    );
    const put = await client.send('PUT', `/recordings/${ID}/manifest.json`, { body: text });
    expect(put.status).toBe(204);
    expect(await client.list()).toEqual([ID]);
    expect(faults).toEqual([]);
  });
});

describe('deleting a recording', () => {
  it('removes all of it and nothing else', async () => {
    const { client, dir } = await newStorage();
    for (const id of [ID, OTHER_ID]) {
      await client.upload(noise(10), id);
      await client.create(id, '0002.mp4');
      await client.putManifest(id);
    }
    await writeFile(join(dir, ID, '.manifest.json.left-behind.tmp'), '');
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect((await readdir(dir)).sort()).toEqual(['.uploads', OTHER_ID].sort());
    expect(await readdir(join(dir, '.uploads'))).toEqual([OTHER_ID]);
    expect(await readdir(join(dir, OTHER_ID))).toEqual(['0001.mp4', '0002.mp4', 'manifest.json']);
    expect(await client.list()).toEqual([OTHER_ID]);
    expect((await client.tus('HEAD', filePath())).status).toBe(404);
    expect((await client.create()).status).toBe(201);
  });

  it('answers the same when there is none', async () => {
    const { client } = await newStorage();
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
  });

  it('ends an upload that runs, and leaves nothing of it', async () => {
    const { client, dir } = await newStorage();
    await client.create();
    let sendMore = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: controller => {
        controller.enqueue(noise(1000));
        sendMore = () => controller.enqueue(noise(1000));
      },
    });
    const upload = client.patch(0, body);
    await until(async () => (await client.bytes()).byteLength === 1000, 'the first bytes');
    expect((await client.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    sendMore();
    await upload;
    expect(await readdir(dir)).toEqual(['.uploads']);
    expect(await readdir(join(dir, '.uploads'))).toEqual([]);
    expect((await client.patch(1000, noise(10))).status).toBe(404);
  });
});
