/**
 * `npm run bench:scale`: many recorders at once through one handler into a Ceph on this machine. Says what the handler costs, how
 * far uploads fall behind, and whether all is there in the end. `-- --help` shows the options.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { startCeph } from '../scripts/ceph/cluster.mjs';
import { CACHE, ROOT } from '../scripts/lib/paths.mjs';
import { busySeconds, childrenOf, cpuSeconds, loadOf, machine, memoryOf } from './lib/machine.mjs';
import { Child } from './scale/child.mjs';
import { report } from './scale/report.mjs';

/**
 * @typedef {import('./scale/messages.ts').Settings} Settings
 * @typedef {import('./scale/messages.ts').HandlerAnswer} HandlerAnswer
 * @typedef {import('./scale/messages.ts').RecordersAnswer} RecordersAnswer
 * @typedef {import('./scale/messages.ts').RecorderResult} RecorderResult
 * @typedef {import('./scale/report.mjs').Sample} Sample
 */

const HELP = `npm run bench:scale -- [options]
  --recorders <n>    recorders at once (50)
  --processes <n>    processes that they run in (2)
  --seconds <n>      how long each records (60)
  --bitrate <n>      bits per second of each (2500000)
  --part-bytes <n>   bytes of a part (5242880)
  --spread <n>       seconds over which the starts are spread (0: all at once, the worst case)
  --json <file>      writes the measurements there`;

/** A store in memory holds this much, and a little. */
const MOST_BYTES = 1.5 * 1024 ** 3;
/** Files that are read back and compared. */
const COMPARED = 5;

const readOptions = () => {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({
    options: {
      ...{ recorders: text, processes: text, seconds: text, bitrate: text, 'part-bytes': text, spread: text },
      ...{ json: text, help: /** @type {const} */ ({ type: 'boolean' }) },
    },
  });
  if (values.help) {
    console.log(HELP);
    return process.exit();
  }
  /** @param {string | undefined} value @param {number} fallback */
  const number = (value, fallback) => {
    const parsed = value === undefined ? fallback : Number(value);
    if (!Number.isFinite(parsed) || parsed < 0)
      throw new Error(`Expected a number, got "${value}".\n${HELP}`);
    return parsed;
  };
  /** @type {Settings} */
  const settings = {
    recorders: number(values.recorders, 50),
    processes: number(values.processes, 2),
    seconds: number(values.seconds, 60),
    bitrate: number(values.bitrate, 2_500_000),
    partBytes: number(values['part-bytes'], 5 * 1024 ** 2),
    spread: number(values.spread, 0),
  };
  const bytes = (settings.recorders * settings.seconds * settings.bitrate) / 8;
  if (bytes > MOST_BYTES)
    throw new Error(
      `That would be ${Math.round(bytes / 1024 ** 2)} MiB, and the store is in memory: ${MOST_BYTES / 1024 ** 2} MiB at the most.`,
    );
  return { settings, json: values.json };
};

/** The sources of both kinds of process as JavaScript. @param {string} folder */
const bundle = folder =>
  build({
    ...{ configFile: false, root: ROOT, logLevel: 'warn' },
    build: {
      ...{ ssr: true, outDir: folder, target: 'node20', minify: false },
      rolldownOptions: {
        input: {
          handler: join(ROOT, 'bench', 'scale', 'handler.ts'),
          recorders: join(ROOT, 'bench', 'scale', 'recorders.ts'),
        },
        output: { entryFileNames: '[name].mjs' },
      },
    },
  });

/** @param {string} endpoint @param {RecorderResult} result */
const ask = (endpoint, { user, key }, query = '', method = 'GET') =>
  fetch(`${endpoint}/${key}${query}`, { method, headers: { Authorization: `Bearer ${user}` } });

