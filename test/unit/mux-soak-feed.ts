/** Hours of a recording without lanes and encoders: the real decisions, files and muxer, and packets made by hand. */
import { type CutLimits, decideVideo } from '../../src/cut/decide.ts';
import { continuedOpusHead } from '../../src/encode/opus.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { AudioSource, VideoSource } from '../../src/media.ts';
import type { UploadSource } from '../../src/storage/sink.ts';
import { AudioPlan } from '../../src/worker/audio-plan.ts';
import { RecordingFiles } from '../../src/worker/files.ts';
import { ManifestKeeper } from '../../src/worker/manifest-keeper.ts';
import type { AudioTrackInfo, OpenFile } from '../../src/worker/open-file.ts';
import { RecordingLog } from '../../src/worker/recording-log.ts';
import { emptyStats } from '../../src/worker/stats.ts';
import { avcDescription, opusHead } from './mux-soak-kit.ts';
import { ID } from './server-kit.ts';

/** Microseconds, as all times here. */
export const HOUR = 3_600_000_000;
const FRAME_RATE = 30;
const FRAME = 33_333;
const KEY_INTERVAL = 2_000_000;
const PIECE = 20_000;
/** By which libopus delays sound. */
export const DELAY = 6_500;
/** How far behind the video encoder is, in frames, and the audio encoder behind the video. */
const VIDEO_LAG = 3;
const AUDIO_LAG = 200_000;

export const frameTime = (frame: number): number => Math.round((frame * 1e6) / FRAME_RATE);

/** What the source is like from a time of each hour on. */
export interface Scene {
  from: number;
  video: VideoSource;
  audio: AudioSource;
}

/** Audio between two changes of its parameters. */
interface AudioRun {
  epoch: number;
  start: number;
  /** Number of its first packet. */
  firstPacket: number;
  source: AudioSource;
}

/** When a packet of a run of audio begins. */
const timeIn = (run: AudioRun, packet: number): number =>
  run.start + (packet - run.firstPacket) * PIECE - DELAY;

/** A packet that the video encoder holds, or the end of a file. */
interface Held {
  file: OpenFile;
  /** Absent: the file has no more video. */
  frame?: number;
  key?: boolean;
}

/** A filler (ITU-T H.264, 7.3.2.7) that carries the packet's number; sizes vary. */
const videoData = (frame: number): Uint8Array => {
  const data = new Uint8Array(10 + (frame % 41)).fill(0xff);
  const view = new DataView(data.buffer);
  view.setUint32(0, data.length - 4);
  data[4] = 0x0c;
  view.setUint32(5, frame);
  data[data.length - 1] = 0x80;
  return data;
};

const audioData = (packet: number, channels: number): Uint8Array => {
  const data = new Uint8Array(6 + (packet % 7));
  // Full band, 20 ms, one frame (RFC 6716, 3.1).
  data[0] = channels === 1 ? 0xf8 : 0xfc;
  new DataView(data.buffer).setUint32(1, packet);
  return data;
};

/** The number that a packet carries. */
export const videoNumber = (data: Buffer): number => data.readUInt32BE(5);
export const audioNumber = (data: Buffer): number => data.readUInt32BE(1);

export const videoConfigOf = ({ width, height }: VideoSource): VideoDecoderConfig => ({
  codec: 'avc1.42c01f',
  codedWidth: width,
  codedHeight: height,
  description: avcDescription(width, height),
});

const audioInfoOf = (source: AudioSource): AudioTrackInfo => {
  const description = opusHead(source.numberOfChannels, source.sampleRate);
  const config = { codec: 'opus', ...source, description };
  return {
    family: 'opus',
    config,
    continued: { ...config, description: continuedOpusHead(description) },
    source,
  };
};

export class Feed {
  readonly stats = emptyStats();
  readonly failures: unknown[] = [];
  readonly keeper: ManifestKeeper;
  readonly files: RecordingFiles;
  /** Fed so far. */
  frames = 0;
  audioPackets = 0;
  fitted = 0;
  readonly #audioRuns: AudioRun[] = [];
  readonly #plan = new AudioPlan(true);
  readonly #held: Held[] = [];
  #source: VideoSource | undefined;
  #lastKey = 0;
  #audioRun = -1;
  #scene: Scene | undefined;

  /** @param check called with each file once it is sealed, with the bytes of all of it. */
  constructor(
    private readonly scenes: readonly Scene[],
    private readonly limits: CutLimits,
    check: (key: string, bytes: Buffer) => void,
  ) {
    const fail = (error: unknown): void => void this.failures.push(error);
    this.keeper = new ManifestKeeper({
      id: ID,
      startedAt: '2024-05-01T10:00:00.000Z',
      metadata: {},
      write: async () => undefined,
      onFile: () => undefined,
      onChange: () => undefined,
      onEvent: () => undefined,
      onError: fail,
    });
    const store = async (source: UploadSource, signal: AbortSignal): Promise<void> => {
      await source.waitFor(0, Number.POSITIVE_INFINITY, 2 ** 31 - 1, signal);
      check(source.key, Buffer.from(await source.read(0, source.size)));
    };
    const nothing = async (): Promise<void> => undefined;
    this.files = new RecordingFiles({
      recordingId: ID,
      startedAt: '2024-05-01T10:00:00.000Z',
      sink: { writeManifest: nothing, put: nothing, store, remove: nothing },
      keeper: this.keeper,
      log: new RecordingLog(undefined, fail),
      stats: this.stats,
      report: { warn: fail, fail },
      signal: new AbortController().signal,
      openStore: () => new MemoryStore(),
      removeWhenStored: true,
      onStorageError: fail,
    });
  }

