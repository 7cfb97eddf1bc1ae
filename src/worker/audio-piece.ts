/** Pieces of audio as they arrive, and what files are told of their tracks. */
import { continuedConfig } from '../encode/audio-encoder.ts';
import type { AudioCodecFamily, AudioSource } from '../media.ts';
import type { AudioTrackInfo } from './open-file.ts';

/** Samples of one channel. */
export type Plane = Float32Array<ArrayBuffer>;

/** A piece of audio that has arrived. Microseconds. */
export interface Piece {
  planes: Plane[];
  sampleRate: number;
  /** The source's timestamp, freed of jumps. */
  unwrapped: number;
  /** Microseconds on the timeline, once the clock has settled. */
  time: number;
}

/** What a file is told of an encoder's packets. */
export const trackInfo = (
  family: AudioCodecFamily,
  config: AudioDecoderConfig,
  source: AudioSource,
): AudioTrackInfo => ({
  family,
  config,
  continued: continuedConfig(config, family),
  source,
});

/** A piece's parameters. */
export const sourceOf = (piece: Piece): AudioSource => ({
  sampleRate: piece.sampleRate,
  numberOfChannels: piece.planes.length,
});

/** Copies the samples out; the browser's buffer is not held. */
export const planesOf = (data: AudioData): Plane[] =>
  Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
    const plane = new Float32Array(data.numberOfFrames);
    data.copyTo(plane, { planeIndex, format: 'f32-planar' });
    return plane;
  });

/** Nothing to be heard. */
export const silencePlanes = (numberOfChannels: number, frames: number): Plane[] =>
  Array.from({ length: numberOfChannels }, () => new Float32Array(frames));
