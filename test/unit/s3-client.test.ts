/** What the S3 handler makes of a store's answers, with answers that a real store seldom gives. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isTransient, retryDelay } from '../../src/server/s3/client.ts';
import { createS3Handler, type S3HandlerOptions } from '../../src/server/s3/index.ts';

const FILE = '/recordings/0a1b2c3d-0000-4000-8000-000000000001/0001.mp4';
const ETAG = '"0123456789abcdef0123456789abcdef"';
const PARTS = `<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>7</Size><ETag>&quot;${ETAG.slice(1, -1)}&quot;</ETag></Part></ListPartsResult>`;

type Answer = () => Response | Promise<Response>;
const xml =
  (body: string, status = 200): Answer =>
  () =>
    new Response(body, { status });
const error = (status: number, code: string): Answer =>
  xml(`<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>sorry</Message></Error>`, status);
const missing: Answer = () => new Response(null, { status: 404 });

/** A store that gives these answers in turn, and a handler in front of it. */
const newHandler = (answers: Answer[], options: Partial<S3HandlerOptions> = {}) => {
  const asked: { method: string; url: URL; headers: Headers; body: string }[] = [];
  vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
    init.signal?.throwIfAborted();
    const body = init.body ? new TextDecoder().decode(init.body as Uint8Array) : '';
    asked.push({ method: init.method ?? '', url: new URL(url), headers: new Headers(init.headers), body });
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError('fetch failed');
    return answer();
  });
  const faults: unknown[] = [];
  const handler = createS3Handler({
    endpoint: 'https://s3.example',
    bucket: 'films',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    onError: fault => faults.push(fault),
    ...options,
  });
  const send = (method: string, path: string, body?: unknown, init: RequestInit = {}) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return handler(new Request(`http://app.example/storage${path}`, { ...init, method, ...text }));
  };
  return { asked, faults, send };
};

const complete = (size: number) => ({ size, parts: [{ number: 1, etag: ETAG }] });
const code = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;

afterEach(() => vi.unstubAllGlobals());

describe('a store that stumbles', () => {
  it('is asked again, signed anew, and the page does not notice', async () => {
    const { send, asked, faults } = newHandler([
      error(503, 'SlowDown'),
      error(500, 'InternalError'),
      xml(PARTS),
    ]);
    const response = await send('GET', `${FILE}/parts?uploadId=u`);
    expect(await response.json()).toEqual({ parts: [{ number: 1, size: 7, etag: ETAG }] });
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
    for (const { headers } of asked) expect(headers.get('authorization')).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(faults).toEqual([]);
  });

  it('is given up after three tries; the page may try again, and the server is told', async () => {
    const { send, asked, faults } = newHandler([]);
    const response = await send('GET', `${FILE}/parts?uploadId=u`);
    expect([response.status, await code(response)]).toEqual([503, 'store-unavailable']);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(asked).toHaveLength(3);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code: 'store-failed', operation: 'ListParts' });
  });

  it('is asked no more when the page has gone', async () => {
    const away = new AbortController();
    const leave: Answer = () => {
      away.abort();
      throw new TypeError('fetch failed');
    };
    const { send, asked, faults } = newHandler([leave]);
    const response = await send('GET', `${FILE}/parts?uploadId=u`, undefined, { signal: away.signal });
    expect([response.status, asked.length, faults]).toEqual([503, 1, []]);
  });

  it('may break off in the middle of an answer', async () => {
    const broken: Answer = () =>
      new Response(new ReadableStream({ pull: controller => controller.error(new Error('reset')) }));
    const { send } = newHandler([broken, xml(PARTS)]);
    expect((await send('GET', `${FILE}/parts?uploadId=u`)).status).toBe(200);
  });

  it('is not asked again what it refuses', async () => {
    const { send, asked, faults } = newHandler([error(403, 'AccessDenied')]);
    const response = await send('GET', `${FILE}/parts?uploadId=u`);
    expect([response.status, await code(response), asked.length]).toEqual([500, 'internal', 1]);
    expect(faults[0]).toMatchObject({ code: 'store-refused', reason: 'AccessDenied', status: 403 });
  });

  it('is not believed when it begins an upload without an id', async () => {
    const { send, faults } = newHandler([missing, xml('<html></html>')]);
    expect((await send('POST', `${FILE}/upload`)).status).toBe(500);
    expect(String(faults[0])).toContain('without an UploadId');
  });

  it('is not followed elsewhere', async () => {
    const elsewhere: Answer = () => new Response(null, { status: 307, headers: { Location: 'https://x' } });
    const { send, faults } = newHandler([elsewhere]);
    expect((await send('GET', '/recordings')).status).toBe(500);
    expect(faults[0]).toMatchObject({ code: 'store-refused', status: 307 });
  });
});

