import { describe, expect, it } from 'vitest';
import { hasIdr } from '../../src/passthrough/annex-b.ts';
import { frameNumOf, isReference, missesReference } from '../../src/passthrough/slice.ts';
import { parseSps } from '../../src/passthrough/sps.ts';
import {
  isKeyFrame,
  type VideoFrame,
  VideoStream,
  videoFamilyOf,
} from '../../src/passthrough/video-stream.ts';
import { BitWriter } from './passthrough-kit.ts';

/** Constrained Baseline, 320x240 (or another width), by ITU-T H.264, 7.3.2.1.1. */
const sps = ({ across = 20, numberBits = 4, gaps = false } = {}): Uint8Array =>
  new BitWriter()
    .put(0x67, 8)
    .put(66, 8)
    .put(0xc0, 8)
    .put(31, 8)
    .ue(0)
    .ue(numberBits - 4)
    .ue(2)
    .ue(1)
    .put(Number(gaps), 1)
    .ue(across - 1)
    .ue(14)
    .put(1, 1)
    .put(1, 1)
    .put(0, 2)
    .put(1, 1).bytes;

const pps = (): Uint8Array => new BitWriter().put(0x68, 8).ue(0).ue(0).put(1, 1).put(0, 8).put(1, 1).bytes;

const slice = (type: 1 | 5, frameNum: number, { reference = true, numberBits = 4 } = {}): Uint8Array =>
  new BitWriter()
    .put((reference ? 0x60 : 0) | type, 8)
    .ue(0)
    .ue(7)
    .ue(0)
    .put(frameNum, numberBits)
    .put(0xab, 8)
    .put(1, 1).bytes;

