/** An hour of packets as fast as they go, through the real files, journal and uploader, to a storage that is down. */
import { Journal } from '../../../src/journal/journal.ts';
import type { VideoSource } from '../../../src/media.ts';
import { createSink } from '../../../src/storage/create-sink.ts';
import { storageName, type TusConfig } from '../../../src/storage/storage.ts';
import { RecordingFiles } from '../../../src/worker/files.ts';
import { ManifestKeeper } from '../../../src/worker/manifest-keeper.ts';
import { RecordingLog } from '../../../src/worker/recording-log.ts';
import { emptyStats } from '../../../src/worker/stats.ts';

const FRAME_RATE = 30;
/** In frames: each key frame makes a movie fragment, and each of those is written through to the disk. */
const KEY_INTERVAL = 150;
/** Bytes of a frame: 2.5 Mbit/s. */
const FRAME_BYTES = 10_417;
/** A file every ten minutes. */
const FRAMES_OF_A_FILE = 600 * FRAME_RATE;

const source: VideoSource = {
  ...{ width: 1280, height: 720, pixelAspectRatio: 1, rotation: 0, flip: false },
  colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false },
};
const config: VideoDecoderConfig = { codec: 'vp09.00.31.08', codedWidth: 1280, codedHeight: 720 };

const errors: string[] = [];
const fail = (error: unknown): void => void errors.push(String(error));

const open = async (endpoint: string) => {
  const id = crypto.randomUUID();
  const startedAt = new Date().toISOString();
  const storage: TusConfig = {
    ...{ kind: 'tus', endpoint, headers: {} },
    ...{ chunkBytes: 1024 ** 2, largestChunk: 8 * 1024 ** 2, flushInterval: 2, giveUpAfter: 30 },
  };
  const journal = await Journal.open(
    {
      version: 1,
      id,
      startedAt,
      metadata: {},
      storage: storageName(storage),
    },
    () => Promise.reject(new Error('There is no private file system.')),
  );
  const { signal } = new AbortController();
  const log = new RecordingLog(journal.tail, fail);
  let troubles = 0;
  const sink = createSink(storage, {
    onStored: () => fail('something was stored'),
    onTrouble: () => troubles++,
    onUpload: (key, upload) => log.upload(key, upload),
    stoppedAt: () => undefined,
    ask: async () => ({}),
  });
  const keeper = new ManifestKeeper({
    ...{ id, startedAt, metadata: {} },
    write: async manifest => {
      await journal.writeManifest(manifest);
      log.saved(manifest);
    },
    ...{ onFile: () => undefined, onChange: () => undefined, onError: fail },
    onEvent: event => log.event(event),
  });
  const files = new RecordingFiles({
    ...{ recordingId: id, startedAt, sink, keeper, log, signal },
    stats: emptyStats(),
    report: { warn: fail, fail },
    openStore: name => journal.openStore(name, fail),
    removeWhenStored: true,
    onStorageError: fail,
  });
  return { files, troubles: () => troubles };
};

let recording: Awaited<ReturnType<typeof open>> | undefined;
let frames = 0;

/** Waits for the disk, which in real time has hundreds of times as long: what comes from the clock must not count as backlog. */
const caughtUp = async ({ files }: NonNullable<typeof recording>): Promise<void> => {
  const expected = (frames - 2 * KEY_INTERVAL) * FRAME_BYTES;
  while (files.recordedBytes < expected && errors.length === 0)
    await new Promise(resolve => setTimeout(resolve, 5));
};

/** Feeds so many frames more. */
const feed = async (
  endpoint: string,
  count: number,
): Promise<{ bytes: number; troubles: number; errors: string[] }> => {
  recording ??= await open(endpoint);
  const { files, troubles } = recording;
  for (const end = frames + count; frames < end; frames++) {
    const timestamp = Math.round((frames * 1e6) / FRAME_RATE);
    const isFirst = frames % FRAMES_OF_A_FILE === 0;
    if (isFirst) {
      const before = files.current;
      const video = { source, family: 'vp9', frameRate: undefined } as const;
      files.begin({
        reason: frames === 0 ? 'start' : 'max-duration',
        startTime: timestamp,
        video,
        audioEpoch: undefined,
      });
      before?.endVideo();
    }
    const data = new Uint8Array(FRAME_BYTES);
    crypto.getRandomValues(data.subarray(0, 64));
    const type = frames % KEY_INTERVAL === 0 || isFirst ? 'key' : 'delta';
    files.current?.addVideo({ data, timestamp, type }, isFirst ? config : undefined);
    // As often as packets come from an encoder: other things happen in between.
    if (frames % 15 === 0) await new Promise(resolve => setTimeout(resolve));
    if (frames % KEY_INTERVAL === 0) await caughtUp(recording);
  }
  await caughtUp(recording);
  return { bytes: files.recordedBytes, troubles: troubles(), errors };
};

self.onmessage = ({ data }: MessageEvent<{ endpoint: string; frames: number }>) => {
  feed(data.endpoint, data.frames).then(
    result => self.postMessage(result),
    error => self.postMessage({ bytes: 0, troubles: 0, errors: [String(error)] }),
  );
};
