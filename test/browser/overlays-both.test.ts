/** `record: 'both'`: the original and the composited recording at once, on one timeline. */
import { listRecordings, Recorder, type Recording, recover, tus } from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { ToWorker } from '../../src/worker/protocol.ts';
import { checkCounters, checkFiles } from './support/check.ts';
import { AudioSource, received, VideoSource } from './support/source.ts';

const storage = () => tus({ endpoint: inject('endpoint') });

const RED = [
  { id: 'red', type: 'text', text: 'i\n\n\n\ni', background: 'red', color: 'red', x: 0.4, y: 0.45 },
] as const;
/** A part of what it covers. */
const WITHIN = { x: 0.405, y: 0.55, width: 0.02, height: 0.1 };

/** Whether each frame shows it. */
const shownIn = async ({ files }: Recording): Promise<boolean[]> => {
  const shown: boolean[] = [];
  for (const { key } of files)
    for (const [[red = 0, green = 0] = []] of await commands.regionColors(key, [WITHIN]))
      shown.push(red > 150 && green < 100);
  return shown;
};

/** What both have in common, to the microsecond. */
const timesOf = ({ files }: Recording) =>
  files.map(({ reason, startTime, duration }) => [
    reason,
    Math.round(startTime * 1e6),
    Math.round(duration * 1e6),
  ]);

const run = (length: number, value: boolean): boolean[] => Array.from({ length }, () => value);

test.concurrent('two recordings, linked, with the same cuts: one shows it where it was set, the other never', async () => {
  const [video, audio] = [new VideoSource(), new AudioSource()];
  const stream = new MediaStream([video.track, audio.track]);
  const recorder = new Recorder(stream, { storage: storage(), record: 'both' });
  const warnings: string[] = [];
  recorder.on('warning', ({ code }) => warnings.push(code));
  await recorder.start();
  const sound = audio.feed(2.4);
  await video.feed(20);
  await received(recorder, 20);
  await recorder.overlays.set(RED);
  await video.feed(20);
  await video.feed(20, { width: 854, height: 480 });
  await Promise.all([sound, received(recorder, 60)]);
  const original = await recorder.stop();
  const [first, composited] = recorder.recordings;
  if (!composited) throw new Error('there is no second recording');

  expect(first).toEqual(original);
  expect([original.kind, composited.kind]).toEqual(['original', 'composited']);
  expect(original.linked).toEqual({ kind: 'composited', id: composited.id });
  expect(composited.linked).toEqual({ kind: 'original', id: original.id });
  expect(composited.startedAt).toBe(original.startedAt);
  expect(original.files.map(({ reason }) => reason)).toEqual(['start', 'video-size']);
  expect(timesOf(composited)).toEqual(timesOf(original));
  expect(composited.files.map(file => file.audio)).toEqual(original.files.map(file => file.audio));
  for (const recording of [original, composited]) {
    await checkFiles(recording);
    await checkCounters(recording, 60);
  }
  expect(await shownIn(original)).toEqual(run(60, false));
  expect(await shownIn(composited)).toEqual([...run(20, false), ...run(40, true)]);
  expect(original.events.some(({ type }) => type === 'overlays')).toBe(false);
  const listed = await listRecordings(storage());
  expect(listed.filter(({ id }) => [original.id, composited.id].includes(id))).toHaveLength(2);
  expect(warnings).not.toContain('frames-dropped');
});

test.concurrent('thrown away, nothing of either is left', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: storage(), record: 'both' });
  const ids = new Set<string>();
  recorder.on('recording', ({ recording }) => ids.add(recording.id));
  await recorder.start();
  await video.feed(10);
  await recorder.abort();
  expect(ids.size).toBe(2);
  expect(recorder.recordings).toEqual([]);
  const listed = await listRecordings(storage());
  expect(listed.filter(({ id }) => ids.has(id))).toEqual([]);
});

test('when their worker dies, both are recovered, and still linked', async () => {
  // Not each that is made: the one that is told to begin may have stood ready, and the next stands ready by now, for `recover()`.
  const workers = new Set<Worker>();
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...given: unknown[]) {
    if ((given[0] as ToWorker).type === 'start') workers.add(this);
    Reflect.apply(postMessage, this, given);
  };
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), { storage: storage(), record: 'both' });
  await recorder.overlays.set(RED);
  await recorder.start().finally(() => {
    Worker.prototype.postMessage = postMessage;
  });
  await video.feed(45);
  await received(recorder, 45);
  await expect.poll(() => recorder.stats.framesEncoded).toBeGreaterThan(40);
  const ids = recorder.recordings.map(({ id }) => id);
  for (const worker of workers) worker.terminate();

  const found = new Map<string, Recording>();
  await expect
    .poll(async () => {
      for (const recording of await recover({ storage: storage() })) found.set(recording.id, recording);
      return ids.filter(id => found.has(id)).length;
    })
    .toBe(2);
  const [original, composited] = ids.map(id => found.get(id) as Recording);
  expect([original?.state, composited?.state]).toEqual(['recovered', 'recovered']);
  expect([original?.kind, composited?.kind]).toEqual(['original', 'composited']);
  expect([original?.linked?.id, composited?.linked?.id]).toEqual([ids[1], ids[0]]);
  expect((await shownIn(original as Recording)).includes(true)).toBe(false);
  expect((await shownIn(composited as Recording)).includes(false)).toBe(false);
});

test.concurrent('rolled over with thumbnails: both go on in the next two, and every frame is in one of each kind', async () => {
  const video = new VideoSource();
  const recorder = new Recorder(new MediaStream([video.track]), {
    ...{ storage: storage(), record: 'both', minDuration: 0.5, thumbnails: { interval: 1 } },
  });
  const finished: Recording[] = [];
  recorder.on('finished', ({ recording }) => recording && finished.push(recording));
  await recorder.start();
  await video.feed(30);
  const [, before] = recorder.recordings;
  const rolled = recorder.rollOver();
  const over = { is: false };
  const watch = recorder.on('recording', ({ recording }) => {
    over.is ||= recording.id !== first && recording.files.length > 0;
  });
  const first = recorder.recording?.id;
  while (!over.is) await video.feed(3);
  watch();
  const last = await recorder.stop();
  const [, after] = recorder.recordings;
  const ids = [before?.id, after?.id];
  const stored = (await listRecordings(storage())).filter(({ id }) => ids.includes(id));
  const composited = ids.map(id => stored.find(recording => recording.id === id) as Recording);
  for (const pair of [[await rolled, last], composited]) {
    for (const recording of pair) await checkFiles(recording);
    const counters = await Promise.all(
      pair.flatMap(({ files }) => files.map(({ key }) => commands.counters(key, 640, 360))),
    );
    expect(counters.flat()).toEqual(Array.from({ length: video.count }, (_, i) => i));
  }
  expect(finished.map(({ id }) => id).sort()).toEqual([(await rolled).id, last.id].sort());
});
