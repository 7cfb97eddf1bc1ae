/** The demo page from end to end, as a person uses it. */
import { expect, type Locator, type Page, test } from '@playwright/test';

/** What the page complained about: errors in scripts, and what its content security policy held back. */
const watch = (page: Page): string[] => {
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
};

const recordButton = (page: Page): Locator => page.getByRole('button', { name: 'Record', exact: true });
const stopButton = (page: Page): Locator => page.getByRole('button', { name: 'Stop', exact: true });
const state = (page: Page): Locator => page.locator('#state');
const liveFiles = (page: Page): Locator =>
  page.getByRole('region', { name: 'Files of this recording' }).locator('ol.files > li');
const newest = (page: Page): Locator => page.getByRole('article').first();

/** Seconds on the page's clock. */
const clock = async (page: Page): Promise<number> => {
  const [minutes = 0, seconds = 0] = ((await page.getByRole('timer').textContent()) ?? '')
    .split(':')
    .map(Number);
  return minutes * 60 + seconds;
};

const recordedFor = async (page: Page, seconds: number): Promise<void> => {
  const until = (await clock(page)) + seconds;
  await expect.poll(() => clock(page), { intervals: [50] }).toBeGreaterThan(until);
};

const choose = (page: Page, radio: string): Promise<void> =>
  page.getByRole('radio', { name: radio, exact: true }).check({ force: true });

const stop = async (page: Page): Promise<void> => {
  await stopButton(page).click();
  await expect(state(page)).toHaveText('Stopped', { timeout: 20_000 });
};

const begin = async (page: Page): Promise<void> => {
  await recordButton(page).click();
  await expect(state(page)).toHaveText('Recording');
  await expect(liveFiles(page)).toHaveCount(1);
};

interface Playing {
  width: number;
  height: number;
  duration: number;
}

/** Plays a file, expects the picture to move, and tells what the browser says of it. */
const play = async (card: Locator, index: number): Promise<Playing> => {
  await card.getByRole('button', { name: `Play file ${index}` }).click();
  const video = card.locator('video');
  await expect(card.getByRole('status')).toContainText(`File ${index} of`);
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0.2);
  return video.evaluate((v: HTMLVideoElement) => {
    if (v.error) throw new Error(v.error.message);
    return { width: v.videoWidth, height: v.videoHeight, duration: v.duration };
  });
};

interface Listed {
  id: string;
  kind: string;
  events: { type: string; ids?: string[] }[];
  files: { duration: number; reason: string }[];
}

const listed = async (page: Page): Promise<Listed[]> => {
  const response = await page.request.get('/storage/recordings');
  const body = (await response.json()) as Listed[] | { recordings: Listed[] };
  return Array.isArray(body) ? body : body.recordings;
};

