/** Starting, stopping, throwing away, starting again; with and without each kind of track. */
import {
  device,
  listRecordings,
  Recorder,
  type RecorderState,
  type Recording,
  type Storage,
  tus,
} from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import { saveRecording } from './support/save.ts';
import { AudioSource, makeFrame, received, VideoSource } from './support/source.ts';

const onServer = (): Storage => tus({ endpoint: inject('endpoint') });

test.concurrent('states, idempotent start and stop, and a second recording by the same recorder', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    storage: onServer(),
    metadata: { title: 'Show' },
  });
  const states: RecorderState[] = [];
  const remove = recorder.on('state', e => states.push(e.state));
  expect(recorder.state).toBe('idle');
  const starting = recorder.start();
  expect(recorder.start()).toBe(starting);
  await starting;
  await video.feed(20);
  const stopping = recorder.stop();
  expect(recorder.stop()).toBe(stopping);
  const first = await stopping;
  expect(states).toEqual(['starting', 'recording', 'stopping', 'stopped']);
  expect(first.metadata).toEqual({ title: 'Show' });
  expect(recorder.recording).toEqual(first);
  await checkCounters(first, 20);

  remove();
  await recorder.start();
  await video.feed(20);
  const second = await recorder.stop();
  expect(states).toHaveLength(4);
  expect(second.id).not.toBe(first.id);
  expect(second.files[0]?.startTime).toBe(0);
  expect(await commands.counters(second.files[0]?.key ?? '', 640, 360)).toEqual(
    Array.from({ length: 20 }, (_, i) => 20 + i),
  );
  const listed = await listRecordings(onServer());
  expect(listed.find(r => r.id === second.id)).toEqual(second);
});

test.concurrent('on this device: listed, read, deleted', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const storage = device();
  const thumbnails = { interval: 1 };
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage, thumbnails });
  await recorder.start();
  await Promise.all([video.feed(45), audio.feed(1.5)]);
  const recording = await recorder.stop();
  expect(recorder.stats.storedBytes).toBe(recording.files[0]?.bytes);
  expect((await listRecordings(storage)).find(r => r.id === recording.id)).toEqual(recording);
  const saved = await saveRecording(recording, storage);
  await checkFiles(saved);
  await checkCounters(saved, 45);
  const blob = await storage.read(recording.files[0]?.key ?? '');
  expect(blob.type).toBe('video/mp4');
  const { items = [], vtt = '' } = recording.thumbnails ?? {};
  expect(items).toHaveLength(2);
  const pictures = await Promise.all(items.map(({ key }) => storage.read(key)));
  expect(pictures.map(({ type }) => type)).toEqual(['image/jpeg', 'image/jpeg']);
  for (const picture of pictures) expect((await createImageBitmap(picture)).width).toBe(320);
  expect((await storage.read(vtt)).type).toBe('text/vtt');
  await storage.delete(recording.id);
  await expect(storage.read(items[0]?.key ?? '')).rejects.toMatchObject({ code: 'storage-not-found' });
  expect((await listRecordings(storage)).find(r => r.id === recording.id)).toBeUndefined();
  await expect(storage.read(recording.files[0]?.key ?? '')).rejects.toMatchObject({
    code: 'storage-not-found',
  });
});

test.concurrent.each([
  ['video only', { audio: false }, ['video']],
  ['audio only', { video: false }, ['audio']],
] as const)('%s of a stream that has both', async (_, options, kinds) => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: onServer(),
    ...options,
  });
  await recorder.start();
  await Promise.all([video.feed(30), audio.feed(1)]);
  const recording = await recorder.stop();
  await checkFiles(recording);
  expect(recording.files).toHaveLength(1);
  const { streams } = await commands.inspect(recording.files[0]?.key ?? '');
  expect(streams.map(s => s.codec_type)).toEqual(kinds);
  expect(recording.duration).toBeCloseTo(1, 1);
});

