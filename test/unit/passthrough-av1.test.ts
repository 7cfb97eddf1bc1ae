import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Av1Stream, av1Parameters, isAv1Key } from '../../src/passthrough/av1.ts';
import { av1Sample, OBU, sizedObu, splitObus } from '../../src/passthrough/obu.ts';
import { VideoStream } from '../../src/passthrough/video-stream.ts';
import { BitWriter } from './passthrough-kit.ts';

interface Shape {
  profile?: number;
  level?: number;
  tier?: number;
  timing?: boolean;
  operatingPoints?: number;
  colors?: [number, number, number];
  monochrome?: boolean;
  still?: boolean;
  orderHints?: boolean;
}

/** A sequence header by the AV1 specification, 5.5.1: 640x360, 8 bits. */
const sequence = (shape: Shape = {}): Uint8Array => {
  const { profile = 0, level = 4, tier = 0, timing = false, operatingPoints = 1, colors } = shape;
  const { monochrome = false, still = false, orderHints = true } = shape;
  const bits = new BitWriter().put(profile, 3).put(Number(still), 1).put(Number(still), 1);
  if (still) bits.put(level, 5);
  else {
    bits.put(Number(timing), 1);
    // Equal intervals of one tick; a decoder model with delays of 10 bits.
    if (timing)
      bits.put(1, 32).put(30, 32).put(1, 1).ue(0).put(1, 1).put(9, 5).put(7, 32).put(3, 5).put(3, 5);
    bits.put(1, 1).put(operatingPoints - 1, 5);
    for (let i = 0; i < operatingPoints; i++) {
      bits.put(0x103, 12).put(level - i, 5);
      if (level - i > 7) bits.put(tier, 1);
      if (timing) bits.put(1, 1).put(5, 10).put(6, 10).put(0, 1);
      bits.put(1, 1).put(9, 4);
    }
  }
  bits.put(9, 4).put(8, 4).put(639, 10).put(359, 9);
  if (!still) bits.put(1, 1).put(3, 4).put(2, 3);
  bits.put(0, 3);
  if (!still) {
    bits.put(0, 4).put(Number(orderHints), 1);
    if (orderHints) bits.put(0, 2);
    // Screen content tools and whole motion vectors are chosen for each frame.
    bits.put(1, 1).put(1, 1);
    if (orderHints) bits.put(6, 3);
  }
  bits.put(0, 3).put(0, 1);
  if (profile !== 1) bits.put(Number(monochrome), 1);
  bits.put(Number(colors !== undefined), 1);
  for (const color of colors ?? []) bits.put(color, 8);
  const rgb = colors?.join() === '1,13,0';
  if (!rgb) bits.put(1, 1);
  if (profile === 0 && !monochrome && !rgb) bits.put(1, 2);
  return bits.put(0, 1).put(1, 1).bytes;
};

const obu = (
  type: number,
  payload: Uint8Array | readonly number[],
  sized = true,
  layer?: number,
): Uint8Array => {
  const header = [(type << 3) | (layer === undefined ? 0 : 4) | (sized ? 2 : 0)];
  if (layer !== undefined) header.push(layer << 3);
  // Sizes of these tests fit into seven bits.
  return Uint8Array.from([...header, ...(sized ? [payload.length] : []), ...payload]);
};
const unit = (...obus: readonly Uint8Array[]): Uint8Array => Uint8Array.from(obus.flatMap(one => [...one]));

const DELIMITER = obu(OBU.temporalDelimiter, []);
/** Not shown before, a key frame, shown; an inter frame; a key frame that is not shown; one that is shown again. */
const [KEY, INTER, HIDDEN, AGAIN] = [[0b0001_0000], [0b0011_0000], [0b0000_0000], [0b1000_0000]];
const frame = (bits: readonly number[]): Uint8Array => obu(OBU.frame, [...bits, 1, 2]);
const header = (shape?: Shape): Uint8Array => obu(OBU.sequenceHeader, sequence(shape));
const key = (shape?: Shape): Uint8Array => unit(DELIMITER, header(shape), frame(KEY));

describe('units', () => {
  it('come apart, with and without sizes and layers', () => {
    const split = splitObus(
      unit(DELIMITER, obu(OBU.frameHeader, [1], true, 2), obu(OBU.frame, [2, 3], false)),
    );
    expect(split?.map(({ type, payload, spatialLayer }) => [type, [...payload], spatialLayer])).toEqual([
      [OBU.temporalDelimiter, [], 0],
      [OBU.frameHeader, [1], 2],
      [OBU.frame, [2, 3], 0],
    ]);
    expect(splitObus(new Uint8Array())).toEqual([]);
  });

  it('sizes of any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300_000 }), size => {
        const payload = new Uint8Array(size).fill(7);
        const made = sizedObu({ type: 6, header: Uint8Array.of(6 << 3), payload, spatialLayer: 0 });
        expect(splitObus(made)?.map(({ payload: { length } }) => length)).toEqual([size]);
      }),
      { numRuns: 30 },
    );
  });

  it('that do not add up are none', () => {
    for (const bytes of [[0x32, 5, 1], [0x32], [0x80], [0x32, 0xff, 0xff], [0x34]])
      expect(splitObus(Uint8Array.from(bytes))).toBeUndefined();
  });
});

