/** What can be measured of a page's looks, and pictures of it to look at. */
import { expect, type Locator, type Page } from '@playwright/test';

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
    const above = (element: Element): Element | undefined =>
      element.parentElement ?? (element.getRootNode() as Partial<ShadowRoot>).host;
    const ancestors = (element: Element): Element[] => {
      const parent = above(element);
      return parent ? [...ancestors(parent), element] : [element];
    };
    const found = new Set<string>();
    const texts = (root: Node): Node[] => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      const nodes: Node[] = [];
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node instanceof Text) nodes.push(node);
        else if (node instanceof Element && node.shadowRoot) nodes.push(...texts(node.shadowRoot));
      }
      return nodes;
    };
    for (const node of texts(document.body)) {
      const element = node.parentElement;
      const text = node.textContent?.trim();
      // What is disabled is exempt, and so is text that only screen readers get.
      if (!element?.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || !text) continue;
      if (element.closest('.visually-hidden, :disabled, :disabled + span, option')) continue;
      const chain = ancestors(element).map(each => getComputedStyle(each));
      const colour = getComputedStyle(element).color;
      // Below everything lies the browser's own page.
      const page = matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#ffffff';
      const behind = [page, ...chain.map(style => style.backgroundColor)];
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

/**
 * Measures the page in both colour schemes, and takes a picture in each: of the whole page, or of what the window shows around
 * a part of it.
 */
export const check = async (page: Page, name: string, part?: Locator): Promise<void> => {
  await expect.poll(() => sidewaysScroll(page)).toBe(0);
  expect(await smallTargets(page)).toEqual([]);
  // What sticks to the window would lie elsewhere in the picture of a scrolled page.
  await page.evaluate(() => scrollTo(0, 0));
  await part?.evaluate(node => node.scrollIntoView({ block: 'center' }));
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await lowContrast(page)).toEqual([]);
    const path = `test-results/screenshots/${name}-${colorScheme}.png`;
    await page.screenshot({ path, fullPage: part === undefined });
  }
};
