/** What packets go into: the files of a recording, or the ring that keeps the last of a stream. */
import type { VideoConfigLike } from '../cut/parameters.ts';
import type { CutReason } from '../manifest.ts';
import type { AudioPacket, VideoPacket } from '../media.ts';
import type { AudioTrackInfo, FileSetup } from './open-file.ts';

/** A file that is to begin. */
export type NewFile = Omit<FileSetup, 'index' | 'createdAt'>;

/** One file, as those see it who fill it. Times are microseconds on the timeline. */
export interface MediaFile {
  readonly key: string;
  readonly setup: FileSetup;
  /** Where the file ends, once it is decided. */
  endTime: number | undefined;
  /** True once a frame has come. */
  readonly hasVideo: boolean;
  /** What the video encoder said first. */
  readonly decoderConfig: VideoConfigLike | undefined;
  /** The largest packet so far: what the next one may be. */
  readonly largestPacket: number;
  /** The file's size when `pending` more video packets have come, each as large as the largest so far. */
  expectedBytes(pending: number): number;
  /** Another encoder goes on with a file that no frame has come for. */
  takeOver(video: FileSetup['video']): void;
  /** @param config with the first packet. */
  addVideo(packet: VideoPacket, config: VideoDecoderConfig | undefined): void;
  /** No more video; the last frame lasts until the file's end. */
  endVideo(): void;
}

/** All of them. */
export interface MediaFiles {
  /** The file that new media goes into. */
  readonly current: MediaFile | undefined;
  /** Why a file begins although none is open. */
  readonly reasonForFirst: CutReason;
  /** No file begins before this. */
  readonly earliest: number;
  /** Begins a file; the one before ends there. */
  begin(setup: NewFile): MediaFile;
  /** An encoder has said what its packets are. */
  announceAudio(epoch: number, info: AudioTrackInfo): void;
  /** Puts a packet into the file in whose time it begins. */
  routeAudio(epoch: number, packet: AudioPacket): void;
  /** All packets of the epochs before this one are out. */
  endAudioBefore(epoch: number): void;
  /** Nothing more comes. */
  endAll(): void;
}
