/** What passes between the benchmark, its page, the page's source and its recorders. */
import type { Plan, Size } from './plan.mjs';

/** What is recorded, and how. */
export interface Scene extends Size {
  /** Bits a second of the video. */
  bitrate: number;
  /** Codec string of H.264, where a recorder takes one. */
  codec: string;
  /** The source is to change: it makes all its pictures ready before it starts. */
  changes: boolean;
}

/** To the source's worker. The writables are transferred: from then on they are its own. */
export type SourceMessage =
  | { type: 'start'; video: WritableStream<VideoFrame>; audio: WritableStream<AudioData>; scene: Scene }
  | { type: 'change'; plan: Omit<Plan, 'from'> }
  | { type: 'made' };

/** What the source has made so far. */
export interface Made {
  frames: number;
  /** When each frame was handed over: milliseconds since 1970. */
  times: number[];
  plan: Plan | undefined;
}

/** How each recorder is told to record. */
export interface Wanted extends Scene {
  /** Bits a second. */
  audioBitrate: number;
  /** Seconds. */
  keyFrameInterval: number;
}

/** What a recorder has made. */
export interface Product {
  /** Where it lies already. */
  keys?: string[];
  /** Or what is still to be uploaded. */
  blob?: Blob;
  /** Bytes that were not stored when it was told to stop; of a `blob`, all. */
  unsent?: number;
  /** Numbers of the frames, where nothing is kept that could be decoded. */
  frames?: number[];
  /** When each of its files was known to begin; milliseconds since 1970. */
  begun?: number[];
}

/** A recording that runs. */
export interface Session {
  stop(): Promise<Product>;
}

/** Starts one; resolves when the recorder says that it runs. `troubled` hears what goes wrong. */
export type Start = (
  stream: MediaStream,
  wanted: Wanted,
  troubled: (message: string) => void,
) => Promise<Session>;

/** A recording that is over and stored. */
export interface Stored {
  keys: string[];
  /** Milliseconds from the call of `stop` until the last byte was stored. */
  stopMs: number;
  /** Bytes that were not stored when it was called. */
  unsent: number;
  frames: number[] | undefined;
  begun: number[] | undefined;
  troubles: string[];
  /** Of the source, when `stop` was called. */
  made: Made;
}

/** One start of several. */
export interface Started {
  /** Milliseconds since 1970. */
  calledAt: number;
  /** Milliseconds until the recorder said that it runs. */
  saidMs: number;
  stored: Stored;
}
