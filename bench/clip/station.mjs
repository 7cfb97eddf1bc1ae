/** A page with the built script, and a server beside it that stores what the page records. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from 'steadyreel/server';
import { DIST } from '../../scripts/lib/paths.mjs';
import { bundleForNode, nameBrowser } from '../lib/bundle.mjs';

const HTML = '<!doctype html><meta charset="utf-8"><script src="/steadyreel.iife.js"></script>';
const SCRIPTS = ['/steadyreel.iife.js', '/clip.js'];

/** @param {Request} request */
const answer = ({ url }) => {
  const { pathname } = new URL(url);
  return SCRIPTS.includes(pathname)
    ? new Response(readFileSync(join(DIST, pathname)), { headers: { 'Content-Type': 'text/javascript' } })
    : new Response(HTML, { headers: { 'Content-Type': 'text/html' } });
};

/**
 * @typedef {object} Page
 * @property {<Given, Result>(work: (given: Given) => Promise<Result>, given: Given) => Promise<Result>} evaluate
 */

/**
 * In a browser that nobody listens in on: Playwright has every request's body told, which takes longer than the upload itself.
 *
 * @param {(page: Page, folder: string) => Promise<void>} work is given where the recordings lie.
 */
export const withPage = async work => {
  const folder = mkdtempSync(join(tmpdir(), 'steadyreel-bench-clip-'));
  nameBrowser();
  const load = await bundleForNode(join(folder, 'browser'), { chromium: 'test/support/raw-chromium.ts' });
  /** @type {typeof import('../../test/support/raw-chromium.ts')} */
  const { RawChromium } = await load('chromium');
  const stored = join(folder, 'stored');
  const server = await serve({ dir: stored, port: 0, fallback: answer });
  const browser = await RawChromium.launch(join(folder, 'profile'));
  try {
    const tab = await browser.open(server.url);
    const page = {
      /** @type {Page['evaluate']} */
      evaluate: (run, given) => tab.evaluate(`(${run})(${JSON.stringify(given)})`),
    };
    await work(page, stored);
  } finally {
    await browser.close();
    await server.close(0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};
