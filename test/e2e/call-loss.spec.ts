/** Calls over a network that loses packets: what is recorded of them decodes to the very pictures that were sent. */
import { expect } from '@playwright/test';
import type { CallBrowserName } from '../support/browsers.ts';
import { LossyPath } from '../support/lossy-path.ts';
import { CallStation, checkFiles, checkFrames, checkSound, decodedHashes } from './call-kit.ts';
import { test } from './shared-browsers.ts';

test.describe.configure({ timeout: 120_000 });

const CALLS: readonly { browser: CallBrowserName; codec: string; dependencies: boolean }[] = [
  { browser: 'Chromium', codec: 'H264', dependencies: false },
  { browser: 'Chromium', codec: 'VP9', dependencies: true },
  { browser: 'Chromium', codec: 'VP9', dependencies: false },
  { browser: 'Chromium', codec: 'AV1', dependencies: true },
  { browser: 'Firefox', codec: 'VP9', dependencies: false },
  { browser: 'Firefox', codec: 'AV1', dependencies: false },
];

for (const { browser, codec, dependencies } of CALLS) {
  const told = dependencies ? 'with' : 'without';
  test(`${browser}, ${codec}, ${told} the dependency descriptor: packets are lost`, async ({ browsers }) => {
    const path = LossyPath.open({ seed: 11, delay: 20 });
    const station = await CallStation.start(browser, { browsers, path });
    try {
      await station.call('connect', { codec, tapped: 'receiver', width: 640, height: 360, dependencies });
      for (const end of ['sender', 'receiver'] as const) await station.call('record', end);
      const encoded = async (): Promise<number> => (await station.call('told', 'receiver')).framesEncoded;
      await expect.poll(encoded, { timeout: 20_000 }).toBeGreaterThan(15);
      for (let burst = 0; burst < 4; burst++) {
        path.settings.loss = 0.25;
        const { packetsLost, nackCount } = await station.call('received');
        await expect
          .poll(
            async () => {
              const now = await station.call('received');
              return now.packetsLost + now.nackCount - packetsLost - nackCount;
            },
            { timeout: 20_000 },
          )
          .toBeGreaterThan(15);
        path.settings.loss = 0;
        const before = await encoded();
        await expect.poll(encoded, { timeout: 20_000 }).toBeGreaterThan(before + 25);
      }
      const [sent, received] = [await station.call('stop', 'sender'), await station.call('stop', 'receiver')];
      const wire = await station.witnessed('video');
      await checkFiles(station, received);
      const reference = await checkFrames(station, sent, codec, wire);
      const frames = await checkFrames(station, received, codec, wire, 'anywhere');
      expect(frames.length).toBeGreaterThan(90);

      // What was sent, decoded without a loss: each received frame must look the same.
      const shown = new Map<number, string | undefined>();
      const hashes = await decodedHashes(station, sent);
      for (const [i, frame] of reference.entries()) shown.set(frame, hashes[i]);
      const pictures = await decodedHashes(station, received);
      expect(pictures).toHaveLength(frames.length);
      const damaged = frames.filter((frame, i) => shown.has(frame) && shown.get(frame) !== pictures[i]);
      console.log(
        JSON.stringify({
          browser,
          codec,
          dependencies,
          sent: reference.length,
          recorded: frames.length,
          damaged: damaged.length,
          lossEvents: received.events.filter(e => e.type === 'loss').length,
          ...(await station.call('told', 'receiver')),
        }),
      );
      expect(damaged).toEqual([]);

      const { found } = await checkSound(station, received, await station.witnessed('audio'));
      expect(found).toBeGreaterThan(100);
    } finally {
      await station.close();
      path.close();
    }
  });
}
