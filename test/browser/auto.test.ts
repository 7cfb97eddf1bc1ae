/** Recordings that begin and end by themselves. */
import {
  AutoRecorder,
  type AutoRecorderEvents,
  type AutoRecorderOptions,
  type AutoRecorderState,
  custom,
  listRecordings,
  type Recording,
  type Storage,
  tap,
  tus,
} from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { commands } from 'vitest/browser';
import { connect, connection, movingPicture } from './support/call.ts';
import { checkFiles } from './support/check.ts';
import { AudioSource, makeFrame, received, VideoSource } from './support/source.ts';

const onServer = (): Storage => tus({ endpoint: inject('endpoint') });

const EVENTS = [
  'recording-started',
  'recording-finished',
  'recording-discarded',
  'recording-failed',
] as const;

/** One that is started, and what it tells. */
const follow = (options: AutoRecorderOptions, source: MediaStream | RTCPeerConnection | null = null) => {
  const auto = new AutoRecorder(source, { storage: onServer(), ...options });
  const told: string[] = [];
  const recordings: Recording[] = [];
  const states: AutoRecorderState[] = [];
  for (const name of EVENTS) auto.on(name, () => told.push(name.replace('recording-', '')));
  auto.on('recording-finished', ({ recording }) => recordings.push(recording));
  auto.on('state', ({ state }) => states.push(state));
  auto.start();
  return { auto, told, recordings, states };
};

/** Waits for the AutoRecorder, or its recorder, to be in this state. */
const becomes = async (of: { state: string }, state: string): Promise<void> => {
  while (of.state !== state) await new Promise(resolve => setTimeout(resolve, 20));
};

const heard = <Name extends keyof AutoRecorderEvents>(
  auto: AutoRecorder,
  name: Name,
): Promise<AutoRecorderEvents[Name]> =>
  new Promise(resolve => {
    const remove = auto.on(name, event => {
      remove();
      resolve(event);
    });
  });

/** A second of picture and sound, numbered from here on; then both end. */
const show = async (auto: AutoRecorder, first: number, frames = 30): Promise<void> => {
  const [video, audio] = [new VideoSource(), new AudioSource()];
  auto.source = new MediaStream([video.track, audio.track]);
  // What is recorded now may still be the source before.
  await new Promise(resolve => setTimeout(resolve));
  await becomes(auto, 'recording');
  await becomes(auto.recorder, 'recording');
  const before = auto.recorder.stats.framesIn;
  await Promise.all([
    video.feedFrames(frames, (timestamp, i) => makeFrame(first + i, timestamp)),
    audio.feed(frames / 30),
  ]);
  await received(auto.recorder, before + frames);
  await Promise.all([video.end(), audio.end()]);
};

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const countersOf = async (recording: Recording): Promise<number[]> => {
  await checkFiles(recording, true);
  return (await Promise.all(recording.files.map(({ key }) => commands.counters(key, 640, 360)))).flat();
};

test.concurrent('a stream that drops and returns: in the window the same file goes on, after it the next recording begins', async () => {
  const { auto, told, recordings, states } = follow({ reconnectWindow: 4 });
  await show(auto, 0);
  await becomes(auto, 'waiting');
  await show(auto, 100);
  await heard(auto, 'recording-finished');
  await becomes(auto, 'watching');
  await show(auto, 200);
  await auto.stop();
  expect(told).toEqual(['started', 'finished', 'started', 'finished']);
  expect(states).toEqual([
    'watching',
    'recording',
    'waiting',
    'recording',
    'waiting',
    'watching',
    'recording',
    'off',
  ]);
  expect(recordings.map(({ files }) => files.map(({ reason }) => reason))).toEqual([['start'], ['start']]);
  expect(await countersOf(recordings[0] as Recording)).toEqual([...range(0, 30), ...range(100, 130)]);
  expect(await countersOf(recordings[1] as Recording)).toEqual(range(200, 230));
});

test.concurrent('one that is too short is thrown away, in storage too; the next one is kept', async () => {
  const { auto, told, recordings } = follow({ minDuration: 1.5 });
  const started = heard(auto, 'recording-started');
  const discarded = heard(auto, 'recording-discarded');
  await show(auto, 0, 20);
  const { recordingId, error } = await discarded;
  expect([recordingId, error.code]).toEqual([(await started).recordingId, 'recording-too-short']);
  await show(auto, 100, 50);
  await heard(auto, 'recording-finished');
  await auto.stop();
  expect(told).toEqual(['started', 'discarded', 'started', 'finished']);
  expect(await countersOf(recordings[0] as Recording)).toEqual(range(100, 150));
  expect((await listRecordings(onServer())).filter(({ id }) => id === recordingId)).toEqual([]);
  for (const name of ['0001.mp4', 'manifest.json'])
    expect(await commands.exists(`recordings/${recordingId}/${name}`)).toBe(false);
});

