/** Which packet goes into which file, on real files in memory. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { AudioPacket } from '../../src/media.ts';
import type { UploadSource } from '../../src/storage/sink.ts';
import { type FilesContext, RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import type { AudioTrackInfo } from '../../src/worker/open-file.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { findBoxes } from '../support/boxes.ts';
import { videoSource } from './cut-kit.ts';
import { md5, readByMp4box } from './mux-kit.ts';
import { ID } from './server-kit.ts';

const SECOND = 1_000_000;
const FRAME = 100_000;
const PIECE = 20_000;

/** Neither codec needs a description, so any bytes will do for packets. */
const VIDEO = { source: videoSource(), family: 'vp8' as const };
const VIDEO_CONFIG: VideoDecoderConfig = { codec: 'vp8', codedWidth: 640, codedHeight: 360 };
const AUDIO_CONFIG: AudioDecoderConfig = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 };
const AUDIO: AudioTrackInfo = {
  family: 'opus',
  config: AUDIO_CONFIG,
  continued: AUDIO_CONFIG,
  source: { sampleRate: 48_000, numberOfChannels: 2 },
};

let serial = 0;
/** Bytes that no other packet has. */
const bytes = (): Uint8Array => Uint8Array.from(Buffer.from(`packet number ${++serial}`));

const start = () => {
  const keeper = new ManifestKeeper({
    id: ID,
    startedAt: '2024-05-01T10:00:00.000Z',
    metadata: {},
    write: async () => undefined,
    onFile: () => undefined,
    onChange: () => undefined,
    onEvent: () => undefined,
    onError: () => undefined,
  });
  const stores = new Map<string, MemoryStore>();
  const stored: UploadSource[] = [];
  const fail = vi.fn();
  const onStorageError = vi.fn();
  const context: FilesContext = {
    recordingId: ID,
    startedAt: '2024-05-01T10:00:00.000Z',
    sink: {
      writeManifest: async () => undefined,
      put: async () => undefined,
      store: async source => void stored.push(source),
      remove: async () => undefined,
    },
    keeper,
    log: new RecordingLog(undefined, fail),
    stats: emptyStats(),
    report: { warn: () => undefined, fail },
    signal: new AbortController().signal,
    openStore: name => {
      const store = new MemoryStore();
      stores.set(name, store);
      return store;
    },
    removeWhenStored: false,
    onStorageError,
  };
  return { files: new RecordingFiles(context), context, keeper, stores, stored, fail, onStorageError };
};

type Run = ReturnType<typeof start>;

/** The samples of every file, as they can be read back. */
const readBack = async ({ keeper, stores }: Run) =>
  Promise.all(
    keeper.manifest.files.map(async file => {
      const store = stores.get(file.key.split('/').at(-1) ?? '');
      return readByMp4box((await store?.read(0, file.bytes)) ?? new Uint8Array());
    }),
  );

/** A recording of steady video and audio with cuts at these frames; gives the audio packets in order. */
const record = async (
  run: Run,
  given: { frames: number; cuts: readonly number[]; newEpochs: readonly number[]; audioLag: number },
): Promise<AudioPacket[]> => {
  const { files } = run;
  let epoch = 1;
  const packets: AudioPacket[] = [];
  const addAudio = (until: number): void => {
    for (let time = packets.length * PIECE - 6_500; time < until; time += PIECE) {
      const packet = { data: bytes(), timestamp: time, duration: PIECE };
      packets.push(packet);
      files.routeAudio(epoch, packet);
    }
  };
  files.announceAudio(1, AUDIO);
  for (let i = 0; i < given.frames; i++) {
    const time = i * FRAME;
    const before = files.current;
    if (i === 0 || given.cuts.includes(i)) {
      if (given.newEpochs.includes(i) && i > 0) {
        // The audio of the epoch before is encoded up to the cut.
        addAudio(time);
        epoch++;
        files.announceAudio(epoch, AUDIO);
      }
      const reason = i === 0 ? 'start' : 'video-size';
      files.begin({ reason, startTime: time, video: VIDEO, audioEpoch: epoch });
      before?.endVideo();
      if (given.newEpochs.includes(i)) files.endAudioBefore(epoch);
    }
    const first = files.current?.decoderConfig === undefined;
    files.current?.addVideo(
      { data: bytes(), timestamp: time, type: first ? 'key' : 'delta' },
      first ? VIDEO_CONFIG : undefined,
    );
    addAudio(time - given.audioLag);
  }
  const last = files.current;
  if (last) last.endTime = given.frames * FRAME;
  last?.endVideo();
  addAudio(given.frames * FRAME);
  files.endAudioBefore(Number.POSITIVE_INFINITY);
  await files.settled();
  return packets;
};

