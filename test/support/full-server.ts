/** A storage server whose disk is full in earnest: the real command line, as a process whose files may not grow. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..', '..');

/** Units of 512 bytes that a file may have: 100 kB. */
const LIMIT = 200;

/** Starts the server; resolves to its endpoint and what ends it. */
export const startFullServer = async (): Promise<{ endpoint: string; close(): Promise<void> }> => {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  // Below node_modules, so that it finds its dependencies.
  const built = await mkdtemp(join(cache, 'steadyreel-full-'));
  const files = await mkdtemp(join(tmpdir(), 'steadyreel-full-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: ROOT,
    build: { ssr: 'src/cli.ts', outDir: built, copyPublicDir: false, target: 'node20' },
  });
  const args = [process.execPath, join(built, 'cli.js'), 'serve', '--port', '0', '--dir', files];
  const child = spawn('sh', ['-c', `ulimit -f ${LIMIT} && exec "$@"`, 'sh', ...args]);
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    const read = (data: Buffer): void => {
      printed += data;
      const found = /(http:\/\/127\.0\.0\.1:\d+\/)/.exec(printed)?.[1];
      if (found) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('close', code => reject(new Error(`the server ended with ${code}: ${printed}`)));
  });
  return {
    endpoint: `${url}storage`,
    close: async () => {
      child.kill('SIGKILL');
      await rm(built, { recursive: true, force: true });
      await rm(files, { recursive: true, force: true });
    },
  };
};
