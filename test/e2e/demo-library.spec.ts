/** The library of the demo, as a person uses it: found by its picture, looked through, played over all files, deleted. */
import { expect, type Locator, type Page, test } from '@playwright/test';

const clock = async (page: Page): Promise<number> =>
  Number((await page.getByRole('timer').textContent())?.replace(/\D/g, ''));

/** Waits for so many tenths of a second of recording. */
const recordedFor = async (page: Page, tenths: number): Promise<void> => {
  const until = (await clock(page)) + tenths;
  await expect.poll(() => clock(page), { intervals: [50] }).toBeGreaterThan(until);
};

/** A recording of two files, of two sizes. */
const record = async (page: Page): Promise<void> => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await expect(page.locator('#state')).toHaveText('Recording');
  await recordedFor(page, 22);
  await page.getByRole('radio', { name: '360 × 640' }).check({ force: true });
  await recordedFor(page, 22);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.locator('#state')).toHaveText('Stopped', { timeout: 20_000 });
};

interface Listed {
  id: string;
  duration: number;
  files: { startTime: number; bytes: number }[];
  thumbnails: { items: { time: number; key: string }[]; bytes: number };
}

const listed = async (page: Page): Promise<Listed[]> => {
  const response = await page.request.get('/storage/recordings');
  return ((await response.json()) as { recordings: Listed[] }).recordings;
};

/** What the small picture over the bar shows: the sheet, and the place on it. */
const preview = (card: Locator): Promise<string> =>
  card.locator('.preview-picture').evaluate(node => {
    const { backgroundImage, backgroundPosition, width, height } = getComputedStyle(node);
    const sheet = /([\w-]+\.jpg)/.exec(backgroundImage)?.[1] ?? 'no sheet';
    return `${sheet} ${backgroundPosition} ${width} ${height}`;
  });

