/** CRC-32 (ITU-T V.42, 8.1.1.6.2): tells a record that was torn from a whole one. Pure. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param before the checksum of what lies in front. */
export const crc32 = (bytes: Uint8Array, before = 0): number => {
  let value = ~before;
  for (let i = 0; i < bytes.length; i++)
    value = (value >>> 8) ^ (TABLE[(value ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return ~value >>> 0;
};
