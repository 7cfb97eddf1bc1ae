import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinSuperframe, splitSuperframe } from '../../src/passthrough/superframe.ts';
import { isVp8Key, vp8Parameters } from '../../src/passthrough/vp8.ts';
import { isVp9Key, Vp9Stream, vp9Parameters } from '../../src/passthrough/vp9.ts';
import { BitWriter } from './passthrough-kit.ts';

describe('VP8', () => {
  const key = [0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x80 | 0, 0x42, 0x68, 0x81, 0x00, 0];

  it('a key frame tells its size; how to scale it is not its size', () => {
    expect(isVp8Key(Uint8Array.from(key))).toBe(true);
    expect(vp8Parameters(Uint8Array.from(key))).toMatchObject({
      codec: 'vp8',
      codedWidth: 0x280,
      codedHeight: 0x168,
      colorSpace: { matrix: 'smpte170m', fullRange: false },
    });
  });

  it('a colour space that is not BT.601 has no name', () => {
    const reserved = Uint8Array.from(key.with(10, 0x80));
    expect(vp8Parameters(reserved)?.colorSpace).toMatchObject({ matrix: null, fullRange: null });
  });

  it('no key frame, a wrong start code, no size, or too short', () => {
    expect(isVp8Key(Uint8Array.from(key.with(0, 0x11)))).toBe(false);
    expect(isVp8Key(new Uint8Array())).toBe(false);
    const wrong = [key.with(0, 0x11), key.with(4, 2), key.with(6, 0).with(7, 0x40), key.slice(0, 10)];
    for (const bytes of wrong) expect(vp8Parameters(Uint8Array.from(bytes))).toBeUndefined();
  });
});

const SYNC = 0x498342;

interface Shape {
  width: number;
  height: number;
}

const size = (bits: BitWriter, { width, height }: Shape): BitWriter =>
  bits
    .put(width - 1, 16)
    .put(height - 1, 16)
    .put(0, 1);

/** Frames by the VP9 bitstream specification, 6.2; the bytes behind the header don't matter here. */
const keyFrame = (shape: Shape, { space = 0, range = 0 } = {}): Uint8Array =>
  size(new BitWriter().put(0b10000010, 8).put(SYNC, 24).put(space, 3).put(range, 1), shape).put(0x55, 8)
    .bytes;

/** Predicted from slot 0, and kept in slot `slot`; with a size of its own, or that of slot `like`. */
const upperLayer = (shape: Shape | undefined, slot: number, resilient = false): Uint8Array => {
  const bits = new BitWriter().put(0b10, 2).put(0, 2).put(0, 1).put(1, 1).put(1, 1).put(Number(resilient), 1);
  if (!resilient) bits.put(0, 2);
  bits.put(1 << slot, 8);
  for (const ref of [slot, 0, 0]) bits.put(ref, 3).put(0, 1);
  if (shape) size(bits.put(0, 3), shape);
  else bits.put(1, 1);
  return bits.put(0x55, 8).bytes;
};

const showExisting = (slot: number): Uint8Array => new BitWriter().put(0b10001, 5).put(slot, 3).bytes;

const joined = (...frames: Uint8Array[]): Uint8Array => joinSuperframe(frames) ?? new Uint8Array();

describe('superframes', () => {
  it('come apart as they were put together', () => {
    const frame = fc.uint8Array({ minLength: 1, maxLength: 300 }).map(bytes => {
      // No frame ends as an index does: the last byte would be told from it by the first alone.
      bytes[bytes.length - 1] = 0x11;
      return bytes;
    });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 8 }), frames => {
        expect(splitSuperframe(joined(...frames))).toEqual(frames);
        // Those of superframes, too.
        if (frames.length < 4)
          expect(splitSuperframe(joined(joined(...frames), ...frames))).toHaveLength(2 * frames.length);
      }),
    );
  });

  it('hold eight frames', () => {
    expect(joinSuperframe(Array.from({ length: 9 }, () => Uint8Array.of(1)))).toBeUndefined();
    expect(joinSuperframe([])).toBeUndefined();
  });

  it('sizes of one byte, as encoders write them', () => {
    const data = Uint8Array.of(7, 7, 7, 8, 0xc1, 3, 1, 0xc1);
    expect(splitSuperframe(data)).toEqual([Uint8Array.of(7, 7, 7), Uint8Array.of(8)]);
  });

  it('what only looks like an index is none', () => {
    for (const data of [
      Uint8Array.of(1, 2, 3, 0xc1),
      Uint8Array.of(7, 8, 0xc2, 1, 1, 0xc1),
      Uint8Array.of(9, 0xc1, 200, 1, 0xc1),
      new Uint8Array(),
    ])
      expect(splitSuperframe(data)).toEqual([data]);
  });
});

