/** The demo's test pattern as a stream: its rate, its timestamps, and its independence of the page. */
import { expect, test } from '@playwright/test';

interface Processor {
  readable: ReadableStream<VideoFrame>;
}
type ProcessorConstructor = new (init: { track: MediaStreamTrack; maxBufferSize: number }) => Processor;

test('a page that is blocked for two seconds costs the test pattern no frame', async ({ page }) => {
  await page.goto('/');
  const preview = page.locator('#preview');
  await expect.poll(() => preview.evaluate((v: HTMLVideoElement) => v.videoWidth)).toBe(640);
  const seen = await preview.evaluate(async (video: HTMLVideoElement) => {
    const [track] = (video.srcObject as MediaStream).getVideoTracks();
    const { MediaStreamTrackProcessor } = window as unknown as {
      MediaStreamTrackProcessor: ProcessorConstructor;
    };
    if (!track) throw new Error('no video track');
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 300 }).readable.getReader();
    await reader.read().then(({ value }) => value?.close());
    const until = performance.now() + 2000;
    while (performance.now() < until);
    const blocked = performance.now();
    const frames: { timestamp: number; late: boolean }[] = [];
    while (frames.length < 75) {
      const { value: frame } = await reader.read();
      if (!frame) break;
      frames.push({ timestamp: frame.timestamp, late: performance.now() - blocked > 250 });
      frame.close();
    }
    await reader.cancel();
    return frames;
  });
  const first = Math.round(((seen[0]?.timestamp ?? 0) * 30) / 1e6);
  const expected = seen.map((_, n) => Math.round(((first + n) * 1e6) / 30));
  expect(seen.map(frame => frame.timestamp)).toEqual(expected);
  // Made while the page was blocked, they were there at once afterwards: 60 in two seconds, less a few.
  expect(seen.filter(frame => !frame.late).length).toBeGreaterThan(50);
});
