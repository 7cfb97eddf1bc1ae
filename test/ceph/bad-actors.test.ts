/** Requests that no page of ours sends: the right status, and nothing is written. */
import { describe, expect, it } from 'vitest';
import type { Access } from '../../src/server/s3/index.ts';
import { errorCode, filePath, ID, isWithoutCeph, newS3, noise, OTHER_ID, Page, wanted } from './kit.ts';

const ETAG = '"0123456789abcdef0123456789abcdef"';

/** One request of each kind. */
const everyRequest = (page: Page, uploadId = 'x'): Array<() => Promise<Response>> => [
  () => page.send('POST', `${filePath()}/upload`),
  () => page.sign(uploadId, [wanted(1, noise(1))]),
  () => page.stored(uploadId),
  () => page.complete(uploadId, 1, [{ number: 1, etag: ETAG }]),
  () => page.send('DELETE', `${filePath()}/upload?uploadId=${uploadId}`),
  () => page.putManifest(),
  () => page.send('GET', `/recordings/${ID}/manifest.json`),
  () => page.send('GET', filePath()),
  () => page.send('HEAD', filePath()),
  () => page.send('GET', '/recordings'),
  () => page.send('DELETE', filePath()),
  () => page.send('DELETE', `/recordings/${ID}`),
];

describe.skipIf(isWithoutCeph)('addresses', () => {
  it.each([
    '/recordings/../../other/0001.mp4',
    `/recordings/${ID}/..%2f..%2fother.mp4`,
    `/recordings/${ID}/%2e%2e/0001.mp4`,
    `/recordings/${ID}%2f0001.mp4`,
    `/recordings/${ID}//0001.mp4`,
    `/recordings/${ID}/0001.mp4%00`,
    `/recordings/${ID}/0001.MP4`,
    `/recordings/${ID}/1.mp4`,
    `/recordings/${ID}/manifest.json/upload/..`,
    `/recordings/${ID}/manifest.json`,
    `/recordings/${ID.toUpperCase()}/0001.mp4`,
    '/recordings/not-an-id/0001.mp4',
    '/0001.mp4',
    '',
  ])('begins no upload at %j', async path => {
    const { page, bucket } = newS3();
    const response = await page.send('POST', `${path}/upload`);
    expect([response.status, await errorCode(response)]).toEqual([404, 'not-found']);
    expect(await bucket.uploads()).toEqual([]);
  });
});

describe.skipIf(isWithoutCeph)('ids of uploads', () => {
  it.each(['x', '2~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '../../x', '2~a&partNumber=1', 'a/b', '%00'])(
    'does nothing with the made-up id %j',
    async uploadId => {
      const { page, bucket, faults } = newS3();
      for (const response of [
        await page.sign(uploadId, [wanted(1, noise(1))]),
        await page.stored(uploadId),
        await page.complete(uploadId, 1, [{ number: 1, etag: ETAG }]),
      ]) {
        expect([response.status, await errorCode(response)]).toEqual([404, 'upload-not-found']);
      }
      const end = `${filePath()}/upload?uploadId=${encodeURIComponent(uploadId)}`;
      expect((await page.send('DELETE', end)).status).toBe(204);
      expect([await bucket.files(), await bucket.uploads(), faults]).toEqual([[], [], []]);
    },
  );

  it.each(['', 'a b', 'ü', 'x'.repeat(1025), 'a\r\nb'])('refuses what can be none: %j', async uploadId => {
    const { page } = newS3();
    for (const request of [
      () => page.sign(uploadId, [wanted(1, noise(1))]),
      () => page.stored(uploadId),
      () => page.complete(uploadId, 1, [{ number: 1, etag: ETAG }]),
    ]) {
      const response = await request();
      expect([response.status, await errorCode(response)]).toEqual([400, 'request-invalid']);
    }
  });

  it('are good for their own file and user only', async () => {
    const ann = newS3();
    const bob = newS3();
    const uploadId = await ann.page.begin();
    const etag = await ann.page.put(uploadId, 1, noise(10));
    for (const [page, path] of [
      [bob.page, filePath()],
      [ann.page, filePath(ID, '0002.mp4')],
      [ann.page, filePath(OTHER_ID)],
    ] as const) {
      expect((await page.stored(uploadId, path)).status).toBe(404);
      expect((await page.sign(uploadId, [wanted(1, noise(1))], path)).status).toBe(404);
      expect((await page.complete(uploadId, 10, [{ number: 1, etag }], path)).status).toBe(404);
      const end = `${path}/upload?uploadId=${encodeURIComponent(uploadId)}`;
      expect((await page.send('DELETE', end)).status).toBe(204);
    }
    expect(await bob.bucket.files()).toEqual([]);
    expect(await ann.bucket.files()).toEqual([]);
    expect((await ann.page.complete(uploadId, 10, [{ number: 1, etag }])).status).toBe(200);
  });

  it('are good for nothing once the upload is completed', async () => {
    const { page } = newS3();
    const bytes = noise(10);
    const uploadId = await page.begin();
    const [signed] = await page.addresses(uploadId, [wanted(1, bytes)]);
    const put = () =>
      fetch(signed?.url ?? '', { method: 'PUT', body: bytes, headers: signed?.headers ?? {} });
    const etag = (await put()).headers.get('etag');
    expect((await page.complete(uploadId, 10, [{ number: 1, etag }])).status).toBe(200);
    expect((await put()).status).toBe(404);
    expect((await page.sign(uploadId, [wanted(1, bytes)])).status).toBe(404);
    expect(await page.read()).toEqual(bytes);
  });
});

describe.skipIf(isWithoutCeph)('limits', () => {
  it('holds parts to the size that a file may have, with what is there already', async () => {
    const { page } = newS3({ authorize: () => ({ prefix: crypto.randomUUID(), maxFileBytes: 100 }) });
    expect((await page.sign('x', [wanted(1, noise(101))])).status).toBe(413);
    const prefix = crypto.randomUUID();
    const limited = newS3({ authorize: () => ({ prefix, maxFileBytes: 100 }) });
    const uploadId = await limited.page.begin();
    await limited.page.put(uploadId, 1, noise(60));
    const more = await limited.page.sign(uploadId, [wanted(2, noise(41))]);
    expect([more.status, await errorCode(more)]).toEqual([413, 'too-large']);
    expect((await limited.page.sign(uploadId, [wanted(2, noise(40))])).status).toBe(200);
    expect((await limited.page.sign(uploadId, [wanted(1, noise(100))])).status).toBe(200);
    const complete = await limited.page.complete(uploadId, 101, [{ number: 1, etag: ETAG }]);
    expect([complete.status, await errorCode(complete)]).toEqual([413, 'too-large']);
  });

  it('reads no body without end', async () => {
    const { page, bucket } = newS3();
    let sent = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: controller => {
          sent += 65_536;
          controller.enqueue(new Uint8Array(65_536).fill(32));
        },
      });
    for (const step of ['parts', 'complete']) {
      const response = await page.send('POST', `${filePath()}/${step}?uploadId=x`, { body: endless() });
      expect([response.status, await errorCode(response)]).toEqual([413, 'too-large']);
    }
    expect(sent).toBeLessThan(6 * 1024 ** 2);
    expect(await bucket.files()).toEqual([]);
  });
});

