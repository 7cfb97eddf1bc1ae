/** Faults of storages that were found once, and must not come back: what is let go here, answers that break, disks that hang. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { UploadHandle } from '../../src/media.ts';
import { CustomSink } from '../../src/storage/custom/sink.ts';
import { DirectorySink } from '../../src/storage/directory/sink.ts';
import { S3Sink } from '../../src/storage/s3/sink.ts';
import type { SinkEvents, UploadSource } from '../../src/storage/sink.ts';
import type { CustomConfig, DirectoryConfig, PageCall, S3Config } from '../../src/storage/storage.ts';
import { ID } from './server-kit.ts';

const MIB = 1024 ** 2;
const KEY = `recordings/${ID}/0001.mp4`;
afterEach(() => vi.unstubAllGlobals());

/** A finished file whose first bytes are not on this device any more. */
const source = (size: number, letGo = 0, upload?: UploadHandle): UploadSource & { released: number } => ({
  ...{ key: KEY, size, sealed: true, upload, released: 0 },
  read: async (offset, length) => {
    if (offset < letGo) throw new Error('let go');
    return new Uint8Array(length);
  },
  waitFor: async () => undefined,
  release(upTo) {
    this.released = upTo;
  },
});

const events = (given: Partial<SinkEvents> = {}): SinkEvents => {
  const began = performance.now();
  return {
    onStored: () => undefined,
    onTrouble: () => undefined,
    onUpload: () => undefined,
    stoppedAt: () => began,
    ask: async () => ({}),
    ...given,
  };
};

const { signal } = new AbortController();

const s3 = (given: Partial<S3Config> = {}, heard: Partial<SinkEvents> = {}): S3Sink => {
  const config = { endpoint: 'http://h/storage', partBytes: 5 * MIB, lanes: 3, giveUpAfter: 0.5 };
  return new S3Sink({ kind: 's3', headers: {}, ...config, ...given }, events(heard));
};

/** Answers what a handler would, and notes what it was asked. */
const handler = (answer: (method: string, path: string) => Response): string[] => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string, { method = 'GET' }: RequestInit) => {
    const path = url.replace('http://h/storage/', '').replace(`${KEY}`, 'file');
    asked.push(`${method} ${path}`);
    return answer(method, path);
  });
  return asked;
};

describe('s3(), of a file whose beginning is only in the store', () => {
  it('goes on with parts of the size that the upload was begun with, and never ends it', async () => {
    const sizes: number[] = [];
    const parts = Array.from({ length: 60 }, (_, i) => ({
      ...{ number: i + 1, size: 5 * MIB, etag: `"${'0'.repeat(32)}"` },
    }));
    const asked = handler((method, path) => {
      if (method === 'GET') return Response.json({ parts });
      if (path.includes('/complete')) return Response.json({ etag: 'x' });
      return Response.json({ parts: [{ url: 'http://s3/part', headers: {} }] });
    });
    const sink = s3({ partBytes: 16 * MIB }, { onStored: (_, bytes) => sizes.push(bytes) });
    await sink.store(source(301 * MIB, 300 * MIB, { uploadId: 'old', partBytes: 5 * MIB }), signal);
    expect(asked.filter(line => line.startsWith('DELETE') || line.endsWith('/upload'))).toEqual([]);
    expect(sizes.at(-1)).toBe(301 * MIB);
  });

  it('that says it has more than there is: fails, and the upload stays', async () => {
    const parts = Array.from({ length: 3 }, (_, i) => ({ number: i + 1, size: 5 * MIB, etag: '"x"' }));
    const asked = handler(() => Response.json({ parts }));
    await expect(s3().store(source(6 * MIB, MIB, { uploadId: 'old' }), signal)).rejects.toThrow('let go');
    expect(asked.filter(line => line.startsWith('DELETE'))).toEqual([]);
  });

  it('that is finished there is found by its size', async () => {
    const answers: Record<string, () => Response> = {
      GET: () => Response.json({}, { status: 404 }),
      POST: () => Response.json({}, { status: 409 }),
      HEAD: () => new Response(null, { headers: { 'Content-Length': String(310 * MIB) } }),
    };
    handler(method => answers[method]?.() ?? new Response(null, { status: 500 }));
    await s3().store(source(310 * MIB, 32 * MIB, { uploadId: 'old' }), signal);
    await expect(s3().store(source(311 * MIB, 32 * MIB, { uploadId: 'old' }), signal)).rejects.toMatchObject({
      code: 'storage-rejected',
    });
  });
});

describe('s3(), when an answer breaks off', () => {
  it.each([
    ['in its middle', true],
    ['without ending', false],
  ])('%s: it is trouble that may pass, and is given up in time', async (_, breaks) => {
    const server = createServer((_request, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': '100' });
      response.write('{"uploadId":');
      if (breaks) setTimeout(() => response.destroy(), 20);
    }).listen(0);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/storage`;
    const storing = s3({ endpoint }).store(source(6 * MIB), signal);
    await expect(storing).rejects.toMatchObject({ code: 'storage-unreachable' });
  });
});

const custom = (given: Partial<CustomConfig>, ask: (call: PageCall) => Promise<unknown>): CustomSink => {
  const config = { chunkBytes: MIB, flushInterval: 1, giveUpAfter: 0.5, knowsSize: false };
  return new CustomSink({ kind: 'custom', endpoint: 'x', ...config, ...given }, events({ ask }));
};

describe('custom()', () => {
  it('that can not tell what it has keeps all of a file here until it is finished', async () => {
    const file = source(3 * MIB);
    const released: number[] = [];
    const sink = custom({}, async () => void released.push(file.released));
    await sink.store(file, signal);
    expect(released).toEqual([0, 0, 0]);
    expect(file.released).toBe(3 * MIB);
  });

  it('is not called when the recording was thrown away meanwhile', async () => {
    const controller = new AbortController();
    let asked = 0;
    const sink = custom({}, () => {
      asked++;
      return new Promise(() => undefined);
    });
    const file = source(3 * MIB);
    file.read = async (_, length) => {
      controller.abort(new Error('thrown away'));
      return new Uint8Array(length);
    };
    await expect(sink.store(file, controller.signal)).rejects.toThrow('thrown away');
    expect(asked).toBeLessThanOrEqual(1);
  });
});

it('directory() gives up a folder that takes everything and then refuses to close', async () => {
  let opened = 0;
  const close = async (): Promise<never> => {
    throw new DOMException('no room', 'QuotaExceededError');
  };
  const stream = { write: async () => undefined, close, abort: async () => undefined };
  const file = {
    createWritable: async () => {
      opened++;
      return stream;
    },
  };
  const handle = { getDirectoryHandle: async () => handle, getFileHandle: async () => file };
  const config = { kind: 'directory', endpoint: 'f', handle, giveUpAfter: 0.5 };
  const sink = new DirectorySink(config as unknown as DirectoryConfig, events());
  await expect(sink.store(source(5 * MIB), signal)).rejects.toMatchObject({ code: 'storage-unreachable' });
  expect(opened).toBeGreaterThan(1);
});
