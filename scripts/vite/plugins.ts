/** What the build does that Vite does not do by itself. */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const WORKER_URL = /new URL\(\s*(['"])\.\/worker\.ts\1,\s*import\.meta\.url\s*\)/g;
const AAC_URL = /new URL\(\s*(['"])\.\.\/encode\/aac-encoder\.ts\1,\s*import\.meta\.url\s*\)/g;
const PLACEHOLDERS = [
  {
    source: WORKER_URL,
    name: '__STEADYREEL_WORKER_URL__',
    output: "new URL('./worker.js', import.meta.url)",
  },
  { source: AAC_URL, name: '__STEADYREEL_AAC_URL__', output: "new URL('./aac-encoder.js', import.meta.url)" },
] as const;

/**
 * Lets `new URL('./worker.js', import.meta.url)` and its like for the AAC encoder stand in the ES modules word
 * for word: that is what the bundlers of users look for. Vite's own plugins would make assets of them, so
 * they do not get to see them.
 */
export const keepUrls = (): Plugin => ({
  name: 'steadyreel:keep-urls',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/src/worker/spawn.ts')) return undefined;
    let result = code;
    for (const { source, name } of PLACEHOLDERS) {
      const replaced = result.replace(source, name);
      if (replaced === result) this.error(`src/worker/spawn.ts holds no ${source.source}`);
      result = replaced;
    }
    return { code: result, map: null };
  },
  renderChunk(code) {
    return PLACEHOLDERS.reduce((text, { name, output }) => text.replaceAll(name, output), code);
  },
});

const INLINE_ID = '\0steadyreel-worker';

/** The script-tag build: `spawn-inline.ts` takes the place of `spawn.ts`, and holds the built worker as text. */
export const inlineWorker = (workerFile: string): Plugin => ({
  name: 'steadyreel:inline-worker',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (source === 'virtual:steadyreel-worker') return INLINE_ID;
    if (!/(^|\/)spawn\.ts$/.test(source) || importer === undefined) return undefined;
    const resolved = await this.resolve(source, importer, { skipSelf: true });
    return resolved?.id.replace(/\/spawn\.ts$/, '/spawn-inline.ts');
  },
  load(id) {
    if (id !== INLINE_ID) return undefined;
    return `export default ${JSON.stringify(readFileSync(workerFile, 'utf8'))};`;
  },
});

/**
 * A bundle that stands alone: one file, which imports nothing but what it is given the address of at run time.
 * The comments keep the bundlers of users from looking for that at build time.
 */
export const standAlone = (): Plugin => ({
  name: 'steadyreel:stand-alone',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const imports = [...chunk.imports, ...chunk.dynamicImports].filter(name => name !== chunk.fileName);
      if (imports.length > 0) this.error(`${chunk.fileName} imports ${imports.join(', ')}`);
      chunk.code = chunk.code.replace(
        /\bimport\((?!\/\*)/g,
        'import(/* webpackIgnore: true */ /* @vite-ignore */ ',
      );
    }
  },
});
