/** Recordings that are cut off for real, and what became of them. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, expect, type Page, test } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';
import { decodeErrors } from '../support/media.ts';
import { RawChromium, type Tab } from '../support/raw-chromium.ts';

const folders: string[] = [];

/** A folder that goes after the test. */
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-recovery-'));
  folders.push(folder);
  return folder;
};

export const removeFolders = async (): Promise<void> => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
};

/** Opens a page in a browser of its own, and kills the browser with all its processes when it has recorded enough. */
export const killWhileRecording = async (
  address: string,
  start: (tab: Tab) => Promise<unknown>,
  recorded: (tab: Tab) => Promise<boolean>,
): Promise<string> => {
  const profile = await newFolder();
  const browser = await RawChromium.launch(profile);
  try {
    const tab = await browser.open(address);
    await start(tab);
    await expect.poll(() => recorded(tab), { timeout: 20_000, intervals: [100] }).toBe(true);
  } finally {
    await browser.kill();
  }
  return profile;
};

/** Starts the browser again on what the killed one has left. */
export const reopen = async (profile: string, baseURL: string | undefined): Promise<BrowserContext> => {
  const { launchOptions } = test.info().project.use;
  return chromium.launchPersistentContext(profile, { ...launchOptions, ...(baseURL ? { baseURL } : {}) });
};

export const listed = async ({ request }: Pick<Page, 'request'>): Promise<Recording[]> => {
  // A connection that has been idle for a while may be closed at the very moment.
  const response = await request.get('/storage/recordings', { maxRetries: 2 });
  return ((await response.json()) as { recordings: Recording[] }).recordings;
};

/** What is in storage is what the manifest says, and every file decodes. */
export const expectSound = async (page: Page, id: string): Promise<Recording> => {
  const recording = (await listed(page)).find(each => each.id === id);
  if (!recording) throw new Error(`${id} is not listed`);
  expect(recording.state).toBe('recovered');
  expect(recording.files.length).toBeGreaterThan(0);
  const folder = await newFolder();
  for (const { key, bytes, sha256, duration } of recording.files) {
    const body = await (await page.request.get(`/storage/${key}`)).body();
    expect(body.length).toBe(bytes);
    expect(createHash('sha256').update(body).digest('hex')).toBe(sha256);
    expect(duration).toBeGreaterThan(0);
    const path = join(folder, 'file.mp4');
    await writeFile(path, body);
    expect(await decodeErrors(path, true)).toBe('');
  }
  return recording;
};
