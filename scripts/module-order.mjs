/**
 * `node scripts/module-order.mjs [seconds]`: looks for the order of modules in which the script tag's file takes the least space,
 * gzipped, and with it the worker that is in it; and, in a third of the time, for that of `worker.js`. Writes
 * scripts/vite/module-order.json. It goes on from what is there; a few minutes do. What it says is near to what a build gives, within
 * some bytes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { ROOT } from './lib/paths.mjs';
import { squeezed } from './vite/squeeze.mjs';

const RESULT = join(ROOT, 'scripts', 'vite', 'module-order.json');
/** Stands for the worker's text. */
const PLACE = '@WORKER@';
/** Bytes by which a step may be worse at the beginning. */
const HEAT = 15;

/**
 * @typedef {object} Bundle
 * @property {string[]} ids of its modules, in the order in which they are now.
 * @property {number[][]} needs by module: the places of those that must come before it.
 * @property {string[]} texts of the modules, minified.
 * @property {[string, string]} around what is in front of them, and behind.
 */

const out = mkdtempSync(join(tmpdir(), 'steadyreel-order-'));
process.env.STEADYREEL_OUT = out;
process.env.NODE_ENV = 'production';
const common = { configFile: join(ROOT, 'vite.config.ts'), logLevel: /** @type {const} */ ('error') };

/**
 * Each module's own part of the minified bundle: a call that can't be left out stands between them.
 *
 * @param {string[]} codes of the modules.
 * @param {[string, string]} around what is in front of them, and behind.
 * @returns {Promise<Pick<Bundle, 'texts' | 'around'>>}
 */
const minified = async (codes, [front, end]) => {
  const marked = codes.map((code, index) => `__module(${index});\n${code}\n`).join('');
  const code = await squeezed(`${front}${marked}__module(-1);\n${end}`);
  const [head = '', ...parts] = code.split(/__module\((-?\d+)\)[;,]?/);
  const texts = new Map(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? '']] : [])));
  const of = (/** @type {number} */ index) => texts.get(String(index)) ?? '';
  return { texts: codes.map((_, index) => of(index)), around: [head, of(-1)] };
};

/**
 * @param {string} mode
 * @returns {Promise<Bundle>}
 */
const load = async mode => {
  /** @type {Map<string, readonly string[]>} */
  const imports = new Map();
  /** @type {import('vite').Plugin} */
  const watch = {
    name: 'steadyreel:imports',
    buildEnd() {
      for (const id of this.getModuleIds()) imports.set(id, this.getModuleInfo(id)?.importedIds ?? []);
    },
  };
  const result = await build({ ...common, mode, plugins: [watch], build: { minify: false, write: false } });
  const { output } = /** @type {import('vite').Rolldown.RolldownOutput} */ (result);
  const [{ code, modules }] = output;
  // Each module's part begins with its name, in a comment of its own.
  const startOf = (/** @type {string} */ id) => code.indexOf(modules[id]?.code?.split('\n')[0] ?? PLACE);
  const ids = Object.keys(modules).filter(id => startOf(id) >= 0);
  const places = new Map(ids.map((id, place) => [id, place]));
  /** Also by way of modules of which nothing is left. @type {(id: string, seen?: Set<string>) => number[]} */
  const needs = (id, seen = new Set()) =>
    (imports.get(id) ?? []).flatMap(other => {
      if (seen.has(other)) return [];
      seen.add(other);
      const place = places.get(other);
      return place === undefined ? needs(other, seen) : [place];
    });
  const starts = ids.map(startOf);
  const end =
    code.slice(starts.at(-1)).search(/\n(\t(exports\.|return exports)|\}\)\()/) + (starts.at(-1) ?? 0);
  const codes = starts.map((start, place) =>
    code
      .slice(start, starts[place + 1] ?? end)
      .replace(/^(\s*var _?steadyreel_\w+ = ").*";$/m, `$1${PLACE}";`),
  );
  const around = /** @type {[string, string]} */ ([code.slice(0, starts[0]), code.slice(end)]);
  return { ids, needs: ids.map(id => needs(id)), ...(await minified(codes, around)) };
};