describe('signing', () => {
  const wanted = { parts: [{ number: 2_001, size: 5 * 1024 ** 2, md5: '1B2M2Y8AsgTpgAmY7PhCfg==' }] };
  const sign = ({ send }: ReturnType<typeof newHandler>) => send('POST', `${FILE}/parts?uploadId=u`, wanted);

  it('costs the same however many parts there are, where the file has room for as many as there may be', async () => {
    const made = newHandler([xml(PARTS)]);
    expect((await sign(made)).status).toBe(200);
    expect(made.asked.map(({ url }) => url.searchParams.get('max-parts'))).toEqual(['1']);
  });

  it('counts all parts where they could be too much', async () => {
    const part = (number: number, size: number) =>
      `<Part><PartNumber>${number}</PartNumber><Size>${size}</Size><ETag>${ETAG}</ETag></Part>`;
    const more = `<IsTruncated>true</IsTruncated><NextPartNumberMarker>1000</NextPartNumberMarker>`;
    const pages = (size: number) => [
      xml(`<R>${more}${part(1, size)}</R>`),
      xml(`<R><IsTruncated>false</IsTruncated>${part(1_001, 1)}</R>`),
    ];
    const maxFileBytes = 40 * 1024 ** 3;
    const full = newHandler(pages(maxFileBytes - 5 * 1024 ** 2), { maxFileBytes });
    const refused = await sign(full);
    expect([refused.status, await code(refused)]).toEqual([413, 'too-large']);
    expect(full.asked.map(({ url }) => url.searchParams.get('part-number-marker'))).toEqual(['0', '1000']);
    const roomy = newHandler(pages(maxFileBytes - 5 * 1024 ** 2 - 1), { maxFileBytes });
    expect((await sign(roomy)).status).toBe(200);
  });

  it('says that there is no such upload in either case', async () => {
    for (const maxFileBytes of [64 * 1024 ** 3, 40 * 1024 ** 3]) {
      const answer = await sign(newHandler([error(404, 'NoSuchUpload')], { maxFileBytes }));
      expect([answer.status, await code(answer)]).toEqual([404, 'upload-not-found']);
    }
  });
});

describe('completing', () => {
  const done = xml(`<CompleteMultipartUploadResult><ETag>${ETAG}</ETag></CompleteMultipartUploadResult>`);

  it('tries again when the store answers 200 and then an error', async () => {
    const answers = [missing, xml(PARTS), error(200, 'InternalError'), done];
    const { send, asked } = newHandler(answers);
    const response = await send('POST', `${FILE}/complete?uploadId=u`, complete(7));
    expect(await response.json()).toEqual({ etag: ETAG });
    expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'POST', 'POST']);
    expect(asked[3]?.body).toContain(`<PartNumber>1</PartNumber><ETag>${ETAG}</ETag>`);
  });

  it('goes well when the first try did and its answer got lost', async () => {
    const lost: Answer = () => {
      throw new TypeError('fetch failed');
    };
    const etag = '"e32ed20b2afe0457f9b9d4d8f3a3c2a5-1"';
    const head =
      (tag: string, extra = {}): Answer =>
      () =>
        new Response(null, { headers: { 'Content-Length': '7', ETag: tag, ...extra } });
    const tries = (last: Answer) =>
      newHandler([missing, xml(PARTS), lost, error(404, 'NoSuchUpload'), last]).send(
        'POST',
        `${FILE}/complete?uploadId=u`,
        complete(7),
      );
    expect(await code(await tries(head(etag)))).toBe('parts-mismatch');
    const encrypted = { 'x-amz-server-side-encryption': 'aws:kms' };
    expect(await (await tries(head(etag, encrypted))).json()).toEqual({ etag });
    expect(await code(await tries(missing))).toBe('upload-not-found');
  });

  it('is refused when the page is wrong about the size', async () => {
    const { send, asked } = newHandler([missing, xml(PARTS)]);
    const response = await send('POST', `${FILE}/complete?uploadId=u`, complete(8));
    expect([response.status, await code(response), asked.length]).toEqual([409, 'parts-mismatch', 2]);
  });
});

