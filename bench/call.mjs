/**
 * `npm run bench:call`: what it costs to record a WebRTC call, in several ways side by side, and whether the call itself
 * notices. `-- --help` shows the options.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serve } from 'steadyreel/server';
import { DIST, ROOT } from '../scripts/lib/paths.mjs';
import { MODES } from './call/modes.mjs';
import { report } from './call/report.mjs';
import { run } from './call/run.mjs';
import { bundleForNode, bundleScript, nameBrowser } from './lib/bundle.mjs';
import { loadOf, machine } from './lib/machine.mjs';
import { QUIET, quiet } from './lib/quiet.mjs';

/**
 * @typedef {import('./call/run.mjs').Run} Run
 * @typedef {import('./call/modes.mjs').Mode} Mode
 */

const HELP = `npm run bench:call -- [options]
  --rounds <n>     how often all is run (5)
  --turns <n>      how often the same call is recorded in each run, and how often it is not (2)
  --seconds <n>    how long each of them is measured (10)
  --warm-up <n>    seconds before that, with the recording running (6)
  --bitrate <n>    bits per second of the call's video, and of what is encoded (2500000)
  --codec <name>   the call's: VP9, H264, AV1 (VP9)
  --modes <names>  only these: ${MODES.map(({ name }) => name).join(',')}
  --wait <n>       most seconds to wait, before each run, for the machine to be quiet (240)
  --tries <n>      a run during which others took more than ${QUIET} processors is made so often at the most (2)
  --json <file>    writes the measurements there
  --chart <file>   and a chart of them, as SVG, there`;

const HTML =
  '<!doctype html><meta charset="utf-8"><body><script src="/steadyreel.iife.js"></script><script src="/page.js"></script>';

const readOptions = () => {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({
    options: {
      ...{
        rounds: text,
        turns: text,
        seconds: text,
        'warm-up': text,
        bitrate: text,
        codec: text,
        modes: text,
        wait: text,
      },
      ...{
        json: text,
        chart: text,
        tries: text,
        help: /** @type {const} */ ({ type: 'boolean' }),
      },
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
  const names = values.modes?.split(',');
  const settings = {
    rounds: number(values.rounds, 5),
    turns: number(values.turns, 2),
    seconds: number(values.seconds, 10),
    warmUp: number(values['warm-up'], 6),
    bitrate: number(values.bitrate, 2_500_000),
    codec: values.codec ?? 'VP9',
  };
  const modes = MODES.filter(({ name }) => names === undefined || names.includes(name));
  const [wait, tries] = [number(values.wait, 240), number(values.tries, 2)];
  return {
    settings,
    modes,
    wait,
    tries,

    json: values.json,
    chart: values.chart,
  };
};

/** The browser of the tests, as JavaScript. @param {string} folder */
const bundleBrowser = async folder => {
  const load = await bundleForNode(folder, {
    chromium: 'test/support/raw-chromium.ts',
    path: 'test/support/lossy-path.ts',
  });
  /** @type {typeof import('../test/support/raw-chromium.ts')} */
  const { RawChromium } = await load('chromium');
  /** @type {typeof import('../test/support/lossy-path.ts')} */
  const { LOOPBACK_FLAGS } = await load('path');
  return { RawChromium, LOOPBACK_FLAGS };
};

/** In an order that nobody chose. @template T @param {readonly T[]} list */
const shuffled = list =>
  list
    .map(one => ({ one, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);

const { settings, modes, wait, tries, json, chart } = readOptions();
nameBrowser();
const folder = mkdtempSync(join(tmpdir(), 'steadyreel-bench-call-'));
const { RawChromium, LOOPBACK_FLAGS } = await bundleBrowser(folder);
const script = await bundleScript('bench/call/page.ts');
/** @param {string} type */
const as = type => ({ headers: { 'Content-Type': type } });
/** @type {Record<string, () => Response>} */
const files = {
  '/': () => new Response(HTML, as('text/html')),
  '/page.js': () => new Response(script, as('text/javascript')),
};
/** What the script tag loads, and its workers what they need. */
for (const name of ['steadyreel.iife.js', 'passthrough.js', 'tap.js', 'aac-encoder.js']) {
  const code = readFileSync(join(DIST, name));
  files[`/${name}`] = () => new Response(code, as('text/javascript'));
}
const server = await serve({
  dir: join(folder, 'stored'),
  port: 0,
  fallback: ({ url }) => files[new URL(url).pathname]?.() ?? new Response(null, { status: 404 }),
});
/** @type {(Run & { round: number, waited: number, disturbed: boolean })[]} */
const runs = [];
/** @type {{ mode: string, round: number, others: number }[]} */
const discarded = [];

/** @param {Mode} mode @param {number} round */
const measure = async (mode, round) => {
  for (let attempt = 1; ; attempt++) {
    const waited = await quiet(wait);
    const one = await run(RawChromium, LOOPBACK_FLAGS, server.url, mode, settings);
    const disturbed = one.others > QUIET;
    const { cpu, adds, call, others, recorded } = one;
    console.error(
      `${round} ${mode.name}: ${cpu.toFixed(3)} s/s, ${adds.toFixed(3)} more than without, main ${one.mainThread.toFixed(3)}, ${call.framesDecoded.toFixed(1)} fps, ${(call.bitrateReceived / 1e6).toFixed(2)} Mbit/s, ${call.processingMs.toFixed(1)} ms; others ${others.toFixed(2)}; ${JSON.stringify(recorded)}`,
    );
    if (!disturbed || attempt >= tries) return void runs.push({ round, waited, disturbed, ...one });
    discarded.push({ mode: mode.name, round, others });
  }
};

try {
  const browser = await RawChromium.launch(join(folder, 'profile'));
  const { product } = /** @type {{ product: string }} */ (await browser.send('Browser.getVersion'));
  await browser.close();
  const loadBefore = loadOf();
  for (let round = 1; round <= settings.rounds; round++)
    for (const mode of shuffled(modes.flatMap(one => Array.from({ length: one.times }, () => one))))
      await measure(mode, round);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { data, markdown, svg } = report({
    machine: { ...machine(), browser: product, steadyreel: version, loadBefore },
    ...{ settings: settings, modes, runs, discarded },
  });
  console.log(markdown);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(data, undefined, 2)}\n`);
  if (chart !== undefined) writeFileSync(chart, svg);
} finally {
  await server.close(0);
  rmSync(folder, { recursive: true, force: true });
}
