/** The storage server that the browser tests upload to: the real one, on loopback, in a temporary folder. */
import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { serve } from '../../src/server/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the storage, for `tus({ endpoint })`. */
    endpoint: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = process.env.STEADYREEL_TEST_DIR as string;
  const server = await serve({ dir, port: 0 });
  project.provide('endpoint', server.endpoint);
  return async () => {
    await server.close(0);
    await rm(dir, { recursive: true, force: true });
  };
}
