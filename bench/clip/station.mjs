/** A page with the built script, and a server beside it that stores what the page records. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { serve } from 'steadyreel/server';
import { CHROMIUM_FLAGS, FAKE_DEVICE_FLAGS, findBrowser } from '../../scripts/lib/browser.mjs';
import { DIST } from '../../scripts/lib/paths.mjs';

/** @param {(page: import('playwright').Page, folder: string) => Promise<void>} work is given where the recordings lie. */
export const withPage = async work => {
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
    await work(page, folder);
  } finally {
    await browser.close();
    await server.close(0);
    rmSync(folder, { recursive: true, force: true });
  }
};
