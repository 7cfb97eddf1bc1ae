/** What becomes of a recording that ends while its storage has still to answer for the first time. */
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { deferred } from '../../src/deferred.ts';
import { CodecUnsupportedError } from '../../src/errors.ts';
import { type DeviceConfig, device, type TusConfig, tus } from '../../src/index.ts';
import { journalPath } from '../../src/opfs.ts';
import { resolveOptions } from '../../src/options.ts';
import { Asks } from '../../src/worker/asks.ts';
import type { FromWorker } from '../../src/worker/protocol.ts';
import { Session } from '../../src/worker/session.ts';
import type { OpenTracks } from '../../src/worker/session-tracks.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';
import { videoSource } from './cut-kit.ts';
import { ID } from './server-kit.ts';

/** Whether the codecs can be encoded is found out when the test wants. */
let checked: Promise<void>;
vi.mock('../../src/worker/check-codecs.ts', () => ({ checkCodecs: () => checked }));

vi.mock('../../src/worker/parts.ts', async original => ({
  ...(await original<object>()),
  turnPart: () => import('../../src/worker/turn.ts'),
}));

afterEach(() => vi.unstubAllGlobals());

const VIDEO = { source: videoSource(), family: 'vp8' as const };
const CONFIG: VideoDecoderConfig = { codec: 'vp8', codedWidth: 640, codedHeight: 360 };

/** A second of video; with an audio track, whose parameters never become known, the file shows itself at its end. */
const tracksWith =
  (audioEpoch: 1 | undefined): OpenTracks =>
  ({ files }) => {
    const file = files.begin({ reason: 'start', startTime: 0, video: VIDEO, audioEpoch });
    for (let i = 0; i < 10; i++)
      file.addVideo(
        { data: new Uint8Array(100), timestamp: i * 100_000, type: i === 0 ? 'key' : 'delta' },
        i === 0 ? CONFIG : undefined,
      );
    const nothing = (): void => undefined;
    return {
      ...{ duration: 1, endTime: 1_000_000, pause: nothing, resume: nothing, keyFrameAt: nothing },
      replace: async () => undefined,
      stop: async () => {
        file.endTime = 1_000_000;
        file.endVideo();
        files.endAudioBefore(Number.POSITIVE_INFINITY);
        files.endAll();
      },
      cancel: nothing,
    };
  };

const openTracks = tracksWith(1);

const TUS = tus({ endpoint: 'https://storage.example' });

/** A tus server that takes everything. */
const take = async (_: unknown, { method, headers, body }: RequestInit = {}): Promise<Response> => {
  const { size = 0 } = body instanceof Blob ? body : new Blob([body as BlobPart]);
  const offset = Number(new Headers(headers).get('upload-offset') ?? 0) + size;
  const given = { location: 'https://storage.example/1', 'upload-offset': String(offset) };
  return new Response(undefined, { status: method === 'POST' ? 201 : 204, headers: given });
};

const open = async ({ config } = TUS, given = openTracks, after?: MessagePort, answer?: typeof take) => {
  const disk = new MemoryOpfs();
  vi.stubGlobal('navigator', { storage: disk.storage });
  const answers: ((status: number) => void)[] = [];
  vi.stubGlobal(
    'fetch',
    answer ??
      (() =>
        new Promise<Response>(resolve =>
          answers.push(status => resolve(new Response(undefined, { status }))),
        )),
  );
  const sent: FromWorker[] = [];
  const send = (message: FromWorker): void => void sent.push(message);
  const session = await Session.open(
    {
      ...{ recordingId: ID, startedAt: '2024-05-01T10:00:00.000Z', options: resolveOptions({}) },
      ...{
        storage: config as TusConfig | DeviceConfig,
        video: undefined,
        audio: undefined,
      },
      ...{ aacEncoderUrl: 'none', extrasUrl: 'none', after },
    },
    new Asks(send),
    send,
    given,
  );
  if (!session) throw new Error(JSON.stringify(sent));
  /** The storage refuses whatever it is asked. */
  const refuse = (): void => {
    for (const answer of answers.splice(0)) answer(413);
  };
  const accept = (): void => {
    for (const answer of answers.splice(0)) answer(200);
  };
  return { disk, session, sent, refuse, accept };
};

/** What `recover()` finds one by. */
const leftOn = (disk: MemoryOpfs): string[] => disk.paths.filter(path => path.endsWith('setup.json'));

const failure = (sent: FromWorker[]) => sent.find(message => message.type === 'failed');

it('a storage that refuses one that has ended already: it is kept on this device', async () => {
  checked = Promise.resolve();
  const { disk, session, sent, refuse } = await open();
  const stopped = session.stop();
  await vi.waitFor(() => {
    refuse();
    expect(failure(sent)).toBeDefined();
  });
  await stopped;
  expect(failure(sent)).toMatchObject({
    error: { code: 'storage-full' },
    recording: { state: 'failed', files: [{ video: { frames: 10 } }] },
  });
  expect(sent.filter(({ type }) => type === 'error')).toHaveLength(1);
  const folder = journalPath(ID).join('/');
  expect(disk.paths.filter(path => path.startsWith(folder))).not.toEqual([]);
});

