import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  audioChange,
  audioParametersOf,
  colorSpaceOf,
  decoderConfigChange,
  descriptionBytes,
  encodedColorSpace,
  type VideoConfigLike,
  videoChange,
  videoParametersOf,
  videoSourceOf,
} from '../../src/cut/parameters.ts';
import type { Rotation } from '../../src/manifest.ts';
import { frameLike, LIMITED_709, UNKNOWN_COLOR, videoSource } from './cut-kit.ts';

describe('what a frame says of itself', () => {
  it('a plain frame', () => {
    expect(videoSourceOf(frameLike(1280, 720))).toEqual({
      width: 1280,
      height: 720,
      pixelAspectRatio: 1,
      rotation: 0,
      flip: false,
      colorSpace: LIMITED_709,
    });
  });

  it('the visible part counts, not the padding around it', () => {
    const frame = frameLike(853, 479, { codedWidth: 864, codedHeight: 480 });
    expect(videoSourceOf(frame)).toMatchObject({ width: 853, height: 479, pixelAspectRatio: 1 });
  });

  it('all of it counts when no visible part is named', () => {
    expect(videoSourceOf(frameLike(320, 240, { visibleRect: null }))).toMatchObject({
      width: 320,
      height: 240,
    });
  });

  it.each([
    [0, 1024, 576],
    [180, 1024, 576],
    [90, 576, 1024],
    [270, 576, 1024],
  ])('pixels of PAL widescreen, rotated by %i', (rotation, displayWidth, displayHeight) => {
    const source = videoSourceOf(frameLike(720, 576, { rotation, displayWidth, displayHeight }));
    expect(source).toMatchObject({ width: 720, height: 576, rotation });
    expect(source.pixelAspectRatio).toBeCloseTo(64 / 45, 5);
  });

  it.each([90, 270])('square pixels stay square when rotated by %i', rotation => {
    const frame = frameLike(640, 360, { rotation, displayWidth: 360, displayHeight: 640 });
    expect(videoSourceOf(frame)).toMatchObject({ width: 640, height: 360, pixelAspectRatio: 1, rotation });
  });

  it('mirrored, and of unknown colours', () => {
    const source = videoSourceOf(frameLike(640, 360, { flip: true, colorSpace: {} }));
    expect(source).toMatchObject({ flip: true, colorSpace: UNKNOWN_COLOR });
  });

  it('a frame without a display size has square pixels', () => {
    const source = videoSourceOf(frameLike(640, 360, { displayWidth: 0, displayHeight: 0 }));
    expect(source.pixelAspectRatio).toBe(1);
  });

  it('is the same for equal frames, whatever they are', () => {
    const size = fc.integer({ min: 1, max: 8192 });
    const rotation = fc.constantFrom<Rotation>(0, 90, 180, 270);
    fc.assert(
      fc.property(size, size, size, size, rotation, (width, height, displayWidth, displayHeight, turn) => {
        const frame = frameLike(width, height, { displayWidth, displayHeight, rotation: turn });
        expect(videoChange(videoSourceOf(frame), videoSourceOf({ ...frame }))).toBeUndefined();
      }),
    );
  });
});

describe('why a frame can not go on in a file', () => {
  const other = {
    width: { width: 642 },
    height: { height: 362 },
    aspect: { pixelAspectRatio: 1.333333 },
    rotation: { rotation: 90 as const },
    flip: { flip: true },
    primaries: { colorSpace: { ...LIMITED_709, primaries: 'bt2020' } },
    transfer: { colorSpace: { ...LIMITED_709, transfer: 'pq' } },
    matrix: { colorSpace: { ...LIMITED_709, matrix: 'smpte170m' } },
    range: { colorSpace: { ...LIMITED_709, fullRange: true } },
    unknown: { colorSpace: UNKNOWN_COLOR },
  };

  it.each([
    ['width', 'video-size'],
    ['height', 'video-size'],
    ['aspect', 'video-size'],
    ['rotation', 'video-rotation'],
    ['flip', 'video-rotation'],
    ['primaries', 'video-color'],
    ['transfer', 'video-color'],
    ['matrix', 'video-color'],
    ['range', 'video-color'],
    ['unknown', 'video-color'],
  ] as const)('%s: %s, either way', (what, reason) => {
    const changed = videoSource(other[what]);
    expect(videoChange(videoSource(), changed)).toBe(reason);
    expect(videoChange(changed, videoSource())).toBe(reason);
  });

  it('names the weightiest of several: size, then rotation, then colour', () => {
    const all = videoSource({ ...other.width, ...other.rotation, ...other.range });
    const turned = videoSource({ ...other.rotation, ...other.range });
    expect(videoChange(videoSource(), all)).toBe('video-size');
    expect(videoChange(videoSource(), turned)).toBe('video-rotation');
  });

  it('an RGB frame is encoded with the BT.709 matrix, so it goes on in a file of that', () => {
    const rgb = videoSource({ colorSpace: { ...LIMITED_709, matrix: 'rgb' } });
    expect(encodedColorSpace(rgb.colorSpace)).toEqual(LIMITED_709);
    expect(videoChange(videoSource(), rgb)).toBeUndefined();
    const rgbFull = videoSource({ colorSpace: { ...LIMITED_709, matrix: 'rgb', fullRange: true } });
    expect(videoChange(videoSource(), rgbFull)).toBe('video-color');
  });

  it('any other matrix is encoded as it is', () => {
    for (const matrix of ['bt709', 'smpte170m', 'bt470bg', 'bt2020-ncl', null]) {
      expect(encodedColorSpace({ ...LIMITED_709, matrix }).matrix).toBe(matrix);
    }
  });

  it('audio: rate before channels', () => {
    const stereo = { sampleRate: 48_000, numberOfChannels: 2 };
    expect(audioChange(stereo, { ...stereo })).toBeUndefined();
    expect(audioChange(stereo, { ...stereo, sampleRate: 44_100 })).toBe('audio-sample-rate');
    expect(audioChange(stereo, { ...stereo, numberOfChannels: 1 })).toBe('audio-channels');
    expect(audioChange(stereo, { sampleRate: 16_000, numberOfChannels: 1 })).toBe('audio-sample-rate');
  });
});

