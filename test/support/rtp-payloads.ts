/** How encoded frames are put into RTP packets: the payloads alone, without headers. Pure. */

/** Bytes of a payload at most: what is left of an Ethernet frame by IP, UDP, SRTP and header extensions. */
export const PAYLOAD_BYTES = 1_180;

const STAP_A = 24;
const FU_A = 28;

const typeOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;
/** The bits of a NAL unit's header that say how much depends on it. */
const importanceOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x60;

/** One NAL unit over several packets (RFC 6184, 5.8): its header goes into the first two bytes of each. */
const fragments = (nal: Uint8Array, most: number): Uint8Array[] => {
  const payloads: Uint8Array[] = [];
  const room = most - 2;
  for (let at = 1; at < nal.length; at += room) {
    const piece = nal.subarray(at, at + room);
    const start = at === 1 ? 0x80 : 0;
    const end = at + room >= nal.length ? 0x40 : 0;
    const header = [importanceOf(nal) | FU_A, start | end | typeOf(nal)];
    payloads.push(Uint8Array.from([...header, ...piece]));
  }
  return payloads;
};

/** Several NAL units in one packet (RFC 6184, 5.7.1), each behind its length in two bytes. */
const aggregate = (nals: readonly Uint8Array[]): Uint8Array => {
  const importance = Math.max(...nals.map(importanceOf));
  const bytes = [importance | STAP_A];
  for (const nal of nals) bytes.push(nal.length >> 8, nal.length & 0xff, ...nal);
  return Uint8Array.from(bytes);
};

/**
 * The payloads of one access unit of H.264 in the non-interleaved mode (RFC 6184, 6.3, packetization-mode=1): as many
 * NAL units in a packet as fit (STAP-A), one that fits alone as it is, and one that does not in fragments (FU-A).
 *
 * @param nals without start codes.
 */
export const h264Payloads = (nals: readonly Uint8Array[], most = PAYLOAD_BYTES): Uint8Array[] => {
  const payloads: Uint8Array[] = [];
  let together: Uint8Array[] = [];
  let bytes = 1;
  const flush = (): void => {
    const [first] = together;
    if (first) payloads.push(together.length === 1 ? first : aggregate(together));
    together = [];
    bytes = 1;
  };
  for (const nal of nals) {
    if (nal.length > most) {
      flush();
      payloads.push(...fragments(nal, most));
      continue;
    }
    if (bytes + 2 + nal.length > most) flush();
    together.push(nal);
    bytes += 2 + nal.length;
  }
  flush();
  return payloads;
};

const pieces = (frame: Uint8Array, most: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(frame.length / most) }, (_, i) => frame.subarray(i * most, (i + 1) * most));

/** A picture's number in 15 bits, marked as such by the highest one. */
const pictureNumber = (id: number): [number, number] => [0x80 | ((id >> 8) & 0x7f), id & 0xff];

/** The payloads of one frame of VP8 (RFC 7741, 4.2). @param pictureId counts frames, modulo 2^15. */
export const vp8Payloads = (frame: Uint8Array, pictureId: number, most = PAYLOAD_BYTES): Uint8Array[] =>
  pieces(frame, most - 4).map((piece, i) => {
    // Extended, start of a partition at the first; then: a picture's number follows.
    const descriptor = [0x80 | (i === 0 ? 0x10 : 0), 0x80, ...pictureNumber(pictureId)];
    return Uint8Array.from([...descriptor, ...piece]);
  });

/** The payloads of one frame of VP9 in the non-flexible mode, without layers (RFC 9628, 4.2). */
export const vp9Payloads = (
  frame: Uint8Array,
  isKey: boolean,
  pictureId: number,
  most = PAYLOAD_BYTES,
): Uint8Array[] => {
  const all = pieces(frame, most - 3);
  return all.map((piece, i) => {
    const inter = isKey ? 0 : 0x40;
    const begin = i === 0 ? 0x08 : 0;
    const end = i === all.length - 1 ? 0x04 : 0;
    const descriptor = [0x80 | inter | begin | end, ...pictureNumber(pictureId)];
    return Uint8Array.from([...descriptor, ...piece]);
  });
};
