/** Servers of tus that are not ours: the protocol's reference server on stores of its own makers. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import { type DataStore, Server } from '@tus/server';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './server-kit.ts';

/** Starts a server that knows uploads, and neither manifests nor lists of recordings. Resolves to its address. */
export const startTusServer = async (datastore: DataStore): Promise<string> => {
  const tus = new Server({ path: '/files', datastore });
  const server = createServer((request, response) => void tus.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`;
};

/**
 * One that keeps files in a folder, with a look past it at what lies there: its own GET throws outside of any promise on Node 20.
 * `defers`: takes uploads whose length is not known yet.
 */
export const startFileServer = async (defers = true) => {
  const directory = await temporaryFolder();
  const store = new FileStore({ directory });
  if (!defers) store.extensions = store.extensions.filter(name => name !== 'creation-defer-length');
  const bytesOf = (url: string): Promise<Uint8Array> =>
    readFile(join(directory, new URL(url).pathname.split('/').at(-1) ?? ''));
  return { directory, endpoint: await startTusServer(store), bytesOf };
};

/** What `HEAD` says of an upload. */
export const stateOf = async (url: string) => {
  const { status, headers } = await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } });
  return { status, offset: headers.get('upload-offset'), length: headers.get('upload-length') };
};
