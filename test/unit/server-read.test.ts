import { mkdir, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../src/server/range.ts';
import { errorCode, filePath, ID, manifest, newStorage, noise, sha256 } from './server-kit.ts';

const SIZE = 700_000;

const stored = async () => {
  const storage = await newStorage();
  const bytes = noise(SIZE);
  await storage.client.upload(bytes);
  return { ...storage, bytes };
};

describe('reading a file', () => {
  it('sends all of it, as a video that does not run scripts', async () => {
    const { client, bytes } = await stored();
    const response = await client.send('GET', filePath());
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(SIZE),
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox allow-same-origin',
      'cross-origin-resource-policy': 'same-site',
      'cache-control': 'private, no-cache',
    });
    expect(response.headers.has('content-disposition')).toBe(false);
    expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
  });

  it('offers it as a download when asked to', async () => {
    const { client } = await stored();
    const response = await client.send('HEAD', `${filePath()}?download`);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${ID}-0001.mp4"`);
  });

  it('answers HEAD with the same headers and no body', async () => {
    const { client } = await stored();
    const head = await client.send('HEAD', filePath());
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(SIZE));
    expect(head.body).toBeNull();
    // Range is for GET only.
    expect((await client.send('HEAD', filePath(), { headers: { Range: 'bytes=0-9' } })).status).toBe(200);
  });

  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=100-199', 100, 199],
    ['bytes=699999-', 699_999, 699_999],
    ['bytes=300000-9999999', 300_000, 699_999],
    ['bytes=-500', 699_500, 699_999],
    ['bytes=-9999999', 0, 699_999],
    ['bytes=0-', 0, 699_999],
  ])('sends the range %s', async (range, start, end) => {
    const { client, bytes } = await stored();
    const response = await client.send('GET', filePath(), { headers: { Range: range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${SIZE}`);
    expect(response.headers.get('content-length')).toBe(String(end - start + 1));
    const body = new Uint8Array(await response.arrayBuffer());
    expect(sha256(body)).toBe(sha256(bytes.subarray(start, end + 1)));
  });

  it.each(['bytes=700000-', 'bytes=700000-700001', 'bytes=-0'])('refuses the range %s', async range => {
    const { client } = await stored();
    const response = await client.send('GET', filePath(), { headers: { Range: range } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe(`bytes */${SIZE}`);
    expect(await errorCode(response)).toBe('range-invalid');
  });

  it.each(['bytes=5-1', 'bytes=0-1,5-6', 'bytes=a-b', 'bytes=-', 'lines=0-1', 'bytes'])(
    'ignores the range %s',
    async range => {
      const { client } = await stored();
      const response = await client.send('GET', filePath(), { headers: { Range: range } });
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
    },
  );

  it('parses every range to what slicing gives', () => {
    const bytes = Array.from({ length: 50 }, (_, i) => i);
    const limit = fc.nat({ max: 60 });
    fc.assert(
      fc.property(limit, limit, (a, b) => {
        const range = parseRange(`bytes=${a}-${b}`, 50);
        if (b < a) expect(range).toBe('whole');
        else if (a >= 50) expect(range).toBe('unsatisfiable');
        else {
          const { start, end } = range as { start: number; end: number };
          expect(bytes.slice(start, end + 1)).toEqual(bytes.slice(a, b + 1));
        }
        const suffix = parseRange(`bytes=-${a}`, 50);
        if (a === 0) expect(suffix).toBe('unsatisfiable');
        else expect(bytes.slice((suffix as { start: number }).start)).toEqual(bytes.slice(-a));
      }),
    );
  });

  it('honours If-Range and If-None-Match', async () => {
    const { client } = await stored();
    const etag = (await client.send('HEAD', filePath())).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/);
    const statusWith = async (headers: Record<string, string>): Promise<number> => {
      const response = await client.send('GET', filePath(), { headers });
      await response.body?.cancel();
      return response.status;
    };
    expect(await statusWith({ Range: 'bytes=0-9', 'If-Range': etag })).toBe(206);
    expect(await statusWith({ Range: 'bytes=0-9', 'If-Range': '"another"' })).toBe(200);
    expect(await statusWith({ 'If-None-Match': `"another", ${etag}` })).toBe(304);
    expect(await statusWith({ 'If-None-Match': '"another"' })).toBe(200);
  });

  it('sends what is there of a file that is still being uploaded', async () => {
    const { client } = await newStorage();
    const bytes = noise(3000);
    await client.create();
    expect((await client.send('GET', filePath(), { headers: { Range: 'bytes=0-' } })).status).toBe(416);
    expect((await client.bytes()).byteLength).toBe(0);
    await client.patch(0, bytes.slice(0, 2000));
    const before = await client.send('GET', filePath());
    expect(before.headers.get('content-length')).toBe('2000');
    await client.patch(2000, bytes.slice(2000));
    // It grew while it was sent: what was promised comes.
    expect(new Uint8Array(await before.arrayBuffer())).toEqual(bytes.slice(0, 2000));
    const after = await client.send('GET', filePath(), { headers: { Range: 'bytes=1500-' } });
    expect(after.headers.get('content-range')).toBe('bytes 1500-2999/3000');
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect(new Uint8Array(await after.arrayBuffer())).toEqual(bytes.slice(1500));
  });

  it('closes the file when it was read, when nobody reads on, and when nothing is sent', async () => {
    const { client, dir } = await stored();
    const isOpen = async (): Promise<boolean> => {
      const links = (await readdir('/proc/self/fd')).map(fd =>
        readlink(`/proc/self/fd/${fd}`).catch(() => ''),
      );
      return (await Promise.all(links)).includes(join(dir, ID, '0001.mp4'));
    };
    const etag = (await client.send('HEAD', filePath())).headers.get('etag') ?? '';
    expect(await isOpen()).toBe(false);
    const unread = await client.send('GET', filePath());
    expect(await isOpen()).toBe(true);
    await unread.body?.cancel();
    expect(await isOpen()).toBe(false);
    await client.bytes();
    expect(await isOpen()).toBe(false);
    for (const headers of [{ 'If-None-Match': etag }, { Range: 'bytes=700000-' }]) {
      await client.send('GET', filePath(), { headers });
      expect(await isOpen()).toBe(false);
    }
  });

  it('takes only files for files', async () => {
    const { client, dir, faults } = await newStorage();
    await mkdir(join(dir, ID, '0001.mp4'), { recursive: true });
    expect((await client.send('GET', filePath())).status).toBe(404);
    expect((await client.tus('HEAD', filePath())).status).toBe(404);
    expect((await client.patch(0, noise(5))).status).toBe(404);
    expect((await client.create()).status).toBe(409);
    expect(faults).toEqual([]);
  });

  it('sends a manifest as JSON', async () => {
    const { client } = await newStorage();
    await client.putManifest();
    const response = await client.send('GET', `/recordings/${ID}/manifest.json`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('content-security-policy')).toBe('sandbox allow-same-origin');
    expect(await response.json()).toEqual(manifest(ID));
  });

  it('says 404 where nothing is', async () => {
    const { client } = await newStorage();
    for (const path of [filePath(), `/recordings/${ID}/manifest.json`]) {
      const response = await client.send('GET', path);
      expect(response.status).toBe(404);
      expect(await errorCode(response)).toBe('not-found');
    }
  });
});
