/** Whether dist/ is what the sources would give. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CACHE, DIST, ROOT } from './paths.mjs';

const STAMP = join(CACHE, 'build.json');
const SOURCES = [
  'src',
  'demo',
  'scripts/build.mjs',
  'scripts/vite',
  'vite.config.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
];

/** What must be in dist/ after a build. */
export const PRODUCTS = [
  'index.js',
  'element.js',
  'feed.js',
  'worker.js',
  'tap.js',
  'passthrough.js',
  'clip.js',
  'recovery.js',
  'extras.js',
  'auto.js',
  'overlays.js',
  'thumbnails.js',
  'aac-encoder.js',
  'steadyreel.iife.js',
  'server.js',
  'server-s3.js',
  'cli.js',
  'index.d.ts',
  'demo/index.html',
];

/**
 * @param {string} path
 * @returns {string[]}
 */
const filesUnder = path => {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap(entry => {
    const child = join(path, entry.name);
    return entry.isDirectory() ? filesUnder(child) : [child];
  });
};

/**
 * Names and times of all sources, as one hash: it changes when one is edited, added or removed.
 *
 * @param {string} [root]
 */
export const sourcesHash = (root = ROOT) => {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(source => filesUnder(join(root, source))).sort()) {
    hash.update(`${relative(root, file)} ${statSync(file).mtimeMs}\n`);
  }
  return hash.digest('hex');
};

/** True when dist/ is missing, incomplete, or was made from other sources. */
export const buildIsStale = () => {
  if (!existsSync(STAMP) || PRODUCTS.some(product => !existsSync(join(DIST, product)))) return true;
  return readFileSync(STAMP, 'utf8') !== sourcesHash();
};

/**
 * Notes which sources dist/ was made from. The hash is taken before the build, so that what is edited
 * meanwhile makes it stale.
 *
 * @param {string} hash
 */
export const writeBuildStamp = hash => {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(STAMP, hash);
};
