import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { OptionInvalidError } from '../../src/errors.ts';
import {
  type Access,
  type Authorize,
  createStorageHandler,
  type StorageHandlerOptions,
} from '../../src/server/index.ts';
import {
  Client,
  errorCode,
  filePath,
  ID,
  newStorage,
  noise,
  ORIGIN,
  OTHER_ID,
  temporaryFolder,
} from './server-kit.ts';

/** One request of each kind. */
const everyRequest = (client: Client): Array<() => Promise<Response>> => [
  () => client.create(),
  () => client.tus('HEAD', filePath()),
  () => client.patch(0, noise(10)),
  () => client.putManifest(),
  () => client.send('GET', filePath()),
  () => client.send('HEAD', filePath()),
  () => client.send('GET', '/recordings'),
  () => client.tus('DELETE', filePath()),
  () => client.send('DELETE', `/recordings/${ID}`),
];

describe('authorize', () => {
  it('is told what a request wants', async () => {
    const asked: Access[] = [];
    const authorize: Authorize = (_, access) => {
      asked.push(access);
      return true;
    };
    const { client } = await newStorage({ authorize });
    for (const request of everyRequest(client)) await (await request()).body?.cancel();
    const key = `recordings/${ID}/0001.mp4`;
    expect(asked).toEqual([
      { action: 'create', recordingId: ID, key },
      { action: 'write', recordingId: ID, key },
      { action: 'write', recordingId: ID, key },
      { action: 'write', recordingId: ID, key: `recordings/${ID}/manifest.json` },
      { action: 'read', recordingId: ID, key },
      { action: 'read', recordingId: ID, key },
      { action: 'list' },
      { action: 'delete', recordingId: ID, key },
      { action: 'delete', recordingId: ID },
    ]);
  });

  it('stops every request with 401 when it says false, or nothing', async () => {
    for (const verdict of [false, undefined, null]) {
      const authorize = (async () => verdict) as unknown as Authorize;
      const { client, dir } = await newStorage({ authorize });
      for (const request of everyRequest(client)) {
        const response = await request();
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
      }
      expect(await readdir(dir)).toEqual([]);
    }
  });

  it('can answer by itself', async () => {
    const authorize: Authorize = request =>
      request.headers.has('authorization') ? true : Response.json({ sorry: true }, { status: 403 });
    const { client } = await newStorage({ authorize });
    const refused = await client.send('GET', '/recordings', { headers: { Origin: 'http://localhost:3' } });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('access-control-allow-origin')).toBe('http://localhost:3');
    expect(await refused.json()).toEqual({ sorry: true });
    const allowed = await client.send('GET', '/recordings', { headers: { Authorization: 'Bearer x' } });
    expect(allowed.status).toBe(200);
  });

  it('parts users by a prefix that none of them sees', async () => {
    const authorize: Authorize = request => ({ prefix: request.headers.get('user') ?? '' });
    const { handler, dir } = await newStorage({ authorize });
    const ann = new Client(handler, undefined, { user: 'tenants/ann@example.org' });
    const bob = new Client(handler, undefined, { user: 'bob' });
    const bytes = noise(100);
    await ann.upload(bytes);
    await ann.putManifest();
    expect(await ann.list()).toEqual([ID]);
    expect(await bob.list()).toEqual([]);
    expect((await bob.send('GET', filePath())).status).toBe(404);
    expect((await bob.tus('HEAD', filePath())).status).toBe(404);
    expect((await bob.patch(100, noise(1))).status).toBe(404);
    expect((await bob.send('DELETE', `/recordings/${ID}`)).status).toBe(204);
    await bob.upload(noise(7));
    expect(await ann.bytes()).toEqual(bytes);
    const created = await ann.create(OTHER_ID);
    expect(created.headers.get('location')).toBe(`/storage${filePath(OTHER_ID)}`);
    const folder = join(dir, 'tenants', 'ann@example.org');
    expect((await readdir(folder)).sort()).toEqual([ID, OTHER_ID]);
    expect((await readdir(join(dir, '.uploads'))).sort()).toEqual(['bob', 'tenants']);
    expect((await readdir(join(dir, 'bob', ID))).sort()).toEqual(['0001.mp4']);
    await ann.send('DELETE', `/recordings/${ID}`);
    expect(await readdir(folder)).toEqual([OTHER_ID]);
    expect((await bob.bytes()).byteLength).toBe(7);
  });

  it('does not let a user without a prefix delete a user whose prefix looks like a recording', async () => {
    const authorize: Authorize = request => {
      const prefix = request.headers.get('user');
      return prefix === null ? true : { prefix };
    };
    const { handler } = await newStorage({ authorize });
    const user = new Client(handler, undefined, { user: OTHER_ID });
    await user.upload(noise(9));
    expect((await new Client(handler).send('DELETE', `/recordings/${OTHER_ID}`)).status).toBe(204);
    expect((await user.bytes()).byteLength).toBe(9);
    expect(await user.offset()).toEqual({ offset: 9, length: 9 });
  });

  it.each([
    '..',
    '../x',
    'a/../../b',
    '/etc',
    'a//b',
    'a/',
    '.',
    '.uploads',
    'a\\b',
    'a\0',
    'C:',
    '',
    'a.',
    'ü',
  ])('serves nobody under the prefix %j', async prefix => {
    const { client, dir, faults } = await newStorage({ authorize: () => ({ prefix }) });
    for (const request of everyRequest(client)) expect((await request()).status).toBe(500);
    expect(await readdir(dir)).toEqual([]);
    expect(faults[0]).toBeInstanceOf(OptionInvalidError);
  });

  it('sets a size limit for a user, below the general one or above it', async () => {
    for (const [maxFileBytes, status] of [
      [50, 413],
      [500, 201],
    ] as const) {
      const { client } = await newStorage({ maxFileBytes: 100, authorize: () => ({ maxFileBytes }) });
      expect((await client.create(ID, '0001.mp4', { 'Upload-Length': '200' })).status).toBe(status);
    }
    const { client } = await newStorage({ authorize: () => ({ maxFileBytes: 0 }) });
    expect((await client.create()).status).toBe(500);
  });

  it('keeps the details of a fault to itself', async () => {
    const authorize: Authorize = () => {
      throw new Error('password of the database');
    };
    const { client, faults } = await newStorage({ authorize });
    const response = await client.send('GET', '/recordings', { headers: { Origin: 'http://localhost' } });
    expect(response.status).toBe(500);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost');
    const text = await response.text();
    expect(text).not.toContain('password');
    expect(JSON.parse(text).error.code).toBe('internal');
    expect(String(faults[0])).toContain('password');
  });

  it('reports faults on the console by default', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const dir = await temporaryFolder();
    const handler = createStorageHandler({
      dir,
      authorize: () => {
        throw new Error('nope');
      },
    });
    expect((await handler(new Request(`${ORIGIN}/storage/recordings`))).status).toBe(500);
    expect(String(log.mock.calls[0]?.[1])).toContain('nope');
    log.mockRestore();
  });
});

