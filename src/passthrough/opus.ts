/** Opus packets as RTP carries them (RFC 6716, RFC 7587): how long they last, and what stands for silence. Pure. */

/** A packet is not longer (RFC 6716, 3.2.5, R5); microseconds. */
const LONGEST_PACKET = 120_000;

/** Lengths of one frame in microseconds, by the lowest two of the five bits of `config` (RFC 6716, table 2). */
const SILK = [10_000, 20_000, 40_000, 60_000] as const;
const HYBRID = [10_000, 20_000] as const;
const CELT = [2_500, 5_000, 10_000, 20_000] as const;

const frameDuration = (config: number): number => {
  if (config < 12) return SILK[config & 3] ?? 0;
  if (config < 16) return HYBRID[config & 1] ?? 0;
  return CELT[config & 3] ?? 0;
};

/** Frames in a packet: one, two, or as many as its second byte says (3.2.1 to 3.2.5). */
const frameCount = (packet: Uint8Array): number => {
  const code = (packet[0] ?? 0) & 3;
  if (code < 3) return code === 0 ? 1 : 2;
  return (packet[1] ?? 0) & 0x3f;
};

/** How long a packet lasts, in microseconds, by its table of contents; `undefined` when it is no packet of Opus. */
export const opusDuration = (packet: Uint8Array): number | undefined => {
  if (packet.length === 0) return undefined;
  const duration = frameCount(packet) * frameDuration((packet[0] ?? 0) >> 3);
  return duration > 0 && duration <= LONGEST_PACKET ? duration : undefined;
};

/** How the packet itself is coded. A decoder makes of it as many channels as the track has (RFC 6716, 3.1). */
export const opusIsStereo = (packet: Uint8Array): boolean => ((packet[0] ?? 0) & 4) !== 0;

/** Two bytes or less hold no sound: so an encoder says that it will send nothing for a while (RFC 6716, 2.1.9). */
export const isOpusPause = (packet: Uint8Array): boolean => packet.length <= 2;

/**
 * The configuration of a track, with its `OpusHead` (RFC 7845, 5.1). Two channels, as RTP always announces them
 * (RFC 7587, 4.1), whatever single packets have: a track can't change them, and no decoder needs it to.
 *
 * @param preSkip samples at 48 kHz that a decoder leaves out at the beginning; none where a stream is joined midway.
 */
export const opusConfig = (preSkip = 0): AudioDecoderConfig => {
  const head = new DataView(new ArrayBuffer(19));
  for (const [i, character] of [...'OpusHead'].entries()) head.setUint8(i, character.charCodeAt(0));
  head.setUint8(8, 1);
  head.setUint8(9, 2);
  head.setUint16(10, preSkip, true);
  head.setUint32(12, 48_000, true);
  return {
    codec: 'opus',
    sampleRate: 48_000,
    numberOfChannels: 2,
    description: new Uint8Array(head.buffer),
  };
};

/** Full-band CELT of one frame (RFC 6716, table 2, configurations 28 to 31), the longest first. */
const SILENT: readonly (readonly [duration: number, toc: number])[] = [
  [20_000, 31 << 3],
  [10_000, 30 << 3],
  [5_000, 29 << 3],
  [2_500, 28 << 3],
];

/**
 * Packets of silence for a gap: those two bytes begin with the flag that says so (4.3, "silence"). The last part of
 * a gap, when it is shorter than any packet, is left as it is.
 *
 * @param duration microseconds.
 */
export const silentPackets = (duration: number): { data: Uint8Array; duration: number }[] => {
  const packets: { data: Uint8Array; duration: number }[] = [];
  let rest = duration;
  for (const [length, toc] of SILENT) {
    for (; rest >= length; rest -= length)
      packets.push({ data: Uint8Array.of(toc | 4, 0xff, 0xfe), duration: length });
  }
  return packets;
};
