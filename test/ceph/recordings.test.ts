/** Manifests, lists, reads and deletions of the S3 handler in a real Ceph. */
import { describe, expect, it } from 'vitest';
import { s3 } from '../../src/storage/s3/s3.ts';
import { errorCode, filePath, ID, isWithoutCeph, manifest, newS3, noise, OTHER_ID, Page } from './kit.ts';
import { newUpload } from './sink-kit.ts';

const idOf = (n: number): string => `0a1b2c3d-0000-4000-8000-${String(n).padStart(12, '0')}`;
const manifestPath = `/recordings/${ID}/manifest.json`;

describe.skipIf(isWithoutCeph)('the manifest', () => {
  it('is stored, replaced, and read as it was sent', async () => {
    const { page, bucket } = newS3();
    expect((await page.putManifest()).status).toBe(204);
    const later = { ...manifest(ID), state: 'recording', metadata: { title: 'Ünïcode ☃' } };
    expect((await page.putManifest(ID, later)).status).toBe(204);
    const read = await page.send('GET', manifestPath);
    expect(read.headers.get('content-type')).toBe('application/json');
    expect(await read.json()).toEqual(later);
    expect(await bucket.files()).toEqual([`recordings/${ID}/manifest.json`]);
    const etag = read.headers.get('etag') ?? '';
    const same = await page.send('GET', manifestPath, { headers: { 'If-None-Match': etag } });
    expect(same.status).toBe(304);
    const head = await page.send('HEAD', manifestPath);
    expect([head.status, head.headers.get('etag')]).toEqual([200, etag]);
  });

  it('is not there before it is stored', async () => {
    const { page } = newS3();
    const response = await page.send('GET', manifestPath);
    expect([response.status, await errorCode(response)]).toEqual([404, 'not-found']);
  });

  it.each([
    ['no JSON', 'version: 1', 400, 'request-invalid'],
    ['no manifest', '{"version":2}', 400, 'manifest-invalid'],
    ['the manifest of another recording', JSON.stringify(manifest(OTHER_ID)), 400, 'request-invalid'],
    ['one that is too large', JSON.stringify({ ...manifest(ID), x: 'x'.repeat(3000) }), 413, 'too-large'],
  ])('refuses %s', async (_, body, status, code) => {
    const { page, bucket } = newS3({ maxManifestBytes: 2000 });
    const response = await page.send('PUT', manifestPath, { body });
    expect([response.status, await errorCode(response)]).toEqual([status, code]);
    expect(await bucket.files()).toEqual([]);
  });
});

describe.skipIf(isWithoutCeph)('the list', () => {
  it('has the newest first, all of them or as many as asked for', async () => {
    const { page } = newS3();
    expect(await page.list()).toEqual([]);
    const numbers = [3, 1, 20, 2, ...Array.from({ length: 16 }, (_, i) => i + 4)];
    await Promise.all(
      numbers.map(n => page.putManifest(idOf(n), manifest(idOf(n), new Date(n * 1000).toISOString()))),
    );
    expect(await page.list()).toEqual(Array.from({ length: 20 }, (_, i) => idOf(20 - i)));
    expect(await page.list('?limit=2')).toEqual([idOf(20), idOf(19)]);
    expect((await page.send('GET', '/recordings?limit=x')).status).toBe(400);
  });

  it('leaves out what is no manifest, and shows the others', async () => {
    const { page, bucket } = newS3({ maxManifestBytes: 5000 });
    await page.putManifest();
    await bucket.put(`recordings/${idOf(3)}/manifest.json`, '{"version":1,');
    await bucket.put(`recordings/${idOf(4)}/manifest.json`, JSON.stringify(manifest(OTHER_ID)));
    const large = { ...manifest(idOf(5)), metadata: { text: 'x'.repeat(5000) } };
    await bucket.put(`recordings/${idOf(5)}/manifest.json`, JSON.stringify(large));
    await bucket.put(`recordings/${idOf(6)}/0001.mp4`, 'no manifest');
    await bucket.put('recordings/notes.txt', 'a file');
    await bucket.put('recordings/a folder & more/manifest.json', '{}');
    expect(await page.list()).toEqual([ID]);
  });
});

