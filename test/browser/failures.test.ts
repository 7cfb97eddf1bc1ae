/** Bad input, and storage that fails: a typed error and event each time, and what was recorded is kept. */
import {
  device,
  listRecordings,
  Recorder,
  type RecorderEvents,
  type RecorderOptions,
  type Recording,
  SteadyreelError,
  StorageFullError,
  StorageUnauthorizedError,
  StorageUnreachableError,
  tus,
} from 'steadyreel';
import { expect, inject, test } from 'vitest';
import { checkCounters, checkFiles } from './support/check.ts';
import { saveRecording } from './support/save.ts';
import { VideoSource } from './support/source.ts';

/** Starts, and gives the error that it was refused with and the one that the event told of. */
const refused = async (
  stream: MediaStream,
  options: RecorderOptions = { storage: device() },
): Promise<{ thrown: SteadyreelError; event: SteadyreelError | undefined; recorder: Recorder }> => {
  const recorder = new Recorder(stream, options);
  let event: SteadyreelError | undefined;
  recorder.on('error', e => {
    event = e.error;
  });
  const thrown = await recorder.start().then(
    () => Promise.reject(new Error('start() resolved')),
    error => error as SteadyreelError,
  );
  return { thrown, event, recorder };
};

test('a stream without tracks', async () => {
  const { thrown, event, recorder } = await refused(new MediaStream());
  expect(thrown).toBeInstanceOf(SteadyreelError);
  expect(thrown.code).toBe('source-no-tracks');
  expect(event).toBe(thrown);
  expect(recorder.state).toBe('idle');
});

test('a stream whose tracks have ended', async () => {
  const source = new VideoSource();
  source.track.stop();
  const { thrown, event } = await refused(new MediaStream([source.track]));
  expect([thrown.code, event?.code]).toEqual(['source-ended', 'source-ended']);
});

test('something that is not a stream', async () => {
  const { thrown } = await refused({} as MediaStream);
  expect(thrown.code).toBe('source-invalid');
});

test('a codec that this browser does not encode', async () => {
  const { thrown, event, recorder } = await refused(new MediaStream([new VideoSource().track]), {
    storage: device(),
    video: { codec: 'hevc' },
  });
  expect([thrown.code, event?.code, recorder.state]).toEqual([
    'codec-unsupported',
    'codec-unsupported',
    'failed',
  ]);
  expect(thrown.message).toContain('hevc');
});

test('unknown and wrong options', () => {
  const stream = new MediaStream([new VideoSource().track]);
  expect(() => new Recorder(stream, { bitRate: 1 } as RecorderOptions)).toThrowError(
    expect.objectContaining({ code: 'option-unknown' }),
  );
  expect(() => new Recorder(stream, { video: { bitrate: -1 } })).toThrowError(
    expect.objectContaining({ code: 'option-invalid' }),
  );
});

test('a worker that can not be loaded', async () => {
  const { thrown, recorder } = await refused(new MediaStream([new VideoSource().track]), {
    storage: device(),
    workerUrl: '/there-is-no-such-worker.js',
  });
  expect([thrown.code, recorder.state]).toEqual(['worker-failed', 'failed']);
});

test('stopped before a single frame came', async () => {
  const recorder = new Recorder(new MediaStream([new VideoSource().track]), { storage: device() });
  await recorder.start();
  await expect(recorder.stop()).rejects.toMatchObject({ code: 'recording-empty' });
  expect(recorder.state).toBe('failed');
});

test.concurrent('a storage that is not there: the recording goes on, and is kept on this device', async () => {
  const source = new VideoSource();
  const storage = tus({ endpoint: 'http://127.0.0.1:9/storage', giveUpAfter: 1 });
  const recorder = new Recorder(new MediaStream([source.track]), { storage });
  const events: RecorderEvents['warning'][] = [];
  recorder.on('warning', e => events.push(e));
  let error: SteadyreelError | undefined;
  recorder.on('error', e => {
    error = e.error;
  });
  await recorder.start();
  await source.feed(45);
  await expect(recorder.stop()).rejects.toBeInstanceOf(StorageUnreachableError);
  expect(error?.code).toBe('storage-unreachable');
  expect(events.map(e => e.code)).toContain('storage-unreachable');
  expect(recorder.state).toBe('failed');
  await expectKept(recorder.recording, 45);
});

const expectKept = async (recording: Recording | undefined, frames: number): Promise<void> => {
  const id = recording?.id;
  const kept = (await listRecordings(device())).find(r => r.id === id);
  expect(kept?.state).toBe('failed');
  expect(kept?.error?.code).toMatch(/^storage-/);
  const saved = await saveRecording(kept as Recording, device());
  await checkFiles({ ...saved, state: 'complete' });
  await checkCounters(saved, frames);
  await device().delete(id ?? '');
};

test('a storage that refuses access from the start: start() rejects', async () => {
  const { thrown, event, recorder } = await refused(new MediaStream([new VideoSource().track]), {
    storage: tus({ endpoint: inject('lockedEndpoint') }),
  });
  expect(thrown).toBeInstanceOf(StorageUnauthorizedError);
  expect([event?.code, recorder.state]).toEqual(['storage-unauthorized', 'failed']);
});

test.concurrent('a storage that refuses access later on: an error at once, and what it did not take is kept', async () => {
  const source = new VideoSource();
  const storage = tus({ endpoint: inject('lockedEndpoint'), headers: { Authorization: 'Bearer once' } });
  const recorder = new Recorder(new MediaStream([source.track]), { storage });
  const failed = new Promise<SteadyreelError>(resolve => {
    recorder.on('error', e => resolve(e.error));
  });
  await recorder.start();
  const feeding = source.feed(90);
  expect((await failed).code).toBe('storage-unauthorized');
  expect(recorder.state).toBe('recording');
  await feeding;
  await expect(recorder.stop()).rejects.toBeInstanceOf(StorageUnauthorizedError);
  await expectKept(recorder.recording, 90);
});

test.concurrent('a server whose disk is full: an error at once, and what it did not take is kept', async () => {
  const source = new VideoSource();
  const storage = tus({ endpoint: inject('fullEndpoint'), flushInterval: 0.2 });
  const recorder = new Recorder(new MediaStream([source.track]), { storage, video: { bitrate: 4_000_000 } });
  const failed = new Promise<SteadyreelError>(resolve => {
    recorder.on('error', e => resolve(e.error));
  });
  await recorder.start();
  const feeding = source.feed(150, { noise: true });
  const error = await failed;
  expect(error).toBeInstanceOf(StorageFullError);
  await feeding;
  await expect(recorder.stop()).rejects.toBeInstanceOf(StorageFullError);
  await expectKept(recorder.recording, 150);
});
