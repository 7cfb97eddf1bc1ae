/** The ring of a stream: clips of it, recordings that begin before they are begun, and all of that at once. */
import { Recorder, type RecorderOptions, type Recording, type Storage, tus } from 'steadyreel';
import { expect, inject, onTestFinished, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkFiles } from './support/check.ts';
import { AudioSource, VideoSource } from './support/source.ts';

const onServer = (): Storage => tus({ endpoint: inject('endpoint') });

/** A stream, and a recorder that keeps the last of it, which is running. */
const setUp = async (options: RecorderOptions = {}, withAudio = true) => {
  const video = new VideoSource();
  const audio = withAudio ? new AudioSource() : undefined;
  const stream = new MediaStream([video.track, ...(audio ? [audio.track] : [])]);
  const recorder = new Recorder(stream, {
    ...{ storage: onServer(), dvr: { seconds: 60 }, video: { keyFrameInterval: 1 } },
    ...options,
  });
  onTestFinished(() => recorder.close());
  // Time runs from its first frame on, whenever that is read.
  return { video, audio, recorder };
};

const countersOf = async (recording: Recording): Promise<number[]> => {
  const found: number[] = [];
  for (const { key, video } of recording.files)
    if (video) found.push(...(await commands.counters(key, video.codedWidth, video.codedHeight)));
  return found;
};

/** Each follows the one before it. */
const expectUnbroken = (counters: readonly number[]): void =>
  expect(counters).toEqual(counters.map((_, i) => (counters[0] ?? 0) + i));

test('clips of what was: by key frame and to the frame, with a change of size in it, while nothing is recorded', async () => {
  const { video, audio, recorder } = await setUp();
  const feeding = audio?.feed(6);
  await video.feed(95);
  await video.feed(75, { width: 320, height: 180 });
  const last = recorder.clip({ seconds: 4 });
  const exact = recorder.clip({ start: 1.5, duration: 2, exact: true, metadata: { title: 'goal' } });
  await video.feed(10, { width: 320, height: 180 });
  const [loose, precise, first] = await Promise.all([
    last,
    exact,
    recorder.clip({ start: 1.2, duration: 1, exact: true }),
  ]);
  await feeding;

  expect(loose.kind).toBe('clip');
  expect(loose.files.map(({ reason }) => reason)).toEqual(['start', 'video-size']);
  await checkFiles(loose);
  const counters = await countersOf(loose);
  expectUnbroken(counters);
  // From the key frame before: up to a second more than was asked for, and to the moment of asking.
  expect(counters.length).toBeGreaterThanOrEqual(119);
  expect(counters.length).toBeLessThanOrEqual(152);
  expect(counters.at(-1)).toBeGreaterThanOrEqual(168);

  expect(precise.metadata).toEqual({ title: 'goal' });
  await checkFiles(precise);
  const frames = await countersOf(precise);
  expectUnbroken(frames);
  // Three tenths of a second before it there were nine pictures more.
  const [before = 0] = await countersOf(first);
  expect(Math.abs((frames[0] ?? 0) - before - 9)).toBeLessThanOrEqual(1);
  expect(frames.length).toBeGreaterThanOrEqual(59);
  expect(frames.length).toBeLessThanOrEqual(61);
  expect(precise.duration).toBeCloseTo(2, 1);
});