describe('any recording with cuts', () => {
  const given = fc.record({
    frames: fc.integer({ min: 1, max: 60 }),
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: 59 }), { maxLength: 8 }),
    newEpochs: fc.uniqueArray(fc.integer({ min: 1, max: 59 }), { maxLength: 4 }),
    audioLag: fc.integer({ min: 0, max: 3 * SECOND }),
  });

  it('has each audio packet once, in order, in the file in whose time it begins; nothing is lost at a cut', async () => {
    await fc.assert(
      fc.asyncProperty(given, async what => {
        const run = start();
        const packets = await record(run, what);
        const read = await readBack(run);
        expect(run.fail).not.toHaveBeenCalled();
        expect(read.flatMap(file => file.audio.map(sample => sample.data))).toEqual(
          packets.map(packet => md5(packet.data)),
        );
        expect(read.reduce((sum, file) => sum + file.video.length, 0)).toBe(what.frames);
        const { files } = run.keeper.manifest;
        let at = 0;
        files.forEach((file, i) => {
          const end = (files[i + 1]?.startTime ?? Infinity) * SECOND;
          for (const _ of read[i]?.audio ?? []) {
            const packet = packets[at++];
            expect(packet?.timestamp).toBeLessThan(end);
            if (i > 0) expect(packet?.timestamp).toBeGreaterThanOrEqual(file.startTime * SECOND);
          }
        });
      }),
      { numRuns: 25 },
    );
  });

  it('has files that follow each other to the microsecond, and a manifest that says what is in them', async () => {
    await fc.assert(
      fc.asyncProperty(given, async what => {
        const run = start();
        await record(run, what);
        const read = await readBack(run);
        const { files, duration } = run.keeper.manifest;
        files.forEach((file, i) => {
          const next = files[i + 1]?.startTime ?? (what.frames * FRAME) / SECOND;
          expect(Math.round((file.startTime + file.duration) * SECOND)).toBe(Math.round(next * SECOND));
          expect(file.video?.frames).toBe(read[i]?.video.length);
          expect(file.audio?.packets ?? 0).toBe(read[i]?.audio.length);
          expect(file.index).toBe(i + 1);
          expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
        });
        expect(duration).toBeCloseTo((what.frames * FRAME) / SECOND);
        expect(run.context.stats.cuts).toBe(files.length - 1);
        expect(run.files.recordedBytes).toBe(files.reduce((sum, file) => sum + file.bytes, 0));
      }),
      { numRuns: 10 },
    );
  });
});

