/** Names that the build shortens: nobody else may have them, and none may be left as it was. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ensureBuild } from '../../scripts/lib/ensure-build.mjs';
import { DIST, ROOT } from '../../scripts/lib/paths.mjs';
import { INTERNAL } from '../../scripts/vite/squeeze.mjs';

beforeAll(ensureBuild, 60_000);

/** Those of the names that are in a text. */
const found = (text: string): string[] => {
  const words = new Set(text.match(/[\w$]+/g));
  return INTERNAL.filter(name => words.has(name));
};

const readAll = (folder: string, isOne: (name: string) => boolean): string =>
  readdirSync(folder)
    .filter(isOne)
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('\n');

test('none is a name of the browser or the language', () => {
  const folder = join(ROOT, 'node_modules', 'typescript', 'lib');
  expect(found(readAll(folder, name => /^lib\..*\.d\.ts$/.test(name)))).toEqual([]);
});

/** What goes to and fro, stays when the tab is gone, or is given by a page. */
const SHARED = [
  ...readdirSync(join(ROOT, 'src')).filter(name => name.endsWith('.ts')),
  ...['worker/protocol.ts', 'worker/checkpoint.ts', 'worker/asks.ts', 'journal/setup.ts'],
  ...['storage/storage.ts', 'storage/custom/custom.ts', 'tap/protocol.ts'],
];

test.each(SHARED)('none is in src/%s', path => {
  const text = readFileSync(join(ROOT, 'src', path), 'utf8');
  expect(found(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))).toEqual([]);
});

/** The AAC encoder is a package, and is not touched; what runs in Node is not shortened. */
const asItIs = /^(aac-encoder|server|server-s3|cli)\.js$/;

/** As names of what objects have: a word may be a part of a text. */
const AS_NAMES = /(?<=\.)[\w$]+|[\w$]+(?=[(:=])/g;

test('none is left in what the browser gets', () => {
  for (const name of readdirSync(DIST)) {
    if (!name.endsWith('.js') || asItIs.test(name)) continue;
    const names = readFileSync(join(DIST, name), 'utf8').match(AS_NAMES) ?? [];
    expect([name, ...found(names.join(' '))]).toEqual([name]);
  }
});