describe('why packets can not go on in a file', () => {
  const config: VideoConfigLike = {
    codec: 'avc1.64001f',
    codedWidth: 640,
    codedHeight: 360,
    colorSpace: LIMITED_709,
    description: Uint8Array.of(1, 0x64, 0, 0x1f),
  };

  it('the same configuration in another object, over another buffer, is no change', () => {
    const description = new DataView(Uint8Array.of(9, 1, 0x64, 0, 0x1f, 9).buffer, 1, 4);
    expect(
      decoderConfigChange(config, { ...config, colorSpace: { ...LIMITED_709 }, description }),
    ).toBeUndefined();
    const buffer = Uint8Array.of(1, 0x64, 0, 0x1f).buffer;
    expect(decoderConfigChange(config, { ...config, description: buffer })).toBeUndefined();
  });

  it.each<[string, Partial<VideoConfigLike>, string]>([
    ['codec', { codec: 'avc1.42001f' }, 'video-codec'],
    ['width', { codedWidth: 656 }, 'video-size'],
    ['height', { codedHeight: 368 }, 'video-size'],
    ['colour', { colorSpace: { ...LIMITED_709, fullRange: true } }, 'video-color'],
    ['a byte of the description', { description: Uint8Array.of(1, 0x64, 0, 0x20) }, 'video-description'],
    ['a shorter description', { description: Uint8Array.of(1, 0x64, 0) }, 'video-description'],
    [
      'several: the weightiest',
      { codec: 'vp8', codedWidth: 2, description: new Uint8Array() },
      'video-codec',
    ],
  ])('%s', (_, change, reason) => {
    const changed = { ...config, ...change };
    expect(decoderConfigChange(config, changed)).toBe(reason);
    expect(decoderConfigChange(changed, config)).toBe(reason);
  });

  it('a description that comes or goes', () => {
    const { description: _, ...without } = config;
    expect(decoderConfigChange(config, without)).toBe('video-description');
    expect(decoderConfigChange(without, config)).toBe('video-description');
    expect(decoderConfigChange(without, { ...without })).toBeUndefined();
  });

  it('a colour space that is not named is the same as one of nulls', () => {
    const { colorSpace: _, ...without } = config;
    expect(decoderConfigChange(without, { ...without, colorSpace: UNKNOWN_COLOR })).toBeUndefined();
    expect(colorSpaceOf(undefined)).toEqual(UNKNOWN_COLOR);
  });

  it('a description of a part of a buffer has just that part', () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5);
    expect(descriptionBytes(whole.subarray(1, 3))).toEqual(Uint8Array.of(2, 3));
    expect(descriptionBytes(undefined)).toBeUndefined();
  });
});

describe('what the manifest says of a track', () => {
  const source = videoSource({ pixelAspectRatio: 1.333333, rotation: 270, flip: true });

  it('has the word of the encoder where it has one', () => {
    const config = {
      codec: 'avc1.640028',
      codedWidth: 656,
      codedHeight: 368,
      colorSpace: { ...LIMITED_709, fullRange: true },
      description: Uint8Array.of(1, 0x42, 0xc0, 0x1e, 0xff, 0xe0),
    };
    expect(videoParametersOf(config, source)).toEqual({
      codec: 'avc1.42c01e',
      codedWidth: 656,
      codedHeight: 368,
      pixelAspectRatio: 1.333333,
      rotation: 270,
      flip: true,
      colorSpace: { ...LIMITED_709, fullRange: true },
    });
  });

  it('has what the source said where the encoder is silent', () => {
    const rgb = videoSource({ colorSpace: { ...LIMITED_709, matrix: 'rgb' } });
    expect(videoParametersOf({ codec: 'vp8' }, rgb)).toMatchObject({
      codec: 'vp8',
      codedWidth: 640,
      codedHeight: 360,
      colorSpace: LIMITED_709,
    });
  });

  it('audio: the codec of the encoder, rate and channels of what it was fed', () => {
    expect(audioParametersOf('opus', { sampleRate: 44_100, numberOfChannels: 2 })).toEqual({
      codec: 'opus',
      sampleRate: 44_100,
      numberOfChannels: 2,
    });
  });
});
