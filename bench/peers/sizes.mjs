/** Bytes of what a page loads, minified and gzipped. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { DIST, ROOT } from '../../scripts/lib/paths.mjs';
import { MODES } from './modes.mjs';

/** @param {string | Uint8Array} code */
export const gzipped = code => gzipSync(code, { level: 9 }).length;

/**
 * As Vite makes it of a page's script, without what is loaded when it is needed.
 *
 * @param {string} input
 */
export const bundled = async input => {
  const result = await build({
    ...{ configFile: false, root: ROOT, logLevel: 'silent' },
    resolve: { alias: { steadyreel: join(DIST, 'index.js') } },
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

/** A page that records and uploads. */
export const CORE = join(ROOT, 'bench/peers/recorders/steadyreel.ts');

/** @returns {Promise<{ name: string, label: string, bytes: number }[]>} */
export const sizes = async () => {
  /** @param {string} name */
  const built = name => gzipped(readFileSync(join(DIST, name)));
  const [page, worker] = [gzipped(await bundled(CORE)), built('worker.js')];
  const all = gzipped(await bundled(join(DIST, 'index.js')));
  const own = [
    { name: 'script-tag', label: 'steadyreel, script tag, all in it', bytes: built('steadyreel.iife.js') },
    { name: 'import', label: 'steadyreel, `import { Recorder, tus }`, on the page', bytes: page },
    { name: 'worker', label: 'steadyreel, its worker', bytes: worker },
    { name: 'both', label: 'steadyreel, that import and the worker', bytes: page + worker },
    { name: 'whole', label: 'steadyreel, all that can be imported, and the worker', bytes: all + worker },
  ];
  const peers = [];
  for (const { name, label, entry } of MODES)
    if (entry) peers.push({ name, label, bytes: gzipped(await bundled(join(ROOT, entry))) });
  return [...own, ...peers];
};
