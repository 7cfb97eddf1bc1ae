/** A stream whose packets go through a ring into the files of recordings, all of it simulated. */
import type { RingEntry } from '../../src/clip/entry.ts';
import type { FromRing, RingRequest } from '../../src/clip/protocol.ts';
import { type BlockStore, Ring } from '../../src/clip/ring.ts';
import type { CutReason, ManifestEvent } from '../../src/manifest.ts';
import type { AudioPacket, VideoPacket } from '../../src/media.ts';
import type { MediaFile, MediaFiles, NewFile } from '../../src/worker/media-files.ts';
import type { AudioTrackInfo } from '../../src/worker/open-file.ts';
import { RingFiles } from '../../src/worker/ring-files.ts';
import { placeOf } from '../../src/worker/ring-reader.ts';
import { RingTaker } from '../../src/worker/ring-taker.ts';
import { videoSource } from './cut-kit.ts';

export const SECOND = 1_000_000;
/** A frame each 40 ms, a packet of sound each 20 ms. */
export const FRAME = 40_000;
export const PIECE = 20_000;

const CONFIG: AudioDecoderConfig = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 };
export const AUDIO: AudioTrackInfo = {
  family: 'opus',
  config: { ...CONFIG, description: Uint8Array.of(1) },
  continued: { ...CONFIG, description: Uint8Array.of(2) },
  source: { sampleRate: 48_000, numberOfChannels: 2 },
};

/** A block store that is memory too, and counts. */
export class CountingStore implements BlockStore<number> {
  readonly blocks = new Map<number, RingEntry[]>();
  #last = 0;
  full = false;

  async put(entries: readonly RingEntry[]): Promise<number> {
    if (this.full) throw new Error('no room');
    this.blocks.set(++this.#last, structuredClone([...entries]));
    return this.#last;
  }

  async get(place: number): Promise<RingEntry[]> {
    const found = this.blocks.get(place);
    if (!found) throw new Error(`block ${place} is gone`);
    return found;
  }

  drop(place: number): void {
    this.blocks.delete(place);
  }
}

export interface StreamOptions {
  /** Frames from key frame to key frame. */
  group?: number;
  frameBytes?: number;
  audio?: boolean;
  video?: boolean;
  /** Microseconds from frame to frame. */
  frame?: number;
  /** Milliseconds that pictures come later than their sound. */
  lag?: number;
}

/** A picture that is still in its encoder. */
interface Late {
  file: MediaFile;
  packet: VideoPacket;
  due: number;
  width: number;
}

/** Encoders at work: the number of a frame is its first bytes. */
export class SimulatedStream {
  readonly files: RingFiles;
  time = 0;
  /** Nobody sends a picture: as in a call whose camera is off. */
  muted = false;
  #frame = 0;
  #run: MediaFile | undefined;
  #keysAt: number[] = [];
  /** Pictures that are still in the encoder. */
  readonly #late: Late[] = [];
  #sinceKey = 0;
  #width = 640;

  constructor(
    append: (entry: RingEntry) => void,
    private readonly options: StreamOptions = {},
  ) {
    this.files = new RingFiles(append);
    if (options.audio !== false) this.files.announceAudio(1, AUDIO);
    this.cut('start', 640);
  }

  /** A new run begins here. */
  cut(reason: CutReason, width: number): void {
    const { audio, video } = this.options;
    const before = this.#run;
    const picture = { source: videoSource({ width }), family: 'vp8' as const };
    this.#run = this.files.begin({
      ...{ reason, startTime: this.time },
      ...{ video: video === false ? undefined : picture, audioEpoch: audio === false ? undefined : 1 },
    });
    this.#width = width;
    this.#sinceKey = 0;
    if (before) this.#flush();
    before?.endVideo();
  }

  keyFrameAt(time: number): void {
    this.#keysAt.push(time);
  }

  /** Goes on for so many seconds. */
  play(seconds: number): void {
    const end = this.time + Math.round(seconds * SECOND);
    const { frame = FRAME, audio = true, video = true } = this.options;
    for (; this.time < end; this.time += audio ? PIECE : frame) {
      if (video && !this.muted && this.time % frame === 0) this.#picture();
      this.#letOut(this.time - (this.options.lag ?? 0) * 1_000);
      if (!audio) continue;
      const data = Uint8Array.from(Buffer.from(`sound ${this.time}`));
      this.files.routeAudio(1, { data, timestamp: this.time, duration: PIECE });
    }
  }

  #picture(): void {
    const { group = 50, frameBytes = 16 } = this.options;
    const asked = this.#keysAt.some(time => time <= this.time);
    this.#keysAt = this.#keysAt.filter(time => time > this.time);
    const key = asked || this.#sinceKey % group === 0;
    this.#sinceKey = key ? 1 : this.#sinceKey + 1;
    const data = new Uint8Array(frameBytes);
    new DataView(data.buffer).setUint32(0, this.#frame++);
    const packet: VideoPacket = { data, timestamp: this.time, type: key ? 'key' : 'delta' };
    if (this.#run) this.#late.push({ file: this.#run, packet, due: this.time, width: this.#width });
  }

  #letOut(until: number): void {
    for (let late = this.#late[0]; late && late.due <= until; late = this.#late[0]) {
      this.#late.shift();
      const { file, packet, width } = late;
      const config = { codec: 'vp8', codedWidth: width, codedHeight: 360 };
      file.addVideo(packet, file.hasVideo ? undefined : config);
    }
  }

  #flush(): void {
    this.#letOut(Number.POSITIVE_INFINITY);
  }

  end(): void {
    this.#flush();
    this.files.endAll();
  }
}