describe('credentials', () => {
  it('are asked for each request when a function gives them', async () => {
    let count = 0;
    const credentials = () => ({
      accessKeyId: `id${++count}`,
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
    const { send, asked } = newHandler([xml(PARTS), xml(PARTS)], { credentials });
    await send('GET', `${FILE}/parts?uploadId=u`);
    await send('GET', `${FILE}/parts?uploadId=u`);
    const [first, second] = asked.map(({ headers }) => headers);
    expect(first?.get('authorization')).toContain('Credential=id1/');
    expect(second?.get('authorization')).toContain('Credential=id2/');
    expect(second?.get('x-amz-security-token')).toBe('token');
  });

  it('sign what pages reach, with the session token and nothing secret', async () => {
    const { send } = newHandler([xml('<ListPartsResult/>')], {
      publicEndpoint: 'https://cdn.example/s3/',
      region: 'eu-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'a secret', sessionToken: 'token' },
    });
    const parts = [{ number: 3, size: 5, md5: 'CY9rzUYh03PK3k6DJie09g==' }];
    const response = await send('POST', `${FILE}/parts?uploadId=${encodeURIComponent('2~a+/=')}`, { parts });
    const body = (await response.json()) as { parts: [{ url: string; number: number; headers: object }] };
    const [{ url, number, headers }] = body.parts;
    expect([number, headers]).toEqual([3, { 'Content-MD5': 'CY9rzUYh03PK3k6DJie09g==' }]);
    const { origin, pathname, searchParams } = new URL(url);
    expect([origin, pathname]).toEqual(['https://cdn.example', `/s3/films${FILE}`]);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      uploadId: '2~a+/=',
      partNumber: '3',
      'X-Amz-Expires': '900',
      'X-Amz-SignedHeaders': 'content-length;content-md5;host',
      'X-Amz-Security-Token': 'token',
    });
    expect(searchParams.get('X-Amz-Credential')).toMatch(/^id\/\d{8}\/eu-1\/s3\/aws4_request$/);
    expect(JSON.stringify(body)).not.toContain('a secret');
  });
});

it('says what it is, and what an address takes', async () => {
  const { send } = newHandler([]);
  const headers = { Origin: 'http://localhost:5173', 'Access-Control-Request-Headers': 'authorization' };
  const response = await send('OPTIONS', `${FILE}/parts`, undefined, { headers });
  expect(response.status).toBe(204);
  expect(response.headers.get('steadyreel-storage')).toBe('1');
  expect(response.headers.get('access-control-expose-headers')).toContain('Steadyreel-Storage');
  expect(response.headers.get('access-control-allow-headers')).toBe('authorization');
  expect(response.headers.get('allow')).toBe('POST, GET, OPTIONS');
  const wrong = await send('PUT', `${FILE}/parts`);
  expect([wrong.status, await code(wrong)]).toEqual([405, 'method-not-allowed']);
});

it('tries again what may go well, a little later each time', () => {
  expect([500, 503, 429].map(status => isTransient(status, ''))).toEqual([true, true, true]);
  expect([isTransient(400, 'RequestTimeout'), isTransient(409, 'OperationAborted')]).toEqual([true, true]);
  expect([isTransient(403, 'AccessDenied'), isTransient(404, '')]).toEqual([false, false]);
  expect([retryDelay(1, 0), retryDelay(1, 1), retryDelay(2, 1)]).toEqual([50, 100, 400]);
});
