/** What the tests of the S3 handler share. Each test has a prefix of its own, so they do not see each other's files. */
import { createHash, randomUUID } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { expect, inject } from 'vitest';
import { type Authorize, createS3Handler, type S3HandlerOptions } from '../../src/server/s3/index.ts';
import type { CephAccess } from '../support/ceph-server.ts';
import { Client, filePath } from '../unit/server-kit.ts';

export { errorCode, filePath, ID, manifest, noise, OTHER_ID } from '../unit/server-kit.ts';

/** True where there is no Ceph; the reason was said before the tests began. */
export const isWithoutCeph = inject('ceph') === undefined;

/** The least that S3 takes for a part that is not the last. */
export const MIB_5 = 5 * 1024 ** 2;

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

/** A part as a page asks for it. */
export const wanted = (number: number, bytes: Uint8Array) => ({
  number,
  size: bytes.byteLength,
  md5: md5(bytes),
});

/** What the handler answers for each part. */
export interface Signed {
  number: number;
  url: string;
  headers: Record<string, string>;
}

type Bytes = Uint8Array<ArrayBuffer>;
interface Stored {
  number: number;
  size: number;
  etag: string;
}

/** Does what a page does. */
export class Page extends Client {
  json(method: string, path: string, body: unknown): Promise<Response> {
    return this.send(method, path, { body: JSON.stringify(body) });
  }

  async begin(path = filePath()): Promise<string> {
    const response = await this.send('POST', `${path}/upload`);
    expect(response.status).toBe(201);
    return ((await response.json()) as { uploadId: string }).uploadId;
  }

  sign(uploadId: string, parts: unknown, path = filePath()): Promise<Response> {
    return this.json('POST', `${path}/parts?uploadId=${encodeURIComponent(uploadId)}`, { parts });
  }

  async addresses(uploadId: string, parts: unknown, path = filePath()): Promise<Signed[]> {
    const response = await this.sign(uploadId, parts, path);
    expect(response.status).toBe(200);
    return ((await response.json()) as { parts: Signed[] }).parts;
  }

  /** Puts a part and resolves to its ETag. */
  async put(uploadId: string, number: number, bytes: Bytes, path = filePath()): Promise<string> {
    const [signed] = await this.addresses(uploadId, [wanted(number, bytes)], path);
    const response = await putPart(signed, bytes);
    expect(response.status).toBe(200);
    return response.headers.get('etag') ?? '';
  }

  stored(uploadId: string, path = filePath()): Promise<Response> {
    return this.send('GET', `${path}/parts?uploadId=${encodeURIComponent(uploadId)}`);
  }

  async parts(uploadId: string, path = filePath()): Promise<Stored[]> {
    const response = await this.stored(uploadId, path);
    expect(response.status).toBe(200);
    return ((await response.json()) as { parts: Stored[] }).parts;
  }

  complete(uploadId: string, size: number, parts: unknown, path = filePath()): Promise<Response> {
    return this.json('POST', `${path}/complete?uploadId=${encodeURIComponent(uploadId)}`, { size, parts });
  }

  /** A whole file, in parts as given. Resolves to its ETag. */
  async uploadParts(pieces: readonly Bytes[], path = filePath()): Promise<string> {
    const uploadId = await this.begin(path);
    const parts: { number: number; etag: string }[] = [];
    for (const [index, bytes] of pieces.entries()) {
      parts.push({ number: index + 1, etag: await this.put(uploadId, index + 1, bytes, path) });
    }
    const response = await this.complete(uploadId, Buffer.concat(pieces).byteLength, parts, path);
    expect(response.status).toBe(200);
    return ((await response.json()) as { etag: string }).etag;
  }

  /** A finished file's bytes, as a player gets them. */
  async read(path = filePath()): Promise<Bytes> {
    const response = await this.send('GET', path, { redirect: 'manual' });
    expect(response.status).toBe(307);
    const fromStore = await fetch(response.headers.get('location') ?? '');
    expect(fromStore.status).toBe(200);
    return new Uint8Array(await fromStore.arrayBuffer());
  }
}

/** Puts bytes at a signed address. */
export const putPart = (
  signed: Signed | undefined,
  body: Bytes,
  headers: Record<string, string> = {},
): Promise<Response> => {
  if (signed === undefined) throw new Error('Nothing was signed.');
  return fetch(signed.url, { method: 'PUT', body, headers: { ...signed.headers, ...headers } });
};

/** What is in the bucket below a prefix, seen without the handler. */
export class Bucket {
  private readonly aws: AwsClient;

  constructor(
    private readonly ceph: CephAccess,
    private readonly prefix: string,
  ) {
    const { accessKeyId, secretAccessKey, region } = ceph;
    this.aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3' });
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.aws.fetch(`${this.ceph.endpoint}/${this.ceph.bucket}${path}`, init);
  }

  private async keys(query: string): Promise<string[]> {
    const response = await this.fetch(`?${query}prefix=${this.prefix}/`);
    expect(response.status).toBe(200);
    const found = (await response.text()).matchAll(/<Key>(.*?)<\/Key>/g);
    return [...found].map(match => (match[1] ?? '').slice(this.prefix.length + 1)).sort();
  }

  files(): Promise<string[]> {
    return this.keys('list-type=2&');
  }

  uploads(): Promise<string[]> {
    return this.keys('uploads=&');
  }

  /** Stores an object as it is. */
  async put(key: string, body: string): Promise<void> {
    expect((await this.fetch(`/${this.prefix}/${key}`, { method: 'PUT', body })).status).toBe(200);
  }
}

type Options = Partial<S3HandlerOptions> & { prefix?: string };

/** A handler with a prefix of its own in the bucket, a page that uses it, and a look past it. */
export const newS3 = (
  { prefix = `test-${randomUUID()}`, ...options }: Options = {},
  ceph = inject('ceph'),
) => {
  if (ceph === undefined) throw new Error('There is no Ceph.');
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = ceph;
  const faults: unknown[] = [];
  const authorize: Authorize = () => ({ prefix });
  const make = () =>
    createS3Handler({
      endpoint,
      region,
      bucket,
      credentials: { accessKeyId, secretAccessKey },
      authorize,
      onError: fault => faults.push(fault),
      ...options,
    });
  const handler = make();
  return { handler, make, page: new Page(handler), bucket: new Bucket(ceph, prefix), faults, prefix, ceph };
};
