/** Real streams, as WebRTC would deliver them frame by frame, into files of ours: the same pictures come out of ffmpeg. */
import { describe, expect, it } from 'vitest';
import { av1Parameters, isAv1Key } from '../../src/passthrough/av1.ts';
import { AvcStream } from '../../src/passthrough/avc.ts';
import { av1Sample, OBU, splitObus } from '../../src/passthrough/obu.ts';
import type { EncodedVideo } from '../../src/passthrough/parameters.ts';
import { joinSuperframe, splitSuperframe } from '../../src/passthrough/superframe.ts';
import { isVp8Key, vp8Parameters } from '../../src/passthrough/vp8.ts';
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

describe('H.264', () => {
  const x264 = (profile: string, params: string, ...more: string[]): string[] => [
    ...['-c:v', 'libx264', '-preset', 'fast', '-profile:v', profile, '-bf', '0', '-g', '5', ...more],
    ...['-x264-params', `aud=1:repeat-headers=1:scenecut=0:${params}`, '-f', 'h264'],
  ];

  const taken = (units: readonly Uint8Array[]): { parameters: EncodedVideo[]; samples: Sample[] } => {
    const stream = new AvcStream();
    const parameters: EncodedVideo[] = [];
    const samples = units.map(unit => {
      const frame = stream.take(unit);
      if (frame.kind !== 'sample') throw new Error(`no sample: ${JSON.stringify(frame)}`);
      if (frame.type === 'key' && frame.changed) parameters.push(frame.parameters);
      return { data: frame.data, type: frame.type };
    });
    return { parameters, samples };
  };

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
    const { parameters, samples } = taken(accessUnits(made.bytes));
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
    const [first] = taken(accessUnits(made.bytes)).parameters;
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
    const { parameters, samples } = taken([...one, ...two]);
    const [first, second] = parameters;
    if (!first || !second) throw new Error('one file');
    expect(parameters).toHaveLength(2);
    await expectSame(first, samples.slice(0, one.length), a.frames);
    await expectSame(second, samples.slice(one.length), b.frames);
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
    const samples = frames.map((data): Sample => ({ data, type: isVp8Key(data) ? 'key' : 'delta' }));
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
      if (picture.kind !== 'sample') throw new Error(picture.reason);
      expect(picture.type === 'key' && picture.changed).toBe(i === 0);
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
    const samples = units.map((unit): Sample => {
      const data = av1Sample([unit]);
      if (!data) throw new Error('damaged');
      expect(splitObus(unit)?.[0]?.type).toBe(OBU.temporalDelimiter);
      expect(splitObus(data)?.some(({ type }) => type === OBU.temporalDelimiter)).toBe(false);
      return { data, type: isAv1Key(unit) ? 'key' : 'delta' };
    });
    expect(samples.flatMap(({ type }, i) => (type === 'key' ? [i] : []))).toEqual([0, 5, 10]);
    const stream = await expectSame(parameters, samples, made.frames);
    expect([stream.profile, stream.pix_fmt]).toEqual([profile, format]);
    const others = await describedByOthers(made, 'ivf');
    expect(others.codec).toContain(parameters.codec.slice(0, 'av01.0.00M.08'.length));
    expect(parameters.description).toEqual(others.av1C);
  });
});