/** Every file is there with all its bytes; some are compared. @param {string} endpoint @param {RecorderResult[]} results */
const check = async (endpoint, results) => {
  let complete = 0;
  for (const result of results) {
    const { status, headers } = await ask(endpoint, result, '', 'HEAD');
    if (status === 200 && Number(headers.get('content-length')) === result.bytes) complete++;
  }
  let same = 0;
  const step = Math.max(1, Math.floor(results.length / COMPARED));
  const samples = results.filter((_, index) => index % step === 0).slice(0, COMPARED);
  for (const result of samples) {
    const { url } = await (await ask(endpoint, result, '?presign')).json();
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    if (createHash('sha256').update(bytes).digest('hex') === result.sha256) same++;
  }
  return { files: results.length, complete, compared: samples.length, same };
};

const { settings, json } = readOptions();
const folder = join(CACHE, `bench-${process.pid}`);
await bundle(folder);
console.error('Starting a Ceph …');
const ceph = await startCeph();
/** @type {Child[]} */
const children = [];
try {
  const { endpoint: store, region, bucket, accessKeyId, secretAccessKey } = ceph;
  const handler = new Child(join(folder, 'handler.mjs'));
  children.push(handler);
  handler.send({ endpoint: store, region, bucket, accessKeyId, secretAccessKey });
  const { endpoint } = await handler.next('listening');

  const each = Math.ceil(settings.recorders / settings.processes);
  const groups = Array.from({ length: settings.processes }, (_, group) => {
    const child = new Child(join(folder, 'recorders.mjs'));
    children.push(child);
    const first = group * each;
    return { child, first, count: Math.max(0, Math.min(each, settings.recorders - first)) };
  });
  await sleep(500);
  const idle = { memory: memoryOf(handler.pid), cpu: cpuSeconds(handler.pid) };
  const loadBefore = loadOf();
  console.error(`${settings.recorders} recorders for ${settings.seconds} s …`);

  // The stores and the gateway, and all that this benchmark has started besides; they run to its end.
  const own = [process.pid, ...childrenOf(process.pid)];
  /** @type {Sample[]} */
  const samples = [];
  const began = performance.now();
  const done = Promise.all(
    groups.map(({ child, first, count }) => {
      child.send({ ...settings, endpoint, first, count });
      return child.next('done');
    }),
  );
  let isDone = false;
  void done.finally(() => {
    isDone = true;
  });
  const sample = async () => {
    const at = (performance.now() - began) / 1000;
    const { totals } = await handler.ask('totals');
    const recorders = await Promise.all(groups.map(async ({ child }) => (await child.ask('totals')).totals));
    const used = [handler, ...groups.map(({ child }) => child)].map(({ pid }) => cpuSeconds(pid));
    samples.push({
      at,
      handler: { ...totals, cpu: (used[0] ?? 0) - idle.cpu, memory: memoryOf(handler.pid) },
      recorders: {
        recording: recorders.reduce((sum, one) => sum + one.recording, 0),
        recorded: recorders.reduce((sum, one) => sum + one.recorded, 0),
        stored: recorders.reduce((sum, one) => sum + one.stored, 0),
        parts: recorders.reduce((sum, one) => sum + one.parts, 0),
        partBytes: recorders.reduce((sum, one) => sum + one.partBytes, 0),
        backlog: Math.max(...recorders.map(one => one.backlog)),
        cpu: used.slice(1).reduce((sum, one) => sum + one, 0),
      },
      busy: busySeconds(),
      own: own.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    });
  };
  while (!isDone) {
    await sample();
    await Promise.race([done, sleep(Math.max(0, samples.length * 1000 - (performance.now() - began)))]);
  }
  const results = (await done).flatMap(message => message.results);
  await sample();
  const { durations } = await handler.ask('durations');
  console.error('Comparing what is stored …');
  const checked = await check(endpoint, results);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { data, markdown } = report({
    machine: { ...machine(), steadyreel: version, loadBefore },
    ...{ settings, idleMemory: idle.memory, samples, durations, results, checked },
  });
  console.log(markdown);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(data, undefined, 2)}\n`);
  if (checked.complete < checked.files || checked.same < checked.compared) process.exitCode = 1;
} finally {
  for (const child of children) child.end();
  await ceph.stop();
  rmSync(folder, { recursive: true, force: true });
}
