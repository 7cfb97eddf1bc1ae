import { describe, expect, it } from 'vitest';
import { AvcStream, avcCodecOf, makeAvcC } from '../../src/passthrough/avc.ts';
import type { CodedFrame } from '../../src/passthrough/coded-frame.ts';
import type { EncodedVideo } from '../../src/passthrough/parameters.ts';
import { ppsIdOfSlice } from '../../src/passthrough/slice.ts';
import { parsePps, parseSps } from '../../src/passthrough/sps.ts';
import { BitWriter } from './passthrough-kit.ts';

/** By ITU-T H.264, 7.3.2.1.1: blocks of 16x16, and what of them is cropped. */
interface SpsShape {
  id?: number;
  profile?: number;
  across?: number;
  down?: number;
  crop?: [left: number, right: number, top: number, bottom: number];
  fields?: boolean;
  chroma?: number;
  scaling?: boolean;
  cycle?: number;
}

const escaped = (payload: Uint8Array): Uint8Array => {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) out.push(3);
    if (zeros >= 2 && byte <= 3) zeros = 0;
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
};

const sps = (shape: SpsShape = {}): Uint8Array => {
  const { id = 0, profile = 66, across = 20, down = 15, crop, fields = false, cycle } = shape;
  const bits = new BitWriter().put(0x67, 8).put(profile, 8).put(0xc0, 8).put(31, 8).ue(id);
  if (profile >= 100) {
    const { chroma = 1, scaling = false } = shape;
    bits.ue(chroma);
    if (chroma === 3) bits.put(0, 1);
    bits.ue(2).ue(2).put(0, 1).put(Number(scaling), 1);
    // One list of 16, one that ends at once, and the rest left out.
    if (scaling) {
      bits.put(1, 1);
      for (let i = 0; i < 16; i++) bits.se(i % 2 === 0 ? 3 : -3);
      bits.put(1, 1).se(-8);
      bits.put(0, chroma === 3 ? 10 : 6);
    }
  }
  bits.ue(0);
  if (cycle === undefined) bits.ue(2);
  else {
    bits.ue(1).put(0, 1).se(-2).se(3).ue(cycle);
    for (let i = 0; i < cycle; i++) bits.se(i - 1);
  }
  bits
    .ue(1)
    .put(0, 1)
    .ue(across - 1)
    .ue(down - 1);
  bits.put(Number(!fields), 1);
  if (fields) bits.put(0, 1);
  bits.put(1, 1).put(Number(crop !== undefined), 1);
  for (const side of crop ?? []) bits.ue(side);
  // No words on how to show it; the stop bit.
  return escaped(bits.put(0, 1).put(1, 1).bytes);
};

const pps = (id = 0, spsId = 0, more = 0): Uint8Array =>
  new BitWriter().put(0x68, 8).ue(id).ue(spsId).put(1, 1).put(more, 8).put(1, 1).bytes;

const slice = (type: 1 | 5, ppsId = 0, first = 0): Uint8Array =>
  new BitWriter()
    .put(0x60 | type, 8)
    .ue(first)
    .ue(7)
    .ue(ppsId)
    .put(0xab, 8)
    .put(1, 1).bytes;