test('a recording is found, looked through by pointer and by keyboard, played to its end and deleted', async ({
  page,
}) => {
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  await record(page);
  const [recording] = await listed(page);
  if (!recording) throw new Error('nothing was recorded');
  expect(recording.files).toHaveLength(2);
  expect(recording.thumbnails.items.length).toBeGreaterThanOrEqual(4);

  await page.getByRole('link', { name: 'Library' }).click();
  await expect(page.getByRole('heading', { name: 'Library' })).toBeVisible();
  const card = page.getByRole('article').filter({ has: page.locator(`#recording-${recording.id}`) });
  const poster = card.locator('.poster-picture');
  await expect.poll(() => poster.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
  await expect(page.locator('#recordings-status')).toHaveText(/recordings? on the server · [\d.]+ .?B used$/);

  // Found by what it is, and not by what it is not.
  await page.getByLabel('Find').fill('test pattern 360 × 640');
  await expect(card).toBeVisible();
  await page.getByLabel('Find').fill('holiday');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('button', { name: 'Show everything' }).click();
  await page.getByLabel('Show').selectOption('Clips');
  await expect(card).toHaveCount(0);
  await page.getByLabel('Show').selectOption('Recordings');
  await expect(card).toBeVisible();

  await card.getByRole('button', { name: 'Play whole recording' }).click();
  const bar = card.getByRole('slider', { name: 'Position' });
  await expect(card.getByRole('status')).toContainText('File 1 of 2');
  await card.getByRole('button', { name: 'Pause' }).click();

  // By pointer: the tile of the third second is the third of the sheet.
  const box = await bar.boundingBox();
  if (!box) throw new Error('the bar is not shown');
  const third = recording.thumbnails.items[2]?.time ?? 0;
  const at = box.x + (box.width * (third + 0.4)) / recording.duration;
  await page.mouse.move(at, box.y + box.height / 2);
  await expect.poll(() => preview(card)).toBe('sprite-0001.jpg -320px 0px 160px 90px');
  await page.mouse.move(box.x, box.y - 200);
  await expect(card.locator('.preview')).toBeHidden();

  // By keyboard: to the end, and back to the beginning.
  await bar.focus();
  await page.keyboard.press('End');
  await expect(bar).toHaveAttribute('aria-valuetext', /file 2 of 2$/);
  await expect(card.getByRole('status')).toContainText('File 2 of 2');
  await expect(card.locator('.preview')).toBeVisible();
  await page.keyboard.press('Home');
  await expect(bar).toHaveAttribute('aria-valuetext', /^0:00\.0 of .*file 1 of 2$/);
  await expect.poll(() => preview(card)).toBe('sprite-0001.jpg 0px 0px 160px 90px');
  const before = Number(await bar.inputValue());
  await page.keyboard.press('ArrowRight');
  expect(Number(await bar.inputValue())).toBeGreaterThan(before);

  // Over the cut, on one timeline: the second file begins where the first one ends.
  await page.keyboard.press('Space');
  await expect(card.getByRole('status')).toContainText('File 2 of 2', { timeout: 15_000 });
  const start = recording.files[1]?.startTime ?? 0;
  expect(Number(await bar.inputValue())).toBeGreaterThanOrEqual(start - 0.3);
  await expect(card.locator('ol.files > li[aria-current]')).toContainText('File 2');
  await expect(card.getByRole('button', { name: 'Play', exact: true })).toBeVisible({ timeout: 15_000 });
  await expect.poll(async () => Number(await bar.inputValue())).toBeGreaterThan(recording.duration - 0.3);

  const download = page.waitForEvent('download');
  await card.getByRole('link', { name: 'Download file 2' }).click();
  expect((await download).suggestedFilename()).toMatch(/-0002\.mp4$/);

  await card.getByRole('button', { name: /^Delete the recording/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(card).toHaveCount(0);
  expect((await listed(page)).map(({ id }) => id)).not.toContain(recording.id);
  const gone = await page.request.get(`/storage/${recording.thumbnails.items[0]?.key}`);
  expect(gone.status()).toBe(404);
  expect(complaints).toEqual([]);
});

test('a clip is found among the clips, with its picture, played, downloaded and deleted', async ({
  page,
}) => {
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(error.message));
  // Of a page that records nothing, as a site would have it that only keeps the last of a stream.
  await page.goto('/script-tag.html');
  const { id, duration } = await page.evaluate(async () => {
    const { Recorder, tus } = (window as unknown as { Steadyreel: typeof import('steadyreel') }).Steadyreel;
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    const recorder = new Recorder(stream, {
      storage: tus({ endpoint: '/storage' }),
      dvr: { seconds: 10 },
      thumbnails: { interval: 1 },
    });
    while ((recorder.dvr?.end ?? 0) < 3) await new Promise(resolve => setTimeout(resolve, 50));
    const clip = await recorder.clip({ seconds: 2, metadata: { title: 'The goal' } });
    recorder.close();
    for (const track of stream.getTracks()) track.stop();
    return clip;
  });

  await page.goto('/library.html');
  await page.getByLabel('Show').selectOption('Clips');
  await page.getByLabel('Find').fill('the goal');
  const card = page.getByRole('article').filter({ has: page.locator(`#recording-${id}`) });
  await expect(card).toContainText('Clip');
  const poster = card.locator('.poster-picture');
  await expect.poll(() => poster.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);

  await card.getByRole('button', { name: /^Play/ }).first().click();
  const bar = card.getByRole('slider', { name: 'Position' });
  await expect
    .poll(async () => Number(await bar.inputValue()), { timeout: 15_000 })
    .toBeGreaterThan(duration - 0.3);
  const download = page.waitForEvent('download');
  await card
    .getByRole('link', { name: /^Download/ })
    .first()
    .click();
  expect((await download).suggestedFilename()).toMatch(/-0001\.mp4$/);

  await card.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(card).toHaveCount(0);
  expect((await listed(page)).map(one => one.id)).not.toContain(id);
  expect(complaints).toEqual([]);
});

test('on this device, pictures come from the private file system', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Store on').selectOption('This device');
  await record(page);
  await page.getByRole('link', { name: 'Library' }).click();
  const card = page.getByRole('article').first();
  const poster = card.locator('.poster-picture');
  await expect.poll(() => poster.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
  await card.getByRole('button', { name: 'Play whole recording' }).click();
  await card.getByRole('slider', { name: 'Position' }).hover({ position: { x: 5, y: 5 } });
  await expect
    .poll(() => card.locator('.preview-picture').evaluate(node => getComputedStyle(node).backgroundImage))
    .toMatch(/^url\("blob:/);
});
