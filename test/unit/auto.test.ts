/** What an `AutoRecorder` makes of a stream that comes and goes, and of what becomes of its recordings: the workers are made up. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { errorToMessage, StorageUnreachableError } from '../../src/errors.ts';
import { AutoRecorder, type AutoRecorderOptions, type Recording } from '../../src/index.ts';
import {
  enterBrowser,
  type FakeTrack,
  recordingOf,
  streamOf,
  trackOf,
  worker,
  workers,
} from './recorder-kit.ts';

vi.mock('../../src/load.ts', () => ({ load: () => import('../../src/auto/auto.ts') }));

beforeEach(() => {
  enterBrowser();
  vi.useFakeTimers();
});
afterEach(() => {
  for (const worker of workers) worker.say({ type: 'aborted' });
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const follow = async (source: MediaStream | null, options: AutoRecorderOptions = {}) => {
  const auto = new AutoRecorder(source, options);
  const told: string[] = [];
  auto.on('recording-started', ({ recordingId }) => told.push(`started ${recordingId}`));
  auto.on('recording-failed', ({ error }) => told.push(`failed ${error.code}`));
  auto.start();
  await vi.waitFor(() => expect(auto.state).not.toBe('off'));
  return { auto, told };
};

/** What is recorded by this worker runs. */
const begun = async (index: number): Promise<Recording> => {
  await vi.advanceTimersByTimeAsync(0);
  const [start] = worker(index).told.filter(({ type }) => type === 'start');
  const recording = recordingOf(start?.type === 'start' ? start.setup.recordingId : '');
  worker(index).say({ type: 'started' });
  worker(index).say({ type: 'recording', recording });
  await vi.advanceTimersByTimeAsync(0);
  return recording;
};

const mute = async (track: FakeTrack, muted: boolean): Promise<void> => {
  Object.assign(track, { muted });
  track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
  await vi.advanceTimersByTimeAsync(2_000);
};

it('a recording that the storage has refused does not hold the next source off', async () => {
  const { auto, told } = await follow(streamOf(trackOf('video')));
  await begun(0);
  worker(0).say({ type: 'error', error: errorToMessage(new StorageUnreachableError('away')) });
  auto.source = streamOf(trackOf('video'));
  await vi.advanceTimersByTimeAsync(0);
  expect(worker(0).heard).toEqual(['stop']);
  expect(workers).toHaveLength(2);
  expect(told).toEqual([]);
  await begun(1);
});

it('one that breaks of itself does: it would break again', async () => {
  await follow(streamOf(trackOf('video')));
  await begun(0);
  worker(0).say({ type: 'error', error: errorToMessage(new StorageUnreachableError('away')) });
  worker(0).say({ type: 'ended' });
  await vi.advanceTimersByTimeAsync(500);
  expect(workers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(workers).toHaveLength(2);
});

it('goes on by itself when the source comes back, but not with what the page has paused meanwhile', async () => {
  const track = trackOf('video');
  const { auto } = await follow(streamOf(track), { reconnectWindow: 30 });
  await begun(0);
  await mute(track, true);
  expect(auto.state).toBe('waiting');
  await mute(track, false);
  expect(worker(0).heard).toEqual(['pause', 'resume']);
  await mute(track, true);
  auto.recorder.pause();
  await mute(track, false);
  expect(worker(0).heard).toEqual(['pause', 'resume', 'pause']);
  auto.recorder.resume();
  expect(auto.recorder.state).toBe('recording');
});

it('nor with what the page pauses right after it has gone on itself', async () => {
  const track = trackOf('video');
  const { auto } = await follow(streamOf(track), { reconnectWindow: 30 });
  await begun(0);
  await mute(track, true);
  Object.assign(track, { muted: false });
  auto.recorder.resume();
  auto.recorder.pause();
  await mute(track, false);
  expect(auto.recorder.state).toBe('paused');
});

it('a source that comes later and can not be recorded is told of once, and tried again', async () => {
  const { auto, told } = await follow(null);
  Reflect.deleteProperty(globalThis, 'VideoEncoder');
  auto.source = streamOf(trackOf('video'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual(['failed browser-unsupported']);
  auto.source = streamOf(trackOf('video'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual(['failed browser-unsupported', 'failed browser-unsupported']);
  vi.stubGlobal('VideoEncoder', class {});
  await vi.advanceTimersByTimeAsync(10_000);
  await begun(0);
  expect(auto.state).toBe('recording');
});

it('of the original and the one with overlays, which are one recording, one is told of', async () => {
  const { told } = await follow(streamOf(trackOf('video')));
  const { id } = await begun(0);
  const files = [{}];
  const twin = { ...recordingOf('twin'), kind: 'composited', linked: { kind: 'original', id }, files };
  worker(0).say({ type: 'linked', recording: twin as unknown as Recording });
  worker(0).say({ type: 'recording', recording: { ...recordingOf(id), files } as unknown as Recording });
  expect(told).toEqual([`started ${id}`]);
});
