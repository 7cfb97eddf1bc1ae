/** The Chromium that the tests and `npm run sample` run in. An installed one is used, never downloaded anew. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { aptInstall } from './apt.mjs';
import { ROOT, which } from './paths.mjs';
import { run } from './run.mjs';

const COMMANDS = ['chromium', 'google-chrome-stable', 'google-chrome', 'chromium-browser'];

/** What to do when there is no browser and none can be installed. */
export const BROWSER_ADVICE = [
  'No Chromium was found, and it could not be installed.',
  'Install one in any of these ways and run this again:',
  '  Debian, Ubuntu:  sudo apt-get install chromium',
  '  elsewhere:       npx playwright install chromium',
  '  already there:   STEADYREEL_CHROMIUM=/path/to/chromium npm test',
].join('\n');

/** Flags that every Chromium of this project is started with. */
export const CHROMIUM_FLAGS = [
  // As root, which is usual in containers, Chromium does not start with its sandbox.
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
];

/** Flags for a fake camera and microphone; without `fps=30` the fake camera delivers 20 frames a second. */
export const FAKE_DEVICE_FLAGS = [
  '--use-fake-device-for-media-stream=fps=30',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

/** The browser that Playwright downloaded, where it has. */
const playwrightBrowser = () => {
  try {
    const { chromium } = createRequire(join(ROOT, 'package.json'))('playwright');
    const path = chromium.executablePath();
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Absolute path of an installed Chromium: `STEADYREEL_CHROMIUM`, else one on PATH, else Playwright's own.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export const findBrowser = (env = process.env) => {
  const named = env.STEADYREEL_CHROMIUM;
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`STEADYREEL_CHROMIUM names "${named}", which is not there. Correct it or unset it.`);
  }
  for (const command of COMMANDS) {
    const found = which(command, env.PATH);
    if (found !== undefined) return found;
  }
  return playwrightBrowser();
};

/**
 * Finds a Chromium, or installs one: by apt-get where it may be used, else by Playwright's download.
 * Resolves to undefined when neither worked.
 *
 * @returns {Promise<string | undefined>}
 */
export const ensureBrowser = async () => {
  const found = findBrowser();
  if (found !== undefined) return found;
  await aptInstall(['chromium']);
  const installed = findBrowser();
  if (installed !== undefined) return installed;
  console.log('Downloading Chromium with Playwright …');
  try {
    await run(process.execPath, [join(ROOT, 'node_modules', 'playwright', 'cli.js'), 'install', 'chromium'], {
      quiet: true,
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  return findBrowser();
};