test.concurrent('abort throws the recording away, in storage too', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: onServer() });
  let seen: Recording | undefined;
  const opened = new Promise<void>(resolve => {
    recorder.on('recording', e => {
      seen = e.recording;
      if (seen.files.length > 0) resolve();
    });
  });
  await recorder.start();
  const stopped = video.feed(30).then(() => recorder.stop());
  await opened;
  const aborting = recorder.abort();
  expect(recorder.abort()).toBe(aborting);
  await aborting;
  expect(recorder.state).toBe('stopped');
  await expect(stopped).rejects.toMatchObject({ code: 'recording-aborted' });
  const id = seen?.id ?? '';
  expect((await listRecordings(onServer())).find(r => r.id === id)).toBeUndefined();
  expect(await commands.exists(`recordings/${id}/0001.mp4`)).toBe(false);
  expect(await commands.exists(`recordings/${id}/manifest.json`)).toBe(false);
});

test.concurrent('stops by itself when all tracks have ended', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  await Promise.all([video.feed(30), audio.feed(1)]);
  const stopped = new Promise<void>(resolve => {
    recorder.on('state', e => e.state === 'stopped' && resolve());
  });
  await received(recorder, 30);
  await Promise.all([video.end(), audio.end()]);
  await stopped;
  const recording = await recorder.stop();
  await checkFiles(recording);
  await checkCounters(recording, 30);
});

test.concurrent('a microphone that never gives a sample does not hold the file back', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  const growing = new Promise<void>(resolve => {
    recorder.on('progress', e => e.storedBytes > 0 && resolve());
  });
  await recorder.start();
  await video.feed(180);
  await growing;
  const recording = await recorder.stop();
  await checkFiles(recording);
  await checkCounters(recording, 180);
  expect(recorder.stats.audioSamplesFilled).toBeGreaterThan(4 * 48_000);
});

test.concurrent('a microphone that falls silent is filled with silence, and the sound is where it belongs', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  await Promise.all([
    audio
      .feed(1)
      .then(() => audio.pause(2))
      .then(() => audio.feed(1)),
    video.feed(120),
  ]);
  const recording = await recorder.stop();
  await checkFiles(recording);
  const key = recording.files[0]?.key ?? '';
  const samples = await commands.audio(key, 48_000, 1);
  const loud = (from: number, to: number): boolean =>
    samples.slice(from * 48_000, to * 48_000).some(sample => Math.abs(sample) > 0.05);
  expect([loud(0.2, 0.8), loud(1.2, 2.8), loud(3.2, 3.8)]).toEqual([true, false, true]);
});

test.concurrent('a camera that is muted does not hold the file back: its last frame lasts until the next', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), { storage: onServer() });
  await recorder.start();
  const sound = audio.feed(14);
  await video.feed(30);
  let stored = 0;
  recorder.on('progress', e => {
    stored = Math.max(stored, e.storedBytes);
  });
  await sound;
  // 128 kbit/s: ten of the fourteen seconds of sound are in storage before anything is stopped.
  expect(stored).toBeGreaterThan(100_000);
  await video.feedFrames(30, (timestamp, counter) => makeFrame(counter, timestamp + 13_000_000));
  const recording = await recorder.stop();
  expect(recording.files).toHaveLength(1);
  await checkFiles(recording, true);
  await checkCounters(recording, 60);
  expect(recorder.stats).toMatchObject({ framesRepeated: 0, framesDropped: 0 });
  const times = (await commands.packets(recording.files[0]?.key ?? '', 'v')).map(packet => packet.pts);
  expect((times[30] ?? 0) - (times[29] ?? 0)).toBeGreaterThan(12.9);
});

test.concurrent('a camera that is muted does not hold the limits back: each file begins with its last frame', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: onServer(),
    cut: { maxFileDuration: 2 },
  });
  await recorder.start();
  await Promise.all([audio.feed(7), video.feed(30)]);
  const recording = await recorder.stop();
  await checkFiles(recording, true);
  expect(recording.files.map(file => file.reason)).toEqual(['start', ...Array(3).fill('max-duration')]);
  for (const file of recording.files.slice(0, 3)) expect(file.duration).toBe(2);
  const shown = await Promise.all(recording.files.map(({ key }) => commands.counters(key, 640, 360)));
  expect(shown.slice(1)).toEqual([[29], [29], [29]]);
  expect(recorder.stats.framesRepeated).toBe(3);
});
