/** `npm start` and `npm run sample`, as somebody runs them who has just cloned the repository. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT } from '../../scripts/lib/paths.mjs';
import { makeFolder, removeFolder } from './consumers-kit.ts';

let folder: string;
test.beforeEach(() => {
  folder = makeFolder({});
});
test.afterEach(() => removeFolder(folder));

const node = (...args: string[]): ChildProcess =>
  spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });

/** All of a process's output, or what there is as soon as it matches. */
const output = async (child: ChildProcess, until?: RegExp): Promise<string> => {
  let text = '';
  for await (const data of child.stdout ?? []) {
    text += data;
    if (until?.test(text)) break;
  }
  return text;
};

test('npm start serves the demo and its storage, and ends when it is told to', async ({ page }) => {
  const server = node('scripts/start.mjs', '--port', '0', '--dir', folder);
  const ended = once(server, 'exit');
  try {
    const [url = ''] = /http:\S+/.exec(await output(server, /http:\S+\n/)) ?? [];
    await page.goto(url);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    const list = await page.request.get(new URL('/storage/recordings', url).href);
    expect(await list.json()).toEqual({ recordings: [] });
  } finally {
    server.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
});

test('npm run sample records four files and lists them as they are', async () => {
  const sample = node('scripts/sample.mjs', '--dir', folder);
  const ended = once(sample, 'exit');
  const rows = (await output(sample)).split('\n').filter(line => line.startsWith('recordings/'));
  expect(await ended).toEqual([0, null]);
  expect(rows.map(row => row.split(/ {2,}/).slice(1, 2).join())).toEqual([
    'start',
    'video-size',
    'video-rotation',
    'video-color',
  ]);
  expect(rows[1]).toMatch(/ 1280x720 +0° +limited /);
  expect(rows[2]).toMatch(/ 1280x720 +90° +limited /);
  expect(rows[3]).toMatch(/ 1280x720 +90° +full /);
  for (const row of rows) {
    const [key = '', bytes = ''] = [/^\S+/.exec(row)?.[0], /\d+$/.exec(row)?.[0]];
    expect(statSync(join(folder, key.replace('recordings/', ''))).size).toBe(Number(bytes));
  }
});
