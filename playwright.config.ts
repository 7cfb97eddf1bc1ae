import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, FAKE_DEVICE_FLAGS, findBrowser } from './scripts/lib/browser.mjs';
import { freePort } from './scripts/lib/port.mjs';

// Playwright reads this file once more in every worker; the first one's choice is passed on to them.
process.env.STEADYREEL_E2E_PORT ??= String(await freePort());
const baseURL = `http://localhost:${process.env.STEADYREEL_E2E_PORT}`;
const executablePath = findBrowser();

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  // The tests record in real time: two at once would take the processor from each other.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  globalTimeout: 14 * 60_000,
  reporter: [
    ['line'],
    ['json', { outputFile: process.env.STEADYREEL_E2E_REPORT ?? 'test-results/report.json' }],
  ],
  use: {
    baseURL,
    trace: 'retain-on-failure',
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [...CHROMIUM_FLAGS, ...FAKE_DEVICE_FLAGS],
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
