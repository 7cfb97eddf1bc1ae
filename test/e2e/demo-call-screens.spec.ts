/** The demo's pages of calls on a phone and on a desktop, light and dark: pictures to look at, and what can be measured. */
import { expect, type Page, test } from '@playwright/test';
import { check } from './screens-kit.ts';

test.describe.configure({ timeout: 120_000 });

const liveFiles = (page: Page) =>
  page.getByRole('region', { name: 'Files of this recording' }).locator('ol.files > li');

for (const [device, width, height] of [
  ['phone', 360, 740],
  ['desktop', 1280, 900],
] as const) {
  test.describe(`on a ${device}`, () => {
    test.use({ viewport: { width, height }, contextOptions: { reducedMotion: 'reduce' } });

    test('a call: ready, recording, and the recording playing', async ({ page }) => {
      await page.goto('/call.html');
      await page.getByLabel('Store on').selectOption('This device');
      await expect(page.getByText('No recordings yet')).toBeVisible();
      await page.locator('summary', { hasText: 'Advanced options' }).click();
      await check(page, `${device}-call-ready`);

      // What the processor has to do for a call is no matter here.
      await page.getByRole('radio', { name: 'Half' }).check({ force: true });
      await page.locator('summary', { hasText: 'Advanced options' }).click();
      await page.getByRole('button', { name: 'Record', exact: true }).click();
      await expect(liveFiles(page).first()).toBeVisible({ timeout: 15_000 });
      const before = await liveFiles(page).count();
      await page.getByRole('radio', { name: 'Quarter' }).check({ force: true });
      await expect(liveFiles(page).nth(before)).toBeVisible({ timeout: 10_000 });
      await check(page, `${device}-call-recording`);

      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByRole('button', { name: 'Play whole recording' }).click();
      const video = page.getByRole('article').locator('video');
      await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0.3);
      await check(page, `${device}-call-playing`);
    });

    test('WHIP and WHEP: watching, publishing, and an error', async ({ page }) => {
      await page.goto('/whip.html');
      await check(page, `${device}-whep`);
      await page.route('**/whip/show', route => route.fulfill({ status: 403, body: 'not yours' }));
      await page.getByRole('radio', { name: 'Publish (WHIP)' }).check({ force: true });
      await page.getByLabel('Address of the endpoint').fill('http://localhost:9/whip/show');
      await page.getByLabel('Bearer token').fill('secret');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await expect(page.getByRole('alert')).toContainText('It says: not yours', { timeout: 15_000 });
      await check(page, `${device}-whip-error`);
    });
  });
}
