import { describe, expect, it } from 'vitest';
import { avcCodecString, avcParameterSets } from '../../src/cut/avc.ts';

const SPS = Uint8Array.of(0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9);
const STALE_SPS = Uint8Array.of(0x67, 0x42, 0xc0, 0x1e, 0x8c);
const PPS = Uint8Array.of(0x68, 0xeb, 0xe3);

/** An AVCDecoderConfigurationRecord, by ISO/IEC 14496-15, 5.3.3.1.2; the reserved bits are ones. */
const avcC = (...sets: Uint8Array[]): Uint8Array => {
  const first = sets[0] ?? Uint8Array.of(0x67, 0x64, 0x00, 0x1f);
  const withLength = (nal: Uint8Array): number[] => [nal.length >> 8, nal.length & 0xff, ...nal];
  return Uint8Array.from([
    1,
    ...first.subarray(1, 4),
    0xff,
    0xe0 | sets.length,
    ...sets.flatMap(withLength),
    1,
    ...withLength(PPS),
  ]);
};

describe('the parameter sets of an avcC', () => {
  it('one, as a fresh encoder writes it', () => {
    expect(avcParameterSets(avcC(SPS))).toEqual([SPS]);
  });

  it('two, as an encoder writes that was given another size: the stale one is seen', () => {
    expect(avcParameterSets(avcC(STALE_SPS, SPS))).toEqual([STALE_SPS, SPS]);
  });

  it('none', () => {
    expect(avcParameterSets(avcC())).toEqual([]);
    expect(avcParameterSets(new Uint8Array())).toEqual([]);
  });

  it('one that is longer than a byte can count', () => {
    const long = new Uint8Array(300).fill(0x67);
    expect(avcParameterSets(avcC(long))).toEqual([long]);
  });

  it('as part of a larger buffer', () => {
    const padded = Uint8Array.from([7, 7, 7, ...avcC(SPS), 7]);
    expect(avcParameterSets(padded.subarray(3, padded.length - 1))).toEqual([SPS]);
  });
});

describe('the codec string', () => {
  it('has the profile, constraints and level of the stream, whatever was asked for', () => {
    expect(avcCodecString('avc1.640033', avcC(SPS))).toBe('avc1.64001f');
    expect(avcCodecString('avc3.640033', avcC(STALE_SPS))).toBe('avc3.42c01e');
  });

  it('stays as it is without a description, and for other codecs', () => {
    expect(avcCodecString('avc1.640033', undefined)).toBe('avc1.640033');
    expect(avcCodecString('avc1.640033', Uint8Array.of(1, 2))).toBe('avc1.640033');
    expect(avcCodecString('vp09.00.31.08', avcC(SPS))).toBe('vp09.00.31.08');
    expect(avcCodecString('hvc1.1.6.L93.B0', avcC(SPS))).toBe('hvc1.1.6.L93.B0');
  });
});
