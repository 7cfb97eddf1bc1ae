/** What a crash has cut off is offered to be finished, in the demo and in the element. */
import { type BrowserContext, expect, type Locator, type Page, test } from '@playwright/test';
import { expectSound, killWhileRecording, listed, removeFolders, reopen } from './recovery-kit.ts';
import { check } from './screens-kit.ts';

const recordButton = (page: Page): Locator => page.getByRole('button', { name: 'Record', exact: true });
const notice = (page: Page): Locator => page.locator('#recovery');
/** The element's offer; locators see into its shadow tree. */
const offer = (page: Page): Locator => page.locator('[part=recovery]');
/** Seconds that a recording lasts at the least. */
const SECONDS = 1;

test.afterEach(removeFolders);

/** Seconds that the demo's clock, or the element's, shows. */
const clock = async (page: Page): Promise<number> => {
  const [minutes = 0, seconds = 0] = ((await page.getByRole('timer').textContent()) ?? '')
    .split(':')
    .map(Number);
  return 60 * minutes + seconds;
};

const recordFor = async (page: Page, seconds: number): Promise<void> => {
  await recordButton(page).click();
  await expect.poll(() => clock(page), { timeout: 20_000, intervals: [100] }).toBeGreaterThanOrEqual(seconds);
};

/** A tab that goes while it records, in a browser that goes on. */
const cutOff = async (context: BrowserContext, address: string): Promise<void> => {
  const page = await context.newPage();
  await page.goto(address);
  await recordFor(page, SECONDS);
  await page.close({ runBeforeUnload: false });
};

/** Lets nothing through that is sent to the storage, until it is to be let through or refused. */
const hold = async (page: Page): Promise<{ refuse: () => void; held: Promise<void> }> => {
  let refuse = (): void => undefined;
  let onHeld = (): void => undefined;
  const decided = new Promise<void>(resolve => (refuse = resolve));
  const held = new Promise<void>(resolve => (onHeld = resolve));
  await page.route(/\/storage(\/|$)/, async route => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(route.request().method())) return route.fallback();
    onHeld();
    await decided;
    await route.fulfill({ status: 401 });
  });
  return { refuse, held };
};

const LOOKS = [
  ['phone', 390, 844],
  ['desktop', 1280, 900],
] as const;

const pictures = async (page: Page, name: string, part: Locator): Promise<void> => {
  // Colours must not be on their way from one scheme to the other.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const [device, width, height] of LOOKS) {
    await page.setViewportSize({ width, height });
    await check(page, `recovery-${name}-${device}`, part);
  }
};

test('the demo, killed while it recorded: by keyboard, all of it is finished and plays', async ({
  baseURL,
  request,
}) => {
  const known = new Set((await listed({ request })).map(({ id }) => id));
  let seconds = 0;
  const profile = await killWhileRecording(
    `${baseURL}/`,
    tab => tab.evaluate(`document.querySelector('#record').click()`),
    async tab => {
      const text = await tab.evaluate<string>(`document.querySelector('#duration').textContent`);
      seconds = Number(text.split(':')[1]);
      return seconds > 2;
    },
  );
  const context = await reopen(profile, baseURL);
  try {
    const page = await context.newPage();
    await page.goto('/');
    await expect(notice(page).getByRole('status')).toHaveText('A recording was cut off');
    await expect(notice(page).getByRole('listitem')).toHaveText(/^Test pattern · Today, /);
    const [cut] = (await listed({ request })).filter(({ id }) => !known.has(id));
    // Nothing happens by itself.
    expect(cut?.state).toBe('recording');
    const card = page.getByRole('article').filter({ has: page.locator(`#recording-${cut?.id}`) });
    await expect(card.locator('.badge')).toHaveText('Unfinished');

    await page.getByRole('button', { name: 'Refresh' }).focus();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('button', { name: 'Finish it' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(notice(page).getByRole('status')).toHaveText('Recovered: 1 recording', { timeout: 20_000 });
    await expect(notice(page).getByRole('status')).toBeFocused();

    await expect(card.locator('.badge')).toHaveText('Recovered');
    await expect(card).toContainText('It was cut off, and finished later');
    await card.getByRole('button', { name: 'Play file 1' }).click();
    await expect
      .poll(() => card.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime))
      .toBeGreaterThan(0.2);
    const recording = await expectSound(page, cut?.id ?? '');
    // The clock runs on by itself between two messages of the recorder.
    expect(recording.duration).toBeGreaterThan(seconds - 0.5);
    expect(recording.metadata).toEqual({ title: 'Test pattern' });
    await page.reload();
    await expect(page.getByText(/recordings? on the server/)).toBeVisible();
    await expect(notice(page)).toBeHidden();
  } finally {
    await context.close();
  }
});

test('the element, killed while it recorded: its button finishes it, and tells by an event', async ({
  baseURL,
  request,
}) => {
  const known = new Set((await listed({ request })).map(({ id }) => id));
  const element = `document.querySelector('steady-recorder')`;
  const profile = await killWhileRecording(
    `${baseURL}/script-tag.html`,
    tab => tab.evaluate(`${element}.start()`),
    tab => tab.evaluate<boolean>(`(${element}.recorder?.stats.duration ?? 0) > 2`),
  );
  const context = await reopen(profile, baseURL);
  try {
    const page = await context.newPage();
    await page.goto('/script-tag.html');
    const heard = page.evaluate(
      () =>
        new Promise<string[]>(resolve =>
          document.addEventListener('recovered', event =>
            resolve(
              (event as CustomEvent<{ recordings: { id: string }[] }>).detail.recordings.map(({ id }) => id),
            ),
          ),
        ),
    );
    await expect(offer(page).getByRole('status')).toHaveText(/^A recording from .*\d.* was cut off\.$/);
    await page.getByRole('button', { name: 'Finish it' }).click();
    await expect(offer(page).getByRole('status')).toHaveText('Recovered: 1 recording.', { timeout: 20_000 });
    const [cut] = (await listed({ request })).filter(({ id }) => !known.has(id));
    expect(await heard).toEqual([cut?.id]);
    expect((await expectSound(page, cut?.id ?? '')).duration).toBeGreaterThan(1.5);
  } finally {
    await context.close();
  }
});

test('a second tab does not offer what the first one records', async ({ context }) => {
  await cutOff(context, '/');
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto('/');
  await recordFor(first, 1);
  const before = await listed(first);
  await second.goto('/');
  // One was cut off, and the other one is being recorded.
  await expect(notice(second).getByRole('status')).toHaveText('A recording was cut off');
  await second.getByRole('button', { name: 'Finish it' }).click();
  await expect(notice(second).getByRole('status')).toHaveText('Recovered: 1 recording', { timeout: 20_000 });
  await expect(first.locator('#state')).toHaveText('Recording');
  await first.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(first.locator('#state')).toHaveText('Stopped', { timeout: 20_000 });
  const states = (await listed(first)).slice(0, 2).map(({ state }) => state);
  expect(before.slice(0, 2).map(({ state }) => state)).toEqual(['recording', 'recording']);
  expect(states).toEqual(['complete', 'recovered']);
});

test('the demo: a storage that refused, refuses again, and takes it at last', async ({ page }) => {
  test.slow();
  await page.goto('/');
  await recordFor(page, SECONDS);
  (await hold(page)).refuse();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.locator('#state')).toHaveText('Failed', { timeout: 20_000 });
  const status = notice(page).getByRole('status');
  await expect(status).toHaveText('A recording was cut off');
  await pictures(page, 'demo-offer', notice(page));

  await page.unrouteAll({ behavior: 'ignoreErrors' });
  const { refuse, held } = await hold(page);
  await page.getByRole('button', { name: 'Finish it' }).click();
  await held;
  await expect(status).toHaveText('Finishing it…');
  await expect(page.locator('#recovery-bytes')).toHaveText(/^[\d.]+ k?B stored of [\d.]+ kB recorded$/);
  await pictures(page, 'demo-running', notice(page));
  refuse();
  await expect(status).toHaveText('A recording could not be finished', { timeout: 20_000 });
  await expect(notice(page)).toContainText('refused access (HTTP 401)');
  await pictures(page, 'demo-failed', notice(page));

  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(status).toHaveText('Recovered: 1 recording', { timeout: 20_000 });
  await expect(page.getByRole('article').first().locator('.badge')).toHaveText('Recovered');
  await pictures(page, 'demo-done', notice(page));
});

