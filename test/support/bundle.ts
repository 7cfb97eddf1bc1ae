/** Scripts for pages and workers of tests, each as one file. */
import { build, type Plugin, type Rollup } from 'vite';

const ROOT = new URL('../..', import.meta.url).pathname;

/**
 * A module with all that it imports but the package, which is `Steadyreel` of the script tag.
 *
 * @returns the script, and the files that are in it.
 */
const bundle = async (entry: string): Promise<{ code: string; modules: string[] }> => {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    root: ROOT,
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'bundle' },
      rollupOptions: { external: ['steadyreel'], output: { globals: { steadyreel: 'Steadyreel' } } },
    },
  })) as Rollup.RollupOutput[];
  const [chunk] = built[0]?.output ?? [];
  return { code: chunk?.code ?? '', modules: Object.keys(chunk?.modules ?? {}) };
};

const bundles = new Map<string, Promise<{ code: string }>>();

/** A page's script; made once in each process. */
export const bundlePage = async (entry: string): Promise<string> => {
  const made = bundles.get(entry) ?? bundle(entry);
  bundles.set(entry, made);
  return (await made).code;
};

/** Serves the recorder's worker as one script: each recording starts one, and asking for its hundred modules takes longer. */
export const bundledWorker = (): Plugin => ({
  name: 'steadyreel:bundled-worker',
  enforce: 'pre',
  async load(id) {
    const [, entry] = /^(.*\/src\/worker\/worker\.ts)\?(?:.*&)?worker_file\b/.exec(id) ?? [];
    if (entry === undefined) return undefined;
    const { code, modules } = await bundle(entry);
    for (const path of modules) this.addWatchFile(path);
    return { code, map: null };
  },
});