/**
 * @param {Bundle} bundle
 * @param {number[]} order
 */
const textOf = ({ texts, around }, order) =>
  around[0] + order.map(place => texts[place]).join('') + around[1];

/** @param {string} text */
const gzipped = text => gzipSync(text, { level: 9 }).length;

/** @typedef {Record<'worker' | 'page', Bundle>} ScriptTag */

/**
 * @param {ScriptTag} bundles
 * @param {Record<keyof ScriptTag, number[]>} orders
 */
const sizeOfBoth = ({ worker, page }, orders) => {
  const quoted = textOf(worker, orders.worker).replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n');
  return gzipped(textOf(page, orders.page).replace(PLACE, () => quoted));
};

/** @param {number} below */
const random = below => Math.floor(Math.random() * below);

/**
 * Some modules that follow each other go elsewhere, where all that they need is in front of them, and what needs them behind.
 *
 * @param {Bundle} bundle
 * @param {number[]} order
 */
const moved = ({ needs }, order) => {
  const count = random(3) === 0 ? 1 + random(4) : 1;
  const from = random(order.length - count + 1);
  const some = order.slice(from, from + count);
  const rest = order.toSpliced(from, count);
  let [first, last] = [0, rest.length];
  rest.forEach((place, at) => {
    if (some.some(one => needs[one]?.includes(place))) first = Math.max(first, at + 1);
    if (some.some(one => needs[place]?.includes(one))) last = Math.min(last, at);
  });
  return last < first ? order : rest.toSpliced(first + random(last - first + 1), 0, ...some);
};

/**
 * Simulated annealing.
 *
 * @template {string} Name
 * @param {Record<Name, Bundle>} bundles
 * @param {(orders: Record<Name, number[]>) => number} sizeOf
 * @param {number} seconds
 */
const search = (bundles, sizeOf, seconds) => {
  const names = /** @type {Name[]} */ (Object.keys(bundles));
  if (names.some(name => bundles[name].ids.length === 0)) throw new Error('The bundles show no modules.');
  let orders = /** @type {Record<Name, number[]>} */ (
    Object.fromEntries(names.map(name => [name, bundles[name].ids.map((_, place) => place)]))
  );
  let size = sizeOf(orders);
  let best = { orders, size };
  console.log(`${size} bytes as it is`);
  const started = performance.now();
  for (let part = 0; part < 1; part = (performance.now() - started) / 1000 / seconds) {
    // The first more often than the second: it is the larger one.
    const name = /** @type {Name} */ (names[random(3) > 0 ? 0 : names.length - 1]);
    const next = { ...orders, [name]: moved(bundles[name], orders[name]) };
    const nextSize = sizeOf(next);
    const heat = HEAT * Math.max(0.001, 1 - part / 0.9);
    if (nextSize > size && Math.random() > Math.exp((size - nextSize) / heat)) continue;
    [orders, size] = [next, nextSize];
    if (size < best.size) best = { orders, size };
  }
  console.log(`${best.size} bytes`);
  return best.orders;
};

/**
 * @param {Bundle} bundle
 * @param {number[]} order
 */
const namesOf = ({ ids }, order) =>
  order
    .map(place => ids[place] ?? '')
    .filter(id => id.startsWith(ROOT))
    .map(id => relative(ROOT, id));

try {
  await build({ ...common, mode: 'whole-worker' });
  const seconds = Number(process.argv[2] ?? 300);
  const both = { worker: await load('whole-worker'), page: await load('script-tag') };
  const orders = search(both, all => sizeOfBoth(both, all), (seconds * 2) / 3);
  const lean = { worker: await load('worker') };
  const leanOrder = search(lean, ({ worker }) => gzipped(textOf(lean.worker, worker)), seconds / 3);
  const result = {
    worker: namesOf(lean.worker, leanOrder.worker),
    'whole-worker': namesOf(both.worker, orders.worker),
    steadyreel: namesOf(both.page, orders.page),
  };
  writeFileSync(RESULT, `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  rmSync(out, { recursive: true });
}
