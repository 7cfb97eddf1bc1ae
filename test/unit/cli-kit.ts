/** Builds the command line and runs it as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import { onTestFinished } from 'vitest';
import { until } from './server-kit.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface BuiltCli {
  /** The built `cli.js`, in the `dist` folder of a package. */
  path: string;
  dist: string;
  remove(): Promise<void>;
}

/** Builds `src/cli.ts` into a package of its own, below node_modules so that it finds its dependencies. */
export const buildCli = async (version = '9.8.7'): Promise<BuiltCli> => {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'steadyreel-cli-'));
  const dist = join(folder, 'dist');
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
  await build({
    configFile: false,
    logLevel: 'error',
    root: ROOT,
    build: { ssr: 'src/cli.ts', outDir: dist, copyPublicDir: false, target: 'node20' },
  });
  return { path: join(dist, 'cli.js'), dist, remove: () => rm(folder, { recursive: true, force: true }) };
};

export interface Run {
  process: ChildProcess;
  /** What it wrote so far. */
  out(): string;
  err(): string;
  /** Resolves to the exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** Runs the command line; `limit` is the size in units of 512 bytes that files may get (`ulimit -f`). */
export const runCli = (cli: BuiltCli, args: readonly string[], limit?: number): Run => {
  const command = limit === undefined ? 'exec "$@"' : `ulimit -f ${limit} && exec "$@"`;
  const child = spawn('sh', ['-c', command, 'sh', process.execPath, cli.path, ...args]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let out = '';
  let err = '';
  child.stdout.on('data', piece => (out += piece));
  child.stderr.on('data', piece => (err += piece));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { process: child, out: () => out, err: () => err, ended };
};

/** Runs `serve` on a free port, and resolves to its endpoint when it listens. */
export const runServe = async (cli: BuiltCli, args: readonly string[], limit?: number) => {
  const run = runCli(cli, ['serve', '--port', '0', ...args], limit);
  let hasEnded = false;
  void run.ended.then(() => (hasEnded = true));
  await until(() => hasEnded || run.out().includes('Press'), 'the server to listen');
  const url = /steadyreel: (http:\S+)/.exec(run.out())?.[1] ?? '';
  return { ...run, url, endpoint: `${url}storage` };
};
