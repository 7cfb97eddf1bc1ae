/** The uploader of `s3()` in Node, against the real handler and the real store, with faults on the way. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, inject, onTestFinished, vi } from 'vitest';
import type { GrowingFile } from '../../src/journal/growing-file.ts';
import type { UploadHandle } from '../../src/media.ts';
import { toNodeListener } from '../../src/server/node.ts';
import type { S3HandlerOptions } from '../../src/server/s3/index.ts';
import { S3Sink } from '../../src/storage/s3/sink.ts';
import type { S3Config } from '../../src/storage/storage.ts';
import type { CephAccess } from '../support/ceph-server.ts';
import { newS3 } from './kit.ts';

/** What may happen to a request: before it is sent, and to its answer. `undefined`: nothing. */
export interface Fault {
  before?: () => Promise<Response | undefined>;
  after?: (response: Response) => Promise<Response>;
}

/** True for a request that goes to the store, not to the handler. */
export const isPart = (url: string): boolean => url.includes('partNumber=');

/** Lets `fetch` through, as a network does that is not to be trusted. */
export const disturb = (faultOf: (url: string, method: string) => Fault | undefined): string[] => {
  const sent: string[] = [];
  const original = globalThis.fetch;
  vi.stubGlobal('fetch', async (url: string | Request | URL, init: RequestInit = {}) => {
    // The handler's own way to the store.
    if (typeof url !== 'string') return original(url, init);
    const fault = faultOf(url, init.method ?? 'GET');
    const instead = await fault?.before?.();
    if (instead) return instead;
    sent.push(`${init.method} ${isPart(url) ? `part ${new URL(url).searchParams.get('partNumber')}` : url}`);
    const response = await original(url, init);
    return fault?.after ? fault.after(response) : response;
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return sent;
};

/** As a connection that breaks shows itself to a page. */
export const broken = (): never => {
  throw new TypeError('fetch failed');
};

/** A recorder's end and a storage's, on a prefix of their own. */
export const newUpload = async (
  options: Partial<S3HandlerOptions> = {},
  ceph: CephAccess | undefined = inject('ceph'),
) => {
  const store = newS3(options, ceph);
  const server = createServer(toNodeListener(request => store.handler(request)));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  server.unref();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/storage`;
  const uploads = new Map<string, UploadHandle>();
  const troubles: string[] = [];
  const stored = new Map<string, number>();
  const controller = new AbortController();
  let stoppedAt: number | undefined;
  const config: S3Config = {
    ...{ kind: 's3', endpoint, headers: {}, lanes: 3, giveUpAfter: 30 },
    partBytes: 5 * 1024 ** 2,
  };
  const open = (): S3Sink =>
    new S3Sink(config, {
      onStored: (key, bytes) => stored.set(key, bytes),
      onTrouble: detail => troubles.push(detail),
      onUpload: (key, upload) => uploads.set(key, upload),
      stoppedAt: () => stoppedAt,
      ask: async () => ({}),
    });
  return {
    ...store,
    ...{ config, open, uploads, troubles, stored, controller, signal: controller.signal },
    stop: () => {
      stoppedAt = performance.now();
    },
    /** What is in the store is what was recorded. */
    check: async (file: GrowingFile, bytes: Uint8Array, ended = true): Promise<void> => {
      const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
      const stored = await store.page.read(`/${file.key}`);
      expect(stored.byteLength).toBe(bytes.byteLength);
      expect(digest(stored)).toBe(digest(bytes));
      expect(file.sha256).toBe(digest(bytes));
      if (ended) expect(await store.bucket.uploads()).toEqual([]);
    },
  };
};
