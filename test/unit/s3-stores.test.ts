/** What stores do otherwise than AWS, by a store in memory: MinIO lists uploads by whole names only, R2 wants parts of one size. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fileKey, manifestKey } from '../../src/manifest.ts';
import { createS3Handler, type S3HandlerOptions } from '../../src/server/s3/index.ts';
import { errorCode, ID, OTHER_ID } from './server-kit.ts';
import { manifestOf } from './webhook-kit.ts';

const ok = (body = '', headers: Record<string, string> = {}): Response => new Response(body, { headers });
const error = (status: number, code: string): Response =>
  new Response(`<Error><Code>${code}</Code></Error>`, { status });
const tags = (name: string, texts: readonly string[]): string =>
  texts.map(text => `<${name}>${text}</${name}>`).join('');
const etagOf = (number: number): string => `"${String(number).padStart(32, '0')}"`;

interface Upload {
  key: string;
  /** Sizes of its parts. */
  parts: number[];
}

/** As much of a store as recordings need. */
class Store {
  readonly objects = new Map<string, string>();
  readonly uploads = new Map<string, Upload>();
  asked = 0;

  constructor(private readonly kind: 'MinIO' | 'R2' | 'AWS') {}

  begin(key: string, parts: number[] = []): string {
    const id = `u${this.uploads.size}`;
    this.uploads.set(id, { key, parts });
    return id;
  }

  answer(method: string, url: URL, body: string): Response {
    this.asked++;
    const key = decodeURIComponent(url.pathname.replace(/^\/films\/?/, ''));
    const query = url.searchParams;
    if (query.has('uploads')) return ok(this.#uploadsBelow(query.get('prefix') ?? ''));
    if (query.has('list-type')) return ok(this.#listed(query.get('prefix') ?? ''));
    const id = query.get('uploadId');
    if (id !== null) return this.#onUpload(method, id);
    return this.#onObject(method, key, body);
  }

  #uploadsBelow(prefix: string): string {
    const isMeant = (key: string): boolean =>
      this.kind === 'MinIO' ? key === prefix : key.startsWith(prefix);
    const found = [...this.uploads].filter(([, { key }]) => isMeant(key));
    return tags(
      'Upload',
      found.map(([id, { key }]) => tags('Key', [key]) + tags('UploadId', [id])),
    );
  }

  #listed(prefix: string): string {
    const below = [...this.objects.keys()].filter(key => key.startsWith(prefix));
    return tags(
      'Contents',
      below.map(key => tags('Key', [key])),
    );
  }

  #onUpload(method: string, id: string): Response {
    const upload = this.uploads.get(id);
    if (!upload) return error(404, 'NoSuchUpload');
    const { key, parts } = upload;
    if (method === 'GET') {
      const part = (size: number, i: number): string =>
        `<PartNumber>${i + 1}</PartNumber><Size>${size}</Size><ETag>${etagOf(i + 1)}</ETag>`;
      return ok(tags('Part', parts.map(part)));
    }
    if (method === 'POST' && this.kind === 'R2' && parts.slice(0, -1).some(size => size !== parts[0]))
      return error(400, 'InvalidPart');
    this.uploads.delete(id);
    if (method === 'POST') this.objects.set(key, 'joined');
    return ok(tags('ETag', ['"joined-2"']));
  }

  #onObject(method: string, key: string, body: string): Response {
    const object = this.objects.get(key);
    if (method === 'PUT') this.objects.set(key, body);
    if (method === 'DELETE') this.objects.delete(key);
    if (method === 'PUT' || method === 'DELETE') return ok();
    if (object === undefined) return error(404, 'NoSuchKey');
    return ok(method === 'HEAD' ? '' : object, {
      'content-length': String(object.length),
      etag: '"joined-2"',
    });
  }
}

const start = (kind: 'MinIO' | 'R2' | 'AWS', options: Partial<S3HandlerOptions> = {}) => {
  const store = new Store(kind);
  vi.stubGlobal('fetch', async (url: URL, init: RequestInit) =>
    store.answer(
      init.method ?? 'GET',
      new URL(url),
      init.body ? new TextDecoder().decode(init.body as Uint8Array) : '',
    ),
  );
  const faults: unknown[] = [];
  const handler = createS3Handler({
    ...{ endpoint: 'https://s3.example', bucket: 'films' },
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    onError: fault => faults.push(fault),
    ...options,
  });
  const send = (method: string, path: string, body?: unknown): Promise<Response> => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return handler(new Request(`http://app.example/storage/${path}`, { method, ...text }));
  };
  return { store, send, faults };
};