/** What a recording was told to put into one file. */
export interface TakenFile {
  setup: NewFile;
  endTime: number | undefined;
  config: VideoDecoderConfig | undefined;
  frames: { time: number; number: number; type: 'key' | 'delta' }[];
  over: boolean;
}

/** Files that only remember; packets of sound beside them. */
export class TakenFiles implements MediaFiles {
  readonly all: TakenFile[] = [];
  readonly sound: { time: number; text: string }[] = [];
  readonly announced: AudioTrackInfo[] = [];
  current: MediaFile | undefined;
  reasonForFirst = 'start' as const;
  earliest = 0;

  begin(setup: NewFile): MediaFile {
    const taken: TakenFile = { setup, endTime: undefined, config: undefined, frames: [], over: false };
    this.all.push(taken);
    this.current = {
      ...{ key: `${this.all.length}`, setup: { ...setup, index: this.all.length, createdAt: 0 } },
      ...{ endTime: undefined, hasVideo: false },
      ...{ decoderConfig: undefined, largestPacket: 0, expectedBytes: () => 0, takeOver: () => undefined },
      addVideo: ({ data, timestamp: time, type }: VideoPacket, config: VideoDecoderConfig | undefined) => {
        taken.config ??= config;
        taken.frames.push({ time, type, number: new DataView(data.buffer, data.byteOffset).getUint32(0) });
      },
      endVideo: () => {
        taken.over = true;
      },
    };
    // What has to be looked up each time.
    Object.defineProperty(this.current, 'endTime', {
      get: () => taken.endTime,
      set: time => {
        taken.endTime = time;
      },
    });
    Object.defineProperty(this.current, 'hasVideo', { get: () => taken.frames.length > 0 });
    return this.current;
  }

  announceAudio(_: number, info: AudioTrackInfo): void {
    this.announced.push(info);
  }

  routeAudio(_: number, { data, timestamp: time }: AudioPacket): void {
    this.sound.push({ time, text: Buffer.from(data).toString() });
  }

  endAudioBefore(): void {}
  endAll(): void {}

  get frames(): number[] {
    return this.all.flatMap(({ frames }) => frames.map(({ number }) => number));
  }
}

/** Makes what was asked for of a ring, as far as it has come. */
export const takeAll = async (
  ring: Ring<unknown>,
  stream: SimulatedStream,
  request: RingRequest,
  later: (taker: RingTaker) => void = () => undefined,
  exact = false,
): Promise<{
  files: TakenFiles;
  taker: RingTaker;
  bounds: Omit<Extract<FromRing, { type: 'begin' }>, 'type' | 'known'>;
  /** What the manifest would be told; and how often something was not there any more. */
  notes: ManifestEvent[];
  lost: number;
}> => {
  const files = new TakenFiles();
  const { position, ...bounds } = placeOf(request, {
    ring,
    now: () => stream.time,
    decided: () => stream.time,
    keyFrameAt: time => stream.keyFrameAt(time),
    reached: async () => undefined,
    onMore: () => undefined,
    failure: () => undefined,
  });
  const stats = { framesIn: 0, framesEncoded: 0, videoBytes: 0 };
  const notes: ManifestEvent[] = [];
  let lost = 0;
  const context = {
    files,
    stats,
    note: (event: ManifestEvent) => void notes.push(event),
    onLost: () => void lost++,
  };
  const taker = new RingTaker(context, bounds, ring.known, exact);
  later(taker);
  const stop = new AbortController();
  for await (const entries of ring.read(position, 4_096, stop.signal)) {
    for (const entry of entries) if (!taker.complete) taker.take(entry);
    if (taker.complete) break;
  }
  taker.finish(true);
  return { files, taker, bounds, notes, lost };
};

export const newRing = (seconds: number, store?: BlockStore<number>, memory = 64 * 2 ** 20): Ring<number> =>
  new Ring<number>({ duration: seconds * SECOND, memory }, store);
