/** The test kits' own RTP: what they take apart others put together again, and ffmpeg decodes it. */
import { describe, expect, test } from 'vitest';
import { dePacketizeRtpPackets, RtpHeader, RtpPacket } from 'werift';
import { h264Payloads, vp8Payloads, vp9Payloads } from '../support/rtp-payloads.ts';

/** A unit of so many bytes with a first byte. */
const unit = (first: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i === 0 ? first : (i * 7 + 1) & 0xff));

/** As werift puts them together. */
const together = (codec: 'MPEG4/ISO/AVC' | 'VP8' | 'VP9', payloads: Uint8Array[]): Buffer =>
  dePacketizeRtpPackets(
    codec,
    payloads.map(payload => new RtpPacket(new RtpHeader(), Buffer.from(payload))),
  ).data;

const annexB = (nals: Uint8Array[]): Buffer =>
  Buffer.concat(nals.flatMap(nal => [Buffer.from([0, 0, 0, 1]), nal]));

describe('H.264', () => {
  const [sps, pps, sei] = [unit(0x67, 20), unit(0x68, 5), unit(0x06, 400)];

  test('small NAL units go together, one alone as it is, a large one in fragments', () => {
    const [idr, slice] = [unit(0x65, 3_000), unit(0x41, 1_180)];
    const payloads = h264Payloads([sps, pps, sei, idr, slice]);
    expect(payloads.map(payload => (payload[0] ?? 0) & 0x1f)).toEqual([24, 28, 28, 28, 1]);
    for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(1_180);
    expect(together('MPEG4/ISO/AVC', payloads)).toEqual(annexB([sps, pps, sei, idr, slice]));
  });

  test('fragments say where they begin and end, and carry the importance of the whole', () => {
    const payloads = h264Payloads([unit(0x65, 41)], 22);
    expect(payloads.map(([indicator, header]) => [indicator, header])).toEqual([
      [0x7c, 0x85],
      [0x7c, 0x45],
    ]);
  });

  test.each([1_177, 1_178, 1_179, 1_180, 1_181, 1_182, 2_357, 2_358])('a NAL unit of %i bytes', size => {
    const nals = [pps, unit(0x65, size), pps];
    const payloads = h264Payloads(nals);
    expect(Math.max(...payloads.map(payload => payload.length))).toBeLessThanOrEqual(1_180);
    expect(together('MPEG4/ISO/AVC', payloads)).toEqual(annexB(nals));
  });
});

test.each([1, 1_176, 1_177, 5_000])('VP8 and VP9 frames of %i bytes', size => {
  const frame = unit(0x10, size);
  for (const pictureId of [0, 127, 128, 32_767]) {
    expect(together('VP8', vp8Payloads(frame, pictureId))).toEqual(Buffer.from(frame));
    expect(together('VP9', vp9Payloads(frame, size > 2_000, pictureId))).toEqual(Buffer.from(frame));
  }
  const last = vp9Payloads(frame, false, 1).at(-1)?.[0] ?? 0;
  // The last of a frame says so.
  expect(last & 0x04).toBe(0x04);
});
