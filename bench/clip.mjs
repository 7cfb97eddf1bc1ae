/**
 * `npm run bench:clip`: how long a clip of a running 1280x720 stream takes, from asking for it until all of it is stored on a server on this
 * machine: by key frame and to the frame. `-- --times 5 --seconds 30` are the defaults; the stream runs for that long first.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { serve } from 'steadyreel/server';
import { CHROMIUM_FLAGS, FAKE_DEVICE_FLAGS, findBrowser } from '../scripts/lib/browser.mjs';
import { DIST } from '../scripts/lib/paths.mjs';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
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
  const recorder = new Recorder(stream, {
    storage: tus({ endpoint: '/storage' }),
    dvr: { seconds: seconds + 30 },
  });
  await new Promise(resolve => setTimeout(resolve, (seconds + 3) * 1000));
  /** @param {import('steadyreel').ClipOptions} options */
  const time = async options => {
    const before = performance.now();
    const { duration, files } = await recorder.clip(options);
    return {
      took: performance.now() - before,
      duration,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  };
  /** @type {Record<'loose' | 'exact', Awaited<ReturnType<typeof time>>[]>} */
  const all = { loose: [], exact: [] };
  for (let i = 0; i < times; i++) {
    all.loose.push(await time({ seconds }));
    const start = (recorder.dvr?.end ?? seconds) - seconds;
    all.exact.push(await time({ start, duration: seconds - 1, exact: true }));
  }
  return all;
};

/** @param {{ took: number, duration: number, bytes: number }[]} clips */
const tell = clips => {
  const sorted = clips.map(({ took }) => took).sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => (sorted[Math.round((sorted.length - 1) * part)] ?? 0).toFixed(0);
  const { duration = 0, bytes = 0 } = clips[0] ?? {};
  const what = `${duration.toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB`;
  return `median ${at(0.5)} ms, from ${at(0)} to ${at(1)} ms (${sorted.length} times; ${what})`;
};

const folder = mkdtempSync(join(tmpdir(), 'steadyreel-bench-clip-'));
const script = { headers: { 'Content-Type': 'text/javascript' } };
const server = await serve({
  dir: folder,
  port: 0,
  fallback: ({ url }) =>
    new URL(url).pathname === '/clip.js'
      ? new Response(readFileSync(join(DIST, 'clip.js')), script)
      : new Response('<!doctype html><meta charset="utf-8">', { headers: { 'Content-Type': 'text/html' } }),
});
const executablePath = findBrowser();
const browser = await chromium.launch({
  ...(executablePath === undefined ? {} : { executablePath }),
  args: [...CHROMIUM_FLAGS, ...FAKE_DEVICE_FLAGS],
});
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.addScriptTag({ path: join(DIST, 'steadyreel.iife.js') });
  const { loose, exact } = await page.evaluate(measure, settings);
  console.log(`by key frame: ${tell(loose)}`);
  console.log(`to the frame: ${tell(exact)}`);
} finally {
  await browser.close();
  await server.close(0);
  rmSync(folder, { recursive: true, force: true });
}
