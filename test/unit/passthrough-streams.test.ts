/** Real streams, as WebRTC would deliver them frame by frame, into files of ours: the same pictures come out of ffmpeg. */
import { describe, expect, it } from 'vitest';
import { splitAnnexB } from '../../src/passthrough/annex-b.ts';
import { av1Parameters } from '../../src/passthrough/av1.ts';
import { OBU, splitObus } from '../../src/passthrough/obu.ts';
import type { EncodedVideo } from '../../src/passthrough/parameters.ts';
import { joinSuperframe, splitSuperframe } from '../../src/passthrough/superframe.ts';
import { isKeyFrame, type StreamFamily, VideoStream } from '../../src/passthrough/video-stream.ts';
import { vp8Parameters } from '../../src/passthrough/vp8.ts';
import { isVp9Key, Vp9Stream, vp9Parameters } from '../../src/passthrough/vp9.ts';
import {
  accessUnits,
  decoded,
  describedByOthers,
  encode,
  ivfFrames,
  muxed,
  type Sample,
} from './passthrough-kit.ts';

const RATE = 10;
/** A second and a half; a key frame each half second. */
const source = (size: string): string => `testsrc=size=${size}:rate=${RATE}:duration=1.5`;

/** What all files must be: every frame of the source, to the bit, and parameters that ffprobe reads as well. */
const expectSame = async (
  parameters: EncodedVideo,
  samples: readonly Sample[],
  frames: readonly string[],
): Promise<Record<string, string | number | undefined>> => {
  const file = await decoded(muxed(parameters, samples, RATE));
  expect(file.frames).toEqual(frames);
  expect(samples.length).toBe(frames.length);
  expect([file.stream.width, file.stream.height]).toEqual([parameters.codedWidth, parameters.codedHeight]);
  return file.stream;
};

/** What a stream makes of frames, each of which must be a sample; and the parameters of each file that they need. */
const taken = (
  family: StreamFamily,
  frames: readonly Uint8Array[],
): { parameters: EncodedVideo[]; changes: (string | undefined)[]; samples: Sample[] } => {
  const stream = new VideoStream(family, RATE);
  const parameters: EncodedVideo[] = [];
  const changes: (string | undefined)[] = [];
  const samples = frames.map(unit => {
    const frame = stream.take(unit);
    if (frame.kind !== 'sample') throw new Error(`no sample: ${JSON.stringify(frame)}`);
    expect(isKeyFrame(family, unit)).toBe(frame.type === 'key');
    if (frame.type === 'key') {
      if (parameters.at(-1) !== frame.parameters) parameters.push(frame.parameters);
      changes.push(frame.change);
    }
    return { data: frame.data, type: frame.type };
  });
  return { parameters, changes, samples };
};