test('the element: offer, progress, failure, another try, and a recording meanwhile', async ({ context }) => {
  test.slow();
  await cutOff(context, '/script-tag.html');
  const page = await context.newPage();
  await page.goto('/script-tag.html');
  const status = offer(page).getByRole('status');
  await expect(status).toHaveText(/was cut off\.$/);
  await pictures(page, 'element-offer', offer(page));

  const { refuse, held } = await hold(page);
  const finish = page.getByRole('button', { name: 'Finish it' });
  await finish.focus();
  await page.keyboard.press('Enter');
  await held;
  await expect(status).toHaveText('Finishing it…');
  await expect(finish).toBeFocused();
  await expect(page.locator('[part~=recovery-bytes]')).toHaveText(/^[\d.]+ k?B of \d{2,}[\d.]+ kB stored$/);
  await pictures(page, 'element-running', offer(page));
  refuse();
  await expect(status).toHaveText(/^A recording could not be finished: .*refused access \(HTTP 401\)/, {
    timeout: 20_000,
  });
  await pictures(page, 'element-failed', offer(page));

  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await recordFor(page, 1);
  await page.getByRole('button', { name: 'Try again' }).press('Enter');
  await expect(status).toHaveText('Recovered: 1 recording.', { timeout: 20_000 });
  await expect(page.locator('[part=state]')).toHaveText('Recording');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.locator('[part=state]')).toHaveText('Stopped', { timeout: 20_000 });
  await pictures(page, 'element-done', offer(page));
});

/** A page with the element on it. */
const elementPage = async (context: BrowserContext, attributes: string): Promise<string> => {
  const body = `<!doctype html><steady-recorder ${attributes}></steady-recorder><script src="/steadyreel.iife.js"></script>`;
  await context.route('**/element.html', route => route.fulfill({ contentType: 'text/html', body }));
  return '/element.html';
};

test('the element with auto-recover asks nobody, but for what its own storage has just refused', async ({
  context,
}) => {
  const address = await elementPage(context, 'auto-recover');
  await cutOff(context, address);
  const page = await context.newPage();
  await page.goto(address);
  const status = offer(page).getByRole('status');
  await expect(status).toHaveText('Recovered: 1 recording.', { timeout: 20_000 });
  // Of another storage there is nothing to tell.
  await page.evaluate(() => document.querySelector('steady-recorder')?.setAttribute('endpoint', '/storage'));
  await expect(offer(page)).toBeHidden();

  await recordFor(page, SECONDS);
  (await hold(page)).refuse();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.locator('[part=state]')).toHaveText('Failed', { timeout: 20_000 });
  await expect(status).toHaveText(/was cut off\.$/);
});
