/** What becomes of a recording that ends while its storage has still to answer for the first time. */
import { afterEach, expect, it, vi } from 'vitest';
import { CodecUnsupportedError } from '../../src/errors.ts';
import { type TusConfig, tus } from '../../src/index.ts';
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

afterEach(() => vi.unstubAllGlobals());

const VIDEO = { source: videoSource(), family: 'vp8' as const };
const CONFIG: VideoDecoderConfig = { codec: 'vp8', codedWidth: 640, codedHeight: 360 };

/** A second of video. */
const openTracks: OpenTracks = ({ files }) => {
  const file = files.begin({ reason: 'start', startTime: 0, video: VIDEO, audioEpoch: 1 });
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
    stored: () => storeRest(),
  };
};

/** Stores what belongs to the files. */
let storeRest = async (): Promise<void> => undefined;

/** A tus server that takes everything. */
const take = async (_: unknown, { method, headers, body }: RequestInit = {}): Promise<Response> => {
  const { size = 0 } = body instanceof Blob ? body : new Blob([body as BlobPart]);
  const offset = Number(new Headers(headers).get('upload-offset') ?? 0) + size;
  const given = { location: 'https://storage.example/1', 'upload-offset': String(offset) };
  return new Response(undefined, { status: method === 'POST' ? 201 : 204, headers: given });
};

const open = async (fetch?: typeof take) => {
  const disk = new MemoryOpfs();
  vi.stubGlobal('navigator', { storage: disk.storage });
  const answers: ((status: number) => void)[] = [];
  vi.stubGlobal(
    'fetch',
    fetch ??
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
        storage: tus({ endpoint: 'https://storage.example' }).config as TusConfig,
        video: undefined,
        audio: undefined,
      },
      ...{ aacEncoderUrl: 'none', extrasUrl: 'none' },
    },
    new Asks(send),
    send,
    openTracks,
  );
  if (!session) throw new Error(JSON.stringify(sent));
  /** The storage refuses whatever it is asked. */
  const refuse = (): void => {
    for (const answer of answers.splice(0)) answer(413);
  };
  return { disk, session, sent, refuse };
};

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

it('one that is thrown away while its last thumbnails are waited for stays nowhere', async () => {
  checked = Promise.resolve();
  let stored = (): void => undefined;
  const asked = new Promise<void>(resolve => {
    storeRest = () => {
      resolve();
      return new Promise(done => {
        stored = done;
      });
    };
  });
  const { disk, session, sent } = await open(take);
  const stopped = session.stop();
  await asked;
  await session.abort();
  stored();
  await stopped;
  expect(sent.at(-1)).toMatchObject({ type: 'aborted' });
  const folder = journalPath(ID).join('/');
  expect(disk.paths.filter(path => path.startsWith(folder))).toEqual([]);
});
