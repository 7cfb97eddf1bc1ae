/** Chromium's fake camera and microphone, whose clocks have nothing to do with each other. */
import { Recorder, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';

/** Plays a file muted; resolves to what the media element says once it has moved on. */
const play = async (url: string): Promise<{ width: number; duration: number }> => {
  const video = document.createElement('video');
  video.muted = true;
  // The storage is on another origin than this page, and only answers pages that ask by CORS.
  video.crossOrigin = 'anonymous';
  video.src = url;
  document.body.append(video);
  try {
    await video.play();
    await new Promise<void>((resolve, reject) => {
      video.ontimeupdate = () => video.currentTime > 0.5 && resolve();
      video.onerror = () => reject(video.error);
    });
    return { width: video.videoWidth, duration: video.duration };
  } finally {
    video.remove();
  }
};

test('camera and microphone, 20 s over tus: stored as sent, playable, sound and picture equally long', async () => {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: 1280, height: 720 },
    audio: true,
  });
  const storage = tus({ endpoint: inject('endpoint') });
  const recorder = new Recorder(stream, { storage });
  let largestBacklog = 0;
  recorder.on('progress', e => {
    largestBacklog = Math.max(largestBacklog, e.backlog.bytes);
  });
  await recorder.start();
  await new Promise<void>(resolve => {
    recorder.on('progress', e => e.duration >= 20 && resolve());
  });
  const recording = await recorder.stop();
  for (const track of stream.getTracks()) track.stop();

  expect(recording.files).toHaveLength(1);
  await checkFiles(recording, true);
  const key = recording.files[0]?.key ?? '';
  const [video, audio] = [await commands.packets(key, 'v'), await commands.packets(key, 'a')];
  const end = (packets: typeof video): number => {
    const last = packets.at(-1);
    return (last?.pts ?? 0) + (last?.duration ?? 0);
  };
  expect(Math.abs(end(video) - end(audio))).toBeLessThan(0.05);
  expect(Math.abs(video[0]?.pts ?? 1)).toBeLessThan(0.001);
  expect(Math.abs(audio[0]?.pts ?? 1)).toBeLessThan(0.05);
  expect(recorder.stats.framesDropped).toBe(0);
  expect(recorder.stats.framesEncoded).toBe(recorder.stats.framesIn);
  expect(video).toHaveLength(recorder.stats.framesIn);
  // It was uploaded while it was recorded, not after.
  expect(largestBacklog).toBeLessThan((recording.files[0]?.bytes ?? 0) / 2);

  const played = await play(storage.url(key) ?? '');
  expect(played.width).toBe(1280);
  expect(played.duration).toBeGreaterThan(19.5);
  expect(played.duration).toBeLessThan(21.5);
});
