/** Scripts of the benchmarks, with all that they need but the package. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { findBrowser } from '../../scripts/lib/browser.mjs';
import { ROOT } from '../../scripts/lib/paths.mjs';

/** For a page or a worker; the package is `Steadyreel` of the script tag. @param {string} entry below the root */
export const bundleScript = async (entry, { minify = false } = {}) => {
  const built = await build({
    ...{ configFile: false, root: ROOT, logLevel: 'warn' },
    build: {
      ...{ write: false, minify, target: 'es2022' },
      lib: { entry: join(ROOT, entry), formats: ['iife'], name: 'bench' },
      rolldownOptions: { external: ['steadyreel'], output: { globals: { steadyreel: 'Steadyreel' } } },
    },
  });
  const [bundle] = /** @type {import('vite').Rollup.RollupOutput[]} */ (built);
  return bundle?.output[0].code ?? '';
};

/**
 * TypeScript for Node.
 *
 * @param {string} folder where the JavaScript goes
 * @param {Record<string, string>} entries below the root, by their names
 * @returns loads one of them
 */
export const bundleForNode = async (folder, entries) => {
  await build({
    ...{ configFile: false, root: ROOT, logLevel: 'warn' },
    build: {
      ...{ ssr: true, outDir: folder, emptyOutDir: false, target: 'node20', minify: false },
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(ROOT, path)])),
        output: { entryFileNames: '[name].mjs' },
      },
    },
  });
  /** @param {string} name @returns {Promise<any>} */
  return name => import(pathToFileURL(join(folder, `${name}.mjs`)).href);
};

/** The browser's path. Bundled, `raw-chromium.ts` would look for one relative to where it lies then. */
export const nameBrowser = () => {
  const path = findBrowser();
  if (path === undefined) throw new Error('There is no Chromium.');
  process.env.STEADYREEL_CHROMIUM = path;
  return path;
};
