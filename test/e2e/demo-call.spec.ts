/** The demo's pages of calls, as a person uses them: both ends in the page, and streams of a media server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Locator, type Page, test } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';
import { decodeErrors, probe } from '../support/media.ts';
import { WhipServer } from '../support/whip-server.ts';

// Both ends of a call are encoded and decoded in real time.
test.describe.configure({ timeout: 120_000 });

/** What a page complained about: errors in scripts, and what its content security policy held back. */
const watch = (page: Page): string[] => {
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
};

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const state = (page: Page): Locator => page.locator('#state');
const liveFiles = (page: Page): Locator =>
  page.getByRole('region', { name: 'Files of this recording' }).locator('ol.files > li');
const newest = (page: Page): Locator => page.getByRole('article').first();
const choose = (page: Page, radio: string): Promise<void> =>
  page.getByRole('radio', { name: radio, exact: true }).check({ force: true });

/** A cell of the table of facts. */
const fact = (page: Page, row: string, column = 0): Locator =>
  page
    .getByRole('row', { name: new RegExp(`^${row}`) })
    .getByRole('cell')
    .nth(column);

const seconds = async (page: Page): Promise<number> => {
  const [minutes = 0, rest = 0] = ((await page.getByRole('timer').textContent()) ?? '')
    .split(':')
    .map(Number);
  return minutes * 60 + rest;
};

const recordedFor = async (page: Page, length: number): Promise<void> => {
  const until = (await seconds(page)) + length;
  await expect.poll(() => seconds(page), { intervals: [50], timeout: 30_000 }).toBeGreaterThan(until);
};

/** The picture moves. */
const moves = async (video: Locator): Promise<void> => {
  const time = (): Promise<number> => video.evaluate((v: HTMLVideoElement) => v.currentTime);
  const before = await time();
  await expect.poll(time, { timeout: 15_000 }).toBeGreaterThan(before + 0.2);
};

const record = async (page: Page): Promise<void> => {
  await button(page, 'Record').click();
  await expect(state(page)).toHaveText('Recording', { timeout: 15_000 });
  await expect(liveFiles(page).first()).toBeVisible({ timeout: 15_000 });
};

const stop = async (page: Page): Promise<Recording> => {
  await button(page, 'Stop').click();
  await expect(state(page)).toHaveText('Stopped', { timeout: 20_000 });
  const response = await page.request.get('/storage/recordings');
  const { recordings } = (await response.json()) as { recordings: Recording[] };
  const [recording] = recordings as [Recording];
  // Until it is listed, the newest card is another's.
  await expect(newest(page)).toHaveAttribute('aria-labelledby', `recording-${recording.id}`);
  return recording;
};

/** Plays a file in the page. */
const play = async (page: Page, index: number): Promise<void> => {
  const card = newest(page);
  await card.getByRole('button', { name: `Play file ${index}` }).click();
  await expect(card.getByRole('status')).toContainText(`File ${index} of`);
  const video = card.locator('video');
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0.2);
  expect(await video.evaluate((v: HTMLVideoElement) => v.error?.message)).toBeUndefined();
};