describe('a sample', () => {
  it('has no delimiters, padding and repeated headers, and a size in each unit', () => {
    const pieces = [
      unit(DELIMITER, header(), obu(OBU.frame, KEY, false, 0)),
      unit(obu(OBU.padding, [0]), obu(OBU.redundantFrameHeader, [1]), obu(OBU.frame, INTER, false, 1)),
    ];
    expect(av1Sample(pieces)).toEqual(
      unit(header(), obu(OBU.frame, KEY, true, 0), obu(OBU.frame, INTER, true, 1)),
    );
    expect(av1Sample([Uint8Array.of(0x80)])).toBeUndefined();
  });
});

describe('spatial layers', () => {
  const layer = (n: number, bits: readonly number[]): Uint8Array => obu(OBU.frame, [...bits, 1, 2], true, n);
  const keyOf = (layers: number): Uint8Array =>
    unit(header(), layer(0, KEY), ...Array.from({ length: layers - 1 }, (_, n) => layer(n + 1, INTER)));
  const deltaOf = (layers: number): Uint8Array =>
    unit(...Array.from({ length: layers }, (_, n) => layer(n, INTER)));

  it('that come or go between key frames change the size of the picture: the next key frame has to be waited for', () => {
    for (const [first, next] of [
      [2, 1],
      [2, 3],
    ] as const) {
      const stream = new Av1Stream();
      expect(stream.take(keyOf(first))).toMatchObject({ type: 'key' });
      expect(stream.take(deltaOf(first))).toMatchObject({ type: 'delta' });
      expect(stream.take(deltaOf(next))).toEqual({ kind: 'unusable', reason: 'resized-between-key-frames' });
      expect(stream.take(deltaOf(first))).toEqual({ kind: 'unusable', reason: 'no-key-frame' });
      expect(stream.take(keyOf(next))).toMatchObject({ type: 'key' });
      expect(stream.take(deltaOf(next))).toMatchObject({ type: 'delta' });
    }
  });

  it('that come or go at a key frame need another file, though the sequence is the same', () => {
    const stream = new VideoStream('av1', 30);
    const changes = [keyOf(2), keyOf(2), keyOf(1), deltaOf(1), keyOf(1), keyOf(3), key()].map(data => {
      const one = stream.take(data);
      return one.kind === 'sample' && one.type === 'key' ? one.change : one.kind;
    });
    expect(changes).toEqual([
      undefined,
      undefined,
      'video-size',
      'sample',
      undefined,
      'video-size',
      'video-size',
    ]);
  });
});

describe('a key frame', () => {
  it('begins a file when it is shown, and has a sequence header', () => {
    expect(isAv1Key(key())).toBe(true);
    for (const bits of [INTER, HIDDEN, AGAIN]) expect(isAv1Key(unit(header(), frame(bits)))).toBe(false);
    expect(isAv1Key(unit(DELIMITER, frame(KEY)))).toBe(false);
    expect(isAv1Key(header())).toBe(false);
    expect(isAv1Key(unit(header({ still: true }), frame(HIDDEN)))).toBe(true);
  });

  it.each<[string, Shape, string]>([
    ['the usual', {}, 'av01.0.04M.08.0.111.02.02.02.1'],
    ['with timing and a decoder model', { timing: true }, 'av01.0.04M.08.0.111.02.02.02.1'],
    [
      'three operating points: the first holds all',
      { operatingPoints: 3, level: 9 },
      'av01.0.09M.08.0.111.02.02.02.1',
    ],
    ['of the high tier', { level: 12, tier: 1, timing: true }, 'av01.0.12H.08.0.111.02.02.02.1'],
    ['without order', { orderHints: false }, 'av01.0.04M.08.0.111.02.02.02.1'],
    ['grey', { monochrome: true }, 'av01.0.04M.08.1.110.02.02.02.1'],
    ['4:4:4', { profile: 1 }, 'av01.1.04M.08.0.000.02.02.02.1'],
    ['4:2:2', { profile: 2 }, 'av01.2.04M.08.0.100.02.02.02.1'],
    ['BT.709', { colors: [1, 1, 1] }, 'av01.0.04M.08.0.111.01.01.01.1'],
    ['sRGB', { profile: 1, colors: [1, 13, 0] }, 'av01.1.04M.08.0.000.01.13.00.1'],
    ['a still picture', { still: true }, 'av01.0.04M.08.0.111.02.02.02.1'],
  ])('%s', (_, shape, codec) => {
    const parameters = av1Parameters(key(shape));
    expect(parameters).toMatchObject({ codec, codedWidth: 640, codedHeight: 360 });
    expect([...(parameters?.description?.subarray(4) ?? [])]).toEqual([...header(shape)]);
  });

  it('that is damaged is none', () => {
    const damaged = unit(obu(OBU.sequenceHeader, sequence().subarray(0, 4)), frame(KEY));
    expect(av1Parameters(damaged)).toBeUndefined();
  });

  it('a sequence header without a size has one in av1C', () => {
    const [bare] = splitObus(obu(OBU.sequenceHeader, sequence(), false)) ?? [];
    expect(bare && sizedObu(bare)).toEqual(header());
  });
});