test('records the test pattern through two changes into three files that play, with overlays', async ({
  page,
}) => {
  const complaints = watch(page);
  await page.goto('/');
  for (const name of ['Title', 'Score']) await page.getByRole('checkbox', { name }).check({ force: true });
  await begin(page);
  await recordedFor(page, 1.5);
  await choose(page, '1280 × 720');
  await expect(liveFiles(page)).toHaveCount(2);
  await expect(liveFiles(page).nth(1)).toContainText('Frame size');
  await recordedFor(page, 1.5);
  await choose(page, '90°');
  await expect(liveFiles(page)).toHaveCount(3);
  await expect(liveFiles(page).nth(2)).toContainText('Rotation');
  await expect(page.locator('#announcement')).toHaveText(/^File 3 begins .* because the rotation changed/);
  await recordedFor(page, 1.5);
  await stop(page);

  const card = newest(page);
  await expect(card.locator('ol.files > li')).toHaveCount(3);
  await expect(card).toContainText((await page.getByRole('timer').textContent()) ?? 'no time');
  await expect(card.getByRole('list', { name: 'Timeline' }).getByRole('listitem')).toHaveCount(3);
  const [recording] = await listed(page);
  expect(recording?.files.map(file => file.reason)).toEqual(['start', 'video-size', 'video-rotation']);
  expect(recording?.kind).toBe('composited');
  const shown = recording?.events.filter(({ type }) => type === 'overlays').map(({ ids }) => ids);
  expect(shown).toEqual([['title', 'score']]);
  const sizes = [
    [640, 360],
    [1280, 720],
    [720, 1280],
  ];
  for (const [index, [width, height]] of sizes.entries()) {
    const playing = await play(card, index + 1);
    expect([playing.width, playing.height]).toEqual([width, height]);
    expect(Math.abs(playing.duration - (recording?.files[index]?.duration ?? 0))).toBeLessThan(0.1);
  }

  await card.getByRole('button', { name: 'Play whole recording' }).click();
  for (const index of [1, 2, 3]) {
    await expect(card.getByRole('status')).toContainText(`File ${index} of 3`, { timeout: 15_000 });
    await expect(card.locator('ol.files > li[aria-current]')).toContainText(`File ${index}`);
  }

  await card.getByRole('button', { name: /^Delete the recording/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete this recording?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
  expect((await listed(page)).map(({ id }) => id)).toContain(recording?.id);
  await card.getByRole('button', { name: /^Delete the recording/ }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect.poll(async () => (await listed(page)).map(({ id }) => id)).not.toContain(recording?.id);
  await expect(page.locator(`#recording-${recording?.id}`)).toHaveCount(0);
  expect(complaints).toEqual([]);
});

test('the sample rate and the range begin files too, and the bytes are told', async ({ page }) => {
  await page.goto('/');
  await begin(page);
  await recordedFor(page, 1.2);
  await page.getByRole('checkbox', { name: 'Full range' }).check({ force: true });
  await expect(liveFiles(page)).toHaveCount(2);
  await expect(liveFiles(page).nth(1).locator('.changed')).toContainText(['full range']);
  await recordedFor(page, 1.2);
  await choose(page, '44.1 kHz');
  await expect(liveFiles(page)).toHaveCount(3);
  await expect(liveFiles(page).nth(2).locator('.changed')).toContainText(['44.1 kHz']);
  await recordedFor(page, 1.2);
  await stop(page);
  const progress = page.getByRole('progressbar', { name: 'Stored of what was recorded' });
  const [value, max] = await progress.evaluate((bar: HTMLProgressElement) => [bar.value, bar.max]);
  expect(max).toBeGreaterThan(10_000);
  expect(value).toBe(max);
  await expect(page.locator('#backlog')).toHaveText('No backlog');
});

test('on this device: an empty list, a recording, its download, and an empty list again', async ({
  page,
}) => {
  const complaints = watch(page);
  await page.goto('/');
  await page.getByLabel('Store on').selectOption('This device');
  await expect(page.getByText('No recordings yet')).toBeVisible();
  await begin(page);
  await expect(page.getByRole('radio', { name: 'Camera' })).toBeDisabled();
  await recordedFor(page, 1.2);
  await stop(page);

  const card = newest(page);
  expect((await play(card, 1)).width).toBe(640);
  const download = page.waitForEvent('download');
  await card.getByRole('link', { name: 'Download file 1' }).click();
  expect((await download).suggestedFilename()).toMatch(/^steadyreel-.*-0001\.mp4$/);

  await page.reload();
  await page.getByLabel('Store on').selectOption('This device');
  await newest(page)
    .getByRole('button', { name: /^Delete the recording/ })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No recordings yet')).toBeVisible();
  expect(complaints).toEqual([]);
});

test('records the camera', async ({ page }) => {
  await page.goto('/');
  await choose(page, 'Camera');
  await expect(page.getByText('Your camera is off')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Change the picture' })).toBeHidden();
  await page.getByRole('button', { name: 'Turn camera on' }).click();
  await expect(page.getByText('Your camera is off')).toBeHidden();
  await begin(page);
  await recordedFor(page, 1);
  await stop(page);
  await expect(newest(page).locator('ol.files > li')).toHaveCount(1);
  await page.getByRole('button', { name: 'Turn off' }).click();
  await expect(page.getByText('Your camera is off')).toBeVisible();
});

test('a camera that is refused is explained where it would be', async ({ page }) => {
  await page.addInitScript(() => {
    MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await page.goto('/');
  await choose(page, 'Camera');
  await recordButton(page).click();
  await expect(page.getByText('The browser did not let this page use the camera')).toBeVisible();
  await expect(state(page)).toHaveText('Ready');
  await expect(recordButton(page)).toBeEnabled();
});

test('a storage that does not answer is explained, and asked again', async ({ page }) => {
  await page.route('**/storage/recordings', route => route.abort());
  await page.goto('/');
  await expect(page.getByText('The storage does not answer')).toBeVisible({ timeout: 20_000 });
  await page.unroute('**/storage/recordings');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText(/recordings? on the server/)).toBeVisible();
});

/** Refuses what the recorder sends; the page itself may still read. */
const refuse = (page: Page): Promise<unknown> =>
  page.route(/\/storage(\/|$)/, route =>
    route.request().method() === 'GET' ? route.fallback() : route.fulfill({ status: 401 }),
  );

test('what fails while recording is shown at once', async ({ page }) => {
  await page.goto('/');
  await begin(page);
  await refuse(page);
  await expect(page.getByRole('alert')).toContainText('refused access (HTTP 401)');
  await expect(stopButton(page)).toBeVisible();
  await stopButton(page).click();
  await expect(state(page)).toHaveText('Failed', { timeout: 20_000 });
  await expect(page.getByRole('alert')).toHaveCount(1);
});

test('an error is shown, can be dismissed, and the next recording works', async ({ page }) => {
  await page.goto('/');
  await refuse(page);
  await recordButton(page).click();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('refused access (HTTP 401)');
  await expect(alert).toContainText('storage-unauthorized');
  await expect(state(page)).toHaveText('Failed');
  await alert.getByRole('button', { name: 'Dismiss' }).click();
  await expect(alert).toHaveCount(0);

  await page.unrouteAll();
  await page.locator('summary', { hasText: 'Advanced options' }).click();
  await page.getByLabel('Video codec').selectOption('VP9');
  await begin(page);
  await expect(liveFiles(page).first()).toContainText('VP9');
  await stop(page);
});

test('works by keyboard alone', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the recorder' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await recordButton(page).focus();
  await page.keyboard.press('Enter');
  await expect(state(page)).toHaveText('Recording');
  await expect(stopButton(page)).toBeFocused();
  await page.getByRole('radio', { name: '640 × 360' }).focus();
  await recordedFor(page, 1.2);
  await page.keyboard.press('ArrowRight');
  await expect(liveFiles(page)).toHaveCount(2);
  await stopButton(page).focus();
  await page.keyboard.press('Space');
  await expect(state(page)).toHaveText('Stopped', { timeout: 20_000 });
});

test('asks before it is left while recording', async ({ page }) => {
  await page.goto('/');
  await begin(page);
  const asked = page.waitForEvent('dialog');
  const closing = page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await closing;
  await expect(state(page)).toHaveText('Recording');
  await stop(page);
});

test('the page of the script tag records', async ({ page }) => {
  const complaints = watch(page);
  const before = (await listed(page)).length;
  await page.goto('/');
  await page.getByRole('link', { name: 'Script tag' }).click();
  await page.getByRole('button', { name: 'Record' }).click();
  await expect(page.getByRole('status')).toHaveText('Recording');
  await expect(page.getByRole('timer')).toHaveText('0:01');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('status')).toHaveText('Stopped', { timeout: 20_000 });
  expect(await listed(page)).toHaveLength(before + 1);
  expect(complaints).toEqual([]);
});

test('the page of the npm import records', async ({ page }) => {
  const complaints = watch(page);
  const before = (await listed(page)).length;
  await page.goto('/');
  await page.getByRole('link', { name: 'npm import' }).click();
  // The page waits for the camera before it listens to the button.
  await expect(async () => {
    await page.getByRole('button', { name: 'Record' }).click({ timeout: 500 });
    await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible({ timeout: 2000 });
  }).toPass();
  await expect(page.getByRole('status')).toContainText('"reason": "start"');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('status')).toContainText('"state": "complete"', { timeout: 20_000 });
  expect(await listed(page)).toHaveLength(before + 1);
  expect(complaints).toEqual([]);
});