describe('VP9', () => {
  const [small, large] = [
    { width: 320, height: 180 },
    { width: 1280, height: 720 },
  ];

  it('a key frame tells its size and colours; the level is the lowest that holds size and rate', () => {
    const parameters = vp9Parameters(keyFrame(large), 30);
    expect(parameters).toMatchObject({ codec: 'vp09.00.31.08', codedWidth: 1280, codedHeight: 720 });
    expect(vp9Parameters(keyFrame(large), 60)?.codec).toBe('vp09.00.40.08');
    expect(vp9Parameters(keyFrame({ width: 65_536, height: 16 }), 30)?.codec).toBe('vp09.00.62.08');
    expect(vp9Parameters(keyFrame(small, { space: 2, range: 1 }), 30)).toMatchObject({
      codec: 'vp09.00.11.08.01.01.01.01.01',
      colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: true },
    });
  });

  it('RGB needs planes that are not subsampled', () => {
    const bits = new BitWriter()
      .put(0b10, 2)
      .put(0b10, 2)
      .put(0, 1)
      .put(0, 1)
      .put(1, 1)
      .put(0, 1)
      .put(SYNC, 24);
    const rgb = size(bits.put(7, 3).put(0, 1), small).bytes;
    expect(vp9Parameters(rgb, 30)).toMatchObject({
      codec: 'vp09.01.11.08.03.01.13.00.01',
      colorSpace: { matrix: 'rgb', fullRange: true },
    });
  });

  it('the size of a superframe is that of its highest layer', () => {
    const middle = { width: 640, height: 360 };
    const layers = [keyFrame(small), upperLayer(middle, 1), upperLayer(large, 2, true)];
    expect(isVp9Key(joined(...layers))).toBe(true);
    expect(vp9Parameters(joined(...layers), 30)).toMatchObject({ codedWidth: 1280, codedHeight: 720 });
    expect(vp9Parameters(joined(...layers.slice(0, 2)), 30)).toMatchObject({ codedWidth: 640 });
    // As large as what it is predicted from, and shown once more.
    const like = joined(...layers.slice(0, 2), upperLayer(undefined, 1));
    expect(vp9Parameters(like, 30)).toMatchObject({ codedWidth: 640 });
    expect(vp9Parameters(joined(...layers, showExisting(1)), 30)).toMatchObject({ codedWidth: 640 });
  });

  it('a hidden frame of its own, predicted from nothing, has its own size', () => {
    const hidden = new BitWriter()
      .put(0b10000100, 8)
      .put(1, 1)
      .put(0, 2)
      .put(SYNC, 24)
      .put(1 << 3, 8);
    const intra = size(hidden, { width: 640, height: 360 }).put(0x55, 8).bytes;
    expect(vp9Parameters(joined(keyFrame(small), intra), 30)).toMatchObject({ codedWidth: 640 });
    expect(vp9Parameters(joined(keyFrame(small), intra, showExisting(3)), 30)?.codedWidth).toBe(640);
    expect(vp9Parameters(joined(keyFrame(small), intra, showExisting(2)), 30)?.codedWidth).toBe(320);
  });

  it('no key frame', () => {
    for (const frame of [
      upperLayer(large, 0),
      showExisting(0),
      new Uint8Array(),
      Uint8Array.of(0xff, 0xff),
    ]) {
      expect(isVp9Key(frame)).toBe(false);
      expect(vp9Parameters(frame, 30)).toBeUndefined();
    }
    const damaged = keyFrame(large);
    expect(vp9Parameters(damaged.with(1, 0), 30)).toBeUndefined();
    expect(vp9Parameters(damaged.subarray(0, 6), 30)).toBeUndefined();
    expect(isVp9Key(joined(upperLayer(large, 0), keyFrame(large)))).toBe(false);
  });

  it('a stream that keeps its size goes on; one that changes it waits for a key frame', () => {
    const vp9 = new Vp9Stream(30);
    expect(vp9.take(upperLayer(large, 1))).toEqual({ kind: 'unusable', reason: 'no-key-frame' });
    expect(vp9.take(keyFrame(large))).toMatchObject({ type: 'key' });
    for (const frame of [upperLayer(large, 1), upperLayer(undefined, 1), showExisting(1)])
      expect(vp9.take(frame)).toEqual({ kind: 'sample', type: 'delta', data: frame });
    expect(vp9.take(keyFrame(large))).toMatchObject({ type: 'key' });
    const reason = 'resized-between-key-frames';
    expect(vp9.take(upperLayer(small, 1))).toEqual({ kind: 'unusable', reason });
    expect(vp9.take(upperLayer(large, 1))).toEqual({ kind: 'unusable', reason: 'no-key-frame' });
    expect(vp9.take(keyFrame(small))).toMatchObject({ parameters: { codedWidth: 320 } });
    expect(vp9.take(Uint8Array.of(0))).toEqual({ kind: 'unusable', reason: 'unreadable' });
  });

  it('a picture without its highest layer is of another size', () => {
    const vp9 = new Vp9Stream(30);
    vp9.take(joined(keyFrame(small), upperLayer(large, 1)));
    expect(vp9.take(joined(upperLayer(small, 0), upperLayer(undefined, 1)))).toMatchObject({ type: 'delta' });
    expect(vp9.take(upperLayer(small, 0))).toMatchObject({ reason: 'resized-between-key-frames' });
  });
});
