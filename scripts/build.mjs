/**
 * `npm run build`: writes dist/. It is built beside dist/ first, so that a failed build leaves the last one as it
 * was, and nobody sees half of one.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { CACHE, DIST, ROOT } from './lib/paths.mjs';
import { sourcesHash, writeBuildStamp } from './lib/stale.mjs';

const out = join(CACHE, `dist-${process.pid}`);
process.env.STEADYREEL_OUT = out;
// Vite takes it for "development" otherwise, when a test runner has set it to "test".
process.env.NODE_ENV = 'production';

/** @param {string} mode */
const bundle = mode => build({ configFile: join(ROOT, 'vite.config.ts'), mode });

/** @returns {Promise<void>} */
const emitTypes = () =>
  new Promise((resolve, reject) => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', out], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('close', code => (code === 0 ? resolve() : reject(new Error('The types could not be made.'))));
  });

/** TypeScript leaves './x.ts' in declarations as it is; compilers before 5.0 find x.d.ts by './x.js' only. */
const renameImports = () => {
  for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = join(out, name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
  }
};

const types = async () => {
  await emitTypes();
  renameImports();
};

/** What the demo's script-tag page takes as it is. */
const copyScriptTag = () => {
  mkdirSync(join(out, 'public'));
  for (const name of [
    'steadyreel.iife.js',
    'worker.js',
    'tap.js',
    'passthrough.js',
    'clip.js',
    'recovery.js',
    'extras.js',
    'auto.js',
    'overlays.js',
    'thumbnails.js',
    'aac-encoder.js',
  ]) {
    copyFileSync(join(out, name), join(out, 'public', name));
  }
};

const bundles = async () => {
  await bundle('worker');
  await bundle('whole-worker');
  await bundle('tap');
  await bundle('script-tag');
  rmSync(join(out, 'whole-worker.js'));
  await bundle('modules');
  await bundle('passthrough');
  await bundle('clip');
  await bundle('recovery');
  await bundle('extras');
  await bundle('auto');
  await bundle('overlays');
  await bundle('thumbnails');
  await bundle('aac-encoder');
  await bundle('node');
  chmodSync(join(out, 'cli.js'), 0o755);
  copyScriptTag();
  await bundle('demo');
  rmSync(join(out, 'public'), { recursive: true });
};

const started = performance.now();
const hash = sourcesHash();
try {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await Promise.all([bundles(), types()]);
  rmSync(DIST, { recursive: true, force: true });
  renameSync(out, DIST);
  writeBuildStamp(hash);
  console.log(`dist/ built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