test('recordings of a ring: with pre-roll, several at once, with a pause, and a clip of what is still to come', async () => {
  const { video, audio, recorder } = await setUp();
  const feeding = Promise.all([audio?.feed(14), video.feed(420)]);
  const fed = (count: number) =>
    expect.poll(() => video.count, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  await fed(75);
  const asked = video.count;
  await recorder.start({ preRoll: 1.5 });
  const { id } = recorder.recording ?? {};
  await fed(105);
  const coming = recorder.clip({ start: (recorder.dvr?.end ?? 0) + 2, duration: 1 });
  const stopped = video.count;
  const first = recorder.stop();
  const from = video.count;
  await recorder.start();
  await fed(150);
  const pausedAt = video.count;
  recorder.pause();
  await fed(pausedAt + 30);
  const resumedAt = video.count;
  recorder.resume();
  await fed(resumedAt + 45);
  const second = recorder.stop();
  const [rolled, anew, awaited] = await Promise.all([first, second, coming]);
  await feeding;

  expect(rolled.id).toBe(id);
  expect(rolled.kind).toBe('original');
  await checkFiles(rolled);
  const early = await countersOf(rolled);
  expectUnbroken(early);
  // 1.5 s before it was asked for, to the key frame before that, and all that came until it was stopped.
  expect(early[0]).toBeLessThanOrEqual(asked - 44);
  expect(early[0]).toBeGreaterThanOrEqual(asked - 78);
  expect(Math.abs((early.at(-1) ?? 0) - stopped)).toBeLessThanOrEqual(3);
  expect(Date.now() - Date.parse(rolled.startedAt)).toBeGreaterThan(6_000);

  expect(anew.files).toHaveLength(1);
  await checkFiles(anew);
  const paused = await countersOf(anew);
  const gap = paused.findIndex((counter, i) => i > 0 && counter !== (paused[i - 1] ?? 0) + 1);
  expectUnbroken(paused.slice(0, gap));
  expectUnbroken(paused.slice(gap));
  expect(Math.abs((paused[0] ?? 0) - from)).toBeLessThanOrEqual(3);
  expect(Math.abs((paused[gap - 1] ?? 0) - pausedAt)).toBeLessThanOrEqual(3);
  expect(Math.abs((paused[gap] ?? 0) - resumedAt)).toBeLessThanOrEqual(3);
  // The pause is not on the timeline.
  expect(anew.duration).toBeCloseTo(paused.length / 30, 1);

  await checkFiles(awaited);
  const later = await countersOf(awaited);
  expectUnbroken(later);
  expect(later.length).toBeGreaterThanOrEqual(29);
  expect(later.length).toBeLessThanOrEqual(31);
  expect(awaited.duration).toBeCloseTo(1, 1);
});

test('closed while it is recorded: what came is stored, what was still to come is not, and nothing breaks', async () => {
  const { video, recorder } = await setUp({}, false);
  const errors: string[] = [];
  recorder.on('error', ({ error }) => errors.push(error.code));
  const finished = new Promise<Recording | undefined>(resolve =>
    recorder.on('finished', ({ recording }) => resolve(recording)),
  );
  const feeding = video.feed(90);
  await expect.poll(() => video.count).toBeGreaterThanOrEqual(30);
  await recorder.start({ preRoll: 0.5 });
  const coming = recorder.clip({ start: 100, duration: 5 }).catch(({ code }) => code);
  await expect.poll(() => video.count).toBeGreaterThanOrEqual(70);
  recorder.close();
  const closed = video.count;
  const recording = await finished;
  if (!recording) throw new Error('it was stored');
  // Of the clip: nothing of it came.
  expect(await coming).toBe('recording-empty');
  expect([recorder.state, errors]).toEqual(['stopped', ['recording-empty']]);
  await checkFiles(recording);
  const counters = await countersOf(recording);
  expectUnbroken(counters);
  expect(counters[0]).toBeLessThanOrEqual(20);
  expect(Math.abs((counters.at(-1) ?? 0) - closed)).toBeLessThanOrEqual(3);
  await feeding;
});

test.each([
  { of: 'picture alone', withAudio: false },
  { of: 'picture and sound', withAudio: true },
])(
  'a stream of $of that comes back after its ring has ended, by tracks that a script adds, has a ring again',
  async ({ withAudio }) => {
    const sources = () => [new VideoSource(), ...(withAudio ? [new AudioSource()] : [])];
    const feed = (all: (VideoSource | AudioSource)[]): Promise<unknown> =>
      Promise.all(all.map(one => (one instanceof VideoSource ? one.feed(45) : one.feed(1.5))));
    const before = sources();
    const stream = new MediaStream(before.map(({ track }) => track));
    const recorder = new Recorder(stream, { storage: onServer(), dvr: { seconds: 60 } });
    onTestFinished(() => recorder.close());
    const end = (): number => recorder.dvr?.end ?? 0;
    await feed(before);
    await Promise.all(before.map(one => one.end()));
    for (const { track } of before) stream.removeTrack(track);
    // All that is left of it can still be had.
    const counters = await countersOf(await recorder.clip({ seconds: 60 }));
    expectUnbroken(counters);
    // The last picture may have been on its way.
    expect(counters.at(-1)).toBeGreaterThanOrEqual(43);
    const ended = end();
    const after = sources();
    // No event tells of it (Media Capture and Streams, 4.2: `addtrack` is not for what a script adds itself).
    for (const { track } of after) stream.addTrack(track);
    const feeding = new AbortController();
    const fed = (async () => {
      while (!feeding.signal.aborted) await feed(after);
    })();
    try {
      // By itself: whoever asks for a clip has it looked for at once.
      await expect.poll(end, { timeout: 6_000 }).not.toBe(ended);
      await expect.poll(end, { timeout: 5_000 }).toBeGreaterThan(0.5);
      const { files } = await recorder.clip({ seconds: 60 });
      expect(files.map(({ video, audio }) => [!!video, !!audio])).toEqual([[true, withAudio]]);
    } finally {
      feeding.abort();
      await fed;
    }
  },
);
