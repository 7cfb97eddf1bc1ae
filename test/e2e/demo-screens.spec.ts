/** The demo page on a phone and on a desktop, light and dark: pictures to look at, and what can be measured. */
import { expect, type Page, test } from '@playwright/test';
import { check } from './screens-kit.ts';

const recordedFor = async (page: Page, tenths: number): Promise<void> => {
  const read = async (): Promise<number> =>
    Number((await page.getByRole('timer').textContent())?.replace(/\D/g, ''));
  const until = (await read()) + tenths;
  await expect.poll(read, { intervals: [50] }).toBeGreaterThan(until);
};

for (const [device, width, height] of [
  ['phone', 360, 740],
  ['desktop', 1280, 900],
] as const) {
  test.describe(`on a ${device}`, () => {
    test.use({ viewport: { width, height }, contextOptions: { reducedMotion: 'reduce' } });

    test('ready, recording, and the recording playing', async ({ page }) => {
      await page.goto('/');
      await page.getByLabel('Store on').selectOption('This device');
      await expect(page.getByText('No recordings yet')).toBeVisible();
      await expect
        .poll(() => page.locator('#preview').evaluate((v: HTMLVideoElement) => v.videoWidth))
        .toBe(640);
      await check(page, `${device}-ready`);

      await page.getByRole('button', { name: 'Record', exact: true }).click();
      await expect(page.getByText('File 1', { exact: true })).toBeVisible();
      await recordedFor(page, 15);
      for (const [name, role] of [
        ['1280 × 720', 'radio'],
        ['Full range', 'checkbox'],
        ['90°', 'radio'],
      ] as const) {
        await page.getByRole(role, { name, exact: true }).check({ force: true });
        await recordedFor(page, 12);
      }
      await check(page, `${device}-recording`);

      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByRole('button', { name: 'Play whole recording' }).click();
      const video = page.getByRole('article').locator('video');
      await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0.3);
      await page.getByRole('button', { name: 'Pause', exact: true }).click();
      await page.getByRole('slider', { name: 'Position' }).focus();
      await page.keyboard.press('PageUp');
      await expect(page.locator('.preview-picture')).toBeVisible();
      await check(page, `${device}-playing`);

      await page.getByRole('link', { name: 'Library' }).click();
      await expect(page.locator('.poster-picture')).toBeVisible();
      await check(page, `${device}-library`);
      await page.getByLabel('Find').fill('holiday');
      await expect(page.getByText('Nothing matches')).toBeVisible();
      await check(page, `${device}-library-nothing`);
    });

    test('errors and advanced options', async ({ page }) => {
      await page.addInitScript(() => {
        MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'));
      });
      await page.route(/\/storage(\/|$)/, route =>
        route.request().method() === 'GET' ? route.fallback() : route.fulfill({ status: 401 }),
      );
      await page.goto('/');
      await page.locator('summary', { hasText: 'Advanced options' }).click();
      await page.getByRole('button', { name: 'Record', exact: true }).click();
      await expect(page.getByRole('alert')).toContainText('storage-unauthorized');
      await page.getByRole('radio', { name: 'Camera' }).check({ force: true });
      await page.getByRole('button', { name: 'Turn camera on' }).click();
      await expect(page.getByText('No camera was found')).toBeVisible();
      await check(page, `${device}-errors`);
    });
  });
}