it('a codec that turns out not to be there: the recording fails with that', async () => {
  let reject = (_: unknown): void => undefined;
  checked = new Promise((_, no) => {
    reject = no;
  });
  const { session, sent, refuse } = await open();
  const stopped = session.stop();
  reject(new CodecUnsupportedError('video', 'av1', 'not at any size'));
  await vi.waitFor(() => {
    refuse();
    expect(failure(sent)).toBeDefined();
  });
  await stopped;
  expect(failure(sent)).toMatchObject({ error: { code: 'codec-unsupported' } });
});

/** What one that goes on from another says, and what that is asked. */
const openNext = async () => {
  const asked = vi.fn();
  checked = Promise.resolve();
  return { asked, ...(await open(TUS, openTracks, { postMessage: asked } as unknown as MessagePort)) };
};

it('one that is given up before it has asked for its turn ends, and never asks', async () => {
  const { asked, session, sent, refuse } = await openNext();
  const stopped = session.stop(true);
  expect(sent.map(({ type }) => type)).toContain('ended');
  await vi.waitFor(() => {
    refuse();
    expect(failure(sent)).toBeDefined();
  });
  await stopped;
  expect(asked).not.toHaveBeenCalled();
});

it('one that has asked goes on, as the one before ends, until it is really told to end', async () => {
  const { asked, session, sent, accept, refuse } = await openNext();
  await vi.waitFor(() => {
    accept();
    expect(asked).toHaveBeenCalledOnce();
  });
  await session.stop(true);
  expect(sent.map(({ type }) => type)).not.toContain('ended');
  const stopped = session.stop();
  await vi.waitFor(() => {
    refuse();
    expect(failure(sent)).toBeDefined();
  });
  await stopped;
});

it('headers that never come do not keep one that is thrown away', async () => {
  checked = Promise.resolve();
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { session, sent } = await open(
    tus({ endpoint: 'https://storage.example', headers: () => new Promise(() => undefined) }),
  );
  const aborted = session.abort();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sent.at(-1)).toMatchObject({ type: 'aborted' });
  await aborted;
});

it('one on this device whose last manifest can not be written is left for a recovery', async () => {
  checked = Promise.resolve();
  const { disk, session, sent } = await open(device());
  await vi.waitFor(() => expect(sent.map(({ type }) => type)).toContain('started'));
  disk.refuse = { close: new DOMException('The disk is full.', 'QuotaExceededError') };
  await session.stop();
  expect(failure(sent)).toMatchObject({ error: { code: 'device-storage-failed' } });
  expect(leftOn(disk)).toHaveLength(1);
});

it.each([
  ['of which all parameters are known', undefined],
  ['of which some are not', 1],
] as const)(
  'one on this device that ended with a file unfinished, %s, is left for a recovery',
  async (_, audioEpoch) => {
    checked = Promise.resolve();
    const { disk, session, sent } = await open(device(), needs => ({
      ...tracksWith(audioEpoch)(needs),
      stop: () => Promise.reject(new Error('The muxer has failed.')),
    }));
    await vi.waitFor(() => expect(sent.map(({ type }) => type)).toContain('started'));
    await session.stop();
    expect(failure(sent)).toMatchObject({
      error: { message: expect.stringContaining('The muxer has failed.') },
    });
    expect(leftOn(disk)).toHaveLength(1);
  },
);

it('one on this device that failed and is whole leaves nothing to be recovered', async () => {
  checked = Promise.resolve();
  const { disk, session, sent } = await open(device());
  await vi.waitFor(() => expect(sent.map(({ type }) => type)).toContain('started'));
  session.onUncaught(new Error('An encoder has failed.'));
  await vi.waitFor(() => expect(failure(sent)).toMatchObject({ recording: { state: 'failed' } }));
  expect(leftOn(disk)).toEqual([]);
});

it('one that is thrown away while its last thumbnails are waited for stays nowhere', async () => {
  checked = Promise.resolve();
  const asked = deferred<void>();
  const stored = deferred<void>();
  const given: OpenTracks = needs => ({
    ...openTracks(needs),
    stored: () => {
      asked.resolve();
      return stored.promise;
    },
  });
  const { disk, session, sent } = await open(TUS, given, undefined, take);
  const stopped = session.stop();
  await asked.promise;
  await session.abort();
  stored.resolve();
  await stopped;
  expect(sent.at(-1)).toMatchObject({ type: 'aborted' });
  const folder = journalPath(ID).join('/');
  expect(disk.paths.filter(path => path.startsWith(folder))).toEqual([]);
});

it('the last that is told of how long it is, is how long it is', async () => {
  const { session, sent } = await open(undefined, tracksWith(undefined), undefined, take);
  await session.stop();
  const done = sent.find(message => message.type === 'done');
  const told = sent.filter(message => message.type === 'progress').at(-1);
  expect(done?.recording.duration).toBe(1);
  expect(told?.stats.duration).toBe(1);
});
