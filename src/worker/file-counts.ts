/** What is counted of a file, and what the manifest says of its tracks. Pure. */
import { audioParametersOf, videoParametersOf } from '../cut/parameters.ts';
import type { RecordedFile, TrackParameters } from '../manifest.ts';
import { type AudioPacket, type AudioSource, SHORTEST_FILE, toSeconds } from '../media.ts';
import type { FileSetup } from './open-file.ts';

/** All of it, as plain data. Times are microseconds. */
export interface Counts {
  parameters: TrackParameters;
  frames: number;
  audioPackets: number;
  /** Where the audio begins, after the file's beginning, and where it ends, on the timeline. */
  audioStart: number;
  audioEnd: number;
  /** Times on the timeline of the last frame and of the one before it. */
  lastFrame: number;
  frameBefore: number;
  encodedBytes: number;
  largestPacket: number;
}

/**
 * Bytes that a sample costs beside its data, and a movie fragment with its line in the index, of which there is one in a second
 * at the most; and those of the boxes around all of them. Measured, rounded up.
 */
const BYTES_PER_PACKET = 24;
const BYTES_PER_SECOND = 140;
const BYTES_PER_FILE = 4096;

const NOTHING: Counts = {
  parameters: {},
  frames: 0,
  audioPackets: 0,
  audioStart: 0,
  audioEnd: 0,
  lastFrame: 0,
  frameBefore: 0,
  encodedBytes: 0,
  largestPacket: 0,
};

export class FileCounts {
  #counts: Counts;

  constructor(
    private readonly setup: FileSetup,
    counts: Counts = NOTHING,
  ) {
    this.#counts = { ...counts };
  }

  get state(): Counts {
    return { ...this.#counts };
  }

  get parameters(): TrackParameters {
    return this.#counts.parameters;
  }

  /** @param config with the first packet: from then on the video's parameters are known. */
  video(data: Uint8Array, time: number, config: VideoDecoderConfig | undefined): void {
    const counts = this.#counts;
    const { video } = this.setup;
    if (config && video && !counts.parameters.video)
      counts.parameters = { video: videoParametersOf(config, video.source), ...counts.parameters };
    counts.frames++;
    counts.frameBefore = counts.lastFrame;
    counts.lastFrame = time;
    this.#count(data);
  }

  /** @param of with the first packet. */
  audio(
    { data, timestamp, duration }: AudioPacket,
    of: { codec: string; source: AudioSource } | undefined,
  ): void {
    const counts = this.#counts;
    if (counts.audioPackets === 0 && of) {
      counts.audioStart = timestamp - this.setup.startTime;
      counts.parameters = { ...counts.parameters, audio: audioParametersOf(of.codec, of.source) };
    }
    counts.audioPackets++;
    counts.audioEnd = timestamp + duration;
    this.#count(data);
  }

  #count(data: Uint8Array): void {
    this.#counts.encodedBytes += data.byteLength;
    this.#counts.largestPacket = Math.max(this.#counts.largestPacket, data.byteLength);
  }

  /** True when no packet ever came. */
  get empty(): boolean {
    return this.#counts.frames === 0 && this.#counts.audioPackets === 0;
  }

  /** Where the file ends by what has come: its last frame is as long as the one before. Microseconds on the timeline. */
  get naturalEnd(): number {
    const { frames, lastFrame, frameBefore, audioEnd } = this.#counts;
    const { startTime, video } = this.setup;
    if (!video) return Math.max(audioEnd, startTime + SHORTEST_FILE);
    const step = frames > 1 ? lastFrame - frameBefore : 0;
    return Math.max(lastFrame + Math.max(step, SHORTEST_FILE), startTime + SHORTEST_FILE);
  }

  /** The file's size when `pending` more video packets have come, each as large as the largest so far. */
  expectedBytes(pending: number): number {
    const { frames, audioPackets, encodedBytes, largestPacket } = this.#counts;
    const packets = frames + audioPackets + pending;
    const fragments = toSeconds(this.naturalEnd - this.setup.startTime) * BYTES_PER_SECOND;
    return BYTES_PER_FILE + fragments + encodedBytes + packets * BYTES_PER_PACKET + pending * largestPacket;
  }

  /** The manifest's entries. */
  get tracks(): Pick<RecordedFile, 'video' | 'audio'> {
    const { parameters, frames, audioStart, audioPackets } = this.#counts;
    const { video, audio } = parameters;
    return {
      ...(video ? { video: { ...video, frames } } : {}),
      ...(audio ? { audio: { ...audio, startTime: toSeconds(audioStart), packets: audioPackets } } : {}),
    };
  }
}
