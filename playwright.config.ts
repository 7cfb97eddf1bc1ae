import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, FAKE_DEVICE_FLAGS, findBrowser } from './scripts/lib/browser.mjs';
import { freePort } from './scripts/lib/port.mjs';
import { LOOPBACK_FLAGS } from './test/support/lossy-path.ts';

// Playwright reads this file once more in every worker; the first one's choice is passed on to them.
process.env.STEADYREEL_E2E_PORT ??= String(await freePort());
const baseURL = `http://localhost:${process.env.STEADYREEL_E2E_PORT}`;
const executablePath = findBrowser();

/** Tests in which something dies, and calls: of those, which are made for networks, nothing has to be on time. */
const FAULTS = /\/(kill|network|memory|quota|recovery|garbage)\.spec\.ts$/;
const CALLS = /\/(demo-)?call(-\w+)?\.spec\.ts$/;

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  // What is clicked and looked at has the processor for itself, as its tests record in real time; what kills browsers and
  // networks mostly waits, and must work on a busy machine as well.
  workers: 1,
  projects: [
    { name: 'pages', testIgnore: [FAULTS, CALLS] },
    { name: 'faults', testMatch: FAULTS },
    { name: 'calls', testMatch: CALLS },
  ],
  // A machine that others use too now and then holds up a browser, or loses packets of its own network: `npm test` tells at its
  // end what failed once and passed then.
  retries: process.env.CI ? 1 : 0,
  forbidOnly: true,
  timeout: 60_000,
  globalTimeout: 14 * 60_000,
  reporter: [
    ['line'],
    ['json', { outputFile: process.env.STEADYREEL_E2E_REPORT ?? 'test-results/report.json' }],
  ],
  use: {
    baseURL,
    // Traces of pages with moving pictures cost as much as all else that the tests do: `--trace retain-on-failure` makes them.
    trace: 'off',
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [...CHROMIUM_FLAGS, ...FAKE_DEVICE_FLAGS, ...LOOPBACK_FLAGS],
    },
  },
  webServer: {
    command: `node scripts/e2e-server.mjs --port ${process.env.STEADYREEL_E2E_PORT}`,
    url: `${baseURL}/storage/recordings`,
    timeout: 60_000,
    // By SIGTERM it takes its folder with it.
    gracefulShutdown: { signal: 'SIGTERM', timeout: 6_000 },
  },
});
