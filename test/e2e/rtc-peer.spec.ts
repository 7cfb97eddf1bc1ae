/** The peer that is not a browser: browsers decode all that it sends, and it hears what they send. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { Vp8RtpPayload } from 'werift';
import { type StorageServer, serve } from '../../src/server/index.ts';
import {
  CALL_BROWSERS,
  type CallBrowser,
  type CallBrowserName,
  type CallTab,
  launchForCalls,
} from '../support/browsers.ts';
import {
  h264Stream,
  opusStream,
  type VideoOptions,
  type VideoStream,
  vp8Stream,
  vp9Stream,
} from '../support/encoded-streams.ts';
import { LossyPath } from '../support/lossy-path.ts';
import { type PeerOptions, RtcPeer } from '../support/rtc-peer.ts';
import { bundlePage } from './crash-kit.ts';
import type { PageReceived, PeerPage } from './pages/peer.ts';

test.describe.configure({ timeout: 120_000 });

/** A call of a page to a peer. */
class Call {
  private constructor(
    readonly peer: RtcPeer,
    private readonly server: StorageServer,
    private readonly browser: CallBrowser,
    private readonly tab: CallTab,
  ) {}

  static async open(folder: string, browserName: CallBrowserName, options: PeerOptions): Promise<Call> {
    const script = await bundlePage('test/e2e/pages/peer.ts');
    const peer = RtcPeer.open(options);
    const fallback = async (request: Request): Promise<Response> =>
      (await peer.handle(request)) ??
      new Response(`<!doctype html><body><script>${script}</script>`, {
        headers: { 'Content-Type': 'text/html' },
      });
    const server = await serve({ dir: join(folder, 'stored'), port: 0, fallback });
    const browser = await launchForCalls(browserName, join(folder, 'profile'));
    return new Call(peer, server, browser, await browser.open(server.url));
  }

  page<Name extends keyof PeerPage>(
    what: Name,
    ...args: Parameters<PeerPage[Name]>
  ): Promise<Awaited<ReturnType<PeerPage[Name]>>> {
    return this.tab.evaluate(`peerCalls.${what}(...${JSON.stringify(args)})`);
  }

  async until(what: (received: PageReceived) => boolean): Promise<PageReceived> {
    let last: PageReceived | undefined;
    try {
      await expect
        .poll(async () => what((last = await this.page('received'))), { timeout: 40_000 })
        .toBe(true);
    } catch (error) {
      throw new Error(
        `${(error as Error).message}\nLast: ${JSON.stringify(last)}, ${this.peer.connectionState}`,
      );
    }
    return this.page('received');
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.peer.close();
    await this.server.close(0);
  }
}

