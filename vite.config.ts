/**
 * One configuration for every target of the build, told apart by Vite's mode. scripts/build.mjs runs Vite once
 * for each; `vite --mode demo` serves the demo from the sources.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Alias, defineConfig, type PluginOption, type UserConfig } from 'vite';
import { inOneFile, inOrder, keepUrls, squeeze, standAlone } from './scripts/vite/plugins.ts';
import { storageServer } from './scripts/vite/storage-server.ts';

const root = import.meta.dirname;
const at = (...path: string[]): string => join(root, ...path);
/** scripts/build.mjs builds beside dist/ and puts the result in its place when all of it is there. */
const out = resolve(root, process.env.STEADYREEL_OUT ?? 'dist');

type Output = NonNullable<NonNullable<UserConfig['build']>['rolldownOptions']>['output'];

interface Bundle {
  input: Record<string, string>;
  plugins?: PluginOption[];
  build?: UserConfig['build'];
  output?: Output;
}

const bundle = ({ input, plugins = [], build, output }: Bundle): UserConfig => ({
  root,
  publicDir: false,
  logLevel: 'warn',
  plugins,
  build: {
    outDir: out,
    emptyOutDir: false,
    target: 'es2022',
    minify: false,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
    ...build,
    rolldownOptions: {
      input,
      preserveEntrySignatures: 'strict',
      // Chunks lie beside the entries: './worker.js' must be right from wherever spawn.ts ends up.
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'shared-[hash].js',
        // The minifier puts constants that are used once where they are used: of variables it can't know that.
        topLevelVar: false,
        minifyInternalExports: false,
        ...output,
      },
    },
  },
});

interface Single extends Partial<Omit<Bundle, 'input' | 'build'>> {
  /** Whether there are packages in it; their licences are put beside it. */
  packages?: boolean;
}

/** Minified into one file. */
const single = (
  name: string,
  source: string,
  { plugins = [], packages = false, output }: Single,
): UserConfig =>
  bundle({
    input: { [name]: source },
    plugins: [...plugins, ...(packages ? [] : [squeeze()]), inOrder(name, source), standAlone({ packages })],
    build: { minify: true, license: packages && { fileName: `${name}.licenses.md` } },
    output: { codeSplitting: false, ...output },
  });

const modules = (): UserConfig =>
  bundle({
    input: {
      index: at('src/index.ts'),
      element: at('src/element/index.ts'),
      feed: at('src/tap/feed.ts'),
    },
    plugins: [keepUrls()],
    // As a library: what is loaded when it is needed stays a plain import(), which is for the user's bundler to make something of.
    build: { lib: { entry: at('src/index.ts'), formats: ['es'] } },
  });

// An immediately invoked function is a module worker as well as a classic one.
const worker = (): UserConfig =>
  single('worker', at('src/worker/worker.ts'), {
    output: { format: 'iife' },
  });

// Part of steadyreel.iife.js, and deleted once that is built.
const wholeWorker = (): UserConfig =>
  single('whole-worker', at('src/worker/worker.ts'), {
    plugins: [inOneFile()],
    output: { format: 'iife' },
  });

// Stays for as long as the calls that it taps: apart from the worker of a recording, and small.
const tap = (): UserConfig =>
  single('tap', at('src/tap/tap-worker.ts'), {
    output: { format: 'iife' },
  });

const passthrough = (): UserConfig => single('passthrough', at('src/worker/passthrough.ts'), {});

const clip = (): UserConfig => single('clip', at('src/worker/clip.ts'), {});
const auto = (): UserConfig => single('auto', at('src/auto/auto.ts'), {});

const overlays = (): UserConfig => single('overlays', at('src/worker/overlays.ts'), {});

const recovery = (): UserConfig => single('recovery', at('src/worker/recover-all.ts'), {});

const extras = (): UserConfig => single('extras', at('src/worker/extras.ts'), {});

const thumbnails = (): UserConfig => single('thumbnails', at('src/worker/thumbnails.ts'), {});

const aacEncoder = (): UserConfig =>
  single('aac-encoder', at('src/encode/aac-encoder.ts'), { packages: true });

const scriptTag = (): UserConfig =>
  single('steadyreel', at('src/element/dropin.ts'), {
    plugins: [inOneFile({ 'steadyreel-worker': join(out, 'whole-worker.js') })],
    output: { format: 'iife', name: 'Steadyreel', entryFileNames: 'steadyreel.iife.js' },
  });

const node = (): UserConfig =>
  bundle({
    // All of server-s3.js and what it loads does without Node: it runs at the edge.
    input: {
      server: at('src/server/index.ts'),
      'server-s3': at('src/server/s3/index.ts'),
      cli: at('src/cli.ts'),
    },
    build: { ssr: true, target: 'node20' },
  });

const pages = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(at('demo'), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.html'))
      .map(name => [name.slice(0, -'.html'.length), at('demo', name)]),
  );

const alias = (entries: Record<string, string>): { alias: Alias[] } => ({
  // Whole names only, so that 'steadyreel' does not stand for the beginning of 'steadyreel/element' as well.
  alias: Object.entries(entries).map(([name, replacement]) => ({
    find: new RegExp(`^${name}$`),
    replacement,
  })),
});

/** The demo against the built package, as a user's page would be. */
const demoBuild = (): UserConfig => ({
  root: at('demo'),
  base: './',
  logLevel: 'warn',
  // The script-tag build is not bundled: the page takes it as it is.
  publicDir: join(out, 'public'),
  resolve: alias({ steadyreel: join(out, 'index.js'), 'steadyreel/element': join(out, 'element.js') }),
  worker: { format: 'es' },
  build: {
    outDir: join(out, 'demo'),
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    // The AAC encoder is one file of WebAssembly, loaded only when it is asked for.
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: { input: pages() },
  },
});

/** The demo against the sources, with storage in ./recordings. */
const demoServer = (): UserConfig => ({
  root: at('demo'),
  publicDir: false,
  resolve: alias({ steadyreel: at('src/index.ts'), 'steadyreel/element': at('src/element/index.ts') }),
  worker: { format: 'es' },
  plugins: [storageServer({ dir: at('recordings'), dist: at('dist'), source: at('src/server/index.ts') })],
  // Found only when a worker starts, they would reload the page in the middle of the first recording.
  optimizeDeps: {
    include: ['mediabunny'],
  },
  server: { fs: { allow: [root] } },
});

const targets: Record<string, () => UserConfig> = {
  modules,
  worker,
  'whole-worker': wholeWorker,
  tap,
  passthrough,
  clip,
  recovery,
  extras,
  auto,
  overlays,
  thumbnails,
  'aac-encoder': aacEncoder,
  'script-tag': scriptTag,
  node,
};

export default defineConfig(({ command, mode }) => {
  if (mode === 'demo') return command === 'serve' ? demoServer() : demoBuild();
  const target = targets[mode];
  if (target === undefined)
    throw new Error(`Build by "npm run build". Modes: ${Object.keys(targets).join(', ')}, demo.`);
  return target();
});