describe('H.264', () => {
  const x264 = (profile: string, params: string, ...more: string[]): string[] => [
    ...['-c:v', 'libx264', '-preset', 'fast', '-profile:v', profile, '-bf', '0', '-g', '5', ...more],
    ...['-x264-params', `aud=1:repeat-headers=1:scenecut=0:${params}`, '-f', 'h264'],
  ];

  it.each([
    ['baseline', '160x90', 'yuv420p', /^avc1\.42c0/, 'Constrained Baseline'],
    ['main', '178x98', 'yuv420p', /^avc1\.4d40/, 'Main'],
    // Sizes that are no multiple of 16 are cropped; 4:2:2 crops in other steps than 4:2:0.
    ['high', '322x182', 'yuv420p', /^avc1\.6400/, 'High'],
    ['high422', '162x91', 'yuv422p', /^avc1\.7a/, 'High 4:2:2'],
    ['high444', '161x91', 'yuv444p', /^avc1\.f4/, 'High 4:4:4 Predictive'],
    ['high10', '160x90', 'yuv420p10le', /^avc1\.6e/, 'High 10'],
  ])('%s profile, %s, %s', async (profile, size, format, codec, name) => {
    const made = await encode('h264', source(size), x264(profile, 'slices=2', '-pix_fmt', format));
    const { parameters, samples } = taken('avc', accessUnits(made.bytes));
    // Parameter sets that are repeated before each key frame change nothing.
    expect(parameters).toHaveLength(1);
    const [first] = parameters;
    if (!first) throw new Error('no parameters');
    expect(first.codec).toMatch(codec);
    const stream = await expectSame(first, samples, made.frames);
    expect([stream.profile, stream.pix_fmt]).toEqual([name, format]);
    const others = await describedByOthers(made, 'h264');
    expect([first.codec, first.description]).toEqual([others.codec, others.avcC]);
    expect(samples.flatMap(({ type }, i) => (type === 'key' ? [i] : []))).toEqual([0, 5, 10]);
  });

  it('tells of colours, of pixels that are not square, and of interlacing', async () => {
    const params = 'colorprim=bt709:transfer=bt709:colormatrix=bt709:interlaced=1';
    const more = ['-vf', 'setsar=4/3', '-color_range', 'pc', '-pix_fmt', 'yuv420p'];
    const made = await encode('h264', source('160x96'), x264('high', params, ...more));
    const [first] = taken('avc', accessUnits(made.bytes)).parameters;
    expect(first).toMatchObject({ codedWidth: 160, codedHeight: 96, pixelAspect: [4, 3] });
    expect(first?.colorSpace).toEqual({
      primaries: 'bt709',
      transfer: 'bt709',
      matrix: 'bt709',
      fullRange: true,
    });
  });

  it('a sender that changes its size: the key frame says so, and both files play', async () => {
    const [a, b] = await Promise.all(
      ['160x90', '96x54'].map(size => encode('h264', source(size), x264('high', '', '-pix_fmt', 'yuv420p'))),
    );
    if (!a || !b) throw new Error('no streams');
    const [one, two] = [accessUnits(a.bytes), accessUnits(b.bytes)];
    const { parameters, changes, samples } = taken('avc', [...one, ...two]);
    expect(changes).toEqual([undefined, undefined, undefined, 'video-size', undefined, undefined]);
    const [first, second] = parameters;
    if (!first || !second) throw new Error('one file');
    expect(parameters).toHaveLength(2);
    await expectSame(first, samples.slice(0, one.length), a.frames);
    await expectSame(second, samples.slice(one.length), b.frames);
  });
});

describe('numbers of H.264’s frames', () => {
  const encoded = (...params: string[]): ReturnType<typeof encode> =>
    encode('h264', 'testsrc2=size=160x96:rate=10:duration=8', [
      ...['-c:v', 'libx264', '-preset', 'fast', '-g', '1000', '-pix_fmt', 'yuv420p', '-x264-params'],
      ...[['aud=1:repeat-headers=1:scenecut=0:bframes=0', ...params].join(':'), '-f', 'h264'],
    ]);
  /** What comes of a stream of which the `lost`-th frame is missing. */
  const without = (units: readonly Uint8Array[], lost: number): string[] => {
    const stream = new VideoStream('avc', RATE);
    return units
      .filter((_, i) => i !== lost)
      .map(unit => {
        const frame = stream.take(unit);
        return frame.kind === 'unusable' ? frame.reason : frame.kind;
      });
  };

  it.each([
    ['frames', 'slices=3'],
    ['frames that may be coded as fields', 'interlaced=1'],
  ])('%s: any that is lost is missed by the next one', async (_, params) => {
    const units = accessUnits((await encoded(params)).bytes);
    expect(units.length).toBe(80);
    expect(without(units, -1)).toEqual(units.map(() => 'sample'));
    for (let lost = 1; lost < units.length - 2; lost++) {
      const outcomes = without(units, lost);
      expect(outcomes.slice(0, lost)).toEqual(Array(lost).fill('sample'));
      // After its numbers have started over, the one that is 1 again might follow another kind of beginning.
      if (outcomes[lost] === 'sample') expect(lost % 16).toBe(0);
      else expect(outcomes.slice(lost, lost + 2)).toEqual(['reference-missing', 'no-key-frame']);
    }
  });

  it('frames that none is predicted from are not missed', async () => {
    const units = accessUnits((await encoded('bframes=2', 'b-adapt=0', 'b-pyramid=none')).bytes);
    const isDisposable = (unit: Uint8Array): boolean =>
      splitAnnexB(unit).some(nal => ((nal[0] ?? 0) & 0x7f) === 1);
    expect(units.filter(isDisposable).length).toBeGreaterThan(40);
    expect(without(units, -1)).toEqual(units.map(() => 'sample'));
    expect(
      without(
        units.filter((unit, i) => !isDisposable(unit) || i % 3 === 0),
        -1,
      ),
    ).not.toContain('reference-missing');
  });
});

