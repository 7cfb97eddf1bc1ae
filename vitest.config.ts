import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { findBrowser } from './scripts/lib/browser.mjs';
import { bundledWorker } from './test/support/bundle.ts';
import { commands } from './test/support/commands.ts';

// Where the storage server of the browser tests keeps its files, and where their commands look for them.
process.env.STEADYREEL_TEST_DIR ??= join(tmpdir(), `steadyreel-test-${process.pid}`);

const alias = [
  { find: /^steadyreel$/, replacement: new URL('./src/index.ts', import.meta.url).pathname },
  { find: /^steadyreel\/element$/, replacement: new URL('./src/element/index.ts', import.meta.url).pathname },
  {
    find: /^steadyreel\/server\/s3$/,
    replacement: new URL('./src/server/s3/index.ts', import.meta.url).pathname,
  },
  { find: /^steadyreel\/server$/, replacement: new URL('./src/server/index.ts', import.meta.url).pathname },
];

const executablePath = findBrowser();

/** Tests in Node that start servers, builds, ffmpeg or the command line, or try thousands of recordings: seconds, not milliseconds. */
const withPrograms = [
  'test/unit/{build,cli,server,mux}*.test.ts',
  'test/unit/storage-{tus,deadline,custom,faults}*.test.ts',
  'test/unit/pattern-counter.test.ts',
  'test/unit/passthrough-streams*.test.ts',
  'test/unit/{timeline,recovery}*.test.ts',
];

/** What takes longest, first to last: begun at the end, it would run on alone. Without a cache, Vitest goes by bytes. */
const LONGEST = [
  ...[
    'drift',
    'sync',
    'limits',
    'changes',
    'cuts',
    'priming',
    'encoder-failure',
    'camera',
    'storages',
    'storm',
  ],
  ...['timeline', 'passthrough-streams', 'mux-soak-uncut', 'mux-soak', 'build-package', 'recovery'],
  ...['outage', 'sink'],
];

const rank = ({ moduleId }: TestSpecification): number => {
  const found = LONGEST.indexOf(basename(moduleId, '.test.ts'));
  return found < 0 ? LONGEST.length : found;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { alias },
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['test/unit/**/*.test.ts'],
          exclude: withPrograms,
          testTimeout: 20_000,
          maxWorkers: 2,
          isolate: false,
          setupFiles: ['test/support/alone.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: withPrograms,
          testTimeout: 20_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'ceph',
          environment: 'node',
          include: ['test/ceph/**/*.test.ts'],
          globalSetup: ['test/support/ceph-server.ts'],
          testTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        optimizeDeps: {
          include: ['mediabunny', '@mediabunny/aac-encoder', 'mp4-muxer'],
        },
        worker: { format: 'es' },
        plugins: [bundledWorker()],
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/support/storage-server.ts'],
          // On a machine that has other things to do, a minute of recording takes longer.
          testTimeout: 180_000,
          // As in playwright.config.ts.
          retry: process.env.CI ? 1 : 0,
          maxWorkers: 2,
          // Most of a test's time passes in real time, as the sources do.
          maxConcurrency: 3,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(executablePath ? { executablePath } : {}),
                args: [
                  '--no-sandbox',
                  '--disable-background-networking',
                  '--disable-component-update',
                  '--use-fake-device-for-media-stream=fps=30',
                  '--use-fake-ui-for-media-stream',
                  '--autoplay-policy=no-user-gesture-required',
                  // Calls of a page with itself: without these, Chromium offers no address that it could reach.
                  '--allow-loopback-in-peer-connection',
                  '--disable-features=WebRtcHideLocalIpsWithMdns',
                ],
              },
            }),
            instances: [{ browser: 'chromium' }],
            commands,
          },
        },
      },
    ],
  },
});
