/**
 * `npm run bench:start`: how long `start()` takes, of one recorder on a running stream: each recording is begun while those
 * before it are still being stored on a server on this machine. `-- --times 20 --seconds 0.5` are the defaults.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { serve } from 'steadyreel/server';
import { CHROMIUM_FLAGS, FAKE_DEVICE_FLAGS, findBrowser } from '../scripts/lib/browser.mjs';
import { DIST } from '../scripts/lib/paths.mjs';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0.5' },
  },
});
const settings = { times: Number(values.times), seconds: Number(values.seconds) };

/**
 * In the page.
 *
 * @param {{ times: number, seconds: number }} settings
 */
const measure = async ({ times, seconds }) => {
  const { Recorder, tus } = /** @type {typeof import('steadyreel')} */ (Reflect.get(window, 'Steadyreel'));
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: 1280, height: 720 },
    audio: true,
  });
  const recorder = new Recorder(stream, { storage: tus({ endpoint: '/storage' }) });
  const stored = [];
  const took = [];
  for (let i = 0; i <= times; i++) {
    const before = performance.now();
    await recorder.start();
    took.push(performance.now() - before);
    await new Promise(resolve => setTimeout(resolve, seconds * 1000));
    stored.push(recorder.stop());
  }
  const frames = (await Promise.all(stored)).map(({ files }) => files[0]?.video?.frames ?? 0);
  return { took, frames };
};

/** @param {readonly number[]} numbers */
const spread = numbers => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => (sorted[Math.round((sorted.length - 1) * part)] ?? 0).toFixed(0);
  return `median ${at(0.5)} ms, from ${at(0)} to ${at(1)} ms (${sorted.length} times)`;
};

const folder = mkdtempSync(join(tmpdir(), 'steadyreel-bench-start-'));
const server = await serve({
  dir: join(folder, 'stored'),
  port: 0,
  fallback: () =>
    new Response('<!doctype html><meta charset="utf-8">', { headers: { 'Content-Type': 'text/html' } }),
});
const executablePath = findBrowser();
// With a profile on the disk, as users have one: in an incognito window the private file system lies in memory, and grows slowly.
const browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
  ...(executablePath === undefined ? {} : { executablePath }),
  args: [...CHROMIUM_FLAGS, ...FAKE_DEVICE_FLAGS],
});
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.addScriptTag({ path: join(DIST, 'steadyreel.iife.js') });
  const { took, frames } = await page.evaluate(measure, settings);
  console.log(`first:       ${(took[0] ?? 0).toFixed(0)} ms`);
  console.log(`those after: ${spread(took.slice(1))}`);
  console.log(`frames:      ${frames.join(' ')}`);
} finally {
  await browser.close();
  await server.close(0);
  rmSync(folder, { recursive: true, force: true });
}
