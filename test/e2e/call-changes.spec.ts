/** Sizes that follow the bandwidth, pauses, other calls, tracks that end and calls that come back: all on one timeline. */
import { expect } from '@playwright/test';
import { CALL_BROWSERS } from '../support/browsers.ts';
import { h264Stream, opusStream } from '../support/encoded-streams.ts';
import { run } from '../support/media.ts';
import { CallStation, checkFiles, checkFrames } from './call-kit.ts';
import { Journey, NOISE, placedAudio, placedVideo, sentVideo, waitFor } from './journey-kit.ts';
import { test } from './shared-browsers.ts';

test.describe.configure({ timeout: 120_000 });

const SIZE = { width: 320, height: 180, frames: 300 };

for (const name of CALL_BROWSERS)
  test(`${name}: paused, replaced, left by its picture, away for a while`, async ({ browsers }) => {
    const audio = await opusStream({ duration: 10, source: NOISE });
    const other = await opusStream({ duration: 10, source: NOISE.replace('seed=7', 'seed=8') });
    const videos = {
      one: await h264Stream({ stretches: [SIZE] }),
      // Another picture with the same parameters.
      zero: await h264Stream({ stretches: [SIZE], extra: ['-vf', 'vflip'] }),
      two: await h264Stream({ stretches: [SIZE], extra: ['-vf', 'hflip'] }),
      three: await h264Stream({ stretches: [{ ...SIZE, width: 240 }] }),
    };
    const journey = await Journey.start(name, browsers);
    try {
      const { station } = journey;
      const zero = journey.peer('zero', { video: videos.zero, audio, repeats: true });
      const one = journey.peer('one', { video: videos.one, audio, repeats: true });
      const two = journey.peer('two', { video: videos.two, audio: other, repeats: true });
      const three = journey.peer('three', { video: videos.three, audio, repeats: true });
      const join = async (call: string): Promise<void> => {
        await journey.call('join', call);
        await waitFor(
          async () => (await journey.call('decoded', call)) > 5,
          () => `frames of ${call}`,
        );
      };
      await join('zero');
      await join('one');
      const options = { reconnectWindow: 60 };
      await journey.call('replaceAtOnce', 'a', { call: 'zero' }, { call: 'one' }, options);
      await journey.call('close', 'zero');
      await journey.moreFrames('a', 40);
      await journey.call('pause', 'a');
      const paused = one.sentVideo.length;
      await waitFor(
        () => one.sentVideo.length > paused + 60,
        () => 'two seconds of a pause',
      );
      await journey.call('resume', 'a');
      await journey.moreFrames('a', 40);

      await join('two');
      await journey.call('replace', 'a', { call: 'two' });
      await journey.call('close', 'one');
      await journey.moreFrames('a', 40);
      expect((await journey.call('told', 'a')).files).toBe(1);

      // One that comes back as it was goes on in the same file.
      await journey.call('close', 'two');
      await journey.until('a', 'waits', ({ state }) => state === 'waiting');
      const back = journey.peer('back', { video: videos.zero, audio: other, repeats: true });
      await join('back');
      await journey.call('replace', 'a', { call: 'back' });
      await journey.moreFrames('a', 40);
      expect((await journey.call('told', 'a')).files).toBe(1);
      await journey.call('close', 'back');
      await journey.until('a', 'waits', ({ state }) => state === 'waiting');
      await join('three');
      await journey.call('replace', 'a', { call: 'three' });
      await journey.until('a', 'goes on', ({ state }) => state === 'recording');
      await journey.moreFrames('a', 40);
      await journey.call('loseTrack', 'three', 'video');
      const { samplesIn } = await journey.until('a', 'a file of sound', ({ files }) => files === 3);
      await journey.until('a', 'a second of it', told => told.samplesIn > samplesIn + 48_000);
      await journey.call('close', 'three');
      await journey.until('a', 'waits again', ({ state }) => state === 'waiting');

      const four = journey.peer('four', { video: videos.one, audio, repeats: true });
      await join('four');
      await journey.call('replace', 'a', { call: 'four' });
      await journey.moreFrames('a', 40);
      const recording = await journey.call('stop', 'a');
      const told = await journey.call('told', 'a');
      expect(told.errors).toEqual([]);
      expect(told.warnings).toEqual([]);
      expect(told.states).toEqual([
        ...['starting', 'recording', 'paused', 'recording', 'waiting', 'recording', 'waiting'],
        ...['recording', 'waiting', 'recording', 'stopping', 'stopped'],
      ]);

      expect(recording.files.map(({ reason, video }) => [reason, video?.codedWidth])).toEqual([
        ['start', 320],
        ['video-size', 240],
        ['track-removed', undefined],
        ['source-resumed', 320],
      ]);
      await checkFiles(station, recording);
      expect(recording.events.filter(({ type }) => type !== 'cut').map(({ type }) => type)).toEqual([
        'pause',
        'wait',
        'wait',
        'wait',
      ]);
      const sentBy = [zero, one, two, back, three, four];
      const wire = sentBy.flatMap(peer => sentVideo(peer));
      const frames = await placedVideo(station, recording, 'h264', wire, 'before-key');
      expect(frames.length).toBeGreaterThanOrEqual(200);
      const packets = sentBy.flatMap(peer => peer.sentAudio.map(({ packet }) => packet));
      const sound = await placedAudio(station, recording, packets, 'anywhere');
      expect(sound.length).toBeGreaterThan(200);

      // What was paused is not on the timeline, to the frame.
      const pause = recording.events.find(({ type }) => type === 'pause');
      if (pause?.type !== 'pause') throw new Error('there was no pause');
      const resumed = frames.findIndex(({ time }) => time >= pause.time);
      const [before, after] = [frames[resumed - 1], frames[resumed]];
      if (!before || !after) throw new Error('nothing was paused');
      const [from, to] = [before, after].map(({ index = 0 }) => wire[index]?.rtpTimestamp ?? 0);
      const sent = ((to ?? 0) - (from ?? 0)) / 90_000;
      expect(pause.duration).toBeGreaterThan(1.5);
      expect(Math.abs(after.time - before.time - (sent - pause.duration))).toBeLessThan(0.05);
    } finally {
      await journey.close();
    }
  });

