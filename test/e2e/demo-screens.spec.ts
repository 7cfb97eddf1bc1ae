/** The demo page on a phone and on a desktop, light and dark: pictures to look at, and what can be measured. */
import { expect, type Page, test } from '@playwright/test';

/** Texts whose contrast to what lies behind them is below 4.5 to 1 (WCAG 2.2, success criterion 1.4.3). */
const lowContrast = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas');
    const paint = (colours: string[]): number[] => {
      context.clearRect(0, 0, 1, 1);
      for (const colour of colours) {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
      }
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (rgb: number[]): number => {
      const [r = 0, g = 0, b = 0] = rgb.map(value => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ancestors = (element: Element): Element[] =>
      element.parentElement ? [...ancestors(element.parentElement), element] : [element];
    const found = new Set<string>();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim();
      // What is disabled is exempt, and so is text that only screen readers get.
      if (!element?.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || !text) continue;
      if (element.closest('.visually-hidden, :disabled, :disabled + span, option')) continue;
      const chain = ancestors(element).map(each => getComputedStyle(each));
      const colour = getComputedStyle(element).color;
      const behind = chain.map(style => style.backgroundColor);
      const [front, back] = [luminance(paint([...behind, colour])), luminance(paint(behind))];
      const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      if (ratio < 4.5) found.add(`${ratio.toFixed(2)}: ${text} (${element.className || element.tagName})`);
    }
    return [...found];
  });

/** Things to press that are smaller than 24 pixels (WCAG 2.2, success criterion 2.5.8). */
const smallTargets = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('button, a, select, summary, label:has(input)')]
      .filter(element => element.checkVisibility({ visibilityProperty: true }))
      .filter(element => {
        const { width, height } = element.getBoundingClientRect();
        return Math.min(width, height) < 24 && !element.closest('.skip');
      })
      .map(element => element.outerHTML.slice(0, 80)),
  );

const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Measures the page in both colour schemes, and takes a picture of the whole of it in each. */
const check = async (page: Page, name: string): Promise<void> => {
  expect(await sidewaysScroll(page)).toBe(0);
  expect(await smallTargets(page)).toEqual([]);
  // What sticks to the window would lie elsewhere in the picture of a scrolled page.
  await page.evaluate(() => scrollTo(0, 0));
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await lowContrast(page)).toEqual([]);
    await page.screenshot({ path: `test-results/screenshots/${name}-${colorScheme}.png`, fullPage: true });
  }
};

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
      await check(page, `${device}-playing`);
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
