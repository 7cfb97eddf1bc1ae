/** A sender of three layers: the largest is recorded, and when it is switched off, the next one. */
import { expect } from '@playwright/test';
import { checkFiles, samplesOf } from './call-kit.ts';
import { Journey, waitFor } from './journey-kit.ts';
import { test } from './shared-browsers.ts';

test.describe.configure({ timeout: 90_000 });

test('Chromium: of a simulcast the largest layer is recorded', async ({ browsers }) => {
  const journey = await Journey.start('Chromium', browsers);
  try {
    const { station } = journey;
    await journey.call('simulcast', 'one', 960, 540);
    expect(await journey.call('record', 'early', { call: 'one' })).toBe('started');
    // All layers are sent as soon as the network is known to bear them.
    await waitFor(
      async () =>
        Object.values(await journey.call('layers', 'one')).filter(({ frames }) => frames > 5).length === 3,
      () => 'three layers',
    );
    expect(await journey.call('record', 'a', { call: 'one' })).toBe('started');
    await journey.moreFrames('a', 30);
    await journey.call('layer', 'one', 'high', false);
    await journey.until('a', 'another file', ({ files }) => files > 1);
    await journey.moreFrames('a', 20);
    const recording = await journey.call('stop', 'a');
    expect(recording.method).toBe('passthrough');
    expect(recording.files.map(({ reason, video }) => [reason, video?.codedWidth])).toEqual([
      ['start', 960],
      ['video-size', 480],
    ]);
    await checkFiles(station, recording);
    for (const { key } of recording.files)
      expect((await samplesOf(station.pathOf(key))).video?.packets[0]?.type).toBe('key');
    // One that was there before the layers were may have begun with smaller ones.
    const early = await journey.call('stop', 'early');
    await checkFiles(station, early);
    expect(early.files.map(({ video }) => video?.codedWidth).slice(-2)).toEqual([960, 480]);
    expect(await journey.call('told', 'a')).toMatchObject({ errors: [], framesDropped: 0 });
  } finally {
    await journey.close();
  }
});