const frame = (...nals: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(nals.flatMap(nal => [0, 0, 0, 1, ...nal]));

const key = (shape?: Parameters<typeof sps>[0]): Uint8Array =>
  frame(sps(shape), pps(), slice(5, 0, shape?.numberBits ? { numberBits: shape.numberBits } : {}));

const VP8_KEY = Uint8Array.of(0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 0, 0);
const VP8_DELTA = Uint8Array.of(0x11, 2, 0, 1);
const VP9_KEY = new BitWriter()
  .put(0b10000010, 8)
  .put(0x498342, 24)
  .put(0, 4)
  .put(639, 16)
  .put(359, 16)
  .put(0, 9).bytes;
const VP9_DELTA = new BitWriter().put(0b10001, 5).put(0, 3).bytes;

/** A sequence header of the reduced kind, by the AV1 specification, 5.5.1. */
const av1Sequence = (width: number): number[] => {
  const bits = new BitWriter().put(0, 3).put(1, 1).put(1, 1).put(4, 5).put(9, 4).put(8, 4);
  return [
    ...bits
      .put(width - 1, 10)
      .put(359, 9)
      .put(0, 3)
      .put(0, 3)
      .put(0, 3)
      .put(1, 3)
      .put(0, 1)
      .put(1, 1).bytes,
  ];
};
const obu = (type: number, payload: readonly number[]): number[] => [
  (type << 3) | 2,
  payload.length,
  ...payload,
];
const AV1_HEADER = obu(1, av1Sequence(640));
const AV1_FRAME = obu(6, [0x10, 1]);

/** What a stream says, in short. */
const said = (frames: readonly VideoFrame[]): (string | undefined)[] =>
  frames.map(one => {
    if (one.kind === 'unusable') return one.reason;
    if (one.kind === 'no-picture') return one.kind;
    return one.type === 'key' ? `key ${one.change}` : one.type;
  });
const through = (stream: VideoStream, ...frames: readonly Uint8Array[]): (string | undefined)[] =>
  said(frames.map(data => stream.take(data)));

describe('the family', () => {
  it.each([
    ['video/H264', 'avc'],
    ['video/h264;profile-level-id=42e01f', 'avc'],
    ['video/VP8', 'vp8'],
    ['video/VP9', 'vp9'],
    ['video/AV1', 'av1'],
    ['video/AV1X', 'av1'],
    ['video/H265', undefined],
    ['video/rtx', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s: %s', (mimeType, family) => expect(videoFamilyOf(mimeType)).toBe(family));
});

describe('a key frame', () => {
  it('is told by its bytes', () => {
    expect([isKeyFrame('avc', key()), isKeyFrame('avc', frame(slice(1, 1)))]).toEqual([true, false]);
    expect([isKeyFrame('vp8', VP8_KEY), isKeyFrame('vp8', VP8_DELTA)]).toEqual([true, false]);
    expect([isKeyFrame('vp9', VP9_KEY), isKeyFrame('vp9', VP9_DELTA)]).toEqual([true, false]);
    const unit = Uint8Array.from([...AV1_HEADER, ...AV1_FRAME]);
    expect([isKeyFrame('av1', unit), isKeyFrame('av1', Uint8Array.from(obu(6, [0x30, 1])))]).toEqual([
      true,
      false,
    ]);
    for (const family of ['avc', 'vp8', 'vp9', 'av1'] as const)
      expect(isKeyFrame(family, new Uint8Array())).toBe(false);
    // Parameter sets alone are none.
    expect(hasIdr(frame(sps(), pps()))).toBe(false);
  });
});

describe('a stream', () => {
  it('of H.264: what does not change needs no other file, and the reason is told when it does', () => {
    const stream = new VideoStream('avc', 30);
    const [first, again] = [stream.take(key()), stream.take(key())];
    expect(said([first, again])).toEqual(['key undefined', 'key undefined']);
    expect('parameters' in first && 'parameters' in again && first.parameters === again.parameters).toBe(
      true,
    );
    expect(through(stream, frame(slice(1, 1)), key({ across: 40 }), frame(sps(), pps()))).toEqual([
      'delta',
      'key video-size',
      'no-picture',
    ]);
  });

  it('goes on after trouble as before it, and compares with the last key frame', () => {
    const stream = new VideoStream('avc', 30);
    const lost = frame(slice(1, 5));
    expect(through(stream, key(), lost, frame(slice(1, 6)), key(), lost, key({ across: 30 }))).toEqual([
      'key undefined',
      'reference-missing',
      'no-key-frame',
      'key undefined',
      'reference-missing',
      'key video-size',
    ]);
  });

  it('of VP8: from the first key frame on; a damaged one needs another', () => {
    const stream = new VideoStream('vp8', 30);
    const other = VP8_KEY.with(6, 0x40).with(7, 0x01);
    const frames = [VP8_DELTA, VP8_KEY, VP8_DELTA, other, VP8_KEY.with(3, 0), VP8_DELTA, other];
    expect(through(stream, ...frames)).toEqual([
      'no-key-frame',
      'key undefined',
      'delta',
      'key video-size',
      'unreadable',
      'no-key-frame',
      'key undefined',
    ]);
  });

  it('of VP9: samples are the frames', () => {
    const stream = new VideoStream('vp9', 30);
    expect(stream.take(VP9_KEY)).toMatchObject({ type: 'key', data: VP9_KEY, change: undefined });
    expect(stream.take(VP9_DELTA)).toEqual({ kind: 'sample', type: 'delta', data: VP9_DELTA });
  });

  it('of AV1: the same sample with a temporal delimiter and without', () => {
    const stream = new VideoStream('av1', 30);
    const still = [...AV1_HEADER, ...AV1_FRAME];
    const sent = stream.take(Uint8Array.from([0x12, 0, ...still]));
    expect(sent).toMatchObject({
      type: 'key',
      data: Uint8Array.from(still),
      parameters: { codedWidth: 640 },
    });
    expect(stream.take(Uint8Array.from(still))).toEqual(sent);
  });

  it('of AV1: a sequence that changes before a frame that is no key frame waits for the next one', () => {
    const stream = new VideoStream('av1', 30);
    const unit = (...obus: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(obus.flat());
    const delta = unit(AV1_FRAME);
    // Cut off: no decoder can begin with it.
    const changed = unit(obu(1, av1Sequence(320).slice(0, 4)), AV1_FRAME);
    const keyOf = (width: number): Uint8Array => unit(obu(1, av1Sequence(width)), AV1_FRAME);
    const frames = [
      delta,
      keyOf(640),
      delta,
      unit(AV1_HEADER),
      changed,
      delta,
      keyOf(320),
      Uint8Array.of(0x80),
      delta,
    ];
    expect(through(stream, ...frames)).toEqual([
      'no-key-frame',
      'key undefined',
      'delta',
      'no-picture',
      'changed-between-key-frames',
      'no-key-frame',
      'key video-size',
      'unreadable',
      'no-key-frame',
    ]);
  });

  it('frames without bytes have no picture, and break nothing', () => {
    for (const [family, begin, next] of [
      ['avc', key(), frame(slice(1, 1))],
      ['vp8', VP8_KEY, VP8_DELTA],
      ['vp9', VP9_KEY, VP9_DELTA],
      ['av1', Uint8Array.from([...AV1_HEADER, ...AV1_FRAME]), Uint8Array.from(AV1_FRAME)],
    ] as const)
      expect(through(new VideoStream(family, 30), begin, new Uint8Array(), next)).toEqual([
        'key undefined',
        'no-picture',
        'delta',
      ]);
  });
});

describe('numbers of H.264’s frames', () => {
  it('are read from slices', () => {
    const parsed = parseSps(sps({ numberBits: 15, gaps: true }));
    expect(parsed).toMatchObject({ frameNumBits: 15, gapsAllowed: true, separatePlanes: false });
    expect(parsed && frameNumOf(slice(1, 12_345, { numberBits: 15 }), parsed)).toBe(12_345);
    const planes = { separatePlanes: true, frameNumBits: 4 };
    const plane = new BitWriter().put(0x61, 8).ue(0).ue(7).ue(0).put(2, 2).put(9, 4).put(0xff, 8).bytes;
    expect([frameNumOf(plane, planes), frameNumOf(plane.subarray(0, 2), planes)]).toEqual([9, undefined]);
    expect([isReference(slice(1, 0)), isReference(slice(1, 0, { reference: false }))]).toEqual([true, false]);
    // More bits than a number has.
    expect(parseSps(sps({ numberBits: 17 }))).toBeUndefined();
  });

  it('are those of the last reference frame, or the next', () => {
    const usual = { gapsAllowed: false, frameNumBits: 4 };
    const missing = Array.from({ length: 16 }, (_, i) => i).filter(i => missesReference(14, i, usual));
    expect(missing).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(missesReference(15, 0, usual)).toBe(false);
    expect(missesReference(14, 5, { ...usual, gapsAllowed: true })).toBe(false);
  });

  it('that leave none out, over their end too', () => {
    const stream = new VideoStream('avc', 30);
    const numbers = Array.from({ length: 40 }, (_, i) => frame(slice(1, (i + 1) % 16)));
    expect(through(stream, key(), ...numbers)).toEqual(['key undefined', ...numbers.map(() => 'delta')]);
    expect(through(stream, frame(slice(1, 11)))).toEqual(['reference-missing']);
  });

  it('a frame that none is predicted from has the number of the next one, and may be missing', () => {
    const stream = new VideoStream('avc', 30);
    const disposable = (frameNum: number): Uint8Array => frame(slice(1, frameNum, { reference: false }));
    const frames = [disposable(1), disposable(1), frame(slice(1, 1)), frame(slice(1, 2)), disposable(3)];
    expect(through(stream, key(), ...frames)).toEqual(['key undefined', ...frames.map(() => 'delta')]);
    // But it can tell that a reference frame is missing.
    expect(through(stream, disposable(4))).toEqual(['reference-missing']);
  });

  it('say nothing where gaps are allowed: temporal layers may have been left out', () => {
    const stream = new VideoStream('avc', 30);
    expect(through(stream, key({ gaps: true }), frame(slice(1, 2)), frame(slice(1, 6)))).toEqual([
      'key undefined',
      'delta',
      'delta',
    ]);
  });
});