afterEach(() => vi.unstubAllGlobals());

describe.each(['MinIO', 'AWS'] as const)('with %s, deleting a recording', kind => {
  it('ends its uploads, also of a file that the manifest does not know yet, and nobody else’s', async () => {
    const { store, send } = start(kind);
    const manifest = manifestOf('recording', 3, { open: 2 });
    store.objects.set(manifestKey(ID), JSON.stringify(manifest));
    store.objects.set(fileKey(ID, 1), 'first');
    for (const index of [2, 3, 4]) store.begin(fileKey(ID, index));
    const other = store.begin(fileKey(OTHER_ID, 2));
    expect((await send('DELETE', `recordings/${ID}`)).status).toBe(204);
    expect([...store.uploads.keys()]).toEqual([other]);
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('before its first manifest ends the upload of its first file', async () => {
    const { store, send } = start(kind);
    store.begin(fileKey(ID, 1));
    expect((await send('DELETE', `recordings/${ID}`)).status).toBe(204);
    expect(store.uploads.size).toBe(0);
  });

  it('costs a bounded number of requests, whatever the manifest says', async () => {
    const { store, send } = start(kind);
    store.objects.set(manifestKey(ID), JSON.stringify(manifestOf('recording', 5_000, { open: 5_000 })));
    expect((await send('DELETE', `recordings/${ID}`)).status).toBe(204);
    expect(store.asked).toBeLessThan(110);
  });
});

describe('with R2, a file', () => {
  const MIB = 1024 ** 2;
  const complete = async (kind: 'R2' | 'AWS', sizes: number[]) => {
    const { store, send, faults } = start(kind);
    const id = store.begin(fileKey(ID, 1), sizes);
    const size = sizes.reduce((sum, part) => sum + part);
    const parts = sizes.map((_, i) => ({ number: i + 1, etag: etagOf(i + 1) }));
    const response = await send('POST', `${fileKey(ID, 1)}/complete?uploadId=${id}`, { size, parts });
    return { response, faults };
  };

  it('of parts that are not of one size is refused with what can be done about it, and whoever runs the handler hears of it', async () => {
    const { response, faults } = await complete('R2', [5 * MIB, 10 * MIB, MIB]);
    expect(response.status).toBe(409);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('parts-uneven');
    expect(error.message).toContain('cut.maxFileBytes at 5,000 × partBytes or less');
    expect(faults).toMatchObject([{ code: 'parts-uneven' }]);
  });

  it('of parts of one size is joined, as one of parts that grow is elsewhere', async () => {
    expect((await complete('R2', [5 * MIB, 5 * MIB, MIB])).response.status).toBe(200);
    expect((await complete('AWS', [5 * MIB, 10 * MIB, MIB])).response.status).toBe(200);
  });
});

describe('who may upload and nothing else', () => {
  it('hears whether a file is finished, and can not read it', async () => {
    const asked: string[] = [];
    const { store, send } = start('AWS', {
      authorize: (_, { action }) => {
        asked.push(action);
        return ['create', 'write'].includes(action);
      },
    });
    store.objects.set(fileKey(ID, 1), 'finished');
    const head = await send('HEAD', fileKey(ID, 1));
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '8']);
    expect(asked).toEqual(['read', 'write']);
    expect(await errorCode(await send('GET', fileKey(ID, 1)))).toBe('unauthorized');
    expect((await send('HEAD', manifestKey(ID))).status).toBe(401);
  });

  it('and who may only read is asked once; who may do neither gets the answer for readers', async () => {
    const asked: string[] = [];
    const reader = start('AWS', {
      authorize: (_, { action }) => asked.push(action) > 0 && action === 'read',
    });
    reader.store.objects.set(fileKey(ID, 1), 'finished');
    expect((await reader.send('HEAD', fileKey(ID, 1))).status).toBe(200);
    expect(asked).toEqual(['read']);
    const nobody = start('AWS', {
      authorize: (_, { action }) => (action === 'read' ? new Response(null, { status: 403 }) : false),
    });
    expect((await nobody.send('HEAD', fileKey(ID, 1))).status).toBe(403);
  });
});
