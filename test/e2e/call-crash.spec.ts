/** The browser is killed in the middle of a recording of a call: what came over the wire up to then is recovered. */
import { expect, test } from '@playwright/test';
import { CALL_BROWSERS } from '../support/browsers.ts';
import { h264Stream, opusStream } from '../support/encoded-streams.ts';
import { checkFiles } from './call-kit.ts';
import { Journey, NOISE, placedAudio, placedVideo, sentVideo } from './journey-kit.ts';

test.describe.configure({ timeout: 120_000 });

/** Frames that may be missing at the end: a second, for a machine that has other things to do. */
const LOST_AT_MOST = 30;

for (const name of CALL_BROWSERS)
  test(`${name} is killed while it records a call`, async () => {
    const stretches = [
      { width: 320, height: 180, frames: 75 },
      { width: 240, height: 180, frames: 600 },
    ];
    const video = await h264Stream({ stretches });
    const audio = await opusStream({ duration: 25, source: NOISE });
    const journey = await Journey.start(name);
    try {
      const { station } = journey;
      const peer = journey.peer('one', { video, audio });
      for (const kind of ['video', 'audio'] as const) peer.pause(kind);
      await journey.call('join', 'one');
      expect(await journey.call('record', 'a', { call: 'one' })).toBe('started');
      for (const kind of ['video', 'audio'] as const) peer.resume(kind);
      const told = await journey.until(
        'a',
        'enough of the second file',
        ({ framesEncoded }) => framesEncoded > 130,
      );
      await station.kill();
      const sent = sentVideo(peer);
      expect(told.files).toBe(2);
      await station.reopen();
      const [recording, ...others] = await journey.call('recover', 'tus');
      if (!recording) throw new Error('nothing was recovered');
      expect(others).toEqual([]);
      expect(recording).toMatchObject({ method: 'passthrough', state: 'recovered' });
      expect(recording.files.map(({ reason }) => reason)).toEqual(['start', 'video-size']);
      await checkFiles(station, recording);
      const frames = await placedVideo(station, recording, 'h264', sent);
      expect(frames[0]?.index).toBe(0);
      expect(frames.length).toBeGreaterThan(sent.length - LOST_AT_MOST);
      const sound = await placedAudio(station, recording, audio.packets);
      expect(sound.length).toBeGreaterThan(100);
      const [picture, packet] = [frames.at(-1), sound.at(-1)];
      expect(Math.abs((picture?.time ?? 0) - (packet?.time ?? 0))).toBeLessThan(1);
      expect(await journey.call('recover', 'tus')).toEqual([]);
    } finally {
      await journey.close();
    }
  });
