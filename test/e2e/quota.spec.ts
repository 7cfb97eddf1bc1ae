/** A device that has no more room: it is said early, the file is finished in time, and all of it is kept. */
import { expect, test } from '@playwright/test';
import { RawChromium } from '../support/raw-chromium.ts';
import { checkStored, Station } from './crash-kit.ts';

const PATIENCE = { timeout: 30_000 };

test('the recording ends with a typed error before there is no room, and every frame is there', async () => {
  const station = await Station.start();
  const browser = await RawChromium.launch(station.profile);
  try {
    const page = await station.open(browser);
    await page.call('begin', 'device', true);
    const look = async () => {
      const [told] = await page.call('told');
      if (!told) throw new Error('Nothing is being recorded.');
      return told;
    };
    const recorded = async (): Promise<number> => (await look()).recordedBytes;
    await expect.poll(recorded, PATIENCE).toBeGreaterThan(1e6);

    // From now on others have taken all that the browser would have given.
    await page.limit(await page.call('taken'));
    await expect.poll(async () => (await look()).warnings, PATIENCE).toContain('device-storage-low');
    expect((await look()).state).toBe('recording');
    const before = await recorded();
    await expect.poll(recorded, PATIENCE).toBeGreaterThan(before);

    // And of what was held back.
    await page.limit(await page.call('taken'));
    await expect.poll(async () => (await look()).state, PATIENCE).toBe('failed');
    const { errors, recording, framesIn } = await look();
    expect(errors).toEqual(['device-storage-full']);
    expect(recording).toMatchObject({ state: 'failed', error: { code: 'device-storage-full' } });
    await page.call('handOver');
    const [kept] = await station.recordings();
    if (!kept) throw new Error('Nothing was kept.');
    expect(await checkStored(kept)).toBe(framesIn);
  } finally {
    await browser.close();
    await station.close();
  }
});