test.concurrent('one that is long enough rolls over to the next: every frame is in one of them', async () => {
  const [video, audio] = [new VideoSource(), new AudioSource()];
  const { auto, told, recordings, states } = follow(
    { maxDuration: 2, minDuration: 1.5 },
    new MediaStream([video.track, audio.track]),
  );
  await becomes(auto.recorder, 'recording');
  const isOver = (): boolean => told.filter(name => name === 'started').length === 3;
  const sound = (async () => {
    while (!isOver()) await audio.feed(0.1);
  })();
  while (!isOver()) await video.feed(3);
  await sound;
  await auto.stop();
  expect(told.filter(name => name === 'finished')).toHaveLength(3);
  expect(states).toEqual(['recording', 'off']);
  recordings.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  const counters = await Promise.all(recordings.map(countersOf));
  expect(counters.flat()).toEqual(range(0, video.count));
  for (const { duration } of recordings.slice(0, 2)) expect(duration).toBeGreaterThanOrEqual(2);
});

test.concurrent('a storage that fails for one recording does not keep the next from being stored', async () => {
  let bad: string | undefined;
  const files = new Map<string, number>();
  const storage = custom({
    name: 'fails once',
    giveUpAfter: 0.5,
    write: async ({ key, offset, bytes }) => {
      const [, id] = key.split('/');
      bad ??= id;
      if (id === bad) throw new Error('not this one');
      files.set(key, offset + bytes.length);
    },
    writeManifest: async () => undefined,
  });
  const { auto, told, recordings } = follow({ storage });
  const failed = heard(auto, 'recording-failed');
  await show(auto, 0);
  await show(auto, 100);
  const { recordingId, error, recording } = await failed;
  expect([recordingId, error.code, recording?.state]).toEqual([bad, 'storage-unreachable', 'failed']);
  await auto.stop();
  expect(told.sort()).toEqual(['failed', 'finished', 'started', 'started']);
  const [file] = recordings[0]?.files ?? [];
  expect([file?.video?.frames, files.get(file?.key ?? '')]).toEqual([30, file?.bytes]);
});

test.concurrent('a call: it begins when something comes, waits while the other side sends nothing, and ends with the call', async () => {
  const [caller, callee] = [connection(), connection()];
  const sender = caller.addTrack(movingPicture(), new MediaStream());
  const { auto, told, recordings, states } = follow({ reconnectWindow: 5 });
  callee.ontrack = ({ streams }) => {
    auto.source = streams[0] ?? null;
  };
  await connect(caller, callee);
  await becomes(auto.recorder, 'recording');
  await received(auto.recorder, 20);
  const [transceiver] = caller.getTransceivers();
  if (transceiver) transceiver.direction = 'inactive';
  await connect(caller, callee);
  await becomes(auto, 'waiting');
  if (transceiver) transceiver.direction = 'sendonly';
  await connect(caller, callee);
  await becomes(auto, 'recording');
  await received(auto.recorder, 40);
  callee.close();
  await heard(auto, 'recording-finished');
  await auto.stop();
  expect(sender.track?.readyState).toBe('live');
  expect(told).toEqual(['started', 'finished']);
  expect(states.filter(state => state !== 'watching')).toEqual([
    'recording',
    'waiting',
    'recording',
    'waiting',
    'off',
  ]);
  await checkFiles(recordings[0] as Recording, true);
});

test.concurrent('a connection: it begins when media flow, goes on with the one that comes after a drop, and ends when nothing comes back', async () => {
  /** Both ends of a call, which is yet to be made. */
  const ends = () => {
    const [caller, callee] = [connection(), tap(connection())];
    caller.addTrack(movingPicture(), new MediaStream());
    return { caller, callee };
  };
  const [first, second] = [ends(), ends()];
  const { auto, told, recordings, states } = follow(
    { reconnectWindow: 6, passthrough: { vp8: 'record' } },
    first.callee,
  );
  await becomes(auto, 'watching');
  await connect(first.caller, first.callee);
  await becomes(auto.recorder, 'recording');
  await received(auto.recorder, 20);
  const { id } = auto.recorder.recording ?? {};
  first.caller.close();
  first.callee.close();
  await becomes(auto, 'waiting');
  await connect(second.caller, second.callee);
  auto.source = second.callee;
  await becomes(auto, 'recording');
  const before = auto.recorder.stats.framesIn;
  await received(auto.recorder, before + 20);
  second.callee.close();
  const { recording } = await heard(auto, 'recording-finished');
  await becomes(auto, 'watching');
  await auto.stop();
  expect(told).toEqual(['started', 'finished']);
  expect(states).toEqual(['watching', 'recording', 'waiting', 'recording', 'waiting', 'watching', 'off']);
  expect(recordings.map(one => one.id)).toEqual([id]);
  expect(recording).toMatchObject({ method: 'passthrough', state: 'complete' });
  const frames = recording.files.reduce((sum, { video }) => sum + (video?.frames ?? 0), 0);
  expect(frames).toBeGreaterThanOrEqual(40);
  // Neither the drop nor the wait at its end is on the timeline.
  expect(Math.abs(recording.duration - frames / 30)).toBeLessThan(2);
  for (const { key, video } of recording.files) {
    const { errors, streams } = await commands.inspect(key, true);
    expect([errors, Number(streams[0]?.nb_read_packets)]).toEqual(['', video?.frames]);
  }
});