  /** Records; `onHour` is awaited after each hour. */
  async record(hours: number, onHour: (hour: number) => Promise<void>): Promise<void> {
    const perHour = 3600 * FRAME_RATE;
    for (let frame = 0; frame < hours * perHour; frame++) {
      this.#takeFrame(frame, frameTime(frame));
      // As often as a page would: the muxer goes on between packets, not in them.
      if (frame % FRAME_RATE === 0) await new Promise(resolve => setImmediate(resolve));
      if ((frame + 1) % perHour === 0) await onHour((frame + 1) / perHour);
    }
    await this.#end(frameTime(hours * perHour));
  }

  #takeFrame(frame: number, time: number): void {
    const scene = this.scenes.findLast(({ from }) => from <= time % HOUR) as Scene;
    if (scene !== this.#scene) this.#plan.arrived(time, scene.audio);
    this.#scene = scene;
    const file = this.files.current;
    const decision = file
      ? decideVideo({
          file: {
            startTime: file.setup.startTime,
            expectedBytes: file.expectedBytes(VIDEO_LAG),
            source: this.#source,
          },
          frame: { source: scene.video, time, duration: FRAME, expectedBytes: file.largestPacket },
          audioChange: this.#plan.changeBefore(time),
          encoderLost: false,
          limits: this.limits,
        })
      : ({ action: 'cut', reason: 'start' } as const);
    if (decision.action === 'fit') this.fitted++;
    const cut = decision.action === 'cut';
    const current = cut || !file ? this.#cut(cut ? decision.reason : 'start', time, scene) : file;
    const key = cut || time - this.#lastKey >= KEY_INTERVAL;
    if (key) this.#lastKey = time;
    this.#held.push({ file: current, frame, key });
    this.frames++;
    while (this.#held.length > VIDEO_LAG) this.#letOut();
    this.#feedAudio(time - AUDIO_LAG);
  }

  #cut(reason: Parameters<RecordingFiles['begin']>[0]['reason'], time: number, scene: Scene): OpenFile {
    const before = this.files.current;
    const audioEpoch = this.#plan.epochAtCut(time) as number;
    const file = this.files.begin({
      reason,
      startTime: time,
      video: { source: scene.video, family: 'avc', frameRate: undefined },
      audioEpoch,
    });
    // The encoder's last packets come when the next file has begun.
    if (before) this.#held.push({ file: before });
    this.#source = scene.video;
    if (this.#audioRuns.at(-1)?.epoch !== audioEpoch)
      this.#audioRuns.push({ epoch: audioEpoch, start: time, firstPacket: -1, source: scene.audio });
    return file;
  }

  #letOut(): void {
    const held = this.#held.shift();
    if (!held) return;
    const { file, frame, key } = held;
    if (frame === undefined) return file.endVideo();
    const { video } = file.setup;
    const config = file.decoderConfig || !video ? undefined : videoConfigOf(video.source);
    const type = key ? 'key' : 'delta';
    file.addVideo({ data: videoData(frame), timestamp: frameTime(frame), type }, config);
  }

  /** Encodes all audio that begins before this time. */
  #feedAudio(until: number): void {
    for (;;) {
      const run = this.#audioRuns[this.#audioRun];
      const next = this.#audioRuns[this.#audioRun + 1];
      const time = run ? timeIn(run, this.audioPackets) : Number.POSITIVE_INFINITY;
      if (next && time >= next.start) {
        if (next.start > until) return;
        this.#beginAudio(next);
        continue;
      }
      if (!run || time >= until) return;
      // What lies behind the sound's end is no part of the last packet.
      const duration = Math.min(PIECE, (next?.start ?? Number.POSITIVE_INFINITY) - time);
      const data = audioData(this.audioPackets++, run.source.numberOfChannels);
      this.files.routeAudio(run.epoch, { data, timestamp: time, duration });
    }
  }

  #beginAudio(run: AudioRun): void {
    this.#audioRun++;
    run.firstPacket = this.audioPackets;
    this.files.announceAudio(run.epoch, audioInfoOf(run.source));
    this.files.endAudioBefore(run.epoch);
    this.#plan.forgetBefore(run.epoch);
  }

  /** When a packet of audio that was fed begins. */
  audioTime(packet: number): number {
    const run = this.#audioRuns.findLast(({ firstPacket }) => firstPacket !== -1 && firstPacket <= packet);
    return run ? timeIn(run, packet) : Number.NaN;
  }

  async #end(time: number): Promise<void> {
    const last = this.files.current;
    if (last) last.endTime = time;
    while (this.#held.length > 0) this.#letOut();
    last?.endVideo();
    this.#feedAudio(time);
    this.files.endAudioBefore(Number.POSITIVE_INFINITY);
    await this.files.settled();
    await this.files.stored();
  }
}
