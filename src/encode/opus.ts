/** The header of an Opus track, `OpusHead` (RFC 7845, 5.1). Pure. */

/** Samples at 48 kHz by which libopus delays sound: 6.5 ms, at every rate. */
const LOOKAHEAD = 312;

/** Samples at 48 kHz that a decoder leaves out at the beginning. */
export const preSkipOf = (head: Uint8Array | undefined): number =>
  head === undefined || head.length < 12 ? LOOKAHEAD : (head[10] ?? 0) | ((head[11] ?? 0) << 8);

/**
 * The header with its pre-skip in samples at 48 kHz, as the specification wants it. Chromium 156 writes it in
 * samples at the encoder's own rate, 104 at 16,000 Hz, so that decoders would keep two thirds of the delay.
 */
export const correctedOpusHead = (head: Uint8Array, sampleRate: number): Uint8Array => {
  const written = preSkipOf(head);
  if (head.length < 12 || written === LOOKAHEAD || (written * 48_000) / sampleRate !== LOOKAHEAD) return head;
  const corrected = head.slice();
  corrected[10] = LOOKAHEAD & 0xff;
  corrected[11] = LOOKAHEAD >> 8;
  return corrected;
};

/**
 * The header for a file that begins in the middle of an encoder's output: there is no delay to leave out, and
 * decoders would take 6.5 ms of sound for it.
 */
export const continuedOpusHead = (head: Uint8Array): Uint8Array => {
  const continued = head.slice();
  if (continued.length >= 12) continued.fill(0, 10, 12);
  return continued;
};
