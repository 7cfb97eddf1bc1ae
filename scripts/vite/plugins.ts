/** What the build does that Vite does not do by itself. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { squeezed } from './squeeze.mjs';

const WORKER_URL = /new URL\(\s*(['"])\.\/worker\.ts\1,\s*import\.meta\.url\s*\)/g;
const TAP_URL = /new URL\(\s*(['"])\.\/tap-worker\.ts\1,\s*import\.meta\.url\s*\)/g;
const PASSTHROUGH_URL = /new URL\(\s*(['"])\.\/passthrough\.ts\1,\s*import\.meta\.url\s*\)/g;
const CLIP_URL = /new URL\(\s*(['"])\.\/clip\.ts\1,\s*import\.meta\.url\s*\)/g;
const RECOVERY_URL = /new URL\(\s*(['"])\.\/recover-all\.ts\1,\s*import\.meta\.url\s*\)/g;
const EXTRAS_URL = /new URL\(\s*(['"])\.\/extras\.ts\1,\s*import\.meta\.url\s*\)/g;
const AUTO_URL = /new URL\(\s*(['"])\.\.\/auto\/auto\.ts\1,\s*import\.meta\.url\s*\)/g;
const OVERLAYS_URL = /new URL\(\s*(['"])\.\/overlays\.ts\1,\s*import\.meta\.url\s*\)/g;
const THUMBNAILS_URL = /new URL\(\s*(['"])\.\/thumbnails\.ts\1,\s*import\.meta\.url\s*\)/g;
const AAC_URL = /new URL\(\s*(['"])\.\.\/encode\/aac-encoder\.ts\1,\s*import\.meta\.url\s*\)/g;
/** The modules that name files which stand beside them in dist/, and how. */
const NAMED = [
  {
    module: '/src/worker/spawn.ts',
    source: WORKER_URL,
    name: '__STEADYREEL_WORKER_URL__',
    file: 'worker.js',
  },
  { module: '/src/worker/spawn.ts', source: AAC_URL, name: '__STEADYREEL_AAC_URL__', file: 'aac-encoder.js' },
  {
    module: '/src/worker/spawn.ts',
    source: PASSTHROUGH_URL,
    name: '__STEADYREEL_PASSTHROUGH_URL__',
    file: 'passthrough.js',
  },
  { module: '/src/worker/spawn.ts', source: CLIP_URL, name: '__STEADYREEL_CLIP_URL__', file: 'clip.js' },
  {
    module: '/src/worker/spawn.ts',
    source: RECOVERY_URL,
    name: '__STEADYREEL_RECOVERY_URL__',
    file: 'recovery.js',
  },
  {
    module: '/src/worker/spawn.ts',
    source: EXTRAS_URL,
    name: '__STEADYREEL_EXTRAS_URL__',
    file: 'extras.js',
  },
  { module: '/src/worker/spawn.ts', source: AUTO_URL, name: '__STEADYREEL_AUTO_URL__', file: 'auto.js' },
  {
    module: '/src/worker/spawn.ts',
    source: OVERLAYS_URL,
    name: '__STEADYREEL_OVERLAYS_URL__',
    file: 'overlays.js',
  },
  {
    module: '/src/worker/spawn.ts',
    source: THUMBNAILS_URL,
    name: '__STEADYREEL_THUMBNAILS_URL__',
    file: 'thumbnails.js',
  },
  { module: '/src/tap/spawn.ts', source: TAP_URL, name: '__STEADYREEL_TAP_URL__', file: 'tap.js' },
] as const;

/**
 * Lets `new URL('./worker.js', import.meta.url)` and its like stand in the ES modules word
 * for word: that is what the bundlers of users look for. Vite's own plugins would make assets of them, so
 * they do not get to see them.
 */
export const keepUrls = (): Plugin => ({
  name: 'steadyreel:keep-urls',
  enforce: 'pre',
  transform(code, id) {
    const named = NAMED.filter(({ module }) => id.endsWith(module));
    if (named.length === 0) return undefined;
    let result = code;
    for (const { module, source, name } of named) {
      const replaced = result.replace(source, name);
      if (replaced === result) this.error(`${module} holds no ${source.source}`);
      result = replaced;
    }
    return { code: result, map: null };
  },
  renderChunk(code) {
    return NAMED.reduce(
      (text, { name, file }) => text.replaceAll(name, `new URL('./${file}', import.meta.url)`),
      code,
    );
  },
});

const INLINE = '\0steadyreel-text:';

/** Modules that load others, or name them; beside each lies one that has them. */
const LOADERS = /(^|\/)(spawn|on-demand|recover|parts)\.ts$/;

/**
 * The script-tag build: each `spawn-inline.ts` takes the place of the `spawn.ts` beside it, and holds a built worker as text; so do others
 * with what else would be loaded.
 *
 * @param files by the names that they are imported by: `virtual:<name>`.
 */
export const inOneFile = (files: Record<string, string> = {}): Plugin => ({
  name: 'steadyreel:in-one-file',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (source.startsWith('virtual:')) return INLINE + source.slice('virtual:'.length);
    if (!LOADERS.test(source) || importer === undefined) return undefined;
    const resolved = await this.resolve(source, importer, { skipSelf: true });
    return resolved?.id.replace(/\.ts$/, '-inline.ts');
  },
  load(id) {
    const file = id.startsWith(INLINE) ? files[id.slice(INLINE.length)] : undefined;
    return file && `export default ${JSON.stringify(readFileSync(file, 'utf8'))};`;
  },
});

const ORDER = JSON.parse(readFileSync(join(import.meta.dirname, 'module-order.json'), 'utf8')) as Record<
  string,
  string[]
>;

/**
 * Puts modules into the order in which they take the least space: gzip finds again what lies at most 32 kB back.
 * `scripts/module-order.mjs` finds such orders. Modules that are not in one come where they would come without it.
 *
 * @param mode of the build.
 * @param entry the bundle's own entry.
 */
export const inOrder = (mode: string, entry: string): Plugin => ({
  name: 'steadyreel:in-order',
  enforce: 'pre',
  transform(code, id) {
    if (id !== entry) return undefined;
    const modules = (ORDER[mode] ?? []).map(name => join(import.meta.dirname, '../..', name));
    const imports = modules.filter(file => existsSync(file)).map(file => `import ${JSON.stringify(file)};`);
    return { code: imports.join('\n') + code, map: null };
  },
});

/** Minifies once more what Vite has minified. */
export const squeeze = (): Plugin => ({
  name: 'steadyreel:squeeze',
  async generateBundle(_options, bundle) {
    if (!this.environment.config.build.minify) return;
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk') chunk.code = await squeezed(chunk.code);
    }
  },
});

/**
 * A bundle that stands alone: one file, which imports nothing but what it is given the address of at run time.
 * The comments keep the bundlers of users from looking for that at build time.
 *
 * @param options.packages whether there may be packages in it, whose licences ask to be named.
 */
export const standAlone = ({ packages }: { packages: boolean }): Plugin => ({
  name: 'steadyreel:stand-alone',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const imports = [...chunk.imports, ...chunk.dynamicImports].filter(name => name !== chunk.fileName);
      if (imports.length > 0) this.error(`${chunk.fileName} imports ${imports.join(', ')}`);
      const foreign = chunk.moduleIds.filter(id => id.includes('/node_modules/'));
      if (!packages && foreign.length > 0) this.error(`${chunk.fileName} contains ${foreign.join(', ')}`);
      chunk.code = chunk.code.replace(
        /\bimport\((?!\/\*)/g,
        'import(/* webpackIgnore: true */ /* @vite-ignore */ ',
      );
    }
  },
});
