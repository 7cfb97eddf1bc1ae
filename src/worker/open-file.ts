/** One file while it is written: muxer, bytes, and what the manifest will say of it. */
import { audioParametersOf, type VideoConfigLike, videoParametersOf } from '../cut/parameters.ts';
import type { GrowingFile } from '../journal/growing-file.ts';
import { type CutReason, fileKey, type RecordedFile, type TrackParameters } from '../manifest.ts';
import {
  type AudioCodecFamily,
  type AudioPacket,
  type AudioSource,
  SHORTEST_FILE,
  toSeconds,
  type VideoCodecFamily,
  type VideoPacket,
  type VideoSource,
} from '../media.ts';
import { Mp4Writer, type VideoTrackSetup } from '../mux/mp4-writer.ts';

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

/** Where an open file reports to. None of these may throw. */
export interface OpenFileEvents {
  /** All track parameters are known. */
  onOpen(file: OpenFile): void;
  /** The muxer failed. */
  onError(file: OpenFile, error: unknown): void;
  /** Both tracks are complete and the file is sealed. */
  onFinished(file: OpenFile): void;
}

/** Bytes that a sample costs beside its data, and those of the boxes around all of them; measured, rounded up. */
const BYTES_PER_PACKET = 24;
const BYTES_PER_FILE = 4096;

const videoTrackOf = (video: FileSetup['video']): VideoTrackSetup | undefined =>
  video && {
    family: video.family,
    rotation: video.source.rotation,
    flip: video.source.flip,
    frameRate: video.frameRate,
  };

export class OpenFile {
  readonly key: string;
  /** Where the file ends, once it is decided. */
  endTime: number | undefined;
  #video: TrackParameters['video'];
  #audio: TrackParameters['audio'];
  #frames = 0;
  #audioPackets = 0;
  #audioStart = 0;
  #audioEnd = 0;
  #encodedBytes = 0;
  #largestPacket = 0;
  #videoDone: boolean;
  #audioDone: boolean;
  #finishing = false;
  #decoderConfig: VideoConfigLike | undefined;
  /** Let go once the file is finished: the muxer keeps a note of every sample. */
  #writer: Mp4Writer | undefined;

  constructor(
    recordingId: string,
    readonly setup: FileSetup,
    readonly bytes: GrowingFile,
    private readonly events: OpenFileEvents,
  ) {
    this.key = fileKey(recordingId, setup.index);
    this.#videoDone = setup.video === undefined;
    this.#audioDone = setup.audioEpoch === undefined;
    this.#writer = new Mp4Writer(
      setup.startTime,
      {
        video: videoTrackOf(setup.video),
        audio: setup.audioEpoch !== undefined,
        createdAt: setup.createdAt,
      },
      {
        onBytes: bytes => this.bytes.append(bytes),
        onOpen: () => this.events.onOpen(this),
        onError: error => this.events.onError(this, error),
      },
    );
  }

  /** True once a frame has come. */
  get hasVideo(): boolean {
    return this.#frames > 0;
  }

  /** Another encoder goes on with a file that no frame has come for. */
  takeOver(video: FileSetup['video']): void {
    this.setup.video = video;
    this.#writer?.takeOver(videoTrackOf(video));
  }

  /** What the video encoder said first. */
  get decoderConfig(): VideoConfigLike | undefined {
    return this.#decoderConfig;
  }

  /** Fixed track parameters, as far as they are known. */
  get parameters(): TrackParameters {
    return {
      ...(this.#video ? { video: this.#video } : {}),
      ...(this.#audio ? { audio: this.#audio } : {}),
    };
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
      ...(this.#video ? { video: { ...this.#video, frames: this.#frames } } : {}),
      ...(this.#audio
        ? { audio: { ...this.#audio, startTime: toSeconds(this.#audioStart), packets: this.#audioPackets } }
        : {}),
    };
  }

  /** True when no packet ever came: there is no such file. */
  get empty(): boolean {
    return this.#frames === 0 && this.#audioPackets === 0;
  }

  /** The file's size when `pending` more video packets have come, each as large as the largest so far. */
  expectedBytes(pending: number): number {
    const packets = this.#frames + this.#audioPackets + pending;
    return BYTES_PER_FILE + this.#encodedBytes + packets * BYTES_PER_PACKET + pending * this.#largestPacket;
  }

  /** The largest packet so far: what the next one may be. */
  get largestPacket(): number {
    return this.#largestPacket;
  }

  addVideo(packet: VideoPacket, config: VideoDecoderConfig | undefined): void {
    if (config && this.setup.video && !this.#decoderConfig) {
      this.#decoderConfig = config;
      this.#video = videoParametersOf(config, this.setup.video.source);
    }
    this.#frames++;
    this.#count(packet.data);
    this.#writer?.addVideo(packet, config);
  }

  /** @param first true when it is the encoder's first packet, which carries its delay. */
  addAudio(packet: AudioPacket, info: AudioTrackInfo, first: boolean): void {
    const time = packet.timestamp - this.setup.startTime;
    const config = first ? info.config : info.continued;
    if (this.#audioPackets === 0) {
      this.#audioStart = time;
      this.#audio = audioParametersOf(info.config.codec, info.source);
    }
    this.#audioPackets++;
    this.#audioEnd = packet.timestamp + packet.duration;
    this.#count(packet.data);
    this.#writer?.addAudio(packet, config, info.family);
  }

  #count(data: Uint8Array): void {
    this.#encodedBytes += data.byteLength;
    this.#largestPacket = Math.max(this.#largestPacket, data.byteLength);
  }

  /** No more video; the last frame lasts until the file's end. */
  endVideo(): void {
    if (this.#videoDone) return;
    this.#videoDone = true;
    this.#writer?.closeVideo(this.endTime ?? this.setup.startTime);
    this.#finishWhenDone();
  }

  /** No more audio. */
  endAudio(): void {
    if (this.#audioDone) return;
    this.#audioDone = true;
    // Without video the file ends where its audio does, unless a cut said otherwise.
    if (this.setup.video === undefined)
      this.endTime ??= Math.max(this.#audioEnd, this.setup.startTime + SHORTEST_FILE);
    this.#writer?.closeAudio();
    this.#finishWhenDone();
  }

  get audioEnded(): boolean {
    return this.#audioDone;
  }

  #finishWhenDone(): void {
    if (!this.#videoDone || !this.#audioDone || this.#finishing) return;
    this.#finishing = true;
    void this.#finish();
  }

  async #finish(): Promise<void> {
    this.#writer?.finish();
    this.#writer = undefined;
    await this.bytes.seal();
    this.events.onFinished(this);
  }

  /** Stops writing at once; what is not yet a whole movie fragment is thrown away. */
  cancel(): void {
    this.#finishing = true;
    this.#writer?.cancel();
  }
}
