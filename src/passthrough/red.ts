/** Redundant audio (RFC 2198): one RTP payload that holds a packet, and earlier ones once more. Pure. */

export interface RedBlock {
  payloadType: number;
  /** By how many ticks of the RTP clock it lies before the packet. */
  offset: number;
  data: Uint8Array;
}

export interface RedPayload {
  /** The packet itself; empty where there was nothing to send but what is repeated. */
  primary: { payloadType: number; data: Uint8Array };
  /** Earlier ones, the oldest first. */
  redundant: RedBlock[];
}

/** Header of an earlier block (3): a set bit, 7 bits of payload type, 14 of offset, 10 of length. */
const HEADER = 4;

/** Takes a payload apart; `undefined` when it does not add up. */
export const unpackRed = (payload: Uint8Array): RedPayload | undefined => {
  const at = (i: number): number => payload[i] ?? 0;
  const headers: { payloadType: number; offset: number; length: number }[] = [];
  let begin = 0;
  while ((at(begin) & 0x80) !== 0) {
    headers.push({
      payloadType: at(begin) & 0x7f,
      offset: (at(begin + 1) << 6) | (at(begin + 2) >> 2),
      length: ((at(begin + 2) & 3) << 8) | at(begin + 3),
    });
    begin += HEADER;
  }
  // The last header is a single byte; its block takes what is left.
  const payloadType = at(begin);
  let offset = begin + 1;
  const redundant: RedBlock[] = [];
  for (const { length, ...header } of headers) {
    // An empty block says that there was nothing to repeat.
    if (length > 0) redundant.push({ ...header, data: payload.subarray(offset, offset + length) });
    offset += length;
  }
  if (offset > payload.length) return undefined;
  return {
    primary: { payloadType, data: payload.subarray(offset) },
    redundant: redundant.sort((a, b) => b.offset - a.offset),
  };
};
