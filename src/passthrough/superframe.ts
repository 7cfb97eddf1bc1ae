/** Superframes of VP9: several frames in one piece, of which one is shown (VP9 bitstream specification, annex B). Pure. */
import { concatBytes } from './bytes.ts';

/** The index's first and last byte: three bits 110, the size of sizes, the number of frames. */
const isMarker = (byte: number): boolean => (byte & 0xe0) === 0xc0;
/** Three bits count them. */
const MOST_FRAMES = 8;

/** The frames of a superframe, or the one frame that it is. */
export const splitSuperframe = (data: Uint8Array): Uint8Array[] => {
  const marker = data[data.length - 1] ?? 0;
  const count = (marker & 7) + 1;
  const bytes = ((marker >> 3) & 3) + 1;
  const index = data.length - (2 + count * bytes);
  if (!isMarker(marker) || index < 0 || data[index] !== marker) return [data];
  const frames: Uint8Array[] = [];
  let offset = 0;
  for (let i = 0; i < count; i++) {
    let size = 0;
    for (let b = bytes - 1; b >= 0; b--) size = size * 256 + (data[index + 1 + i * bytes + b] ?? 0);
    if (offset + size > index) return [data];
    if (size > 0) frames.push(data.subarray(offset, offset + size));
    offset += size;
  }
  return frames;
};

/**
 * Spatial layers of one picture, the lowest first, as the one sample that MP4 wants of a picture (VP Codec ISO Media
 * File Format Binding: a sample is a superframe). WebRTC delivers them one by one.
 *
 * @returns `undefined` for more than a superframe holds.
 */
export const joinSuperframe = (layers: readonly Uint8Array[]): Uint8Array | undefined => {
  const frames = layers.flatMap(splitSuperframe);
  const [only] = frames;
  if (frames.length === 1) return only;
  if (frames.length === 0 || frames.length > MOST_FRAMES) return undefined;
  // Four bytes for each size: what three more cost is nothing beside a frame.
  const marker = 0xc0 | (3 << 3) | (frames.length - 1);
  const index = new DataView(new ArrayBuffer(2 + 4 * frames.length));
  index.setUint8(0, marker);
  for (const [i, frame] of frames.entries()) index.setUint32(1 + 4 * i, frame.length, true);
  index.setUint8(index.byteLength - 1, marker);
  return concatBytes([...frames, new Uint8Array(index.buffer)]);
};
