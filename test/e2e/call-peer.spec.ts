/** A peer that is no browser calls: what it has sent is in the files, unit for unit, at the times at which it sent it. */
import { expect } from '@playwright/test';
import { CALL_BROWSERS } from '../support/browsers.ts';
import {
  h264Stream,
  opusStream,
  type VideoStream,
  vp8Stream,
  vp9Stream,
} from '../support/encoded-streams.ts';
import { checkFiles } from './call-kit.ts';
import {
  Journey,
  largestShift,
  lipSync,
  NOISE,
  placedAudio,
  placedVideo,
  sentVideo,
  waitFor,
} from './journey-kit.ts';
import { test } from './shared-browsers.ts';

test.describe.configure({ timeout: 90_000 });

/** What wraps does so within the first second. */
const FIRST = { firstSequenceNumber: 65_500, firstTimestamp: 2 ** 32 - 45_000 };
const SIZES = [
  { width: 320, height: 180, frames: 80 },
  { width: 480, height: 270, frames: 80 },
  { width: 240, height: 180, frames: 80 },
];

for (const name of CALL_BROWSERS)
  test(`${name}: H.264 in three sizes and Opus, each silent for a while, from a peer that is no browser`, async ({
    browsers,
  }) => {
    const video = await h264Stream({ keyInterval: 20, stretches: SIZES });
    const audio = await opusStream({ duration: 6, source: NOISE });
    const journey = await Journey.start(name, browsers);
    try {
      const { station } = journey;
      const peer = journey.peer('one', { video, audio, ...FIRST });
      // Nothing flows before the recording runs: all of it must be there.
      for (const kind of ['video', 'audio'] as const) peer.pause(kind);
      await journey.call('join', 'one');
      await waitFor(
        () => journey.call('connected', 'one'),
        () => 'a connection',
      );
      expect(await journey.call('record', 'a', { call: 'one' })).toBe('started');
      for (const kind of ['video', 'audio'] as const) peer.resume(kind);
      await waitFor(
        () => peer.sentVideo.length > 60,
        () => '60 frames',
      );
      peer.pause('audio');
      await waitFor(
        () => peer.sentVideo.length > 155,
        () => '155 frames',
      );
      peer.resume('audio');
      peer.pause('video');
      const sounds = peer.sentAudio.length;
      await waitFor(
        () => peer.sentAudio.length > sounds + 75,
        () => '75 packets of sound',
      );
      peer.resume('video');
      await peer.ended;
      await journey.until('a', 'all frames', ({ framesEncoded }) => framesEncoded >= 240);
      const recording = await journey.call('stop', 'a');
      // Of the end: until then there is more and more silence, of which a page hears once a second.
      const told = await journey.call('told', 'a');

      expect(recording.method).toBe('passthrough');
      expect(recording.files.map(({ reason, video }) => [reason, video?.codedWidth])).toEqual([
        ['start', 320],
        ['video-size', 480],
        ['video-size', 240],
      ]);
      await checkFiles(station, recording);
      const frames = await placedVideo(station, recording, 'h264', sentVideo(peer));
      expect(frames.map(({ index }) => index)).toEqual(video.frames.map((_, i) => i));
      const sound = await placedAudio(station, recording, audio.packets);
      const heard = sound.flatMap(({ index }) => index ?? []);
      expect(heard).toEqual(audio.packets.map((_, i) => i));

      const stamps = { video: peer.sentVideo, audio: peer.sentAudio };
      const stampsOf = (kind: 'video' | 'audio') => stamps[kind].map(({ rtpTimestamp }) => rtpTimestamp);
      const numbers = peer.sentVideo.flatMap(({ packets }) => packets);
      expect(numbers).toContain(65_535);
      expect(numbers).toContain(0);
      expect(largestShift(frames, stampsOf('video'), 'video')).toBeLessThan(0.05);
      expect(largestShift(sound, stampsOf('audio'), 'audio')).toBeLessThan(0.05);
      expect(Math.abs(lipSync(frames, sound, peer, FIRST.firstTimestamp))).toBeLessThan(0.06);
      // Where nothing was sent there is silence, without a hole and without a packet on another.
      for (const [i, { time }] of sound.entries()) {
        const { time: before, duration } = sound[i - 1] ?? { time: time - 0.02, duration: 0.02 };
        expect(Math.abs(time - before - duration), `packet ${i}`).toBeLessThan(0.012);
      }
      const silence = sound
        .filter(({ index }) => index === undefined)
        .reduce((sum, one) => sum + one.duration, 0);
      expect(silence).toBeGreaterThan(2.5);
      expect(told.samplesFilled / 48_000).toBeCloseTo(silence, 1);
      expect(told).toMatchObject({ samplesDropped: 0, framesDropped: 0, errors: [], warnings: [] });
    } finally {
      await journey.close();
    }
  });

const OTHERS: readonly [string, (options: object) => Promise<VideoStream>, object][] = [
  ['VP8', vp8Stream, { passthrough: { vp8: 'record' } }],
  ['VP9', vp9Stream, {}],
];

test('Chromium: VP8, where it is asked for, and VP9 from a peer that is no browser', async ({ browsers }) => {
  const audio = await opusStream({ duration: 3, source: NOISE });
  const journey = await Journey.start('Chromium', browsers);
  try {
    for (const [codec, stream, options] of OTHERS) {
      const video = await stream({
        keyInterval: 20,
        stretches: [
          { width: 320, height: 180, frames: 40 },
          { width: 240, height: 180, frames: 40 },
        ],
      });
      const peer = journey.peer(codec, { video, audio, ...FIRST });
      for (const kind of ['video', 'audio'] as const) peer.pause(kind);
      await journey.call('join', codec);
      await waitFor(
        () => journey.call('connected', codec),
        () => 'a connection',
      );
      expect(await journey.call('record', codec, { call: codec }, options)).toBe('started');
      for (const kind of ['video', 'audio'] as const) peer.resume(kind);
      await peer.ended;
      await journey.until(codec, 'all frames', ({ framesEncoded }) => framesEncoded >= 80);
      const recording = await journey.call('stop', codec);
      expect(recording.files.map(({ reason }) => reason)).toEqual(['start', 'video-size']);
      await checkFiles(journey.station, recording);
      const frames = await placedVideo(journey.station, recording, video.codec, sentVideo(peer, video.codec));
      expect(frames).toHaveLength(80);
      const sound = await placedAudio(journey.station, recording, audio.packets);
      expect(sound.filter(({ index }) => index !== undefined)).toHaveLength(audio.packets.length);
      expect(Math.abs(lipSync(frames, sound, peer, FIRST.firstTimestamp))).toBeLessThan(0.06);
    }
  } finally {
    await journey.close();
  }
});
