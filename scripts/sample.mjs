/**
 * `npm run sample`: records the test pattern in headless Chromium through three changes into ./recordings, and
 * prints the files. Needs no camera and no window. `npm run sample -- --dir <folder>` stores them elsewhere.
 */
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BROWSER_ADVICE, CHROMIUM_FLAGS, ensureBrowser } from './lib/browser.mjs';
import { ensureBuild } from './lib/ensure-build.mjs';
import { ensurePackages } from './lib/install.mjs';
import { DIST, ROOT } from './lib/paths.mjs';
import { filesTable } from './lib/table.mjs';

/** @typedef {import('../src/manifest.ts').Recording} Recording */

/** Milliseconds. The recording itself takes 8 seconds. */
const TIMEOUT = 60_000;

/**
 * @param {string} executablePath
 * @param {string} url
 * @returns {Promise<Recording>}
 */
const recordIn = async (executablePath, url) => {
  const { chromium } = await import('playwright');
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT);
    page.on('pageerror', error => console.error(error.message));
    await page.goto(new URL('sample.html', url).href);
    await page.waitForFunction(() => 'recordSample' in window);
    return await Promise.race([
      page.evaluate(() =>
        /** @type {{ recordSample(): Promise<Recording> }} */ (
          /** @type {unknown} */ (window)
        ).recordSample(),
      ),
      page.waitForEvent('crash').then(() => Promise.reject(new Error('The page crashed.'))),
    ]);
  } finally {
    await browser.close();
  }
};

/** @param {string} folder */
const sample = async folder => {
  await ensurePackages();
  const browser = await ensureBrowser();
  if (browser === undefined) throw new Error(BROWSER_ADVICE);
  await ensureBuild();
  /** @type {typeof import('../src/server/index.ts')} */
  const { createStaticHandler, serve } = await import(`${DIST}/server.js`);
  const server = await serve({
    dir: folder,
    port: 0,
    fallback: createStaticHandler(`${DIST}/demo`),
  });
  try {
    console.log('Recording the test pattern …');
    return await recordIn(browser, server.url);
  } finally {
    await server.close();
  }
};

try {
  const { dir } = parseArgs({ options: { dir: { type: 'string' } } }).values;
  const folder = resolve(dir ?? join(ROOT, 'recordings'));
  const recording = await sample(folder);
  console.log(
    `\n${recording.files.length} files in ${relative(process.cwd(), folder)}/, ${recording.duration.toFixed(2)} s in all:\n`,
  );
  console.log(filesTable(recording));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
