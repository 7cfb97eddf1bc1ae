/** One file while it is written: muxer, bytes, log, and what the manifest will say of it. */
import type { VideoConfigLike } from '../cut/parameters.ts';
import type { GrowingFile, GrowingFileState } from '../journal/growing-file.ts';
import type { JournalRecord } from '../journal/records.ts';
import { type CutReason, fileKey, type RecordedFile, type TrackParameters } from '../manifest.ts';
import {
  type AudioCodecFamily,
  type AudioPacket,
  type AudioSource,
  toSeconds,
  type VideoCodecFamily,
  type VideoPacket,
  type VideoSource,
} from '../media.ts';
import { Mp4Writer, type VideoTrackSetup, type WriterState } from '../mux/mp4-writer.ts';
import { storeConfig } from '../stored-config.ts';
import { type AudioRecord, type LogRecord, recordOf, type VideoRecord } from './checkpoint.ts';
import { type Counts, FileCounts } from './file-counts.ts';
import type { MediaFile } from './media-files.ts';

/** What is known when a file begins. Times are microseconds on the timeline. */
export interface FileSetup {
  index: number;
  reason: CutReason;
  startTime: number;
  /** Absent: the file has no video track. */
  video: { source: VideoSource; family: VideoCodecFamily; frameRate?: number | undefined } | undefined;
  /** Number of the run of audio parameters that the file's audio comes from; absent: no audio track. */
  audioEpoch: number | undefined;
  /** Seconds since 1970. */
  createdAt: number;
}

/** An encoder's word on audio, the same for all packets of an epoch. */
export interface AudioTrackInfo {
  family: AudioCodecFamily;
  config: AudioDecoderConfig;
  /** For files that begin in the middle of the encoder's output. */
  continued: AudioDecoderConfig;
  source: AudioSource;
}

/** A file as it stands, as plain data; without the packets that are in no movie fragment yet. */
export interface OpenFileState {
  setup: FileSetup;
  /** Microseconds on the timeline; absent while it is not known. */
  endTime?: number;
  counts: Counts;
  /** Absent before the file's header is written. */
  writer?: WriterState;
  bytes: GrowingFileState;
}

/** Where an open file reports to. None of these may throw. */
export interface OpenFileEvents {
  /** All track parameters are known. */
  onOpen(file: OpenFile): void;
  /** The muxer failed. */
  onError(file: OpenFile, error: unknown): void;
  /** Something that the journal is to know. */
  onRecord(record: LogRecord, data?: Uint8Array): void;
  /** These bytes belong to the file from now on. */
  onBytes(file: OpenFile, pieces: readonly Uint8Array[]): void;
  /** Nothing more comes; resolves when all bytes have become a part of the file. */
  onComplete(file: OpenFile): Promise<unknown>;
  /** Both tracks are complete and the file is sealed. */
  onFinished(file: OpenFile): void;
}

const videoTrackOf = (video: FileSetup['video']): VideoTrackSetup | undefined =>
  video && {
    family: video.family,
    rotation: video.source.rotation,
    flip: video.source.flip,
    frameRate: video.frameRate,
  };

/** Samples in movie fragments. */
const samplesOf = (state: WriterState | undefined): { video: number; audio: number } => ({
  video: state?.video?.samples ?? 0,
  audio: state?.audio?.samples ?? 0,
});