describe.skipIf(isWithoutCeph)('a finished file', () => {
  it('is read from the store, whole or in part, by a redirect or by an address', async () => {
    const { page } = newS3();
    const bytes = noise(1000);
    const etag = await page.uploadParts([bytes]);
    const head = await page.send('HEAD', filePath());
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe('1000');
    expect(head.headers.get('etag')).toBe(etag);

    const redirect = await page.send('GET', filePath(), { redirect: 'manual' });
    expect(redirect.status).toBe(307);
    expect(redirect.headers.get('cache-control')).toBe('no-store');
    const part = await fetch(redirect.headers.get('location') ?? '', { headers: { Range: 'bytes=10-19' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-type')).toBe('video/mp4');
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20));

    const presigned = await page.send('GET', `${filePath()}?presign&download`);
    const { url, expiresIn } = (await presigned.json()) as { url: string; expiresIn: number };
    expect(expiresIn).toBe(900);
    const whole = await fetch(url, { headers: { Origin: 'https://app.example' } });
    expect(whole.headers.get('content-disposition')).toBe(`attachment;filename="${ID}-0001.mp4"`);
    expect(whole.headers.get('access-control-allow-origin')).not.toBeNull();
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
  });

  it('is not there before its upload is completed', async () => {
    const { page } = newS3();
    await page.put(await page.begin(), 1, noise(10));
    for (const path of [filePath(), `${filePath()}?presign`]) {
      const response = await page.send('GET', path);
      expect([response.status, await errorCode(response)]).toEqual([404, 'not-found']);
    }
    expect((await page.send('HEAD', filePath())).status).toBe(404);
  });

  it('can be deleted by itself, with uploads of it', async () => {
    const { page, bucket } = newS3();
    await page.uploadParts([noise(10)]);
    await page.begin(filePath(ID, '0002.mp4'));
    await page.begin(filePath(ID, '00021.mp4'));
    for (const name of ['0001.mp4', '0002.mp4']) {
      expect((await page.send('DELETE', filePath(ID, name))).status).toBe(204);
      expect((await page.send('DELETE', filePath(ID, name))).status).toBe(404);
    }
    expect(await bucket.files()).toEqual([]);
    expect(await bucket.uploads()).toEqual([`recordings/${ID}/00021.mp4`]);
  });
});

describe.skipIf(isWithoutCeph)('what belongs to the thumbnails', () => {
  const names = ['thumbnails/0001.jpg', 'sprite-0001.jpg', 'thumbnails.vtt'];

  it('is put by the uploader, over the one before, and read through the handler as what its name says', async () => {
    const { page, open, signal, config } = await newUpload();
    for (const [i, type] of ['image/jpeg', 'image/jpeg', 'text/vtt'].entries()) {
      const key = `recordings/${ID}/${names[i]}`;
      for (const bytes of [noise(5000), noise(300)]) {
        await open().put({ key, bytes }, signal);
        const read = await page.send('GET', `/${key}`);
        expect([read.status, read.headers.get('content-type')]).toEqual([200, type]);
        expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
      }
      expect((await s3({ endpoint: config.endpoint }).read(key)).type).toBe(type);
    }
  });

  it('is not taken when it is too large, and is no upload', async () => {
    const { page, bucket } = newS3();
    const large = await page.send('PUT', filePath(ID, names[0]), { body: noise(4 * 1024 ** 2 + 1) });
    expect([large.status, await errorCode(large)]).toEqual([413, 'too-large']);
    for (const name of names) {
      const response = await page.send('POST', `${filePath(ID, name)}/upload`);
      expect([response.status, await errorCode(response)]).toEqual([404, 'not-found']);
    }
    expect(await bucket.files()).toEqual([]);
  });

  it('goes with its recording, and nothing else does', async () => {
    const { page, bucket } = newS3();
    for (const id of [ID, OTHER_ID])
      for (const name of names) await page.send('PUT', filePath(id, name), { body: noise(10) });
    await bucket.put(`recordings/${ID}/thumbnails/notes.txt`, 'not ours');
    expect((await page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    const kept = names.map(name => `recordings/${OTHER_ID}/${name}`);
    expect(await bucket.files()).toEqual([`recordings/${ID}/thumbnails/notes.txt`, ...kept.sort()]);
  });
});

describe.skipIf(isWithoutCeph)('deleting a recording', () => {
  it('removes all of it and nothing else, and ends its uploads', async () => {
    const { page, bucket } = newS3();
    for (const id of [ID, OTHER_ID]) {
      await page.uploadParts([noise(10)], filePath(id));
      await page.begin(filePath(id, '0002.mp4'));
      await page.putManifest(id);
    }
    const uploadId = await page.begin(filePath(ID, '0003.mp4'));
    expect((await page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect((await page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    const kept = [`recordings/${OTHER_ID}/0001.mp4`, `recordings/${OTHER_ID}/manifest.json`];
    expect(await bucket.files()).toEqual(kept);
    expect(await bucket.uploads()).toEqual([`recordings/${OTHER_ID}/0002.mp4`]);
    expect(await page.list()).toEqual([OTHER_ID]);
    expect((await page.stored(uploadId, filePath(ID, '0003.mp4'))).status).toBe(404);
  });

  it('leaves the recordings of a user whose prefix looks like a recording', async () => {
    const { page, bucket, prefix } = newS3();
    const inside = newS3({ prefix: `${prefix}/recordings/${ID}` });
    await inside.page.uploadParts([noise(10)]);
    await inside.page.begin(filePath(ID, '0002.mp4'));
    await bucket.put(`recordings/${ID}/notes.txt`, 'not ours');
    expect((await page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect(await inside.bucket.files()).toEqual(['notes.txt', `recordings/${ID}/0001.mp4`]);
    expect(await inside.bucket.uploads()).toEqual([`recordings/${ID}/0002.mp4`]);
  });

  it('finds more uploads than fit on a page of the store', async () => {
    const { page, bucket } = newS3();
    const names = Array.from({ length: 1003 }, (_, n) => filePath(ID, `${String(n).padStart(4, '0')}.mp4`));
    for (let from = 0; from < names.length; from += 32) {
      await Promise.all(names.slice(from, from + 32).map(path => page.begin(path)));
    }
    expect((await page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    expect(await bucket.uploads()).toEqual([]);
  });
});

describe.skipIf(isWithoutCeph)('users', () => {
  it('do not see each other', async () => {
    const ann = newS3({ prefix: `tenants/ann@example.org/${crypto.randomUUID()}` });
    const bob = newS3();
    const bytes = noise(10);
    await ann.page.uploadParts([bytes]);
    await ann.page.putManifest();
    expect(await ann.page.list()).toEqual([ID]);
    expect(await bob.page.list()).toEqual([]);
    expect((await bob.page.send('GET', filePath())).status).toBe(404);
    expect((await bob.page.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    await bob.page.uploadParts([noise(7)]);
    expect(await ann.page.read()).toEqual(bytes);
    const url = (await new Page(ann.handler).send('GET', filePath())).headers.get('location') ?? '';
    expect((await fetch(url.replace('tenants', 'tenant'))).status).toBe(403);
  });
});