/** The size of each frame, as a decoder finds it. */
const decodedSizes = async (path: string): Promise<string[]> => {
  const entries = ['-select_streams', 'v', '-show_entries', 'frame=width,height', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, path]);
  return stdout.toString().trim().split(/\s+/);
};

test('Chromium: a cap on the bitrate walks through sizes, each of which has its file', async ({
  browsers,
}) => {
  const station = await CallStation.start('Chromium', { browsers });
  try {
    const call = { codec: 'H264', tapped: 'receiver', width: 640, height: 360 } as const;
    await station.call('connect', { ...call, startBitrate: 2_000_000 });
    for (const end of ['sender', 'receiver'] as const) await station.call('record', end);
    await station.call('encode', { bitrate: 100_000, prefer: 'maintain-framerate' });
    await waitFor(
      async () => (await station.call('told', 'receiver')).files >= 3,
      () => 'three files',
      60_000,
    );
    const { framesEncoded } = await station.call('told', 'receiver');
    await waitFor(
      async () => (await station.call('told', 'receiver')).framesEncoded > framesEncoded + 10,
      () => 'frames of the last size',
    );
    const recordings = [await station.call('stop', 'receiver'), await station.call('stop', 'sender')];
    const wire = await station.witnessed('video');
    for (const recording of recordings) {
      expect(recording.files.length).toBeGreaterThanOrEqual(3);
      // Decodes without a word, and each file begins where the one before ends.
      await checkFiles(station, recording);
      const allowed = recording.metadata.end === 'receiver' ? 'before-key' : 'nowhere';
      await checkFrames(station, recording, 'H264', wire, allowed);
      const widths: number[] = [];
      for (const { key, reason, video } of recording.files) {
        const sizes = await decodedSizes(station.pathOf(key));
        expect(sizes).toHaveLength(video?.frames ?? 0);
        expect([...new Set(sizes)], key).toEqual([`${video?.codedWidth},${video?.codedHeight}`]);
        expect(reason).toBe(widths.length === 0 ? 'start' : 'video-size');
        widths.push(video?.codedWidth ?? 0);
      }
      expect(new Set(widths).size).toBeGreaterThanOrEqual(3);
      expect(widths.at(-1)).toBeLessThan(widths[0] ?? 0);
    }
  } finally {
    await station.close();
  }
});
