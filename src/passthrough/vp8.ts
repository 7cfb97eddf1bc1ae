/** VP8 (RFC 6386): what a frame says of itself. Pure. */
import { type CodedFrame, unusable } from './coded-frame.ts';
import { type EncodedVideo, SQUARE, UNKNOWN_COLOR } from './parameters.ts';

/** The first bit of the frame tag is zero for a key frame (9.1). */
export const isVp8Key = (frame: Uint8Array): boolean => frame.length > 0 && ((frame[0] ?? 0) & 1) === 0;

/** The tag, the start code and the sizes of a key frame (9.1). */
const HEADER = 10;

/** Parameters from a key frame; `undefined` when it is none, or damaged. */
export const vp8Parameters = (frame: Uint8Array): EncodedVideo | undefined => {
  const at = (i: number): number => frame[i] ?? 0;
  const startCode = at(3) === 0x9d && at(4) === 0x01 && at(5) === 0x2a;
  if (!isVp8Key(frame) || frame.length <= HEADER || !startCode) return undefined;
  // The two bits above each are how players might scale it, which none does.
  const codedWidth = at(6) | ((at(7) & 0x3f) << 8);
  const codedHeight = at(8) | ((at(9) & 0x3f) << 8);
  if (codedWidth === 0 || codedHeight === 0) return undefined;
  // `color_space` (9.2), 0 for BT.601. It comes first in the first partition, with even odds: the decoder of 7.3 then
  // gives the partition's highest bit.
  const bt601 = (at(HEADER) & 0x80) === 0;
  return {
    family: 'vp8',
    codec: 'vp8',
    codedWidth,
    codedHeight,
    pixelAspect: SQUARE,
    colorSpace: bt601 ? { ...UNKNOWN_COLOR, matrix: 'smpte170m', fullRange: false } : UNKNOWN_COLOR,
  };
};

/** Waits for the first key frame, and for another after a damaged one. */
export class Vp8Stream {
  #begun = false;

  take(data: Uint8Array): CodedFrame {
    if (!isVp8Key(data))
      return this.#begun ? { kind: 'sample', type: 'delta', data } : unusable('no-key-frame');
    const parameters = vp8Parameters(data);
    this.#begun = parameters !== undefined;
    return parameters ? { kind: 'sample', type: 'key', data, parameters } : unusable('unreadable');
  }
}
