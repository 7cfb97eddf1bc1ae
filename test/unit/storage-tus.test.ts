import { afterEach, describe, expect, it, vi } from 'vitest';
import { listRecordings } from '../../src/storage/list.ts';
import { type TusOptions, tus } from '../../src/storage/tus/tus.ts';
import { filePath, ID, manifest, newStorage, noise, OTHER_ID } from './server-kit.ts';

const KEY = `recordings/${ID}/0001.mp4`;

afterEach(() => vi.unstubAllGlobals());

describe('options', () => {
  it('all defaults', () => {
    expect(tus({ endpoint: 'https://storage.example/storage' }).config).toEqual({
      kind: 'tus',
      endpoint: 'https://storage.example/storage',
      headers: {},
      chunkBytes: 1_048_576,
      largestChunk: 8_388_608,
      flushInterval: 2,
      giveUpAfter: 30,
    });
  });

  it('are taken over; the config is plain data of its own', () => {
    const headers = { Authorization: 'Bearer abc' };
    const storage = tus({
      endpoint: new URL('http://localhost:8080/files'),
      headers,
      // What falls out of a division: bytes are whole ones.
      chunkBytes: 5_242_879.6,
      flushInterval: 0.5,
      giveUpAfter: 0,
    });
    headers.Authorization = 'changed';
    expect(structuredClone(storage.config)).toEqual({
      kind: 'tus',
      endpoint: 'http://localhost:8080/files',
      headers: { Authorization: 'Bearer abc' },
      chunkBytes: 5_242_880,
      largestChunk: 5_242_880,
      flushInterval: 0.5,
      giveUpAfter: 0,
    });
  });

  it.each([
    ['https://storage.example/storage/', 'https://storage.example/storage'],
    ['https://storage.example///', 'https://storage.example'],
    ['HTTP://Storage.Example:80/a b', 'http://storage.example/a%20b'],
  ])('the address %s', (endpoint, expected) => {
    expect(tus({ endpoint }).config).toMatchObject({ endpoint: expected });
  });

  it('an address may be relative to the page', () => {
    vi.stubGlobal('document', { baseURI: 'https://app.example/deep/page.html' });
    expect(tus({ endpoint: '/storage' }).config).toMatchObject({ endpoint: 'https://app.example/storage' });
    expect(tus({ endpoint: 'files' }).config).toMatchObject({ endpoint: 'https://app.example/deep/files' });
  });

  it.each([
    ['ftp://storage.example/'],
    ['javascript:alert(1)'],
    ['/relative/where/there/is/no/page'],
    ['http://'],
    [''],
  ])('not an address: "%s"', endpoint => {
    expect(() => tus({ endpoint })).toThrow(
      expect.objectContaining({ code: 'option-invalid', option: 'tus.endpoint' }),
    );
  });

  it.each([[undefined], [null], [{}]])('no address: %j', options => {
    expect(() => tus(options as unknown as TusOptions)).toThrow(
      expect.objectContaining({ code: 'option-invalid', option: 'tus.endpoint' }),
    );
  });

  it.each([
    ['chunkBytes', 65_535],
    ['chunkBytes', 1024 ** 3 + 1],
    ['chunkBytes', '1000000'],
    ['flushInterval', 0],
    ['flushInterval', 3_601],
    ['giveUpAfter', -1],
    ['giveUpAfter', Number.NaN],
    ['giveUpAfter', Number.POSITIVE_INFINITY],
  ] as const)('%s can not be %s', (name, value) => {
    expect(() => tus({ endpoint: 'https://storage.example', [name]: value })).toThrow(
      expect.objectContaining({ code: 'option-invalid', option: `tus.${name}` }),
    );
  });

  it('a name that is not known', () => {
    const options = { endpoint: 'https://storage.example', chunksize: 5 } as TusOptions;
    expect(() => tus(options)).toThrow(
      expect.objectContaining({
        code: 'option-unknown',
        option: 'chunksize',
        known: expect.arrayContaining(['chunkBytes']),
      }),
    );
  });
});

/** `tus()` on a real storage handler, with `fetch` in between taken out. */
const connect = async (options: Partial<TusOptions> = {}) => {
  const { handler, client } = await newStorage();
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => handler(new Request(url, init)));
  return { storage: tus({ endpoint: client.base, ...options }), client };
};

