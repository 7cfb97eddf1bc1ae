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

/** Samples of a buffer, of each channel: forty pieces of 10 ms at 48 kHz. Each buffer costs as much as copying a hundred. */
const BUFFER = 19_200;

/** Copies samples out, so that the browser's buffer is not held: piece after piece into one of our own. */
export class PlaneCopier {
  #planes: Plane[] = [];
  #end = 0;

  copy(data: AudioData): Plane[] {
    const { numberOfFrames, numberOfChannels } = data;
    const room = (this.#planes[0]?.length ?? 0) - this.#end;
    if (numberOfChannels !== this.#planes.length || numberOfFrames > room) {
      this.#planes = silencePlanes(numberOfChannels, Math.max(numberOfFrames, BUFFER));
      this.#end = 0;
    }
    const from = this.#end;
    this.#end += numberOfFrames;
    return this.#planes.map((buffer, planeIndex) => {
      const plane = buffer.subarray(from, this.#end);
      data.copyTo(plane, { planeIndex, format: 'f32-planar' });
      return plane;
    });
  }
}

/** A piece that begins so much after another's end, or before it, follows it: less than ten samples; microseconds. */
const CLOSE = 100;

/** True where a piece goes on from another in everything, also in memory. Pure. */
export const follows = (before: Piece, piece: Piece): boolean => {
  const [past, next] = [before.planes[0], piece.planes[0]];
  return (
    next?.buffer === past?.buffer &&
    next?.byteOffset === endOf(past) &&
    piece.planes.length === before.planes.length &&
    piece.sampleRate === before.sampleRate &&
    Math.abs(piece.time - before.time - durationOf(before)) <= CLOSE
  );
};

/** Where a plane ends in its buffer, in bytes. */
const endOf = (plane: Plane | undefined): number => (plane ? plane.byteOffset + plane.byteLength : 0);

/** How long a piece is; microseconds. */
export const durationOf = ({ planes, sampleRate }: Piece): number =>
  ((planes[0]?.length ?? 0) / sampleRate) * 1e6;

/** Pieces that follow each other as one, up to the end of the last, which is not copied again. Pure. */
export const joined = (first: Piece, { planes: [last] }: Piece): Piece => ({
  ...first,
  planes: first.planes.map(
    ({ buffer, byteOffset }, _, [plane]) =>
      new Float32Array(buffer, byteOffset, (endOf(last) - (plane?.byteOffset ?? 0)) / 4),
  ),
});

/** Nothing to be heard. */
export const silencePlanes = (numberOfChannels: number, frames: number): Plane[] =>
  Array.from({ length: numberOfChannels }, () => new Float32Array(frames));
