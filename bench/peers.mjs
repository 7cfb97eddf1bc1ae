/**
 * `npm run bench`: steadyreel and what people use today, side by side: in one run, in the same browser, on the same source.
 * `-- --help` shows the options.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureBuild } from '../scripts/lib/ensure-build.mjs';
import { CACHE, ROOT } from '../scripts/lib/paths.mjs';
import { bundleForNode, nameBrowser } from './lib/bundle.mjs';
import { loadOf, machine } from './lib/machine.mjs';
import { QUIET, quiet } from './lib/quiet.mjs';
import { writeDocs } from './peers/docs.mjs';
import { hour } from './peers/hour.mjs';
import { readOptions } from './peers/options.mjs';
import { blocked, changes, load, starts } from './peers/run.mjs';
import { sizes } from './peers/sizes.mjs';

/**
 * @typedef {import('./peers/options.mjs').Measure} Measure
 * @typedef {import('./peers/run.mjs').Context} Context
 * @typedef {import('./peers/data.ts').Data} Data
 * @typedef {import('./peers/data.ts').Failure} Failure
 */

const { settings, measures, modes, json, added, docs, from } = readOptions();

/** A round begins with another one each time. @template T @param {readonly T[]} list @param {number} round from 1 on */
const rotated = (list, round) => {
  const by = ((round - 1) * Math.ceil(list.length / Math.max(1, settings.rounds))) % Math.max(1, list.length);
  return [...list.slice(by), ...list.slice(0, by)];
};

/** Thousandths are enough of anything. @param {string} _ @param {unknown} value */
const rounded = (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value);

/** @type {Failure[]} */
const failures = [];
/** @type {Data['discarded']} */
const discarded = [];

/**
 * One that fails is noted, and the others go on.
 *
 * @template T
 * @param {Measure} measure @param {string} mode @param {number} round @param {() => Promise<T>} work
 * @returns what was measured, with whose it is, or nothing
 */
