/** What the tests of the server share. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { fileKey, type Recording } from '../../src/manifest.ts';
import { createStorageHandler, type StorageHandlerOptions } from '../../src/server/index.ts';

export const ID = '0a1b2c3d-0000-4000-8000-000000000001';
export const OTHER_ID = '0a1b2c3d-0000-4000-8000-000000000002';
export const ORIGIN = 'http://storage.test';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const noise = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));
export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** An empty folder that is removed after the test. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'steadyreel-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

export const metadataHeader = (recordingId: string, filename: string): string =>
  `recording ${base64(recordingId)},filename ${base64(filename)}`;

export const manifest = (id: string, startedAt = '2024-05-01T10:00:00.000Z'): Recording => ({
  version: 1,
  id,
  state: 'complete',
  kind: 'original',
  startedAt,
  duration: 1,
  metadata: {},
  files: [{ key: fileKey(id, 1), index: 1, reason: 'start', startTime: 0, duration: 1, bytes: 10 }],
  events: [],
});

type Send = (request: Request) => Promise<Response>;
type Init = Omit<RequestInit, 'body'> & { body?: BodyInit | ReadableStream<Uint8Array> | null };

/** Sends tus and plain requests to a handler, or to a server through `fetch`. */
export class Client {
  constructor(
    private readonly sendRequest: Send,
    readonly base = `${ORIGIN}/storage`,
    private readonly common: Record<string, string> = {},
  ) {}

  send(method: string, path: string, init: Init = {}): Promise<Response> {
    const headers = new Headers(this.common);
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    const url = path.startsWith('/') || path === '' ? this.base + path : path;
    return this.sendRequest(new Request(url, { ...init, method, headers, duplex: 'half' } as RequestInit));
  }

  tus(method: string, path: string, headers: Record<string, string> = {}, body?: Init['body']) {
    return this.send(method, path, {
      headers: { 'Tus-Resumable': '1.0.0', ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  create(id = ID, filename = '0001.mp4', headers: Record<string, string> = { 'Upload-Defer-Length': '1' }) {
    return this.tus('POST', '', { 'Upload-Metadata': metadataHeader(id, filename), ...headers });
  }

  patch(offset: number, body: Init['body'], headers: Record<string, string> = {}, path = filePath()) {
    const type = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) };
    return this.tus('PATCH', path, { ...type, ...headers }, body ?? null);
  }

  finish(length: number, path = filePath()): Promise<Response> {
    return this.patch(length, null, { 'Upload-Length': String(length) }, path);
  }

  /** What HEAD says of an upload. */
  async offset(path = filePath()): Promise<{ offset: number; length: number | undefined }> {
    const response = await this.tus('HEAD', path);
    expect(response.status).toBe(200);
    const length = response.headers.get('upload-length');
    return {
      offset: Number(response.headers.get('upload-offset')),
      length: length === null ? undefined : Number(length),
    };
  }

  /** Uploads a whole file. */
  async upload(bytes: Uint8Array<ArrayBuffer>, id = ID, filename = '0001.mp4'): Promise<void> {
    expect((await this.create(id, filename)).status).toBe(201);
    const path = filePath(id, filename);
    expect((await this.patch(0, bytes, {}, path)).status).toBe(204);
    expect((await this.finish(bytes.byteLength, path)).status).toBe(204);
  }

  putManifest(id = ID, value: unknown = manifest(id)): Promise<Response> {
    return this.send('PUT', `/recordings/${id}/manifest.json`, { body: JSON.stringify(value) });
  }

  async bytes(path = filePath()): Promise<Uint8Array> {
    const response = await this.send('GET', path);
    expect(response.status).toBe(200);
    return new Uint8Array(await response.arrayBuffer());
  }

  async list(query = ''): Promise<string[]> {
    const response = await this.send('GET', `/recordings${query}`);
    expect(response.status).toBe(200);
    return ((await response.json()) as { recordings: Recording[] }).recordings.map(r => r.id);
  }
}

export const filePath = (id = ID, filename = '0001.mp4'): string => `/recordings/${id}/${filename}`;

/** A handler on a new folder, and a client for it. */
export const newStorage = async (options: Partial<StorageHandlerOptions> = {}) => {
  const dir = options.dir ?? (await temporaryFolder());
  const faults: unknown[] = [];
  const handler = createStorageHandler({ onError: fault => faults.push(fault), ...options, dir });
  return { dir, handler, faults, client: new Client(handler) };
};

/** The error's code in a JSON error body; fails when the body is of another form. */
export const errorCode = async (response: Response): Promise<string> => {
  expect(response.headers.get('content-type')).toBe('application/json');
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.message).toMatch(/\.$/);
  return error.code;
};

/** Waits until a condition holds. */
export const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  throw new Error(`Waited 10 s in vain for: ${what}`);
};
