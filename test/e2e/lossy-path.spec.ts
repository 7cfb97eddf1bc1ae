/** The network that loses packets does so, in both browsers, and nothing goes past it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { type StorageServer, serve } from '../../src/server/index.ts';
import { CALL_BROWSERS, launchForCalls } from '../support/browsers.ts';
import { LossyPath } from '../support/lossy-path.ts';
import { bundlePage } from './crash-kit.ts';
import type { CallPage, Received } from './pages/call.ts';

test.describe.configure({ timeout: 120_000 });

let folder: string;
let server: StorageServer;
let path: LossyPath;

test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steadyreel-path-'));
  path = LossyPath.open({ seed: 7 });
  const script = await bundlePage('test/e2e/pages/call.ts');
  const fallback = async (request: Request): Promise<Response> =>
    (await path.handle(request)) ??
    new Response(`<!doctype html><body><script>${script}</script>`, {
      headers: { 'Content-Type': 'text/html' },
    });
  server = await serve({ dir: join(folder, 'stored'), port: 0, fallback });
});

test.afterEach(async () => {
  await server.close(0);
  path.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

for (const name of CALL_BROWSERS) {
  test(`a call of ${name} goes through the relay, and loses what the relay loses`, async () => {
    const browser = await launchForCalls(name, join(folder, 'profile'));
    try {
      const tab = await browser.open(server.url);
      const call = <Name extends keyof CallPage>(what: Name): Promise<Awaited<ReturnType<CallPage[Name]>>> =>
        tab.evaluate(`calls.${what}()`);
      await call('start');
      await expect.poll(() => call('state'), { timeout: 30_000 }).toBe('connected');
      const until = async (what: (received: Received) => boolean): Promise<Received> => {
        await expect.poll(async () => what(await call('received')), { timeout: 40_000 }).toBe(true);
        return call('received');
      };

      const whole = await until(({ frames, audioPackets }) => frames > 30 && audioPackets > 50);
      expect(whole).toMatchObject({ lost: 0 });
      expect(path.ports).toContain(whole.remotePort);
      expect(path.passed.dtls).toBeGreaterThan(3);
      // Nothing has come past it.
      expect(path.passed.rtp).toBeGreaterThanOrEqual(whole.packets);

      path.settings.loss = 0.05;
      const lossy = await until(({ lost, nacks }) => lost > 3 && nacks > 3);
      path.settings.loss = 0;
      expect(path.lost.rtp).toBeGreaterThan(3);
      expect(path.lost).toMatchObject({ stun: 0, dtls: 0 });
      await until(({ frames }) => frames > lossy.frames + 30);
    } finally {
      await browser.close();
    }
  });
}
