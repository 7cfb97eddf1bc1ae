/** Many recordings of one running stream, by one recorder. */
import {
  custom,
  device,
  listRecordings,
  Recorder,
  type RecorderEvents,
  type Recording,
  type Storage,
  tus,
} from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { checkCounters, checkFiles } from './support/check.ts';
import { saveRecording } from './support/save.ts';
import { received, VideoSource } from './support/source.ts';

/** Keeps files in memory. @param write waits, or fails, before a piece is taken. */
const archive = (
  name: string,
  giveUpAfter: number,
  write: (recordingId: string) => Promise<void>,
): Storage => {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return custom({
    name,
    chunkBytes: 10_000,
    flushInterval: 0.1,
    giveUpAfter,
    write: async ({ key, offset, bytes }) => {
      await write(key.split('/')[1] ?? '');
      const all = new Uint8Array(offset + bytes.length);
      all.set(files.get(key)?.subarray(0, offset) ?? []);
      all.set(bytes, offset);
      files.set(key, all);
    },
    writeManifest: async () => undefined,
    size: async key => files.get(key)?.length ?? 0,
    read: async key => new Blob([files.get(key) ?? new Uint8Array()]),
  });
};

/** Feeds until it is told to end. */
const running = (video: VideoSource): (() => Promise<void>) => {
  const feeding = { on: true };
  const fed = (async () => {
    while (feeding.on) await video.feed(1);
  })();
  return () => {
    feeding.on = false;
    return fed;
  };
};

const countersOf = async (recording: Recording, storage: Storage): Promise<number[]> => {
  await checkFiles(await saveRecording(recording, storage), true);
  return (await Promise.all(recording.files.map(({ key }) => commands.counters(key, 640, 360)))).flat();
};

test.concurrent('fragments of a stream, one right after another, while the first is still being stored', async () => {
  const storing: (() => void)[] = [];
  let slow: string | undefined;
  const storage = archive('slow', 60, async id => {
    slow ??= id;
    if (id === slow) await new Promise<void>(resolve => storing.push(resolve));
  });
  // Slow enough that a busy machine, which takes seconds to start a worker, loses none.
  const video = new VideoSource(10);
  const recorder = new Recorder(new MediaStream([video.track]), { storage });
  const errors: unknown[] = [];
  recorder.on('error', ({ error }) => errors.push(error));
  await recorder.start();
  const end = running(video);
  await received(recorder, 6);
  const fragments = [recorder.stop()];
  let stored = false;
  void fragments[0]?.then(() => {
    stored = true;
  });
  for (let i = 0; i < 5; i++) {
    await recorder.start();
    expect(recorder.state).toBe('recording');
    await received(recorder, 6);
    fragments.push(recorder.stop());
    expect(recorder.state).toBe('stopping');
  }
  await end();
  const later = await Promise.all(fragments.slice(1));
  expect(stored).toBe(false);
  // What comes for it from now on waits no longer.
  slow = '';
  for (const go of storing) go();
  const all = [(await fragments[0]) as Recording, ...later];
  expect(new Set(all.map(({ id }) => id)).size).toBe(6);
  let next = 0;
  for (const recording of all) {
    const counters = await countersOf(recording, storage);
    const first = counters[0] ?? Number.POSITIVE_INFINITY;
    // Nothing that was captured lies between two of them.
    expect(first).toBeLessThanOrEqual(next);
    next = first + counters.length;
    expect(counters).toEqual(Array.from(counters, (_, i) => first + i));
    expect(counters.length).toBeGreaterThanOrEqual(6);
  }
  expect(errors).toEqual([]);
});

test.concurrent('one that the storage does not take is named, and the next one goes on', async () => {
  let bad: string | undefined;
  const storage = archive('picky', 0.5, async id => {
    bad ??= id;
    if (id === bad) throw new Error('not this one');
  });
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage });
  const errors: RecorderEvents['error'][] = [];
  const finished: RecorderEvents['finished'][] = [];
  recorder.on('error', event => errors.push(event));
  recorder.on('finished', event => finished.push(event));
  await recorder.start();
  await video.feed(30);
  const first = recorder.stop();
  await recorder.start();
  await video.feed(60);
  await expect(first).rejects.toMatchObject({ code: 'storage-unreachable' });
  expect(recorder.state).toBe('recording');
  await video.feed(10);
  const second = await recorder.stop();
  expect(errors.map(({ recordingId, error }) => [recordingId, error.code])).toEqual([
    [bad, 'storage-unreachable'],
  ]);
  expect(finished.map(({ recordingId, error }) => [recordingId, error?.code])).toEqual([
    [bad, 'storage-unreachable'],
    [second.id, undefined],
  ]);
  expect((await countersOf(second, storage)).at(-1)).toBe(99);
  const kept = (await listRecordings(device())).find(({ id }) => id === bad);
  expect(kept?.files[0]?.video?.frames).toBeGreaterThanOrEqual(30);
});

test.concurrent('stopped while it rolls over: all is in one recording, and nobody hears of another', async () => {
  const storage = tus({ endpoint: inject('endpoint') });
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage });
  const finished: string[] = [];
  recorder.on('finished', ({ recordingId }) => finished.push(recordingId));
  recorder.on('error', ({ error }) => finished.push(error.code));
  await recorder.start();
  await video.feed(40);
  const rolled = recorder.rollOver();
  // These come to the next one too.
  const more = video.feed(3);
  const recording = await recorder.stop();
  await more;
  expect(await rolled).toBe(recording);
  expect(recorder.state).toBe('stopped');
  const frames = recording.files[0]?.video?.frames ?? 0;
  expect(frames).toBeGreaterThanOrEqual(40);
  await checkCounters(recording, frames);
  expect(finished).toEqual([recording.id]);
});