/** Every file decodes without a word, and is as the manifest says; the timeline has no hole. */
const checkStored = async (page: Page, recording: Recording): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-demo-call-'));
  try {
    let end = 0;
    for (const file of recording.files) {
      const path = join(folder, `${file.index}.mp4`);
      await writeFile(path, await (await page.request.get(`/storage/${file.key}`)).body());
      expect(await decodeErrors(path, true), file.key).toBe('');
      const streams = await probe(path);
      const video = streams.find(stream => stream.codec_type === 'video');
      expect([video?.width, video?.height]).toEqual([file.video?.codedWidth, file.video?.codedHeight]);
      expect(Number(video?.nb_read_packets)).toBe(file.video?.frames);
      expect(streams.find(stream => stream.codec_type === 'audio')?.codec_name).toBe('opus');
      expect(file.startTime).toBeCloseTo(end, 5);
      end = file.startTime + file.duration;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Small pictures, where their size does not matter: two of 720p are a lot for a processor that does other things as well. */
const openSmallCall = async (page: Page): Promise<void> => {
  await page.goto('/call.html');
  await choose(page, 'Quarter');
};

const call = async (page: Page): Promise<void> => {
  await button(page, 'Call').click();
  await moves(page.locator('#received'));
};

test('a call of the page with itself: what is received, through changes of the encoder', async ({ page }) => {
  const complaints = watch(page);
  await page.goto('/');
  await page.getByRole('link', { name: 'Call', exact: true }).click();
  await choose(page, 'Half');
  await call(page);
  await expect(fact(page, 'Codec', 1)).toHaveText('H.264');
  await expect(fact(page, 'Frame size', 1)).toHaveText(/^\d+ × \d+$/);
  await record(page);
  await expect(page.locator('#method')).toContainText('No second encoder');
  await recordedFor(page, 1);
  const before = await liveFiles(page).count();
  await choose(page, 'Quarter');
  await expect(liveFiles(page).nth(before)).toContainText('Frame size', { timeout: 10_000 });
  await page.getByLabel('Bandwidth, at the most').fill('0');
  await expect(page.getByLabel('Bandwidth, at the most')).toHaveAttribute('aria-valuetext', '100 kbit/s');
  await expect(fact(page, 'Bitrate')).toHaveText(/^\d?\d\d kbit\/s$/, { timeout: 15_000 });
  await button(page, 'Pause').click();
  await expect(state(page)).toHaveText('Paused');
  await button(page, 'Resume').click();
  await expect(state(page)).toHaveText('Recording');
  await recordedFor(page, 1);
  const paused = await liveFiles(page).count();
  await page.getByLabel('Video codec').selectOption('VP9');
  await expect(liveFiles(page).nth(paused)).toContainText('VP9', { timeout: 10_000 });
  await recordedFor(page, 1);
  const recording = await stop(page);

  expect(recording.method).toBe('passthrough');
  expect(recording.metadata).toEqual({ title: 'A call, as it was received' });
  const reasons = recording.files.map(({ reason }) => reason);
  expect(reasons[0]).toBe('start');
  expect(reasons).toContain('video-size');
  expect(reasons).toContain('video-codec');
  await expect(newest(page)).toContainText('as the call was encoded');
  await play(page, 1);
  await play(page, recording.files.length);
  await checkStored(page, recording);
  await button(page, 'Hang up').click();
  await expect(button(page, 'Call')).toBeVisible();
  expect(complaints).toEqual([]);
});

test('the sent end of the camera’s call, and what is left when it is hung up', async ({ page }) => {
  const complaints = watch(page);
  await openSmallCall(page);
  await choose(page, 'Camera');
  await choose(page, 'Sent');
  await page.locator('summary', { hasText: 'Advanced options' }).click();
  await page.getByLabel('Longest file, in seconds').fill('2');
  // Makes the call as well.
  await record(page);
  await expect(page.getByRole('radio', { name: 'Received', exact: true })).toBeDisabled();
  await expect(liveFiles(page).filter({ hasText: 'Longest file' }).first()).toBeVisible({ timeout: 15_000 });
  await recordedFor(page, 1);
  await button(page, 'Hang up').click();
  await expect(state(page)).toHaveText('Stopped', { timeout: 20_000 });
  await expect(newest(page)).toContainText('as the call was encoded');
  const response = await page.request.get('/storage/recordings');
  const [recording] = ((await response.json()) as { recordings: Recording[] }).recordings;
  expect(recording?.state).toBe('complete');
  expect(recording?.metadata).toEqual({ title: 'A call, as it was sent' });
  await checkStored(page, recording as Recording);
  expect(complaints).toEqual([]);
});

test('VP8 is refused in words, recorded when it is wanted, and encoded anew when that is', async ({
  page,
}) => {
  await openSmallCall(page);
  await page.getByLabel('Video codec').selectOption('VP8');
  await call(page);
  await button(page, 'Record').click();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('the call is in VP8');
  await expect(alert).toContainText('passthrough-unavailable');
  await expect(state(page)).toHaveText('Failed');

  await page.locator('summary', { hasText: 'Advanced options' }).click();
  await page.getByRole('checkbox', { name: /^Record VP8 too/ }).check({ force: true });
  await record(page);
  await expect(alert).toHaveCount(0);
  await expect(liveFiles(page).first()).toContainText('VP8');
  await recordedFor(page, 1);
  await checkStored(page, await stop(page));

  await page.getByRole('checkbox', { name: /^Record VP8 too/ }).uncheck({ force: true });
  await page.getByRole('checkbox', { name: /^Encode where/ }).check({ force: true });
  await record(page);
  await expect(page.locator('#method')).toContainText('an encoder of its own');
  await recordedFor(page, 1);
  expect((await stop(page)).method).toBe('encoding');
  await expect(newest(page).getByRole('list', { name: 'What was lost' })).toContainText('VP8');
});

test('what was lost is told in words', async ({ page }) => {
  await openSmallCall(page);
  await record(page);
  await recordedFor(page, 1);
  await stop(page);
  await page.route('**/storage/recordings', async route => {
    const response = await route.fetch();
    const body = (await response.json()) as { recordings: Recording[] };
    body.recordings[0]?.events.push({ time: 12.3, type: 'loss', duration: 1.4, frames: 31 });
    await route.fulfill({ response, json: body });
  });
  await button(page, 'Refresh').click();
  await expect(newest(page).getByRole('listitem').filter({ hasText: 'At 0:12.3' })).toHaveText(
    'At 0:12.3, the picture stands still for 1.4 seconds: of 31 frames that came, what they are predicted from is missing.',
  );
});

test('works by keyboard alone', async ({ page }) => {
  await page.goto('/call.html');
  await button(page, 'Call').focus();
  await page.keyboard.press('Enter');
  await moves(page.locator('#received'));
  await page.getByLabel('Bandwidth, at the most').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('#bandwidth-text')).toHaveText('1.5 Mbit/s');
  await button(page, 'Record').focus();
  await page.keyboard.press('Enter');
  await expect(state(page)).toHaveText('Recording', { timeout: 15_000 });
  await expect(button(page, 'Stop')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(button(page, 'Pause')).toBeFocused();
  await page.keyboard.press('Space');
  await expect(button(page, 'Resume')).toBeFocused();
  await page.keyboard.press('Space');
  await button(page, 'Stop').focus();
  await page.keyboard.press('Space');
  await expect(state(page)).toHaveText('Stopped', { timeout: 20_000 });
});

test.describe('with a media server', () => {
  let server: WhipServer;

  test.beforeEach(async () => {
    server = await WhipServer.start({ token: 'secret' });
  });
  test.afterEach(() => server.close());

  const connection = (page: Page): Locator => page.locator('#connection-state');

  const connect = async (page: Page, mode: string, path: string): Promise<void> => {
    await page.goto('/whip.html');
    await choose(page, mode);
    await page.getByLabel('Address of the endpoint').fill(`${server.origin}${path}`);
    await page.getByLabel('Bearer token').fill('secret');
    await button(page, 'Connect').click();
    await expect(connection(page)).toHaveText('Connected', { timeout: 20_000 });
    await moves(page.locator('#picture'));
  };

  test('what is published by WHIP and what is watched by WHEP are recorded', async ({ page, context }) => {
    const complaints = watch(page);
    await connect(page, 'Publish (WHIP)', '/whip/show');
    const watcher = await context.newPage();
    complaints.push(...watch(watcher));
    await connect(watcher, 'Watch (WHEP)', '/whep/show');
    for (const [each, title] of [
      [watcher, 'A stream, watched by WHEP'],
      [page, 'A stream, published by WHIP'],
    ] as const) {
      await record(each);
      await recordedFor(each, 2);
      const recording = await stop(each);
      expect(recording.method).toBe('passthrough');
      expect(recording.metadata).toEqual({ title });
      await play(each, 1);
      await checkStored(each, recording);
    }
    expect(server.sessions).toBe(2);
    for (const each of [watcher, page]) {
      await button(each, 'Disconnect').click();
      await expect(connection(each)).toHaveText('Not connected');
    }
    await expect.poll(() => server.sessions).toBe(0);
    expect(server.requests).toEqual([
      'POST /whip/show',
      'POST /whep/show',
      'DELETE /session/2',
      'DELETE /session/1',
    ]);
    expect(complaints).toEqual([]);
  });

  test('says what is wrong, and works when it is put right', async ({ page }) => {
    await page.goto('/whip.html');
    const alert = page.getByRole('alert');
    await button(page, 'Connect').click();
    await expect(page.getByLabel('Address of the endpoint')).toBeFocused();
    expect(server.requests).toEqual([]);
    for (const [url, token, words] of [
      [`${server.origin}/whep/show`, 'wrong', 'The server wants a token'],
      [`${server.origin}/whep/nothing`, 'secret', 'There is nothing at this address'],
      ['http://localhost:9/whep', 'secret', 'The server does not answer'],
    ] as const) {
      await page.getByLabel('Address of the endpoint').fill(url);
      await page.getByLabel('Bearer token').fill(token);
      await button(page, 'Connect').click();
      await expect(alert).toContainText(words, { timeout: 15_000 });
      await expect(connection(page)).toHaveText('Not connected');
    }
    await choose(page, 'Publish (WHIP)');
    await page.getByLabel('Address of the endpoint').fill(`${server.origin}/whip/show`);
    // Connects as well.
    await record(page);
    await expect(connection(page)).toHaveText('Connected');
    await expect(alert).toHaveCount(0);
    await recordedFor(page, 1);
    await stop(page);
  });

  test('a page that is left ends its session', async ({ page }) => {
    await connect(page, 'Publish (WHIP)', '/whip/show');
    expect(server.sessions).toBe(1);
    await page.goto('/');
    await expect.poll(() => server.sessions).toBe(0);
  });

  test('a server that goes away ends the recording, and all of it is kept', async ({ page }) => {
    await connect(page, 'Publish (WHIP)', '/whip/show');
    await record(page);
    await recordedFor(page, 1);
    await server.drop();
    await expect(connection(page)).toHaveText('The connection was lost', { timeout: 40_000 });
    await expect(state(page)).toHaveText('Stopped', { timeout: 20_000 });
    await expect(newest(page)).toContainText('as the call was encoded');
  });
});