const attempt = async (measure, mode, round, work) => {
  try {
    const result = await work();
    const shown = JSON.stringify(result, rounded);
    console.error(
      `${measure} ${round} ${mode}: ${shown.replace(/"processes.*?"mainMs/, `"mainMs`).slice(0, 600)}`,
    );
    return [{ mode, round, ...result }];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${measure} ${round} ${mode} failed: ${message}`);
    failures.push({ measure, mode, round, message });
    return [];
  }
};

/** Again when others took the processors. @param {Context} context @param {'load' | 'hd'} measure @param {string} mode @param {number} round */
const loadOnce = async (context, measure, mode, round) => {
  const { warmUp, seconds, until, rounds } = settings;
  // What is only compared with needs no longer than that.
  const isLong = round === rounds && modes.some(({ name, records }) => name === mode && records);
  const given =
    measure === 'load'
      ? { height: 720, warmUp, seconds, until: isLong ? until : 0 }
      : { height: 1080, warmUp, seconds: seconds / 3, until: 0 };
  for (let tried = 1; ; tried++) {
    const waited = settings.wait > 0 ? await quiet(settings.wait) : 0;
    const [one] = await attempt(measure, mode, round, () => load(context, mode, given));
    if (!one) return [];
    const disturbed = one.others > QUIET;
    if (!disturbed || tried >= settings.tries) return [{ ...one, waited, disturbed }];
    discarded.push({ measure, mode, round, others: one.others });
  }
};

/** @param {Context} context @param {'load' | 'hd'} measure */
const loads = async (context, measure) => {
  const runs = [];
  const taking = modes.filter(({ hd }) => hd || measure === 'load');
  for (let round = 1; round <= settings.rounds; round++)
    for (const { name } of rotated(taking, round))
      runs.push(...(await loadOnce(context, measure, name, round)));
  return runs;
};

/**
 * @template T
 * @param {Measure} measure
 * @param {boolean} withFloor
 * @param {(mode: string) => Promise<T>} work
 * @param {number} [together] how many are at work at once
 */
const eachMode = async (measure, withFloor, work, together = 1) => {
  const runs = [];
  const isFew = settings.fewer && measure !== 'changes';
  const taking = modes.filter(
    ({ name, hd, records }) => (records || (withFloor && name === 'floor')) && (hd || !isFew),
  );
  for (let round = 1; round <= settings.repeats; round++)
    for (let from = 0; from < taking.length; from += together) {
      const some = rotated(taking, round).slice(from, from + together);
      const made = some.map(({ name }) => attempt(measure, name, round, () => work(name)));
      runs.push(...(await Promise.all(made)).flat());
    }
  return runs;
};

/** Seconds from one upload of steadyreel's to the next, as long as there is less to send than a request takes. */
const UPLOAD_EVERY = 2;

/** Recordings of steadyreel that are stopped at other moments between two uploads. @param {Context} context */
const stops = async context => {
  const runs = [];
  for (let round = 1; round <= settings.stops; round++) {
    const seconds = settings.stopsFrom + ((round - 1) * UPLOAD_EVERY) / settings.stops;
    const given = { height: 720, warmUp: 0, seconds, until: 0 };
    runs.push(...(await attempt('stops', 'steadyreel', round, () => load(context, 'steadyreel', given))));
  }
  return runs;
};

const MUXERS = ['steadyreel', 'mediabunny', 'mediabunny-null', 'mediabunny-plain', 'mp4-muxer'];

/** @param {string} folder with the bundled muxers */
const mux = async folder => {
  const runs = [];
  const taking = MUXERS.filter(name => modes.some(mode => name.startsWith(mode.name)));
  for (let round = 1; round <= settings.rounds; round++)
    for (const name of rotated(taking, round))
      runs.push(
        ...(await attempt('mux', name, round, async () => {
          const given = [join(folder, 'mux.mjs'), name, String(settings.muxSeconds)];
          const { stdout } = await promisify(execFile)(process.execPath, given);
          return /** @type {{ packetsPerSecond: number, bytes: number, memory: number }} */ (
            JSON.parse(stdout)
          );
        })),
      );
  return runs;
};

/** @param {string} name */
const versionOf = name =>
  JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;

/** @param {Context} context @returns {Promise<Data['machine']>} */
const describe = async ({ RawChromium }) => {
  const profile = mkdtempSync(join(tmpdir(), 'steadyreel-peers-'));
  const browser = await RawChromium.launch(profile);
  const { product } = /** @type {{ product: string }} */ (await browser.send('Browser.getVersion'));
  await browser.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const names = ['mediabunny', 'mp4-muxer', 'recordrtc', '@api.video/media-recorder'];
  const packages = { steadyreel: version, ...Object.fromEntries(names.map(name => [name, versionOf(name)])) };
  return {
    ...machine(),
    browser: product,
    packages,
    loadBefore: loadOf(),
    date: new Date().toISOString().slice(0, 10),
  };
};

/** @returns {Promise<Data>} */
const measure = async () => {
  nameBrowser();
  await ensureBuild();
  // It is the build that is served from here.
  const { startServer } = await import('./peers/server.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'steadyreel-peers-'));
  const stored = join(folder, 'stored');
  // Where packages are found.
  const scripts = join(CACHE, `peers-${process.pid}`);
  const server = await startServer(stored);
  try {
    const bundled = await bundleForNode(scripts, {
      ...{ chromium: 'test/support/raw-chromium.ts', decoded: 'bench/peers/decoded.ts' },
      mux: 'bench/peers/mux.ts',
    });
    const { RawChromium } = await bundled('chromium');
    const { decode } = await bundled('decoded');
    /** @type {Context} */
    const context = { RawChromium, decode, url: server.url, stored };
    const { changes: count, every, starts: times, blocked: busy, blockedOf: length, longSeconds } = settings;
    /** @param {Measure} name */
    const has = name => measures.includes(name);
    const described = await describe(context);
    return {
      ...{ machine: described, settings, modes: modes.map(({ name }) => name) },
      sizes: has('sizes') ? await sizes() : [],
      mux: has('mux') ? await mux(scripts) : [],
      load: has('load') ? await loads(context, 'load') : [],
      hd: has('hd') ? await loads(context, 'hd') : [],
      blocked: has('blocked')
        ? await eachMode('blocked', true, mode => blocked(context, mode, { blocked: busy, length }))
        : [],
      changes: has('changes')
        ? await eachMode('changes', false, mode => changes(context, mode, { count, every }))
        : [],
      starts: has('starts') ? await eachMode('starts', false, mode => starts(context, mode, { times })) : [],
      stops: has('stops') ? await stops(context) : [],
      long: has('long')
        ? await eachMode(
            'long',
            true,
            mode => load(context, mode, { height: 720, warmUp: 0, seconds: longSeconds, until: 0 }),
            settings.together,
          )
        : [],
      longMade: has('long') ? { date: described.date, together: settings.together } : undefined,
      hour: has('hour')
        ? ((await attempt('hour', 'steadyreel', 1, () => hour(context)))[0]?.memory ?? [])
        : [],
      ...{ failures, discarded },
    };
  } finally {
    await server.close(0);
    for (const each of [folder, scripts]) rmSync(each, { recursive: true, force: true });
  }
};

/** @param {string} file @returns {Data} */
const read = file => JSON.parse(readFileSync(file, 'utf8'));

/** What was measured now, and what was before of all else. @param {Data} now @param {Data} before @returns {Data} */
const withAdded = (now, before) => {
  const isOther = (/** @type {{ measure: string }} */ { measure: name }) =>
    measures.every(one => one !== name);
  return {
    ...before,
    // Of what was not measured before, the settings are those of now.
    settings: { ...now.settings, ...before.settings },
    .../** @type {Partial<Data>} */ (Object.fromEntries(measures.map(name => [name, now[name]]))),
    ...(now.longMade ? { longMade: now.longMade } : {}),
    failures: [...before.failures.filter(isOther), ...now.failures],
    discarded: [...before.discarded.filter(isOther), ...now.discarded],
  };
};

const made = from === undefined ? await measure() : read(from);
const data = added === undefined ? made : withAdded(made, read(added));
if (json !== undefined && from === undefined) writeFileSync(json, `${JSON.stringify(data, rounded, 2)}\n`);
console.log(writeDocs(data, docs ?? (from === undefined ? undefined : join(ROOT, 'docs'))));
