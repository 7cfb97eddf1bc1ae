/** Tracks that come late or end early, and audio codecs. */
import { Recorder, type Storage, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import { AudioSource, received, VideoSource } from './support/source.ts';

const onServer = (): Storage => tus({ endpoint: inject('endpoint') });

/** Loudness of a file's sound, both channels, from one second to another, as an average amplitude. */
const loudness = async (key: string, from: number, to: number): Promise<number> => {
  const samples = (await commands.audio(key, 48_000, 2)).slice(from * 96_000, to * 96_000);
  return samples.reduce((sum, sample) => sum + Math.abs(sample), 0) / samples.length;
};

test.concurrent('AAC by the WebAssembly encoder, loaded because it was asked for', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: onServer(),
    audio: { codec: 'aac', bitrate: 96_000 },
  });
  await recorder.start();
  await Promise.all([video.feed(45).then(() => video.feed(45, { width: 320, height: 180 })), audio.feed(3)]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.audio?.codec)).toEqual(['mp4a.40.2', 'mp4a.40.2']);
  await checkFiles(recording);
  await checkCounters(recording, 90);
  for (const { key } of recording.files) {
    // A sine of amplitude 1/4 has a mean of 1/(2π).
    expect(await loudness(key, 0.3, 1.2)).toBeCloseTo(0.159, 2);
  }
  // Every packet of the encoder is in one of the files: 3 s, and one frame of priming.
  const packets = recording.files.reduce((sum, f) => sum + (f.audio?.packets ?? 0), 0);
  expect(Math.abs(packets - Math.ceil((3 * 48_000) / 1024))).toBeLessThanOrEqual(2);
});

test.concurrent('a microphone that is unplugged: the picture goes on in a file without sound', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  await Promise.all([video.feed(75), audio.feed(1.2).then(() => audio.end())]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'track-removed']);
  expect(recording.files.map(f => f.audio !== undefined)).toEqual([true, false]);
  await checkFiles(recording);
  await checkCounters(recording, 75);
});

test.concurrent('a camera that is unplugged: the sound goes on in a file without picture', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  const picture = video.feed(45).then(async () => {
    await received(recorder, 45);
    await video.end();
  });
  await Promise.all([picture, audio.feed(3)]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'track-removed']);
  expect(recording.files.map(f => [f.video !== undefined, f.audio !== undefined])).toEqual([
    [true, true],
    [false, true],
  ]);
  await checkFiles(recording);
  await checkCounters(recording, 45);
  expect(recording.duration).toBeCloseTo(3, 1);
});

test.concurrent('a camera that comes late: the sound is recorded meanwhile, and its file is followed by one with both', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  let began = 0;
  recorder.on('file', e => {
    began = e.file.index;
  });
  await recorder.start();
  const sound = audio.feed(5);
  await new Promise<void>(resolve => {
    recorder.on('progress', () => began === 1 && resolve());
  });
  await video.feed(45);
  await sound;
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'track-added']);
  expect(recording.files.map(f => f.video !== undefined)).toEqual([false, true]);
  await checkFiles(recording);
  await checkCounters(recording, 45);
});
