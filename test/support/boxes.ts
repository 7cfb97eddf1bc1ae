/** Just enough of ISO BMFF to look into a file without any of the libraries under test. */

/** Bytes before the children of boxes that are more than containers. */
const PREAMBLE: Record<string, number> = {
  stsd: 8,
  avc1: 78,
  vp09: 78,
  av01: 78,
  Opus: 28,
  mp4a: 28,
  meta: 4,
};

/** Contents of all boxes on a path, in order. */
export const findBoxes = (bytes: Buffer, path: readonly string[]): Buffer[] => {
  const [type, ...rest] = path;
  const found: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const short = bytes.readUInt32BE(at);
    const header = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short || bytes.length - at;
    if (size < header) break;
    if (bytes.toString('latin1', at + 4, at + 8) === type) {
      const content = bytes.subarray(at + header, at + size);
      if (rest.length === 0) found.push(content);
      else found.push(...findBoxes(content.subarray(PREAMBLE[type] ?? 0), rest));
    }
    at += size;
  }
  return found;
};
