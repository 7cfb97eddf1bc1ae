/** Bytes of what a page loads, minified and gzipped. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { DIST, ROOT } from '../../scripts/lib/paths.mjs';
import { MODES } from './modes.mjs';

/** @param {string | Uint8Array} code */
export const gzipped = code => gzipSync(code, { level: 9 }).length;

/** Of Vite's, for every import() of a page: one that has an import() of its own has it anyway. @type {import('vite').Plugin} */
const withoutHelper = {
  name: 'bench:without-helper',
  enforce: 'pre',
  load: id =>
    id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = load => load();' : undefined,
};

/**
 * As a user's bundler would make it, without what is loaded when it is needed.
 *
 * @param {string} input
 */
export const bundled = async input => {
  const result = await build({
    ...{ configFile: false, root: ROOT, logLevel: 'silent', plugins: [withoutHelper] },
    build: { write: false, rolldownOptions: { input, preserveEntrySignatures: 'allow-extension' } },
  });
  const { output } = /** @type {import('vite').Rollup.RollupOutput} */ (
    Array.isArray(result) ? result[0] : result
  );
  const chunks = output.filter(file => file.type === 'chunk');
  const entry = chunks.find(chunk => chunk.isEntry);
  /** @type {Set<string>} */
  const loaded = new Set(entry && [entry.fileName]);
  // A set is gone through to the end, also of what is added meanwhile.
  for (const name of loaded)
    for (const other of chunks.find(chunk => chunk.fileName === name)?.imports ?? []) loaded.add(other);
  return chunks
    .filter(chunk => loaded.has(chunk.fileName))
    .map(chunk => chunk.code)
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