describe.skipIf(isWithoutCeph)('who may not', () => {
  it('is told so, before the store hears of it', async () => {
    const asked: Access[] = [];
    const { page, bucket, faults } = newS3({
      authorize: (_, access) => {
        asked.push(access);
        return false;
      },
    });
    for (const request of everyRequest(page)) expect((await request()).status).toBe(401);
    const key = `recordings/${ID}/0001.mp4`;
    const file = (action: string) => ({ action, recordingId: ID, key });
    const json = { recordingId: ID, key: `recordings/${ID}/manifest.json` };
    expect(asked).toEqual([
      file('create'),
      file('write'),
      file('write'),
      file('write'),
      file('write'),
      { action: 'write', ...json },
      { action: 'read', ...json },
      file('read'),
      file('read'),
      // Who may write it may ask how large it is, too.
      file('write'),
      { action: 'list' },
      file('delete'),
      { action: 'delete', recordingId: ID },
    ]);
    expect([await bucket.files(), await bucket.uploads(), faults]).toEqual([[], [], []]);
  });

  it.each(['..', '../x', 'a/../../b', '/etc', 'a//b', 'a/', '.', 'a\\b', 'a\0', ''])(
    'serves nobody under the prefix %j',
    async prefix => {
      const { page, faults } = newS3({ authorize: () => ({ prefix }) });
      for (const request of everyRequest(page)) expect((await request()).status).toBe(500);
      expect(faults).toHaveLength(everyRequest(page).length);
    },
  );

  it('is a page of a foreign origin', async () => {
    const { handler, page, bucket } = newS3();
    const foreign = new Page(handler, undefined, { Origin: 'https://evil.example' });
    const uploadId = await page.begin();
    for (const request of [...everyRequest(foreign, uploadId), () => foreign.send('OPTIONS', '')]) {
      const response = await request();
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(await bucket.files()).toEqual([]);
    expect(await bucket.uploads()).toEqual([`recordings/${ID}/0001.mp4`]);
  });
});

describe.skipIf(isWithoutCeph)('a handler that is set up wrong', () => {
  const secret = 'a-secret-that-nobody-may-see';
  it.each([
    ['another secret', { credentials: { accessKeyId: 'nobody', secretAccessKey: secret } }],
    ['no such bucket', { bucket: 'no-such-bucket' }],
  ])('says nothing to the page and why to the server: %s', async (_, options) => {
    const { page, faults } = newS3(options);
    for (const request of everyRequest(page)) {
      const response = await request();
      expect([404, 500]).toContain(response.status);
      const text = await response.text();
      if (response.status === 500 && text !== '') expect(JSON.parse(text).error.code).toBe('internal');
    }
    expect(faults.length).toBeGreaterThan(8);
    for (const fault of faults) {
      expect(fault).toMatchObject({ code: 'store-refused' });
      expect(String(fault)).toMatch(/refused [A-Z]\w+ in bucket .* \(HTTP 40[34].*\)/);
      expect(`${fault}${JSON.stringify(fault)}`).not.toContain(secret);
    }
  });
});