export class OpenFile implements MediaFile {
  readonly key: string;
  #endTime: number | undefined;
  protected readonly counts: FileCounts;
  #videoDone: boolean;
  #audioDone: boolean;
  #finishing = false;
  #onFinished: () => void = () => undefined;
  /** Resolves once the file is finished, and everybody knows. */
  readonly finished = new Promise<void>(resolve => (this.#onFinished = resolve));
  #decoderConfig: VideoConfigLike | undefined;
  /** Let go once the file is finished: the muxer keeps a line of every movie fragment. */
  protected writer: Mp4Writer | undefined;
  /** What the muxer has given out and is not yet a part of the file. */
  #pieces: Uint8Array[] = [];
  /** Packets that are in no movie fragment yet, as the journal knows them. */
  protected packets: JournalRecord[] = [];
  /** Where the muxer stood then. */
  #written: WriterState | undefined;

  constructor(
    recordingId: string,
    readonly setup: FileSetup,
    readonly bytes: GrowingFile,
    private readonly events: OpenFileEvents,
    /** Of a file that was cut off by a crash. */
    state?: Omit<OpenFileState, 'setup' | 'bytes'>,
  ) {
    this.key = fileKey(recordingId, setup.index);
    this.#endTime = state?.endTime;
    this.counts = new FileCounts(setup, state?.counts);
    // Of a file that was cut off, tracks are ended again: what they had may have been in no movie fragment yet.
    this.#videoDone = setup.video === undefined;
    this.#audioDone = setup.audioEpoch === undefined;
    this.#written = state?.writer;
    this.writer = new Mp4Writer(
      setup.startTime,
      {
        video: videoTrackOf(setup.video),
        audio: setup.audioEpoch !== undefined,
        createdAt: setup.createdAt,
      },
      {
        onBytes: bytes => this.#pieces.push(bytes),
        onOpen: () => this.events.onOpen(this),
        onError: error => this.events.onError(this, error),
      },
      state?.writer,
    );
  }

  /** Where the file ends, once it is decided. */
  get endTime(): number | undefined {
    return this.#endTime;
  }

  set endTime(time: number | undefined) {
    if (time === undefined || time === this.#endTime) return;
    this.#endTime = time;
    this.events.onRecord({ kind: 'end', file: this.setup.index, time });
  }

  /** Where it ends by what has come, when nobody has decided it. */
  get naturalEnd(): number {
    return this.counts.naturalEnd;
  }

  /** What is to be known of it after a crash: its state but for its bytes, and its packets that are in none of them. */
  get snapshot(): { state: Omit<OpenFileState, 'bytes'>; packets: JournalRecord[] } {
    const writer = this.writer ? this.writer.state : this.#written;
    const state = {
      setup: this.setup,
      ...(this.#endTime === undefined ? {} : { endTime: this.#endTime }),
      counts: this.counts.state,
      ...(writer ? { writer } : {}),
    };
    return { state, packets: [...this.packets] };
  }

  /** True once a frame has come. */
  get hasVideo(): boolean {
    return this.counts.state.frames > 0;
  }

  /** Another encoder goes on with a file that no frame has come for. */
  takeOver(video: FileSetup['video']): void {
    this.setup.video = video;
    this.writer?.takeOver(videoTrackOf(video));
    this.events.onRecord({ kind: 'begun', setup: this.setup });
  }

  /** What the video encoder said first. */
  get decoderConfig(): VideoConfigLike | undefined {
    return this.#decoderConfig;
  }

  /** Fixed track parameters, as far as they are known. */
  get parameters(): TrackParameters {
    return this.counts.parameters;
  }

  /** The manifest's entry. */
  get entry(): RecordedFile {
    const { index, reason, startTime } = this.setup;
    return {
      key: this.key,
      index,
      reason,
      startTime: toSeconds(startTime),
      duration: this.bytes.sealed ? toSeconds((this.endTime ?? startTime) - startTime) : 0,
      bytes: this.bytes.size,
      ...(this.bytes.sha256 === undefined ? {} : { sha256: this.bytes.sha256 }),
      ...this.counts.tracks,
    };
  }

  /** True when no packet ever came: there is no such file. */
  get empty(): boolean {
    return this.counts.empty;
  }

  /** The file's size when `pending` more video packets have come, each as large as the largest so far. */
  expectedBytes(pending: number): number {
    return this.counts.expectedBytes(pending);
  }

  /** The largest packet so far: what the next one may be. */
  get largestPacket(): number {
    return this.counts.state.largestPacket;
  }

  addVideo(packet: VideoPacket, config: VideoDecoderConfig | undefined): void {
    const first = this.#decoderConfig ? undefined : config;
    this.#decoderConfig ??= first;
    this.counts.video(packet.data, packet.timestamp, first);
    const { timestamp: time, type } = packet;
    const record: VideoRecord = { kind: 'video', file: this.setup.index, time, type };
    if (first) record.config = storeConfig(first);
    this.#log(record, packet.data);
    this.writer?.addVideo(packet, config);
    this.settle();
  }

  /** @param first true when it is the encoder's first packet, which carries its delay. */
  addAudio(packet: AudioPacket, info: AudioTrackInfo, first: boolean): void {
    const { timestamp: time, duration } = packet;
    const { family, source } = info;
    const config = first ? info.config : info.continued;
    const record: AudioRecord = { kind: 'audio', file: this.setup.index, time, duration };
    if (this.counts.state.audioPackets === 0) record.info = { family, source, config: storeConfig(config) };
    this.counts.audio(packet, { codec: config.codec, source });
    this.#log(record, packet.data);
    this.writer?.addAudio(packet, config, family);
    this.settle();
  }

  #log(record: VideoRecord | AudioRecord, data: Uint8Array): void {
    this.packets.push(recordOf(record, data));
    this.events.onRecord(record, data);
  }

  /** What the muxer has given out becomes a part of the file; the packets in it need not be kept any more. */
  protected settle(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    const before = samplesOf(this.#written);
    this.#written = this.writer?.state;
    const now = samplesOf(this.#written);
    const left = { video: now.video - before.video, audio: now.audio - before.audio };
    this.packets = this.packets.filter(({ json }) => left[(json as VideoRecord | AudioRecord).kind]-- <= 0);
    this.events.onBytes(this, pieces);
  }

  /** No more video; the last frame lasts until the file's end. */
  endVideo(): void {
    if (this.#videoDone) return;
    this.#videoDone = true;
    this.events.onRecord({ kind: 'ended', file: this.setup.index, track: 'video' });
    this.writer?.closeVideo(this.endTime ?? this.setup.startTime);
    this.settle();
    this.finishWhenDone();
  }

  /** No more audio. */
  endAudio(): void {
    if (this.#audioDone) return;
    this.#audioDone = true;
    this.events.onRecord({ kind: 'ended', file: this.setup.index, track: 'audio' });
    // Without video the file ends where its audio does, unless a cut said otherwise.
    if (this.setup.video === undefined) this.endTime ??= this.naturalEnd;
    this.writer?.closeAudio();
    this.settle();
    this.finishWhenDone();
  }

  get audioEnded(): boolean {
    return this.#audioDone;
  }

  /** Finishes the file when both tracks are complete. */
  finishWhenDone(): void {
    if (!this.#videoDone || !this.#audioDone || this.#finishing) return;
    this.#finishing = true;
    this.writer?.finish();
    this.settle();
    this.#written = this.writer?.state;
    this.writer = undefined;
    void this.#seal();
  }

  async #seal(): Promise<void> {
    await this.events.onComplete(this);
    await this.bytes.seal();
    this.events.onFinished(this);
    this.#onFinished();
  }

  /** Stops writing at once; what is not yet a whole movie fragment is thrown away. */
  cancel(): void {
    this.#finishing = true;
    this.writer?.cancel();
  }
}