describe('VP8', () => {
  it('every frame', async () => {
    const vpx = [
      '-c:v',
      'libvpx',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-g',
      '5',
      '-auto-alt-ref',
      '0',
    ];
    const made = await encode('ivf', source('162x90'), vpx);
    const frames = ivfFrames(made.bytes);
    const parameters = vp8Parameters(frames[0] ?? new Uint8Array());
    if (!parameters) throw new Error('no key frame');
    expect(parameters).toMatchObject({ codec: 'vp8', colorSpace: { matrix: 'smpte170m', fullRange: false } });
    const { parameters: files, samples } = taken('vp8', frames);
    expect(files).toEqual([parameters]);
    expect(samples.flatMap(({ type }, i) => (type === 'key' ? [i] : []))).toEqual([0, 5, 10]);
    await expectSame(parameters, samples, made.frames);
  });
});

describe('VP9', () => {
  const vp9 = (...more: string[]): string[] => [
    ...['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '5', ...more],
  ];

  it.each([
    ['yuv420p', ['-auto-alt-ref', '0'], 'vp09.00.10.08', 'Profile 0'],
    ['yuv444p', [], 'vp09.01.10.08.03.02.02.02.00', 'Profile 1'],
    ['yuv422p', [], 'vp09.01.10.08.02.02.02.02.00', 'Profile 1'],
    ['yuv420p10le', [], 'vp09.02.10.10', 'Profile 2'],
    ['yuv444p12le', [], 'vp09.03.10.12.03.02.02.02.00', 'Profile 3'],
    ['yuv420p', ['-colorspace', 'bt709', '-color_range', 'pc'], 'vp09.00.10.08.01.01.01.01.01', 'Profile 0'],
    ['yuv420p', ['-colorspace', 'smpte170m'], 'vp09.00.10.08.01.06.06.06.00', 'Profile 0'],
  ])('%s %j', async (format, more, codec, profile) => {
    const made = await encode('ivf', source('162x90'), vp9('-pix_fmt', format, ...more));
    const frames = ivfFrames(made.bytes);
    const parameters = vp9Parameters(frames[0] ?? new Uint8Array(), RATE);
    if (!parameters) throw new Error('no key frame');
    expect(parameters.codec).toBe(codec);
    const vp9Stream = new Vp9Stream(RATE);
    const samples = frames.map((data, i): Sample => {
      const picture = vp9Stream.take(data);
      if (picture.kind !== 'sample') throw new Error(JSON.stringify(picture));
      if (i === 0) expect(picture).toMatchObject({ type: 'key', parameters });
      return { data, type: picture.type };
    });
    expect(samples.flatMap(({ type }, i) => (type === 'key' ? [i] : []))).toEqual([0, 5, 10]);
    const stream = await expectSame(parameters, samples, made.frames);
    expect([stream.profile, stream.pix_fmt]).toEqual([profile, format]);
    const others = await describedByOthers(made, 'ivf');
    expect(others.codec).toContain(parameters.codec.slice(0, 'vp09.00.10.08'.length));
  });

  it('pictures that come with one that is not shown, in a superframe, which we can make as well', async () => {
    const ahead = ['-auto-alt-ref', '1', '-lag-in-frames', '25', '-b:v', '100k'];
    const encoder = ['-c:v', 'libvpx-vp9', '-deadline', 'good', '-cpu-used', '4', '-g', '100', ...ahead];
    const made = await encode('ivf', 'testsrc2=size=162x90:rate=10:duration=4', encoder, 2);
    const frames = ivfFrames(made.bytes);
    const parameters = vp9Parameters(frames[0] ?? new Uint8Array(), RATE);
    if (!parameters) throw new Error('no key frame');
    const vp9Stream = new Vp9Stream(RATE);
    expect(frames.every(frame => vp9Stream.take(frame).kind === 'sample')).toBe(true);
    const samples = frames.map((frame): Sample => {
      const data = joinSuperframe(splitSuperframe(frame));
      if (!data) throw new Error('too many');
      return { data, type: isVp9Key(frame) ? 'key' : 'delta' };
    });
    expect(samples.some(({ data }) => splitSuperframe(data).length > 1)).toBe(true);
    expect(samples.filter(({ type }) => type === 'key')).toHaveLength(1);
    await expectSame(parameters, samples, made.frames);
  });
});

describe('AV1', () => {
  const aom = (...more: string[]): string[] => [
    ...[
      '-c:v',
      'libaom-av1',
      '-usage',
      'realtime',
      '-cpu-used',
      '8',
      '-g',
      '5',
      '-lag-in-frames',
      '0',
      ...more,
    ],
  ];
  const svt = ['-c:v', 'libsvtav1', '-preset', '12', '-g', '5', '-svtav1-params', 'pred-struct=1'];

  it.each([
    ['libaom', 'yuv420p', aom(), 'av01.0.00M.08', 'Main'],
    ['libaom', 'yuv444p', aom(), 'av01.1.00M.08.0.000.02.02.02.0', 'High'],
    ['libaom', 'yuv420p10le', aom(), 'av01.0.00M.10', 'Main'],
    [
      'libaom, BT.709 in full range',
      'yuv420p',
      aom('-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'pc'),
      'av01.0.00M.08.0.110.01.01.01.1',
      'Main',
    ],
    ['SVT-AV1', 'yuv420p', svt, 'av01.0.00M.08', 'Main'],
  ])('%s, %s', async (_, format, encoder, codec, profile) => {
    const made = await encode('ivf', source('162x90'), [...encoder, '-pix_fmt', format]);
    const units = ivfFrames(made.bytes);
    const parameters = av1Parameters(units[0] ?? new Uint8Array());
    if (!parameters) throw new Error('no key frame');
    expect(parameters.codec).toBe(codec);
    const { parameters: files, samples } = taken('av1', units);
    expect(files).toEqual([parameters]);
    for (const [i, { data }] of samples.entries()) {
      expect(splitObus(units[i] ?? data)?.[0]?.type).toBe(OBU.temporalDelimiter);
      expect(splitObus(data)?.some(({ type }) => type === OBU.temporalDelimiter)).toBe(false);
    }
    // As receivers get them.
    const bare = units.map(unit => unit.subarray(2));
    expect(taken('av1', bare).samples).toEqual(samples);
    expect(samples.flatMap(({ type }, i) => (type === 'key' ? [i] : []))).toEqual([0, 5, 10]);
    const stream = await expectSame(parameters, samples, made.frames);
    expect([stream.profile, stream.pix_fmt]).toEqual([profile, format]);
    const others = await describedByOthers(made, 'ivf');
    expect(others.codec).toContain(parameters.codec.slice(0, 'av01.0.00M.08'.length));
    expect(parameters.description).toEqual(others.av1C);
  });
});