describe('reading', () => {
  it('a file, as a Blob with its type', async () => {
    const { storage, client } = await connect();
    const bytes = noise(5_000);
    await client.upload(bytes);
    const blob = await storage.read(filePath().slice(1));
    expect(blob.type).toBe('video/mp4');
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes);
  });

  it('what is not there', async () => {
    const { storage } = await connect();
    await expect(storage.read(`recordings/${ID}/0001.mp4`)).rejects.toMatchObject({
      code: 'storage-not-found',
      key: `recordings/${ID}/0001.mp4`,
    });
  });

  it('all manifests, newest first', async () => {
    const { storage, client } = await connect();
    expect(await listRecordings(storage)).toEqual([]);
    await client.putManifest(ID, manifest(ID, '2024-05-01T10:00:00.000Z'));
    await client.putManifest(OTHER_ID, manifest(OTHER_ID, '2024-06-01T10:00:00.000Z'));
    expect(await listRecordings(storage)).toEqual([
      manifest(OTHER_ID, '2024-06-01T10:00:00.000Z'),
      manifest(ID, '2024-05-01T10:00:00.000Z'),
    ]);
  });

  it('a storage that lists something else', async () => {
    vi.stubGlobal('fetch', async () => Response.json([]));
    const storage = tus({ endpoint: 'http://storage.test' });
    await expect(storage.list()).rejects.toMatchObject({ code: 'manifest-invalid' });
  });

  it('an address for a media element, unless headers are needed', () => {
    const endpoint = 'https://storage.example/storage';
    const key = `recordings/${ID}/0001.mp4`;
    expect(tus({ endpoint }).url(key)).toBe(`${endpoint}/${key}`);
    expect(tus({ endpoint, headers: { Authorization: 'x' } }).url(key)).toBeUndefined();
  });
});

describe('deleting', () => {
  it('a recording with all its files, and nothing else', async () => {
    const { storage, client } = await connect();
    await client.upload(noise(10));
    await client.putManifest();
    await client.putManifest(OTHER_ID);
    await storage.delete(ID);
    expect((await storage.list()).map(recording => recording.id)).toEqual([OTHER_ID]);
    await expect(storage.read(filePath().slice(1))).rejects.toMatchObject({ code: 'storage-not-found' });
  });

  it('nothing, when there is none', async () => {
    const { storage } = await connect();
    await storage.delete(ID);
  });
});

describe('errors', () => {
  const storage = tus({ endpoint: 'http://storage.test', headers: { Authorization: 'Bearer secret' } });

  it.each([
    [401, 'storage-unauthorized'],
    [500, 'storage-unreachable'],
    [507, 'storage-full'],
    [418, 'storage-rejected'],
  ])('%i: %s, without the credentials', async (status, code) => {
    vi.stubGlobal('fetch', async () => new Response('no', { status }));
    const failed = expect.objectContaining({ code, status });
    await expect(storage.read(KEY)).rejects.toEqual(failed);
    await expect(storage.list()).rejects.toEqual(failed);
    await expect(storage.delete(ID)).rejects.toEqual(failed);
    await storage.list().catch(error => expect(JSON.stringify(error) + error).not.toContain('secret'));
  });

  it('no network', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
    await expect(storage.read(KEY)).rejects.toMatchObject({ code: 'storage-unreachable' });
  });

  it('sends the headers with each request', async () => {
    const sent: Headers[] = [];
    vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
      sent.push(new Headers(init.headers));
      return Response.json({ recordings: [] });
    });
    await storage.read(KEY);
    await storage.list();
    await storage.delete(ID);
    expect(sent.map(headers => headers.get('authorization'))).toEqual(Array(3).fill('Bearer secret'));
  });

  it('an abort rejects as fetch does', async () => {
    vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => {
      signal?.throwIfAborted();
      return new Promise((__, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    });
    const controller = new AbortController();
    const reading = storage.read(KEY, { signal: controller.signal });
    const reason = new DOMException('no longer wanted', 'AbortError');
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

it.each(['../../x', 'recordings/x', '', `recordings/${ID}/../${OTHER_ID}/0001.mp4`])(
  'reads nothing under "%s", which is no key',
  async key => {
    const storage = tus({ endpoint: 'http://127.0.0.1:9/storage' });
    await expect(storage.read(key)).rejects.toMatchObject({ code: 'storage-not-found' });
  },
);