describe('origins', () => {
  const statusFor = async (origin: string | undefined, options: Partial<StorageHandlerOptions> = {}) => {
    const { client } = await newStorage(options);
    const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
    const response = await client.send('GET', '/recordings', { headers });
    return { status: response.status, allowed: response.headers.get('access-control-allow-origin') };
  };

  it.each([
    undefined,
    ORIGIN,
    // Behind a proxy that ends TLS.
    ORIGIN.replace('http:', 'https:'),
    'http://localhost:5173',
    'https://localhost',
    'http://127.0.0.1:8080',
    'http://[::1]:3000',
  ])('answers %s by default', async origin => {
    expect(await statusFor(origin)).toEqual({ status: 200, allowed: origin ?? null });
  });

  it.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://storage.test:81',
    'http://storage.test@evil.example',
    'http://evil.example, http://localhost',
    'localhost',
    'file://localhost',
  ])('refuses %s by default', async origin => {
    expect(await statusFor(origin)).toEqual({ status: 403, allowed: null });
  });

  it('refuses every kind of request of a foreign page, and does nothing', async () => {
    const { handler, dir } = await newStorage();
    const foreign = new Client(handler, undefined, { Origin: 'https://evil.example' });
    await new Client(handler).upload(noise(5));
    for (const request of [...everyRequest(foreign), () => foreign.send('OPTIONS', '')]) {
      const response = await request();
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(await errorCode(await foreign.send('GET', filePath()))).toBe('origin-forbidden');
    expect(await readdir(dir)).toEqual(expect.arrayContaining([ID]));
  });

  it('can be a list, all, or a function', async () => {
    const listed = { allowedOrigins: ['https://app.example'] };
    expect(await statusFor('https://app.example', listed)).toMatchObject({ status: 200 });
    expect(await statusFor(ORIGIN, listed)).toMatchObject({ status: 200 });
    expect(await statusFor('http://app.example', listed)).toMatchObject({ status: 403 });
    expect(await statusFor('http://localhost', listed)).toMatchObject({ status: 403 });
    for (const origin of ['https://any.example', 'null', undefined]) {
      expect(await statusFor(origin, { allowedOrigins: '*' })).toEqual({ status: 200, allowed: '*' });
    }
    const byName = { allowedOrigins: (origin: string) => origin.endsWith('.app.example') };
    expect(await statusFor('https://a.app.example', byName)).toMatchObject({ status: 200 });
    expect(await statusFor('https://app.example', byName)).toMatchObject({ status: 403 });
  });

  it('lets an allowed page read every answer, errors too', async () => {
    const { handler } = await newStorage({ allowedOrigins: ['https://app.example'] });
    const page = new Client(handler, undefined, { Origin: 'https://app.example' });
    const requests = [
      ...everyRequest(page),
      () => page.send('GET', '/nowhere'),
      () => page.send('PUT', '/recordings'),
      () => page.send('PATCH', filePath()),
      () => page.putManifest(ID, {}),
    ];
    const statuses = new Set<number>();
    for (const request of requests) {
      const { status, headers, body } = await request();
      await body?.cancel();
      statuses.add(status);
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
      expect(headers.get('vary')).toContain('Origin');
      const exposed = headers.get('access-control-expose-headers')?.split(', ');
      expect(exposed).toEqual(
        expect.arrayContaining(
          'Location Upload-Offset Upload-Length Tus-Resumable Content-Range Accept-Ranges ETag'.split(' '),
        ),
      );
    }
    expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 204, 400, 404, 405, 412]));
  });

  it('lets allowed pages embed files, and no others', async () => {
    const policyFor = async (Referer: string | undefined, options = {}) => {
      const { client } = await newStorage(options);
      const headers: Record<string, string> = Referer === undefined ? {} : { Referer };
      const response = await client.send('GET', '/recordings', { headers });
      return response.headers.get('cross-origin-resource-policy');
    };
    expect(await policyFor('http://localhost:5173/page')).toBe('cross-origin');
    expect(await policyFor('https://evil.example/localhost')).toBe('same-site');
    expect(await policyFor('no address')).toBe('same-site');
    expect(await policyFor(undefined)).toBe('same-site');
    expect(await policyFor(undefined, { allowedOrigins: '*' })).toBe('cross-origin');
    const listed = { allowedOrigins: ['https://app.example'] };
    expect(await policyFor('https://app.example/a/b', listed)).toBe('cross-origin');
  });

  it('answers a preflight for any method and the headers that the page names', async () => {
    const { client } = await newStorage();
    const response = await client.send('OPTIONS', filePath(), {
      headers: {
        Origin: 'http://localhost:5173',
        'Access-Control-Request-Method': 'PATCH',
        'Access-Control-Request-Headers': 'authorization,tus-resumable,upload-offset,x-api-key',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(response.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(response.headers.get('access-control-allow-headers')).toContain('x-api-key');
  });

  it('says what tus can do here', async () => {
    const { client } = await newStorage({ maxFileBytes: 1234 });
    const { headers, status } = await client.send('OPTIONS', '');
    expect(status).toBe(204);
    expect(headers.get('tus-version')).toBe('1.0.0');
    expect(headers.get('tus-extension')).toContain('creation-defer-length');
    expect(headers.get('tus-max-size')).toBe('1234');
    expect(headers.get('allow')).toBe('POST, OPTIONS');
  });
});
