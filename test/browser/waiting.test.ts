/** A source that ends and comes back, and tracks that appear on a stream while it is recorded. */
import { Recorder, type RecorderState, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { AudioSource, makeFrame, received, VideoSource } from './support/source.ts';

/** Resolves when the recorder is in this state. */
const inState = (recorder: Recorder, state: RecorderState): Promise<void> =>
  new Promise(resolve => {
    if (recorder.state === state) return resolve();
    const remove = recorder.on('state', event => {
      if (event.state !== state) return;
      remove();
      resolve();
    });
  });

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Frames numbered from 100 on, so that they can be told from those of the source before. */
const feedAnew = (video: VideoSource, frames: number, look = {}): Promise<void> =>
  video.feedFrames(frames, (timestamp, counter) => makeFrame(100 + counter, timestamp, look));

interface Began {
  recorder: Recorder;
  states: RecorderState[];
}

/** Records a second of picture and sound, then ends both tracks. */
const beginAndEnd = async (reconnectWindow: number, stream: MediaStream): Promise<Began> => {
  const video = new VideoSource();
  const audio = new AudioSource();
  stream.addTrack(video.track);
  stream.addTrack(audio.track);
  const recorder = new Recorder(stream, {
    storage: tus({ endpoint: inject('endpoint') }),
    reconnectWindow,
  });
  const states: RecorderState[] = [];
  recorder.on('state', ({ state }) => states.push(state));
  await recorder.start();
  await Promise.all([video.feed(30), audio.feed(1)]);
  await received(recorder, 30);
  await Promise.all([video.end(), audio.end()]);
  return { recorder, states };
};

test.concurrent('comes back as it was: the same file goes on, and the time between is not on the timeline', async () => {
  const { recorder, states } = await beginAndEnd(30, new MediaStream());
  await inState(recorder, 'waiting');
  // The time that it is away is longer than all that is recorded.
  await new Promise(resolve => setTimeout(resolve, 2_500));
  const video = new VideoSource();
  const audio = new AudioSource();
  await recorder.replaceSource(new MediaStream([video.track, audio.track]));
  expect(recorder.state).toBe('recording');
  await Promise.all([feedAnew(video, 30), audio.feed(1)]);
  const recording = await recorder.stop();
  expect(states).toEqual(['starting', 'recording', 'waiting', 'recording', 'stopping', 'stopped']);
  expect(recording.files.map(f => f.reason)).toEqual(['start']);
  await checkFiles(recording, true);
  const counters = await commands.counters(recording.files[0]?.key ?? '', 640, 360);
  expect(counters).toEqual([...range(0, 30), ...range(100, 130)]);
  // Until its tracks had ended, the source showed its last picture.
  const wait = recording.events.find(event => event.type === 'wait');
  const [waitedAt, waited] = wait?.type === 'wait' ? [wait.time, wait.duration] : [0, 0];
  expect(waitedAt).toBeGreaterThan(0.9);
  expect(waitedAt).toBeLessThan(2);
  expect(waited).toBeGreaterThan(2.3);
  expect(recording.duration - waitedAt).toBeCloseTo(1, 0);
  const samples = await commands.audio(recording.files[0]?.key ?? '', 48_000, 1);
  expect(samples.length / 48_000).toBeCloseTo(recording.duration, 1);
});

test.concurrent('comes back in another size: a new file, named after what changed', async () => {
  const { recorder } = await beginAndEnd(30, new MediaStream());
  await inState(recorder, 'waiting');
  const video = new VideoSource();
  const audio = new AudioSource();
  await recorder.replaceSource(new MediaStream([video.track, audio.track]));
  await Promise.all([feedAnew(video, 30, { width: 320, height: 180 }), audio.feed(1)]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'video-size']);
  expect(recording.files.map(f => f.video?.frames)).toEqual([30, 30]);
  await checkFiles(recording, true);
});

test.concurrent('comes back without sound: a new file, because the source came back', async () => {
  const { recorder } = await beginAndEnd(30, new MediaStream());
  await inState(recorder, 'waiting');
  const video = new VideoSource();
  await recorder.replaceSource(new MediaStream([video.track]));
  await feedAnew(video, 45);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'source-resumed']);
  expect(recording.files.map(f => f.audio !== undefined)).toEqual([true, false]);
  await checkFiles(recording, true);
  expect(recording.files.reduce((sum, f) => sum + (f.video?.frames ?? 0), 0)).toBe(75);
});

test.concurrent('stays away: after the window the recording stops by itself, and is complete', async () => {
  const { recorder, states } = await beginAndEnd(0.5, new MediaStream());
  await inState(recorder, 'stopped');
  expect(states).toEqual(['starting', 'recording', 'waiting', 'stopping', 'stopped']);
  const recording = await recorder.stop();
  expect(recording.state).toBe('complete');
  expect(recording.files.map(f => f.video?.frames)).toEqual([30]);
  expect(recording.duration).toBeLessThan(1.3);
  await checkFiles(recording, true);
});

test.concurrent('no window: the recording stops by itself at once', async () => {
  const { recorder, states } = await beginAndEnd(0, new MediaStream());
  await inState(recorder, 'stopped');
  expect(states).toEqual(['starting', 'recording', 'stopping', 'stopped']);
  await checkFiles(await recorder.stop(), true);
});

test.concurrent('stop() and pause() while it is away', async () => {
  const { recorder } = await beginAndEnd(30, new MediaStream());
  await inState(recorder, 'waiting');
  expect(() => recorder.pause()).toThrowError(expect.objectContaining({ code: 'state-invalid' }));
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.video?.frames)).toEqual([30]);
  expect(recording.duration).toBeLessThan(1.3);
  await checkFiles(recording, true);
});

test.concurrent('comes back as new tracks on the same stream: they are found without being told of', async () => {
  const stream = new MediaStream();
  const { recorder } = await beginAndEnd(30, stream);
  await inState(recorder, 'waiting');
  const video = new VideoSource();
  stream.addTrack(video.track);
  await inState(recorder, 'recording');
  await feedAnew(video, 30);
  const recording = await recorder.stop();
  expect(recording.files.reduce((sum, f) => sum + (f.video?.frames ?? 0), 0)).toBe(60);
  await checkFiles(recording, true);
});

test.concurrent('sound that appears on a stream which is recorded: a new file with it', async () => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const stream = new MediaStream([video.track]);
  const recorder = new Recorder(stream, { storage: tus({ endpoint: inject('endpoint') }) });
  await recorder.start();
  const added = new Promise<void>(resolve => {
    recorder.on('file', event => event.reason === 'track-added' && resolve());
  });
  const feeding = { on: true };
  const picture = (async () => {
    while (feeding.on) await video.feed(1);
  })();
  const sound = (async () => {
    while (feeding.on) await audio.feed(0.1);
  })();
  stream.addTrack(audio.track);
  await added;
  feeding.on = false;
  await Promise.all([picture, sound]);
  const recording = await recorder.stop();
  expect(recording.files.map(f => f.reason)).toEqual(['start', 'track-added']);
  expect(recording.files.map(f => f.audio !== undefined)).toEqual([false, true]);
  expect(recording.files.reduce((sum, f) => sum + (f.video?.frames ?? 0), 0)).toBe(video.count);
  await checkFiles(recording, true);
});
