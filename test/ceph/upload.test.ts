/** Uploads by way of the S3 handler into a real Ceph: what a page does, and what it meets. */
import { describe, expect, it, vi } from 'vitest';
import {
  errorCode,
  filePath,
  ID,
  isWithoutCeph,
  MIB_5,
  md5,
  newS3,
  noise,
  OTHER_ID,
  Page,
  putPart,
  wanted,
} from './kit.ts';

describe.skipIf(isWithoutCeph)('an upload', () => {
  it('puts a file together from its parts, and nothing of it passes through the handler', async () => {
    const { page, bucket, faults } = newS3();
    const pieces = [noise(MIB_5), noise(MIB_5 + 1), noise(10)];
    const etag = await page.uploadParts(pieces);
    expect(etag).toMatch(/^"[0-9a-f]{32}-3"$/);
    expect(Buffer.from(await page.read()).equals(Buffer.concat(pieces))).toBe(true);
    expect(await bucket.files()).toEqual([`recordings/${ID}/0001.mp4`]);
    expect(await bucket.uploads()).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('goes on from what the store has, in another copy of the handler', async () => {
    const { page, make } = newS3();
    const pieces = [noise(MIB_5), noise(MIB_5), noise(7)];
    const uploadId = await page.begin();
    const first = await page.put(uploadId, 1, pieces[0] ?? noise(1));
    expect(await page.parts(uploadId)).toEqual([{ number: 1, size: MIB_5, etag: first }]);

    const later = new Page(make());
    await later.put(uploadId, 2, pieces[1] ?? noise(1));
    // Put twice, as after an answer that got lost.
    await later.put(uploadId, 2, pieces[1] ?? noise(1));
    await later.put(uploadId, 3, pieces[2] ?? noise(1));
    const parts = await later.parts(uploadId);
    expect(parts.map(({ number, size }) => [number, size])).toEqual([
      [1, MIB_5],
      [2, MIB_5],
      [3, 7],
    ]);
    expect((await later.complete(uploadId, 2 * MIB_5 + 7, parts)).status).toBe(200);
    expect(Buffer.from(await page.read()).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('can be completed again when the answer got lost, but not as another file', async () => {
    const { page } = newS3();
    const uploadId = await page.begin();
    const bytes = noise(100);
    const etag = await page.put(uploadId, 1, bytes);
    const parts = [{ number: 1, etag }];
    const once = await page.complete(uploadId, 100, parts);
    const again = await page.complete(uploadId, 100, [{ number: 1, etag: etag.replaceAll('"', '') }]);
    expect([once.status, again.status]).toEqual([200, 200]);
    expect(await again.json()).toEqual(await once.json());
    for (const [size, etags] of [
      [101, [etag]],
      [100, ['"0123456789abcdef0123456789abcdef"']],
      [100, [etag, etag]],
    ] as const) {
      const other = etags.map((tag, index) => ({ number: index + 1, etag: tag }));
      const response = await page.complete(uploadId, size, other);
      expect([response.status, await errorCode(response)]).toEqual([409, 'parts-mismatch']);
    }
    expect(await page.read()).toEqual(bytes);
  });

  it('is completed once by requests that come at the same time', async () => {
    const { page, faults } = newS3();
    const uploadId = await page.begin();
    const parts = [{ number: 1, etag: await page.put(uploadId, 1, noise(100)) }];
    const all = await Promise.all(Array.from({ length: 4 }, () => page.complete(uploadId, 100, parts)));
    expect(all.map(response => response.status)).toEqual([200, 200, 200, 200]);
    expect(faults).toEqual([]);
  });

  it('does not begin when the file is finished, and never replaces one', async () => {
    const { page } = newS3();
    const slow = await page.begin();
    const etag = await page.put(slow, 1, noise(50));
    const bytes = noise(60);
    await page.uploadParts([bytes]);
    const begin = await page.send('POST', `${filePath()}/upload`);
    expect([begin.status, await errorCode(begin)]).toEqual([409, 'file-exists']);
    const late = await page.complete(slow, 50, [{ number: 1, etag }]);
    expect([late.status, await errorCode(late)]).toEqual([409, 'parts-mismatch']);
    expect(await page.read()).toEqual(bytes);
  });

  it('refuses to complete what differs from what the store has', async () => {
    const { page, bucket } = newS3();
    const uploadId = await page.begin();
    const one = { number: 1, etag: await page.put(uploadId, 1, noise(MIB_5)) };
    const two = { number: 2, etag: await page.put(uploadId, 2, noise(10)) };
    for (const [size, parts] of [
      [MIB_5, [one]],
      [MIB_5 + 11, [one, two]],
      [MIB_5 + 10, [one, { number: 2, etag: one.etag }]],
      [MIB_5 + 10, [one, two, { number: 3, etag: one.etag }]],
    ] as const) {
      const response = await page.complete(uploadId, size, parts);
      expect([response.status, await errorCode(response)]).toEqual([409, 'parts-mismatch']);
    }
    expect(await bucket.files()).toEqual([]);
    expect((await page.complete(uploadId, MIB_5 + 10, [one, two])).status).toBe(200);
  });

  it('says which parts are too small', async () => {
    const { page } = newS3();
    const uploadId = await page.begin();
    const parts = [];
    for (const number of [1, 2]) parts.push({ number, etag: await page.put(uploadId, number, noise(10)) });
    const response = await page.complete(uploadId, 20, parts);
    expect([response.status, await errorCode(response)]).toEqual([409, 'part-too-small']);
  });

  it('is thrown away, as often as it is asked for', async () => {
    const { page, bucket } = newS3();
    const uploadId = await page.begin();
    await page.put(uploadId, 1, noise(10));
    const path = `${filePath()}/upload?uploadId=${encodeURIComponent(uploadId)}`;
    for (let n = 0; n < 2; n++) expect((await page.send('DELETE', path)).status).toBe(204);
    expect(await bucket.uploads()).toEqual([]);
    for (const response of [
      await page.stored(uploadId),
      await page.sign(uploadId, [wanted(1, noise(1))]),
      await page.complete(uploadId, 10, [{ number: 1, etag: '"0123456789abcdef0123456789abcdef"' }]),
    ]) {
      expect([response.status, await errorCode(response)]).toEqual([404, 'upload-not-found']);
    }
  });

  it('lists and signs more parts than fit on a page of the store', async () => {
    const { page } = newS3();
    const uploadId = await page.begin();
    const bytes = noise(1);
    const count = 1003;
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const signed = [
      ...(await page.addresses(
        uploadId,
        numbers.slice(0, 1000).map(number => wanted(number, bytes)),
      )),
      ...(await page.addresses(
        uploadId,
        numbers.slice(1000).map(number => wanted(number, bytes)),
      )),
    ];
    for (let from = 0; from < count; from += 32) {
      const answers = await Promise.all(signed.slice(from, from + 32).map(part => putPart(part, bytes)));
      for (const answer of answers) expect(answer.status).toBe(200);
    }
    const parts = await page.parts(uploadId);
    expect(parts.map(part => part.number)).toEqual(numbers);
    expect(new Set(parts.map(part => part.size))).toEqual(new Set([1]));
  });
});

describe.skipIf(isWithoutCeph)('a signed address', () => {
  it('takes the bytes that it was signed for, and no others', async () => {
    const { page } = newS3();
    const uploadId = await page.begin();
    const bytes = noise(100);
    const [signed] = await page.addresses(uploadId, [wanted(1, bytes)]);
    const other = noise(100);
    expect((await putPart(signed, other)).status).toBe(400);
    expect((await putPart(signed, other, { 'Content-MD5': md5(other) })).status).toBe(403);
    expect((await putPart(signed, bytes.subarray(0, 99))).status).toBe(403);
    expect((await putPart(signed, noise(101))).status).toBe(403);
    const url = new URL(signed?.url ?? '');
    url.searchParams.set('partNumber', '2');
    expect((await fetch(url, { method: 'PUT', body: bytes, headers: signed?.headers ?? {} })).status).toBe(
      403,
    );
    url.searchParams.set('partNumber', '1');
    url.pathname = url.pathname.replace(ID, OTHER_ID);
    expect((await fetch(url, { method: 'PUT', body: bytes, headers: signed?.headers ?? {} })).status).toBe(
      403,
    );
    expect(await page.parts(uploadId)).toEqual([]);
    expect((await putPart(signed, bytes)).status).toBe(200);
    expect(await page.parts(uploadId)).toHaveLength(1);
  });

  it('expires, and a new one takes its place', async () => {
    const { page } = newS3({ expiresIn: 60 });
    const uploadId = await page.begin();
    const bytes = noise(10);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 5 * 60_000 });
    const [signed] = await page.addresses(uploadId, [wanted(1, bytes)]).finally(() => vi.useRealTimers());
    expect((await putPart(signed, bytes)).status).toBe(403);
    expect(await page.parts(uploadId)).toEqual([]);
    const [fresh] = await page.addresses(uploadId, [wanted(1, bytes)]);
    expect((await putPart(fresh, bytes)).status).toBe(200);
  });

  it('lets a page of another origin put parts and read their ETag', async () => {
    const { page } = newS3();
    const uploadId = await page.begin();
    const bytes = noise(10);
    const [signed] = await page.addresses(uploadId, [wanted(1, bytes)]);
    const headers = {
      Origin: 'https://app.example',
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'content-md5',
    };
    const preflight = await fetch(signed?.url ?? '', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    const put = await putPart(signed, bytes, { Origin: 'https://app.example' });
    expect(put.headers.get('access-control-expose-headers')).toMatch(/etag/i);
    expect(put.headers.get('access-control-allow-origin')).toMatch(/\*|https:\/\/app\.example/);
  });
});
