/** Swapping camera, microphone or screen while recording. */
import { Recorder, type Storage, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { AudioSource, makeFrame, received, VideoSource } from './support/source.ts';

const onServer = (): Storage => tus({ endpoint: inject('endpoint') });

/** A camera that goes on counting where another one stopped; its clock begins anew. */
const feedFrom = (
  video: VideoSource,
  first: number,
  frames: number,
  width = 640,
  height = 360,
): Promise<void> =>
  video.feedFrames(frames, (timestamp, counter) =>
    makeFrame(first + counter, timestamp + 7_000_000, { width, height }),
  );

test.concurrent.each([
  ['alike: one file', 640, 360, ['start']],
  ['another size: a cut', 320, 240, ['start', 'video-size']],
] as const)('another camera and microphone, %s', async (_, width, height, reasons) => {
  const [video, audio] = [new VideoSource(), new AudioSource()];
  const [nextVideo, nextAudio] = [new VideoSource(), new AudioSource()];
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  await Promise.all([video.feed(45), audio.feed(1.5)]);
  await received(recorder, 45);
  await recorder.replaceSource(new MediaStream([nextVideo.track, nextAudio.track]));
  await Promise.all([feedFrom(nextVideo, 45, 45, width, height), nextAudio.feed(1.5)]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(reasons);
  await checkFiles(recording, true);
  const found: number[] = [];
  for (const { key, video: v } of recording.files) {
    if (v) found.push(...(await commands.counters(key, v.codedWidth, v.codedHeight)));
  }
  expect(found).toEqual(Array.from({ length: 90 }, (_, i) => i));
  expect(recorder.stats.framesDropped).toBe(0);
  // Picture and sound end together, to a frame and a packet.
  const last = recording.files.at(-1);
  const ends = [];
  for (const stream of ['v', 'a'] as const)
    ends.push((await commands.packets(last?.key ?? '', stream)).at(-1)?.pts ?? 0);
  expect(Math.abs((ends[0] ?? 0) - (ends[1] ?? 9))).toBeLessThan(0.08);
});

test.concurrent('a stream without sound follows one with it, and then one with sound again', async () => {
  const [video, audio] = [new VideoSource(), new AudioSource()];
  const [second, third, thirdAudio] = [new VideoSource(), new VideoSource(), new AudioSource()];
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  await Promise.all([video.feed(45), audio.feed(1.5)]);
  await received(recorder, 45);
  await recorder.replaceSource(new MediaStream([second.track]));
  await feedFrom(second, 45, 45);
  await received(recorder, 90);
  await recorder.replaceSource(new MediaStream([third.track, thirdAudio.track]));
  await Promise.all([feedFrom(third, 90, 45), thirdAudio.feed(1.5)]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'track-removed', 'track-added']);
  expect(recording.files.map(f => f.audio !== undefined)).toEqual([true, false, true]);
  await checkFiles(recording, true);
  const frames = recording.files.reduce((sum, f) => sum + (f.video?.frames ?? 0), 0);
  expect(frames).toBe(135);
});

test.concurrent('a stream that can not be recorded is refused, and the recording goes on', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  await recorder.start();
  await video.feed(15);
  await expect(recorder.replaceSource(new MediaStream())).rejects.toMatchObject({ code: 'source-no-tracks' });
  await video.feed(15);
  const recording = await recorder.stop();
  expect(recording.files[0]?.video?.frames).toBe(30);
});
