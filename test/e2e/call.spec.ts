/** Calls recorded as they were encoded: byte for byte what was on the wire, at both ends, in both browsers. */
import { expect } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';
import type { CallBrowserName } from '../support/browsers.ts';
import { probe } from '../support/media.ts';
import { CallStation, checkFiles, checkFrames, checkSound } from './call-kit.ts';
import type { End } from './pages/tapped-call.ts';
import { test } from './shared-browsers.ts';

test.describe.configure({ timeout: 90_000 });

const ENDS: readonly End[] = ['sender', 'receiver'];

/** Both ends are recorded in each: one by its tap, the other one by a feed. */
const CALLS: readonly { browser: CallBrowserName; codec: string; tapped: End }[] = [
  { browser: 'Chromium', codec: 'H264', tapped: 'sender' },
  { browser: 'Chromium', codec: 'H264', tapped: 'receiver' },
  { browser: 'Chromium', codec: 'VP9', tapped: 'receiver' },
  { browser: 'Chromium', codec: 'AV1', tapped: 'sender' },
  { browser: 'Firefox', codec: 'VP9', tapped: 'sender' },
  { browser: 'Firefox', codec: 'AV1', tapped: 'receiver' },
];

/** Of key frames: the first one has a picture, and each of them is as wide as it is to be, or as what was sent. */
const checkThumbnails = async (station: CallStation, recording: Recording): Promise<void> => {
  const { items, sprites, leftOut } = recording.thumbnails ?? {
    items: [],
    sprites: [],
    leftOut: 'none made',
  };
  expect(leftOut).toBe(0);
  expect(items[0]?.time).toBe(recording.files[0]?.startTime);
  expect(sprites.map(({ tiles }) => tiles)).toEqual([items.length]);
  for (const { key, time } of items) {
    const [stream] = await probe(station.pathOf(key));
    // A sender on a busy machine makes its picture smaller than it was asked to, and nothing is made larger.
    const file = recording.files.findLast(({ startTime }) => startTime <= time + 1e-6);
    const width = Math.min(320, file?.video?.codedWidth ?? Number.NaN);
    expect([stream?.codec_name, stream?.width]).toEqual(['mjpeg', width]);
    expect(Math.abs((stream?.height ?? 0) - (width * 9) / 16)).toBeLessThanOrEqual(2);
  }
};

for (const { browser, codec, tapped } of CALLS) {
  test(`${browser}, ${codec}, the ${tapped} tapped: sizes that change, at both ends`, async ({
    browsers,
  }) => {
    const station = await CallStation.start(browser, { browsers });
    try {
      await station.call('connect', { codec, tapped, width: 640, height: 360 });
      for (const end of ENDS) await station.call('record', end, { thumbnails: { interval: 1 } });
      const files = (count: number) =>
        expect
          .poll(
            async () =>
              Math.min(
                ...(await Promise.all(ENDS.map(async end => (await station.call('told', end)).files))),
              ),
            { timeout: 20_000 },
          )
          .toBeGreaterThanOrEqual(count);
      await files(1);
      await station.call('encode', { scale: 2 });
      await files(2);
      await station.call('encode', { scale: 1 });
      await files(3);
      for (const end of ENDS)
        await expect.poll(async () => (await station.call('told', end)).framesEncoded).toBeGreaterThan(60);
      const recordings = [];
      for (const end of ENDS) recordings.push(await station.call('stop', end));
      const wire = await station.witnessed('video');
      const sound = await station.witnessed('audio');
      for (const recording of recordings) {
        expect(recording.method).toBe('passthrough');
        await checkFiles(station, recording);
        // The witness is at the other end than the tap.
        const allowed =
          recording.metadata.end === 'receiver' && tapped === 'receiver' ? 'before-key' : 'nowhere';
        const frames = await checkFrames(station, recording, codec, wire, allowed);
        expect(frames.length).toBeGreaterThan(60);
        const { found, longestSkip } = await checkSound(station, recording, sound);
        expect(found).toBeGreaterThan(100);
        expect(longestSkip).toBe(0);
        await checkThumbnails(station, recording);
      }
      const { warnings, errors } = await station.call('troubles');
      expect(errors).toEqual([]);
      // On a busy machine, even its own network loses packets.
      const { packetsLost, nackCount } = await station.call('received');
      if (packetsLost + nackCount === 0) expect(warnings).toEqual([]);
    } finally {
      await station.close();
    }
  });
}
