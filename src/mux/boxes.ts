/** Boxes of ISO base media files (ISO/IEC 14496-12, section 4). Pure. */

/** Bytes of a box's content, in order. */
export type Part = Uint8Array | readonly number[];

/** Integers, the highest byte first. */
export const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const u24 = (value: number): number[] => [(value >>> 16) & 0xff, ...u16(value)];
export const u32 = (value: number): number[] => [(value >>> 24) & 0xff, ...u24(value)];
/** Up to 2^53. */
export const u64 = (value: number): number[] => [...u32(Math.floor(value / 2 ** 32)), ...u32(value)];
/** Fixed point, 16.16 and 2.30; may be negative. */
export const fixed16 = (value: number): number[] => u32(Math.round(value * 65_536));
export const fixed30 = (value: number): number[] => u32(Math.round(value * 2 ** 30));
/** Characters of one byte each. */
export const ascii = (text: string): number[] => [...text].map(character => character.charCodeAt(0));
export const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** One after another, copied once. */
export const concat = (parts: readonly Part[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** A box with its size and type in front. */
export const box = (type: string, ...parts: readonly Part[]): Uint8Array => {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  return concat([u32(size), ascii(type), ...parts]);
};

/** A box with a version and flags. */
export const fullBox = (
  type: string,
  version: number,
  flags: number,
  ...parts: readonly Part[]
): Uint8Array => box(type, [version, ...u24(flags)], ...parts);
