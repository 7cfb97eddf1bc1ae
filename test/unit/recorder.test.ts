/** What a page's recorder makes of what its workers say, whenever that comes: the workers are made up. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Recorder, type RecorderState } from '../../src/index.ts';
import { enterBrowser, recordingOf, streamOf, trackOf, worker, workers } from './recorder-kit.ts';

beforeEach(enterBrowser);

/** Whatever still runs holds timers. */
const open: Recorder[] = [];
afterEach(() => {
  for (const worker of workers) worker.say({ type: 'aborted' });
  for (const recorder of open.splice(0)) void recorder.abort();
  vi.unstubAllGlobals();
});

const recorderOf = (stream: MediaStream): { recorder: Recorder; states: RecorderState[] } => {
  const recorder = new Recorder(stream);
  const states: RecorderState[] = [];
  recorder.on('state', ({ state }) => states.push(state));
  open.push(recorder);
  return { recorder, states };
};

const begun = async (stream = streamOf(trackOf('video'))) => {
  const { recorder, states } = recorderOf(stream);
  const started = recorder.start();
  worker(0).say({ type: 'started' });
  await started;
  return { recorder, states };
};

it.each(['pause', 'replaceSource'] as const)(
  '%s() gives a roll-over up, and what runs goes on',
  async how => {
    const { recorder } = await begun();
    const rolled = recorder.rollOver();
    const failed = expect(rolled).rejects.toMatchObject({ code: 'recording-empty' });
    const replaced = how === 'pause' ? recorder.pause() : recorder.replaceSource(streamOf(trackOf('video')));
    expect(worker(1).heard).toEqual(['stop']);
    // Some of it was recorded all the same.
    worker(1).say({ type: 'done', recording: recordingOf('stray') });
    await failed;
    await vi.waitFor(() =>
      expect(worker(0).heard).toEqual(['hand-over', how === 'pause' ? 'pause' : 'replace']),
    );
    worker(0).say({ type: 'replaced' });
    await replaced;
    expect(recorder.state).toBe(how === 'pause' ? 'paused' : 'recording');
  },
);

it.each(['pause', 'replaceSource'] as const)(
  '%s() that comes too late to give a roll-over up is for the next one',
  async how => {
    const { recorder, states } = await begun();
    const rolled = recorder.rollOver();
    worker(1).say({ type: 'started' });
    const replaced = how === 'pause' ? recorder.pause() : recorder.replaceSource(streamOf(trackOf('video')));
    expect(worker(1).told.at(-1)).toEqual({ type: 'stop', inTime: true });
    // It has asked the one before to end, and goes on.
    worker(0).say({ type: 'ended' });
    worker(0).say({ type: 'done', recording: recordingOf('first') });
    expect(await rolled).toMatchObject({ id: 'first' });
    await vi.waitFor(() => expect(worker(1).heard).toEqual(['stop', how === 'pause' ? 'pause' : 'replace']));
    worker(1).say({ type: 'replaced' });
    await replaced;
    expect(states).toEqual(['starting', 'recording', ...(how === 'pause' ? ['paused'] : [])]);
    if (how === 'pause') recorder.resume();
    expect(recorder.state).toBe('recording');
    // The next one can begin.
    const again = recorder.rollOver();
    again.catch(() => undefined);
    expect(workers).toHaveLength(3);
  },
);

it('stop() ends both, also when the next one has been left to decide', async () => {
  const { recorder } = await begun();
  const rolled = recorder.rollOver();
  rolled.catch(() => undefined);
  worker(1).say({ type: 'started' });
  recorder.pause();
  const stopped = recorder.stop();
  expect(worker(1).told.at(-1)).toEqual({ type: 'stop' });
  expect(worker(0).heard).toEqual(['hand-over', 'pause', 'stop']);
  worker(0).say({ type: 'done', recording: recordingOf('first') });
  expect(await stopped).toMatchObject({ id: 'first' });
  expect(recorder.state).toBe('stopped');
});

it('a roll-over that could not begin does not keep the next from beginning', async () => {
  const camera = trackOf('video');
  const { recorder } = await begun(streamOf(camera));
  camera.stop();
  await expect(recorder.rollOver()).rejects.toMatchObject({ code: 'source-ended' });
  Object.assign(camera, { readyState: 'live' });
  const rolled = recorder.rollOver();
  expect(worker(0).heard).toEqual(['hand-over']);
  worker(1).say({ type: 'started' });
  worker(0).say({ type: 'ended' });
  worker(0).say({ type: 'done', recording: recordingOf('first') });
  expect(await rolled).toMatchObject({ id: 'first' });
  expect(recorder.state).toBe('recording');
});

it('of two sources that replace one another at once, the last one is recorded', async () => {
  const [first, second, microphone] = [trackOf('video'), trackOf('video'), trackOf('audio')];
  const { recorder } = await begun(streamOf(first, microphone));
  const replaced = Promise.all([
    recorder.replaceSource(streamOf(second, microphone)),
    recorder.replaceSource(streamOf(first, microphone)),
  ]);
  await vi.waitFor(() => expect(worker(0).heard).toHaveLength(2));
  for (const _ of [1, 2]) worker(0).say({ type: 'replaced' });
  await replaced;
  const replacements = worker(0).told.flatMap(told => (told.type === 'replace' ? [told.replacement] : []));
  expect(replacements).toEqual([
    { video: expect.objectContaining({ readable: expect.anything() }), audio: 'same' },
    { video: expect.objectContaining({ readable: expect.anything() }), audio: 'same' },
  ]);
});

it.each(['waiting', 'resumed'] as const)('what was "%s" before stop() is still stopping', async type => {
  const { recorder, states } = await begun();
  const stopped = recorder.stop();
  worker(0).say({ type });
  expect(recorder.state).toBe('stopping');
  worker(0).say({ type: 'done', recording: recordingOf('one') });
  await stopped;
  expect(states).toEqual(['starting', 'recording', 'stopping', 'stopped']);
});

it('a source that has ended while the storage was still asked is waited for', async () => {
  const { recorder, states } = recorderOf(streamOf(trackOf('video')));
  const started = recorder.start();
  worker(0).say({ type: 'waiting' });
  worker(0).say({ type: 'started' });
  await started;
  expect(recorder.state).toBe('waiting');
  worker(0).say({ type: 'resumed' });
  expect(states).toEqual(['starting', 'waiting', 'recording']);
});
