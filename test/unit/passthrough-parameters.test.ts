import { describe, expect, it } from 'vitest';
import {
  decoderConfigOf,
  type EncodedVideo,
  streamChange,
  UNKNOWN_COLOR,
} from '../../src/passthrough/parameters.ts';

const VIDEO: EncodedVideo = {
  family: 'avc',
  codec: 'avc1.42c01f',
  codedWidth: 640,
  codedHeight: 480,
  pixelAspect: [1, 1],
  colorSpace: UNKNOWN_COLOR,
  description: Uint8Array.of(1, 2),
};

describe('a change of the stream', () => {
  it.each<[string, Partial<EncodedVideo>, string | undefined]>([
    ['nothing', { description: Uint8Array.of(1, 2), pixelAspect: [2, 2] }, undefined],
    // The level follows the size, and the codec string the level.
    ['size, and with it the level', { codedWidth: 1280, codec: 'avc1.42c028' }, 'video-size'],
    ['shape of the pixels', { pixelAspect: [4, 3] }, 'video-size'],
    [
      'colours',
      { colorSpace: { ...UNKNOWN_COLOR, fullRange: true }, description: Uint8Array.of(3) },
      'video-color',
    ],
    ['codec', { family: 'vp8', codec: 'vp8', codedWidth: 2 }, 'video-codec'],
    ['profile', { codec: 'avc1.64001f', description: Uint8Array.of(4) }, 'video-codec'],
    ['description alone', { description: Uint8Array.of(1, 2, 3) }, 'video-description'],
  ])('%s', (_, change, reason) => {
    expect(streamChange(VIDEO, { ...VIDEO, ...change })).toBe(reason);
  });
});

it('a decoder’s configuration has the shape of pixels that are not square', () => {
  expect(decoderConfigOf(VIDEO)).toEqual({
    codec: 'avc1.42c01f',
    codedWidth: 640,
    codedHeight: 480,
    colorSpace: UNKNOWN_COLOR,
    description: Uint8Array.of(1, 2),
  });
  expect(decoderConfigOf({ ...VIDEO, pixelAspect: [4, 3] })).toMatchObject({
    displayAspectWidth: 2560,
    displayAspectHeight: 1440,
  });
});