let folder: string;
let call: Call | undefined;
let path: LossyPath | undefined;
test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steadyreel-peer-'));
});
test.afterEach(async () => {
  await call?.close();
  path?.close();
  [call, path] = [undefined, undefined];
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const SIZES: VideoOptions = {
  keyInterval: 10,
  stretches: [
    { width: 640, height: 360, frames: 30 },
    { width: 320, height: 240, frames: 30 },
    { width: 854, height: 480, frames: 30 },
  ],
};

const STREAMS: Record<string, (options: VideoOptions) => Promise<VideoStream>> = {
  H264: h264Stream,
  VP8: vp8Stream,
  VP9: vp9Stream,
};

for (const [codec, stream] of Object.entries(STREAMS))
  for (const name of CALL_BROWSERS)
    test(`${name} receives all of ${codec} in three sizes, and Opus`, async () => {
      const video = await stream(SIZES);
      const audio = await opusStream({ duration: 3 });
      const { peer } = (call = await Call.open(folder, name, {
        video,
        audio,
        skipsToKeyFrames: false,
        // Both wrap around on the way.
        firstSequenceNumber: 65_500,
        firstTimestamp: 2 ** 32 - 45_000,
      }));
      await call.page('start', false);
      await peer.ended;
      expect(peer.sentVideo.map(({ frame }) => frame)).toEqual(video.frames);
      expect(peer.sentAudio.map(({ packet }) => packet)).toEqual(audio.packets);
      const packets = peer.sentVideo.flatMap(sent => sent.packets).length;
      // A machine that has other things to do leaves out frames, but not the last key frame.
      const all = await call.until(
        received =>
          received.packets >= packets &&
          received.audioPackets >= audio.packets.length &&
          received.width === 854,
      );
      expect(all).toMatchObject({ packets, height: 480, lost: 0, codec: `video/${codec}` });
      expect(all.frames).toBeGreaterThan(10);
      expect(all.audioPackets).toBe(audio.packets.length);
    });

test('what is lost is sent again when it is asked for', async () => {
  const video = await h264Stream({ stretches: [{ width: 640, height: 360, frames: 180 }] });
  path = LossyPath.open({ seed: 3 });
  call = await Call.open(folder, 'Chromium', { video, repeats: true, path });
  await call.page('start', false);
  await call.until(({ frames }) => frames > 20);
  path.settings.loss = 0.1;
  await call.until(({ nacks }) => nacks > 3);
  path.settings.loss = 0;
  const { frames } = await call.page('received');
  await call.until(received => received.frames > frames + 30);
});

test('a key frame comes when it is asked for', async () => {
  // Without that, the next one would come after half a minute.
  const video = await h264Stream({
    keyInterval: 900,
    stretches: [
      { width: 640, height: 360, frames: 900 },
      { width: 320, height: 240, frames: 150 },
    ],
  });
  path = LossyPath.open();
  call = await Call.open(folder, 'Chromium', { video, retransmits: false, path });
  const { peer } = call;
  await call.page('start', false);
  await call.until(({ frames }) => frames > 20);
  const sent = peer.sentVideo.length;
  path.settings.drop = ({ kind }) => kind === 'rtp';
  await expect.poll(() => peer.sentVideo.length).toBeGreaterThan(sent + 5);
  path.settings.drop = undefined;
  await call.until(({ plis, width }) => plis > 0 && width === 320);
  expect(peer.keyFrameRequests).toBeGreaterThan(0);
  const jump = peer.sentVideo.findIndex(({ index }, i) => index !== i);
  expect(peer.sentVideo[jump]).toMatchObject({ index: 900, frame: { key: true, width: 320 } });
  const { frames } = await call.page('received');
  await call.until(received => received.frames > frames + 30);
});

test('pictures are turned, and a pause leaves a gap in the time of one stream only', async () => {
  const [video, audio] = [await h264Stream(), await opusStream()];
  call = await Call.open(folder, 'Chromium', { video, audio, repeats: true });
  const { peer } = call;
  const page = call;
  await page.page('start', false);
  await expect.poll(() => page.page('shown'), { timeout: 20_000 }).toEqual([640, 360]);
  peer.rotation = 90;
  await expect.poll(() => page.page('shown'), { timeout: 20_000 }).toEqual([360, 640]);
  peer.pause('video');
  const [before, sounds] = [peer.sentVideo.length, peer.sentAudio.length];
  await expect.poll(() => peer.sentAudio.length).toBeGreaterThan(sounds + 50);
  expect(peer.sentVideo.length).toBe(before);
  peer.resume('video');
  await expect.poll(() => peer.sentVideo.length).toBeGreaterThan(before + 30);
  const steps = peer.sentVideo.map(
    ({ rtpTimestamp }, i, all) => rtpTimestamp - (all[i - 1]?.rtpTimestamp ?? 0),
  );
  expect(steps[before]).toBeGreaterThan(90_000);
  // Rounded to whole ticks.
  for (const step of [...steps.slice(1, before), ...steps.slice(before + 1)])
    expect(Math.abs(step - 3_000)).toBeLessThanOrEqual(1);
  expect(await page.page('shown')).toEqual([360, 640]);
});

for (const name of CALL_BROWSERS)
  test(`it hears the camera and the microphone of ${name}`, async () => {
    call = await Call.open(folder, name, { receives: true });
    await call.page('start', true);
    const { received } = call.peer;
    await expect
      .poll(() => received.video.filter(({ marker }) => marker).length, { timeout: 40_000 })
      .toBeGreaterThan(60);
    await expect.poll(() => received.audio.length).toBeGreaterThan(100);
    const keyFrames = (): number =>
      received.video.filter(({ payload }) => Vp8RtpPayload.deSerialize(Buffer.from(payload)).isKeyframe)
        .length;
    const before = keyFrames();
    expect(before).toBeGreaterThan(0);
    await call.peer.askForKeyFrame();
    await expect.poll(keyFrames, { timeout: 20_000 }).toBeGreaterThan(before);
  });
