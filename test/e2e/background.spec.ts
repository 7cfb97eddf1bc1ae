/** A tab that nobody looks at records on as before. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { decodeErrors, packets } from '../support/media.ts';
import { RawChromium } from '../support/raw-chromium.ts';

interface Seen {
  hidden: boolean;
  framesIn: number;
}

/** Seconds for which the tab is hidden: its timers are slowed down after one. */
const HIDDEN = 8;

test('a hidden tab goes on recording: no gap, and as many frames as before', async ({ request, baseURL }) => {
  const folder = await mkdtemp(join(tmpdir(), 'steadyreel-hidden-'));
  const browser = await RawChromium.launch(join(folder, 'profile'));
  try {
    const tab = await browser.open(`${baseURL}/script-tag.html`);
    await tab.evaluate(`(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
      globalThis.recorder = new Steadyreel.Recorder(stream, { storage: Steadyreel.tus({ endpoint: '/storage' }) });
      await recorder.start();
    })()`);
    const look = (): Promise<Seen> =>
      tab.evaluate(`({ hidden: document.hidden, framesIn: recorder.stats.framesIn })`);
    await expect.poll(async () => (await look()).framesIn, { timeout: 15_000 }).toBeGreaterThan(30);
    const other = await browser.open('data:text/html,another');
    await other.show();
    await expect.poll(async () => (await look()).hidden).toBe(true);
    const before = await look();
    await expect
      .poll(async () => (await look()).framesIn, { timeout: 30_000 })
      .toBeGreaterThan(before.framesIn + HIDDEN * 29);
    expect((await look()).hidden).toBe(true);
    const recording = await tab.evaluate<{ files: { key: string; duration: number }[] }>('recorder.stop()');
    expect(recording.files).toHaveLength(1);
    const path = join(folder, '0001.mp4');
    await writeFile(path, await (await request.get(`/storage/${recording.files[0]?.key}`)).body());
    expect(await decodeErrors(path, true)).toBe('');
    const frames = await packets(path, 'v');
    const steps = frames.slice(1).map(({ pts }, i) => pts - (frames[i]?.pts ?? 0));
    // The fake camera's own largest gap is 71 ms.
    expect(Math.max(...steps)).toBeLessThan(0.15);
    expect(frames.length / (recording.files[0]?.duration ?? 1)).toBeGreaterThan(29);
    expect((await packets(path, 'a')).length).toBeGreaterThan(HIDDEN * 50);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
});