const stream = (...nals: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(nals.flatMap(nal => [0, 0, 0, 1, ...nal]));

const parametersOf = (frame: CodedFrame): EncodedVideo | undefined =>
  frame.kind === 'sample' && frame.type === 'key' ? frame.parameters : undefined;

const prefixed = (...nals: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(nals.flatMap(nal => [0, 0, 0, nal.length, ...nal]));

describe('a sequence parameter set', () => {
  it.each([
    ['uncropped', {}, 320, 240],
    ['cropped in steps of two', { crop: [1, 2, 3, 4] }, 320 - 6, 240 - 14],
    ['of fields: heights and steps are doubled', { fields: true, crop: [0, 0, 0, 1] }, 320, 480 - 4],
    ['4:2:2: steps of one line', { profile: 122, chroma: 2, crop: [0, 1, 0, 1] }, 318, 239],
    ['4:4:4: steps of one pixel', { profile: 244, chroma: 3, crop: [0, 1, 0, 1] }, 319, 239],
    ['grey: steps of one pixel', { profile: 100, chroma: 0, crop: [1, 0, 1, 0] }, 319, 239],
    ['with scaling lists', { profile: 100, scaling: true }, 320, 240],
    ['4:4:4 with scaling lists', { profile: 244, chroma: 3, scaling: true }, 320, 240],
    ['with an order of pictures by cycles', { cycle: 4 }, 320, 240],
    ['large', { across: 480, down: 270 }, 7680, 4320],
  ] as const)('%s', (_, shape, width, height) => {
    expect(parseSps(sps(shape as SpsShape))).toMatchObject({ width, height, level: 31 });
  });

  it('tells of chroma and depth', () => {
    expect(parseSps(sps({ profile: 122, chroma: 2 }))).toMatchObject({
      chromaFormat: 2,
      bitDepthLuma: 10,
      bitDepthChroma: 10,
    });
    expect(parseSps(sps())).toMatchObject({ chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8 });
  });

  it('that ends too early, or makes no sense, is none', () => {
    const whole = sps({ crop: [1, 1, 1, 1] });
    for (let length = 0; length < whole.length - 1; length++)
      expect(parseSps(whole.subarray(0, length))).toBeUndefined();
    expect(parseSps(sps({ crop: [200, 200, 0, 0] }))).toBeUndefined();
    expect(parseSps(sps({ id: 40 }))).toBeUndefined();
  });

  it('names the codec', () => {
    const parsed = parseSps(sps());
    expect(parsed && avcCodecOf(parsed)).toBe('avc1.42c01f');
  });

  it('identifiers of picture parameter sets and slices', () => {
    expect(parsePps(pps(3, 2))).toEqual({ id: 3, spsId: 2 });
    expect(parsePps(Uint8Array.of(0x68))).toBeUndefined();
    expect(ppsIdOfSlice(slice(5, 9, 1_000))).toBe(9);
  });
});

describe('avcC', () => {
  it('ends with chroma and depth for high profiles only', () => {
    const make = (shape: SpsShape): Uint8Array => {
      const [nal, parsed] = [sps(shape), parseSps(sps(shape))];
      if (!parsed) throw new Error('not read');
      return makeAvcC(nal, parsed, [pps(), pps(1)]);
    };
    const [low, high] = [make({}), make({ profile: 110 })];
    expect([...low.subarray(0, 8)]).toEqual([1, 66, 0xc0, 31, 0xff, 0xe1, 0, sps().length]);
    expect(low[8 + sps().length]).toBe(2);
    expect(low.length).toBe(8 + sps().length + 1 + 2 + pps().length + 2 + pps(1).length);
    expect([...high.subarray(-4)]).toEqual([0xfd, 0xfa, 0xfa, 0]);
  });
});

describe('a stream', () => {
  it('repeats its parameter sets: nothing changes, and samples are without them', () => {
    const avc = new AvcStream();
    const key = stream(Uint8Array.of(9, 0x10), sps(), pps(), Uint8Array.of(6, 1, 2), slice(5));
    const first = avc.take(key);
    expect(first).toMatchObject({ kind: 'sample', type: 'key' });
    expect(avc.take(stream(slice(1)))).toEqual({ kind: 'sample', type: 'delta', data: prefixed(slice(1)) });
    const again = avc.take(key);
    expect(again).toMatchObject({
      type: 'key',
      data: prefixed(Uint8Array.of(6, 1, 2), slice(5)),
    });
    expect(parametersOf(first)).toEqual(parametersOf(again));
    // Repeated before a frame that is no key frame, or left out before one that is.
    expect(avc.take(stream(sps(), pps(), slice(1)))).toMatchObject({ kind: 'sample', type: 'delta' });
    expect(avc.take(stream(slice(5)))).toMatchObject({ type: 'key' });
  });

  it('changes: exactly one set describes what follows, whatever its number', () => {
    const avc = new AvcStream();
    avc.take(stream(sps(), pps(), slice(5)));
    const other = sps({ id: 1, across: 40, down: 30 });
    const changed = avc.take(stream(other, pps(1, 1), slice(5, 1)));
    expect(changed).toMatchObject({
      type: 'key',
      parameters: { codedWidth: 640, codedHeight: 480 },
    });
    const description = parametersOf(changed)?.description;
    expect(description && [description[5], [...description.subarray(8, 8 + other.length)]]).toEqual([
      0xe1,
      [...other],
    ]);
    // And back, with sets that are known from before.
    expect(avc.take(stream(slice(5, 0)))).toMatchObject({ parameters: { codedWidth: 320 } });
  });

  it('has several picture parameter sets: all are described, by their numbers', () => {
    const frame = new AvcStream().take(stream(sps(), pps(2), pps(0), slice(5, 2)));
    const description = parametersOf(frame)?.description;
    const at = 8 + sps().length;
    expect(description?.[at]).toBe(2);
    expect(description && [...description.subarray(at + 3, at + 3 + pps(0).length)]).toEqual([...pps(0)]);
  });

  it('forgets the picture parameter sets of a sequence parameter set that was replaced', () => {
    const avc = new AvcStream();
    avc.take(stream(sps(), pps(0), pps(1), slice(5)));
    const frame = avc.take(stream(sps({ across: 10 }), pps(0), slice(5)));
    const description = parametersOf(frame)?.description;
    expect(description?.[8 + sps({ across: 10 }).length]).toBe(1);
  });

  it('takes parameter sets that come alone', () => {
    const avc = new AvcStream();
    expect(avc.take(stream(sps(), pps()))).toEqual({ kind: 'no-picture' });
    expect(avc.take(stream(slice(5)))).toMatchObject({ type: 'key' });
  });

  it('can only begin with a key frame that is described', () => {
    const avc = new AvcStream();
    expect(avc.take(stream(slice(1)))).toEqual({ kind: 'unusable', reason: 'no-key-frame' });
    expect(avc.take(stream(slice(5)))).toEqual({ kind: 'unusable', reason: 'no-parameter-sets' });
    expect(avc.take(stream(sps(), slice(5)))).toEqual({ kind: 'unusable', reason: 'no-parameter-sets' });
    expect(avc.take(stream(sps(), pps(), slice(5)))).toMatchObject({ type: 'key' });
  });

  it('that changes its sets between key frames waits for the next one', () => {
    const avc = new AvcStream();
    avc.take(stream(sps(), pps(), slice(5)));
    const reason = 'changed-between-key-frames';
    expect(avc.take(stream(pps(0, 0, 1), slice(1)))).toEqual({ kind: 'unusable', reason });
    expect(avc.take(stream(slice(1)))).toEqual({ kind: 'unusable', reason: 'no-key-frame' });
    expect(avc.take(stream(slice(5)))).toMatchObject({ type: 'key' });
  });

  it('keeps nothing of the buffers that frames came in', () => {
    const avc = new AvcStream();
    const buffer = stream(sps(), pps(), slice(5));
    const before = avc.take(buffer);
    const copy = structuredClone(before);
    buffer.fill(0);
    expect(before).toEqual(copy);
    expect(avc.take(stream(slice(5)))).toMatchObject({ type: 'key' });
    expect(avc.take(stream(pps(), sps(), slice(1)))).toMatchObject({ type: 'delta' });
    expect(avc.take(stream(sps(), pps(), slice(5)))).toMatchObject({ type: 'key' });
  });
});
