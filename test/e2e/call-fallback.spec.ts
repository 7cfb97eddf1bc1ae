/** What a call's own frames can't be had of is refused for a reason, or recorded as it is decoded. */
import { expect } from '@playwright/test';
import type { CallBrowserName } from '../support/browsers.ts';
import { h264Stream, opusStream, vp8Stream } from '../support/encoded-streams.ts';
import { checkFiles } from './call-kit.ts';
import { Journey, NOISE, placedVideo, sentVideo, waitFor } from './journey-kit.ts';
import { type SharedBrowsers, test } from './shared-browsers.ts';

test.describe.configure({ timeout: 90_000 });

const SIZE = { stretches: [{ width: 320, height: 180, frames: 150 }] };

/** A page in which three calls go on: one in H.264 without a tap, one with a transform of the page's own, one in VP8. */
const start = async (name: CallBrowserName, browsers: SharedBrowsers): Promise<Journey> => {
  const audio = await opusStream({ duration: 5, source: NOISE });
  const [h264, vp8] = [await h264Stream(SIZE), await vp8Stream(SIZE)];
  const journey = await Journey.start(name, browsers);
  journey.peer('late', { video: h264, audio, repeats: true });
  journey.peer('taken', { video: h264, audio, repeats: true });
  journey.peer('vp8', { video: vp8, audio, repeats: true });
  await journey.call('join', 'late', { tapped: false });
  await journey.call('join', 'taken', { transform: true });
  await journey.call('join', 'vp8');
  for (const call of ['late', 'taken', 'vp8'])
    await waitFor(
      async () => (await journey.call('decoded', call)) > 5,
      () => `frames of ${call}`,
    );
  return journey;
};

const REFUSED: Record<string, Record<string, string>> = {
  late: { code: 'passthrough-unavailable', reason: 'too-late' },
  taken: { code: 'transform-taken' },
  vp8: { code: 'passthrough-unavailable', reason: 'codec' },
};

test('Chromium: a tap that comes too late, a transform that is there already, VP8', async ({ browsers }) => {
  const journey = await start('Chromium', browsers);
  try {
    const vp8 = { passthrough: { vp8: 'record' } } as const;
    expect(await journey.call('record', 'runs', { call: 'vp8' }, vp8)).toBe('started');
    for (const [call, failure] of Object.entries(REFUSED)) {
      if (call !== 'vp8')
        expect(await journey.call('refusal', 'runs', { call }), call).toMatchObject(failure);
      expect(await journey.call('record', `${call} refused`, { call }), call).toMatchObject(failure);
      expect(await journey.call('told', `${call} refused`)).toMatchObject({ state: 'failed' });
      expect(await journey.call('record', call, { call }, { fallback: 'encode' }), call).toBe('started');
    }
    await journey.moreFrames('runs', 5);
    const { method, files } = await journey.call('stop', 'runs');
    expect([method, files.length]).toEqual(['passthrough', 1]);
    for (const call of Object.keys(REFUSED)) {
      await journey.until(call, '20 frames', ({ framesEncoded }) => framesEncoded >= 20);
      const { warnings, errors } = await journey.call('told', call);
      expect(warnings, call).toContain('passthrough-unavailable');
      expect(errors, call).toEqual([]);
      const recording = await journey.call('stop', call);
      expect(recording.method).toBe('encoding');
      expect(recording.events).toContainEqual(
        expect.objectContaining({ time: 0, type: 'warning', code: 'passthrough-unavailable' }),
      );
      expect(recording.files.at(-1)).toMatchObject({ video: { codedWidth: 320 }, audio: {} });
      await checkFiles(journey.station, recording);
      const before = await journey.call('decoded', call);
      await waitFor(
        async () => (await journey.call('decoded', call)) > before + 5,
        () => `${call} goes on`,
      );
    }
  } finally {
    await journey.close();
  }
});

test('Firefox: a tap may come late; a transform that is there already, and VP8, are refused', async ({
  browsers,
}) => {
  const journey = await start('Firefox', browsers);
  try {
    expect(await journey.call('record', 'late', { call: 'late' })).toBe('started');
    await journey.until('late', '40 frames', ({ framesEncoded }) => framesEncoded >= 40);
    const recording = await journey.call('stop', 'late');
    expect(recording.method).toBe('passthrough');
    await checkFiles(journey.station, recording);
    const peer = journey.peerOf('late');
    const frames = await placedVideo(journey.station, recording, 'h264', sentVideo(peer));
    expect(frames.length).toBeGreaterThanOrEqual(40);
    for (const call of ['taken', 'vp8'])
      expect(await journey.call('record', call, { call }), call).toMatchObject(REFUSED[call] ?? {});
    // Firefox 153 gives no decoded frames to a worker.
    const failure = await journey.call('record', 'encoded', { call: 'vp8' }, { fallback: 'encode' });
    expect(failure).toMatchObject({ code: 'browser-unsupported' });
  } finally {
    await journey.close();
  }
});

test('VP8 that shows itself only later is left out, and told; the sound is recorded', async ({
  browsers,
}) => {
  const audio = await opusStream({ duration: 5, source: NOISE });
  const video = await vp8Stream(SIZE);
  const journey = await Journey.start('Chromium', browsers);
  try {
    const peer = journey.peer('vp8', { video, audio, repeats: true });
    for (const kind of ['video', 'audio'] as const) peer.pause(kind);
    await journey.call('join', 'vp8');
    await waitFor(
      () => journey.call('connected', 'vp8'),
      () => 'a connection',
    );
    expect(await journey.call('record', 'a', { call: 'vp8' })).toBe('started');
    for (const kind of ['video', 'audio'] as const) peer.resume(kind);
    await journey.until('a', 'a warning', ({ warnings }) => warnings.includes('passthrough-unavailable'));
    await journey.until('a', 'a file of sound', ({ files }) => files > 0);
    const recording = await journey.call('stop', 'a');
    expect(recording.files[0]?.video).toBeUndefined();
    await checkFiles(journey.station, recording);
  } finally {
    await journey.close();
  }
});
