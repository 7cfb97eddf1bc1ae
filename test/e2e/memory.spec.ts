/** Storage that is down for an hour: what is recorded waits on the disk, not in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { freePort } from '../../scripts/lib/port.mjs';
import { serve } from '../../src/server/index.ts';
import { bundlePage } from '../support/bundle.ts';
import { RawChromium } from '../support/raw-chromium.ts';

const MEGABYTE = 1e6;
const STEPS = 12;
const FRAMES = (3600 * 30) / STEPS;

test.describe.configure({ timeout: 240_000 });

test('an hour without storage at 2.5 Mbit/s: memory stays flat', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-hour-'));
  const script = await bundlePage('test/e2e/pages/hour.worker.ts');
  const page = `<!doctype html><script>
    const worker = new Worker('/hour.js');
    const feed = (endpoint, frames) => new Promise(resolve => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ endpoint, frames });
    });
  </script>`;
  const fallback = (request: Request): Response =>
    new URL(request.url).pathname === '/hour.js'
      ? new Response(script, { headers: { 'Content-Type': 'text/javascript' } })
      : new Response(page, { headers: { 'Content-Type': 'text/html' } });
  const server = await serve({ dir: join(folder, 'stored'), port: 0, fallback });
  const browser = await RawChromium.launch(join(folder, 'profile'));
  try {
    const tab = await browser.open(server.url, () => undefined);
    const worker = await tab.worker();
    const nowhere = `http://127.0.0.1:${await freePort()}/storage`;
    const used: number[] = [];
    let bytes = 0;
    for (let step = 0; step < STEPS; step++) {
      const seen = await tab.evaluate<{ bytes: number; troubles: number; errors: string[] }>(
        `feed(${JSON.stringify(nowhere)}, ${FRAMES})`,
      );
      expect(seen.errors).toEqual([]);
      expect(seen.troubles).toBeGreaterThan(0);
      bytes = seen.bytes;
      used.push(await worker.memory());
    }
    // All but the movie fragment that is open, and the one that may be on its way to the disk.
    expect(bytes).toBeGreaterThanOrEqual((2.5e6 / 8) * 3590);
    // What the first minutes make is code and caches.
    const [, ...later] = used;
    const grown = Math.max(...later) - Math.min(...later);
    const shown = used.map(value => (value / MEGABYTE).toFixed(1)).join(', ');
    console.log(`worker memory every ${60 / STEPS} minutes, MB: ${shown}`);
    expect(grown, shown).toBeLessThan(10 * MEGABYTE);
  } finally {
    await browser.close();
    await server.close(0);
    await rm(folder, { recursive: true, force: true });
  }
});
