/** Shapes that pass between the worker's rooms. Times are integers in microseconds on the recording's timeline. */
import type { ColorSpace, Rotation } from './manifest.ts';

/** One encoded video frame. */
export interface VideoPacket {
  data: Uint8Array;
  /** Presentation time in microseconds. */
  timestamp: number;
  type: 'key' | 'delta';
}

/** One encoded piece of audio. */
export interface AudioPacket {
  data: Uint8Array;
  /** Presentation time in microseconds, the encoder's delay already taken off. */
  timestamp: number;
  /** Microseconds. */
  duration: number;
}

/** What a raw frame says of itself, before any encoder saw it. */
export interface VideoSource {
  width: number;
  height: number;
  pixelAspectRatio: number;
  rotation: Rotation;
  flip: boolean;
  colorSpace: ColorSpace;
}

/** What raw audio says of itself. */
export interface AudioSource {
  /** Hertz. */
  sampleRate: number;
  numberOfChannels: number;
}

/** A piece of raw audio on the timeline, one array of samples per channel. */
export interface AudioBlock {
  planes: Float32Array<ArrayBuffer>[];
  /** Hertz. */
  sampleRate: number;
  /** Microseconds. */
  time: number;
}

/** Families of video codecs, in the muxer's words. */
export type VideoCodecFamily = 'avc' | 'hevc' | 'vp9' | 'av1' | 'vp8';
/** Families of audio codecs. */
export type AudioCodecFamily = 'aac' | 'opus';

/** What is needed to go on with an upload after a crash: JSON that its storage understands. Never a secret. */
export type UploadHandle = Record<string, string | number | boolean>;

/** A file that was begun is not shorter: MP4 timescales can tell its end from its beginning; microseconds. */
export const SHORTEST_FILE = 1_000;

/** Microseconds to seconds. */
export const toSeconds = (microseconds: number): number => microseconds / 1e6;
/** Seconds to whole microseconds. */
export const toMicroseconds = (seconds: number): number => Math.round(seconds * 1e6);
