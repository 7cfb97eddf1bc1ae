/** For tests of calls: starting a browser takes as long as many a test, so those of a worker share one of each kind. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from '@playwright/test';
import { type CallBrowser, type CallBrowserName, launchForCalls } from '../support/browsers.ts';

/** Each is started for the first test that wants it, and ends with the worker: after a test has failed, all are new. */
export class SharedBrowsers {
  readonly #open = new Map<CallBrowserName, Promise<CallBrowser>>();

  constructor(private readonly folder: string) {}

  get(name: CallBrowserName): Promise<CallBrowser> {
    const open = this.#open.get(name) ?? launchForCalls(name, join(this.folder, name));
    this.#open.set(name, open);
    return open;
  }

  async close(): Promise<void> {
    for (const open of this.#open.values()) await (await open).close();
  }
}

export const test = base.extend<object, { browsers: SharedBrowsers }>({
  browsers: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what is needed.
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'steadyreel-browsers-'));
      const browsers = new SharedBrowsers(folder);
      await use(browsers);
      await browsers.close();
      await rm(folder, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
});
