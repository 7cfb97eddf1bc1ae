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

/** Modules of mediabunny's of which a writer of MP4 needs little, and what it needs of them. */
const PARTLY = /[\\/]mediabunny[\\/].*[\\/](codec-data|adts-reader|reader|metadata|target)\.js$/;
const NEEDED = [
  'parseOpusIdentificationHeader',
  'DEFAULT_TRACK_DISPOSITION',
  'metadataTagsAreEmpty',
  'validateTrackDisposition',
  'AppendOnlyStreamTarget',
  'BufferTarget',
  'Target',
];

/**
 * Leaves out of the worker what mediabunny needs only to read bitstreams that come without a decoder description
 * (Annex B, ADTS, AC-3, DTS), to write tags, and to write elsewhere than into a stream: a fifth of the bundle. Should one of them be needed after all, the muxer fails
 * with this message in every test that records. A name that a newer mediabunny adds fails the build.
 */
export const onlyTheWriter = (): Plugin => ({
  name: 'steadyreel:only-the-writer',
  enforce: 'pre',
  load(id) {
    if (!PARTLY.test(id)) return undefined;
    const whole = readFileSync(id, 'utf8');
    const names = [...whole.matchAll(/^export (?:const|let|var|function|class) (\w+)/gm)].flatMap(
      m => m[1] ?? [],
    );
    const left = names.filter(name => !NEEDED.includes(name));
    const needed = names.filter(name => NEEDED.includes(name));
    return [
      ...(needed.length > 0
        ? [`export { ${needed.join(', ')} } from ${JSON.stringify(`${id}?whole`)};`]
        : []),
      "function absent() { throw new Error('a part of the muxer that is not in this build was needed'); }",
      ...left.map(name => `export const ${name} = absent;`),
    ].join('\n');
  },
});

/** A node of the syntax tree (ESTree), as far as it is looked at here. */
interface Node {
  type: string;
  start: number;
  end: number;
  argument?: Node;
  arguments?: Node[];
}

const nodesIn = (value: unknown): Node[] => {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(nodesIn);
  return 'type' in value && 'start' in value ? [value as Node, ...inside] : inside;
};

/**
 * Puts the place in the file where the text of mediabunny's error messages was: they explain its API to its users, of
 * whom there is one, and are a tenth of the worker. What the muxer refused can still be looked up.
 */
export const withoutMessages = (): Plugin => ({
  name: 'steadyreel:without-messages',
  transform(code, id) {
    const name = /[\\/]mediabunny[\\/].*?([\w-]+)\.js/.exec(id)?.[1];
    if (name === undefined) return undefined;
    const messages = nodesIn(this.parse(code)).flatMap(node => {
      const created = node.type === 'ThrowStatement' && node.argument?.type === 'NewExpression';
      const [message] = (created && node.argument?.arguments) || [];
      return message ? [message] : [];
    });
    let result = code;
    for (const { start, end } of messages.sort((a, b) => b.start - a.start)) {
      const line = code.slice(0, start).split('\n').length;
      result = `${result.slice(0, start)}'mediabunny ${name}:${line}'${result.slice(end)}`;
    }
    return { code: result, map: null };
  },
});
