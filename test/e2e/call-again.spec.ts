/** A call does not notice that it is recorded: once, twice at a time, in parts, or hardly at all. */
import { expect } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';
import { CALL_BROWSERS } from '../support/browsers.ts';
import { h264Stream, opusStream } from '../support/encoded-streams.ts';
import { checkFiles, samplesOf } from './call-kit.ts';
import { Journey, NOISE, placedAudio, placedVideo, sentVideo, waitFor } from './journey-kit.ts';
import { test } from './shared-browsers.ts';

test.describe.configure({ timeout: 120_000 });

for (const name of CALL_BROWSERS)
  test(`${name}: recorded again and again, by several at a time, in files of two seconds, by kind`, async ({
    browsers,
  }) => {
    const video = await h264Stream({ stretches: [{ width: 320, height: 180, frames: 300 }] });
    const audio = await opusStream({ duration: 10, source: NOISE });
    const journey = await Journey.start(name, browsers);
    try {
      const { station } = journey;
      const peer = journey.peer('one', { video, audio, repeats: true });
      peer.pause('video');
      await journey.call('join', 'one');
      await waitFor(
        () => journey.call('connected', 'one'),
        () => 'a connection',
      );
      // Of a picture that does not come, the sound is recorded.
      expect(await journey.call('record', 'heard', { call: 'one' })).toBe('started');
      const heard = peer.sentAudio.length;
      await waitFor(
        () => peer.sentAudio.length > heard + 30,
        () => 'sound',
      );
      const sounds = await journey.call('stop', 'heard');
      expect(sounds.files).toMatchObject([{ reason: 'start', audio: { codec: 'opus' } }]);
      expect(sounds.duration).toBeGreaterThan(0.3);
      peer.resume('video');
      const goesOn = async (): Promise<void> => {
        const before = await journey.call('decoded', 'one');
        await waitFor(
          async () => (await journey.call('decoded', 'one')) > before + 10,
          () => 'more decoded frames',
        );
      };
      await goesOn();
      // Only once nothing is recorded any more: it keeps this process, and with it the peer, from sending.
      const recorded: [Recording, string[]?][] = [];
      const check = async (recording: Recording, kinds = ['video', 'audio']): Promise<void> => {
        expect(recording).toMatchObject({ method: 'passthrough', state: 'complete' });
        await checkFiles(station, recording);
        const frames = await placedVideo(station, recording, 'h264', sentVideo(peer));
        expect(frames.length > 0).toBe(kinds.includes('video'));
        const packets = peer.sentAudio.map(({ packet }) => packet);
        const sound = await placedAudio(station, recording, packets);
        expect(sound.length > 0).toBe(kinds.includes('audio'));
      };

      const one = { call: 'one' };
      // Thrown away while it opens: nothing of it goes on.
      for (const milliseconds of [0, 60])
        expect(await journey.call('abortSoon', `aborted ${milliseconds}`, one, milliseconds)).toEqual({
          started: 'recording-aborted',
          stopped: 'recording-aborted',
          state: 'stopped',
        });
      const soon = [
        await journey.call('stopSoon', 'at once', one, 0, 'call'),
        await journey.call('stopSoon', 'soon', one, 250, 'call'),
        await journey.call('stopSoon', 'soon after', one, 250, 'started'),
      ];
      expect(await journey.call('record', 'a', one)).toBe('started');
      expect(await journey.call('record', 'max', one, { cut: { maxFileDuration: 2 } })).toBe('started');
      expect(await journey.call('record', 'sound', { ...one, kinds: ['audio'] })).toBe('started');
      expect(await journey.call('record', 'picture', one, { audio: false })).toBe('started');
      await journey.moreFrames('a', 40);
      await journey.moreFrames('picture', 20);
      recorded.push([await journey.call('stop', 'a')]);
      await goesOn();
      expect(await journey.call('again', 'a')).toBe('started');
      await journey.moreFrames('a', 20);
      recorded.push([await journey.call('stop', 'a')]);
      await goesOn();
      recorded.push([await journey.call('stop', 'picture'), ['video']]);
      expect(await journey.call('again', 'a')).toBe('started');
      await journey.moreFrames('a', 20);
      await journey.until('max', 'four files', ({ files }) => files >= 4);
      await goesOn();

      // All that is recorded ends with the call, by itself.
      await journey.call('close', 'one');
      const ids = ['a', 'max', 'sound'];
      for (const id of ids) await journey.until(id, 'stopped', ({ state }) => state === 'stopped');
      const [again, max, sound] = await Promise.all(ids.map(id => journey.call('stop', id)));
      if (!again || !max || !sound) throw new Error('three were recorded');
      await peer.close();
      for (const stopped of soon)
        if ('code' in stopped) expect(stopped.code).toBe('recording-empty');
        else await checkFiles(station, stopped);
      for (const [recording, kinds] of recorded) await check(recording, kinds);
      await check(again);
      expect(again.files).toHaveLength(1);
      await check(sound, ['audio']);
      expect(sound.files).toHaveLength(1);
      await check(max);
      for (const [i, { key, duration, reason }] of max.files.entries()) {
        expect(reason).toBe(i === 0 ? 'start' : 'max-duration');
        if (i < max.files.length - 1) expect(Math.abs(duration - 2), key).toBeLessThan(1.2);
        const { video: track } = await samplesOf(station.pathOf(key));
        expect(track?.packets[0]?.type, key).toBe('key');
      }
      for (const id of ids)
        expect(await journey.call('told', id)).toMatchObject({ errors: [], warnings: [] });
    } finally {
      await journey.close();
    }
  });
