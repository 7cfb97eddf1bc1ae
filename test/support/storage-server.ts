/** The storage servers that the browser tests upload to: the real one, on loopback, in temporary folders. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { serve } from '../../src/server/index.ts';
import { startFullServer } from './full-server.ts';
import { startSlowStore } from './slow-store.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the storage, for `tus({ endpoint })`. */
    endpoint: string;
    /** One that refuses all requests; with `Authorization: Bearer once` it lets recordings begin, but not go on. */
    lockedEndpoint: string;
    /** One whose disk holds no more than 100 kB of a file. */
    fullEndpoint: string;
    /** Like the first one, on the same folder, but that it takes files and manifests only. */
    filesEndpoint: string;
    /** Of the stores in slow-store.ts. */
    slowStore: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = process.env.STEADYREEL_TEST_DIR as string;
  const lockedDir = await mkdtemp(join(tmpdir(), 'steadyreel-locked-'));
  const server = await serve({ dir, port: 0 });
  const locked = await serve({
    dir: lockedDir,
    port: 0,
    authorize: request =>
      request.headers.get('Authorization') === 'Bearer once' && ['PUT', 'POST'].includes(request.method),
  });
  const plain = await serve({
    ...{ dir, port: 0 },
    authorize: (_, { key = '' }) => !/\.(jpg|vtt)$/.test(key),
  });
  const full = await startFullServer();
  const slow = await startSlowStore();
  project.provide('endpoint', server.endpoint);
  project.provide('lockedEndpoint', locked.endpoint);
  project.provide('fullEndpoint', full.endpoint);
  project.provide('filesEndpoint', plain.endpoint);
  project.provide('slowStore', slow.url);
  return async () => {
    await Promise.all([server.close(0), locked.close(0), plain.close(0), full.close(), slow.close()]);
    for (const folder of [dir, lockedDir]) await rm(folder, { recursive: true, force: true });
  };
}
