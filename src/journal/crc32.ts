/** CRC-32 (ITU-T V.42, 8.1.1.6.2): tells a record that was torn from a whole one. Pure. */

/** Of a byte. */
const BYTE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Of a byte with so many behind it that are zero: four are taken in one step, since all that is recorded passes here twice. */
const behind = (table: Int32Array): Int32Array =>
  table.map(value => (value >>> 8) ^ (BYTE[value & 0xff] ?? 0));
const [T0, T1] = [BYTE, behind(BYTE)];
const [T2, T3] = [behind(T1), behind(behind(T1))];

/** @param before the checksum of what lies in front. */
export const crc32 = (bytes: Uint8Array, before = 0): number => {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let value = ~before;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    value ^= view.getInt32(at, true);
    value =
      (T3[value & 0xff] as number) ^
      (T2[(value >>> 8) & 0xff] as number) ^
      (T1[(value >>> 16) & 0xff] as number) ^
      (T0[value >>> 24] as number);
  }
  for (; at < length; at++) value = (value >>> 8) ^ (T0[(value ^ (bytes[at] as number)) & 0xff] as number);
  return ~value >>> 0;
};
