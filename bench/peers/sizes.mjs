/** Bytes of what a page loads, minified and gzipped. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { DIST, ROOT } from '../../scripts/lib/paths.mjs';
import { MODES } from './modes.mjs';

/** @param {string | Uint8Array} code */
const gzipped = code => gzipSync(code, { level: 9 }).length;

/** As a user's bundler would make it. @param {string} input @param {'strict' | false} [keep] exports */
const bundled = async (input, keep = 'strict') => {
  const result = await build({
    ...{ configFile: false, root: ROOT, logLevel: 'silent' },
    build: { write: false, rolldownOptions: { input, preserveEntrySignatures: keep } },
  });
  const { output } = /** @type {import('vite').Rollup.RollupOutput} */ (
    Array.isArray(result) ? result[0] : result
  );
  return output
    .filter(file => file.type === 'chunk')
    .map(file => Reflect.get(file, 'code'))
    .join('\n');
};

/** @returns {Promise<{ name: string, label: string, bytes: number }[]>} */
export const sizes = async () => {
  /** @param {string} name */
  const built = name => gzipped(readFileSync(join(DIST, name)));
  const [page, worker] = [gzipped(await bundled(join(DIST, 'index.js'))), built('worker.js')];
  const own = [
    { name: 'script-tag', label: 'steadyreel, script tag, all in it', bytes: built('steadyreel.iife.js') },
    { name: 'import', label: 'steadyreel, import, on the page', bytes: page },
    { name: 'worker', label: 'steadyreel, its worker', bytes: worker },
    { name: 'both', label: 'steadyreel, import and worker', bytes: page + worker },
  ];
  const peers = [];
  for (const { name, label, entry } of MODES)
    if (entry) peers.push({ name, label, bytes: gzipped(await bundled(join(ROOT, entry))) });
  return [...own, ...peers];
};