describe('a file', () => {
  it('is stored from when its parameters are known; one that never gets a packet never shows itself', async () => {
    const run = start();
    const { files, keeper, stored } = run;
    files.begin({ reason: 'start', startTime: 0, video: VIDEO, audioEpoch: undefined });
    expect([stored.length, keeper.manifest.files.length]).toEqual([0, 0]);
    const first = files.current;
    first?.addVideo({ data: bytes(), timestamp: 0, type: 'key' }, VIDEO_CONFIG);
    expect(stored.map(source => source.key)).toEqual([first?.key]);
    expect(keeper.manifest.files).toMatchObject([
      { key: first?.key, reason: 'start', duration: 0, video: { codec: 'vp8', codedWidth: 640 } },
    ]);
    const second = files.begin({
      reason: 'video-size',
      startTime: SECOND,
      video: VIDEO,
      audioEpoch: undefined,
    });
    first?.endVideo();
    second.endTime = SECOND;
    second.endVideo();
    await files.settled();
    expect(second.empty).toBe(true);
    expect(keeper.manifest.files.map(file => file.duration)).toEqual([1]);
    expect(stored).toHaveLength(1);
  });

  it('that begins in the middle of the output of an encoder has no delay for players to leave out', async () => {
    const run = start();
    const { files } = run;
    const head = (preSkip: number): Uint8Array =>
      Uint8Array.from([
        ...Buffer.from('OpusHead'),
        1,
        2,
        preSkip & 0xff,
        preSkip >> 8,
        0x80,
        0xbb,
        0,
        0,
        0,
        0,
        0,
      ]);
    files.announceAudio(1, {
      ...AUDIO,
      config: { ...AUDIO_CONFIG, description: head(312) },
      continued: { ...AUDIO_CONFIG, description: head(0) },
    });
    for (const startTime of [0, SECOND]) {
      files.begin({ reason: 'max-duration', startTime, video: undefined, audioEpoch: 1 });
      for (let i = 0; i < 50; i++)
        files.routeAudio(1, { data: bytes(), timestamp: startTime + i * PIECE, duration: PIECE });
    }
    files.endAudioBefore(Number.POSITIVE_INFINITY);
    await files.settled();
    const path = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'Opus', 'dOps'];
    const preSkips = run.keeper.manifest.files.map(async ({ key, bytes: size }) => {
      const store = run.stores.get(key.split('/').at(-1) ?? '');
      const [box] = findBoxes(Buffer.from((await store?.read(0, size)) ?? new Uint8Array()), path);
      return box?.readUInt16BE(2);
    });
    expect(await Promise.all(preSkips)).toEqual([312, 0]);
  });

  it('without video ends where its audio does', async () => {
    const run = start();
    run.files.begin({ reason: 'start', startTime: 0, video: undefined, audioEpoch: 1 });
    run.files.announceAudio(1, AUDIO);
    for (let i = 0; i < 10; i++)
      run.files.routeAudio(1, { data: bytes(), timestamp: i * PIECE - 6_500, duration: PIECE });
    run.files.endAudioBefore(Number.POSITIVE_INFINITY);
    await run.files.settled();
    const [file] = run.keeper.manifest.files;
    expect(file?.duration).toBeCloseTo(0.1935);
    expect(file?.audio).toMatchObject({ startTime: -0.0065, packets: 10, codec: 'opus' });
    expect(file).not.toHaveProperty('video');
  });

  it('is expected to get larger than it turns out, but by no more than the boxes', async () => {
    const run = start();
    const file = run.files.begin({ reason: 'start', startTime: 0, video: VIDEO, audioEpoch: undefined });
    for (let i = 0; i < 100; i++) {
      const packet = {
        data: new Uint8Array(1_000),
        timestamp: i * 33_333,
        type: i === 0 ? 'key' : 'delta',
      } as const;
      file.addVideo(packet, i === 0 ? VIDEO_CONFIG : undefined);
    }
    const expected = file.expectedBytes(0);
    expect(file.expectedBytes(5)).toBeGreaterThanOrEqual(expected + 5_000);
    file.endTime = 100 * 33_333;
    file.endVideo();
    await run.files.settled();
    expect(run.files.recordedBytes).toBeLessThanOrEqual(expected);
    expect(run.files.recordedBytes).toBeGreaterThan(100_000);
  });

  it('of which half a minute comes at once, as of a clip, costs one checkpoint', async () => {
    const run = start();
    const { files, context } = run;
    const checkpoint = vi.spyOn(context.log, 'checkpoint');
    const file = files.begin({ reason: 'start', startTime: 0, video: VIDEO, audioEpoch: undefined });
    for (let i = 0; i < 300; i++) {
      const packet = { data: bytes(), timestamp: i * FRAME, type: i % 20 === 0 ? 'key' : 'delta' } as const;
      file.addVideo(packet, i === 0 ? VIDEO_CONFIG : undefined);
    }
    file.endTime = 300 * FRAME;
    file.endVideo();
    await files.settled();
    expect(checkpoint).toHaveBeenCalledTimes(1);
    const [read] = await readBack(run);
    expect(read?.video).toHaveLength(300);
  });

  it('that the muxer refuses is told of as such', async () => {
    const run = start();
    const file = run.files.begin({ reason: 'start', startTime: 0, video: VIDEO, audioEpoch: undefined });
    for (const timestamp of [0, 10_000])
      file.addVideo({ data: bytes(), timestamp, type: 'delta' }, timestamp === 0 ? VIDEO_CONFIG : undefined);
    file.endTime = SECOND;
    file.endVideo();
    await run.files.settled();
    expect(run.fail).toHaveBeenCalledTimes(1);
    expect(run.fail).toHaveBeenCalledWith(expect.objectContaining({ code: 'mux-failed', key: file.key }));
  });
});

describe('storage that refuses', () => {
  it('is told of, and stored() does not reject', async () => {
    const run = start();
    const refused = new Error('no');
    run.context.sink.store = () => Promise.reject(refused);
    await record(run, { frames: 5, cuts: [], newEpochs: [], audioLag: 0 });
    await run.files.stored();
    expect(run.onStorageError.mock.calls).toEqual([[refused]]);
  });

  it('is told of no more once the recording was thrown away', async () => {
    const run = start();
    const controller = new AbortController();
    Object.assign(run.context, { signal: controller.signal });
    const files = new RecordingFiles(run.context);
    controller.abort();
    run.context.sink.store = () => Promise.reject(controller.signal.reason);
    await record({ ...run, files }, { frames: 5, cuts: [], newEpochs: [], audioLag: 0 });
    await files.stored();
    expect(run.onStorageError).not.toHaveBeenCalled();
  });
});

describe('bytes that are kept here', () => {
  it.each([true, false])('are deleted when they are stored elsewhere: %s', async removeWhenStored => {
    const run = start();
    const dispose = vi.spyOn(MemoryStore.prototype, 'dispose');
    Object.assign(run.context, { removeWhenStored });
    const files = new RecordingFiles(run.context);
    await record({ ...run, files }, { frames: 5, cuts: [], newEpochs: [], audioLag: 0 });
    await files.stored();
    expect(dispose).toHaveBeenCalledTimes(removeWhenStored ? 1 : 0);
    dispose.mockRestore();
  });
});
