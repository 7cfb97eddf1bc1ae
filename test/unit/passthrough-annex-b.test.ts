import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isIdr,
  lengthPrefixed,
  sampleNals,
  slicesOf,
  splitAnnexB,
  unescaped,
} from '../../src/passthrough/annex-b.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** A NAL unit as encoders write it: with a header, no zero at its end, and no start code inside. */
const nalUnit = fc
  .array(fc.constantFrom(0, 0, 1, 2, 3, 0x80, 0xff), { minLength: 1, maxLength: 40 })
  .map(payload => {
    const escaped = [0x65];
    let zeros = 0;
    for (const byte of payload) {
      if (zeros >= 2 && byte <= 3) {
        escaped.push(3);
        zeros = 0;
      }
      escaped.push(byte);
      zeros = byte === 0 ? zeros + 1 : 0;
    }
    return Uint8Array.from([...escaped, 0x80]);
  });

describe('splitting a byte stream', () => {
  it('start codes of three and four bytes, zeros behind a unit, several units', () => {
    const stream = bytes(0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 0, 0, 1, 0x65, 3, 4, 0, 0);
    expect(splitAnnexB(stream)).toEqual([bytes(0x67, 1), bytes(0x68, 2), bytes(0x65, 3, 4)]);
  });

  it('nothing, no start code, a start code alone', () => {
    expect(splitAnnexB(bytes())).toEqual([]);
    expect(splitAnnexB(bytes(0x65, 1, 2, 3))).toEqual([]);
    expect(splitAnnexB(bytes(0, 0, 1))).toEqual([]);
    expect(splitAnnexB(bytes(0, 0, 1, 0, 0, 1, 0x65))).toEqual([bytes(0x65)]);
  });

  it('a part of a larger buffer', () => {
    const stream = bytes(9, 9, 0, 0, 1, 0x65, 7, 9).subarray(2, 7);
    expect(splitAnnexB(stream)).toEqual([bytes(0x65, 7)]);
  });

  it('gives back any units, between any start codes', () => {
    const unit = fc.record({ nal: nalUnit, zeros: fc.integer({ min: 2, max: 5 }) });
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 6 }), fc.integer({ min: 0, max: 4 }), (units, trailing) => {
        const parts = units.flatMap(({ nal, zeros }) => [...Array<number>(zeros).fill(0), 1, ...nal]);
        const stream = Uint8Array.from([...parts, ...Array<number>(trailing).fill(0)]);
        expect(splitAnnexB(stream)).toEqual(units.map(({ nal }) => nal));
      }),
    );
  });
});

describe('samples', () => {
  const [sps, pps, sei, delimiter] = [bytes(0x67, 1), bytes(0x68, 1), bytes(6, 5), bytes(9, 0xf0)];
  const [idr, slice, filler] = [bytes(0x65, 0x88), bytes(0x41, 0x9a), bytes(12, 0xff)];

  it('each unit behind its length in four bytes', () => {
    const long = new Uint8Array(70_000).fill(0x65);
    const sample = lengthPrefixed([sei, long]);
    expect([...sample.subarray(0, 10)]).toEqual([0, 0, 0, 2, 6, 5, 0, 1, 0x11, 0x70]);
    expect(sample.length).toBe(4 + 2 + 4 + 70_000);
    expect(lengthPrefixed([])).toEqual(bytes());
  });

  it('without parameter sets, delimiters and filling; supplemental information stays', () => {
    expect(sampleNals([delimiter, sps, pps, sei, idr, filler])).toEqual([sei, idr]);
  });

  it('key frames are IDR pictures, and nothing else', () => {
    expect(isIdr([sps, pps, idr])).toBe(true);
    expect(isIdr([sps, pps, slice])).toBe(false);
    expect(slicesOf([sps, sei, idr, slice])).toEqual([idr, slice]);
  });
});

describe('emulation prevention', () => {
  it('is taken out, but for a three that is meant', () => {
    expect(unescaped(bytes(0x67, 0, 0, 3, 0, 0, 3, 1, 0, 0, 3))).toEqual(bytes(0x67, 0, 0, 0, 0, 1, 0, 0));
    expect(unescaped(bytes(0, 3, 0, 0, 4, 3))).toEqual(bytes(0, 3, 0, 0, 4, 3));
  });

  it('only as far as asked', () => {
    expect(unescaped(bytes(1, 0, 0, 3, 2, 5), 4)).toEqual(bytes(1, 0, 0, 2));
  });
});
