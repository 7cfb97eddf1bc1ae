/** `video.size` fixes the parameters: whatever the source does, there is one file. */
import { Recorder, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { checkCounters, checkFiles } from './support/check.ts';
import { type FrameLook, VideoSource } from './support/source.ts';

const looks: FrameLook[] = [
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
  { width: 360, height: 640 },
  { width: 640, height: 360, rotation: 90 },
  { width: 853, height: 479, flip: true },
  { width: 640, height: 480, displayWidth: 854, displayHeight: 480 },
];

test('contain: every size and rotation in one file, all of the picture', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    video: { size: { width: 640, height: 360 } },
  });
  await recorder.start();
  for (const look of looks) await video.feed(36, look);
  const recording = await recorder.stop();
  expect(recording.files).toHaveLength(1);
  expect(recording.files[0]?.video).toMatchObject({
    codedWidth: 640,
    codedHeight: 360,
    rotation: 0,
    flip: false,
  });
  await checkFiles(recording);
  await checkCounters(recording, looks.length * 36);
  // Frames that have the size already are not drawn anew.
  expect(recorder.stats.framesFitted).toBe((looks.length - 1) * 36);
});

test('cover: one file, and as many frames', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: tus({ endpoint: inject('endpoint') }),
    video: { size: { width: 320, height: 320, fit: 'cover' } },
  });
  await recorder.start();
  for (const look of looks) await video.feed(10, look);
  const recording = await recorder.stop();
  expect(recording.files).toHaveLength(1);
  await checkFiles(recording);
  expect(recording.files[0]?.video).toMatchObject({
    codedWidth: 320,
    codedHeight: 320,
    frames: looks.length * 10,
  });
});
