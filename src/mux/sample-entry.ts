/** Sample entries: what a file tells a decoder of a track (ISO/IEC 14496-12, 8.5.2). Pure. */
import { colorCodePoints } from '../code-points.ts';
import type { AudioCodecFamily, VideoCodecFamily } from '../media.ts';
import { ascii, box, fixed16, fullBox, type Part, u16, u32, zeros } from './boxes.ts';

/** A description as plain bytes. */
const bytesOf = (description: AllowSharedBufferSource | undefined): Uint8Array => {
  if (description === undefined) return new Uint8Array();
  return ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description);
};

/** `colr`, where anything is known of the colours. */
const colr = (space: VideoColorSpaceInit | undefined): Uint8Array[] => {
  const known = [space?.primaries, space?.transfer, space?.matrix, space?.fullRange];
  if (known.every(value => value === undefined || value === null)) return [];
  return [box('colr', ascii('nclx'), ...colorCodePoints(space).map(u16), [space?.fullRange ? 0x80 : 0])];
};

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/** Width of a stored pixel to its height, in whole numbers. */
export const pixelAspect = (config: VideoDecoderConfig): [number, number] => {
  const { codedWidth = 0, codedHeight = 0, displayAspectWidth, displayAspectHeight } = config;
  if (!displayAspectWidth || !displayAspectHeight || !codedWidth || !codedHeight) return [1, 1];
  const [across, down] = [displayAspectWidth * codedHeight, displayAspectHeight * codedWidth];
  const divisor = greatestDivisor(across, down);
  return [across / divisor, down / divisor];
};

const pasp = (config: VideoDecoderConfig): Uint8Array[] => {
  const [across, down] = pixelAspect(config);
  return across === down ? [] : [box('pasp', u32(across), u32(down))];
};

/** `vpcC` (VP Codec ISO Media File Format Binding, 2.2), from the codec string and the colours. */
const vpcC = ({ codec, colorSpace }: VideoDecoderConfig): Uint8Array => {
  const [profile = 0, level = 10, depth = 8, chroma = 1] = codec.split('.').slice(1).map(Number);
  const depths = (depth << 4) | (chroma << 1) | Number(colorSpace?.fullRange === true);
  return fullBox('vpcC', 1, 0, [profile, level, depths, ...colorCodePoints(colorSpace)], u16(0));
};

/** `av1C` (AV1 Codec ISO Media File Format Binding, 2.3), for encoders that give none: 4:2:0 in 8 or 10 bits. */
const av1C = (codec: string): number[] => {
  const [profile = '0', level = '00M', depth = '08'] = codec.split('.').slice(1);
  const tier = level.endsWith('H') ? 0x80 : 0;
  const bits = depth === '10' ? 0x40 : 0;
  return [0x81, (Number(profile) << 5) | Number.parseInt(level, 10), tier | bits | 0x0c, 0];
};

const decoderBox = (family: VideoCodecFamily, config: VideoDecoderConfig): Uint8Array => {
  const description = bytesOf(config.description);
  switch (family) {
    case 'avc':
      return box('avcC', description);
    case 'hevc':
      return box('hvcC', description);
    case 'av1':
      return box('av1C', description.length > 0 ? description : av1C(config.codec));
    case 'vp8':
    case 'vp9':
      return vpcC(config);
  }
};

const VIDEO_TYPES: Record<VideoCodecFamily, string> = {
  avc: 'avc1',
  hevc: 'hvc1',
  vp8: 'vp08',
  vp9: 'vp09',
  av1: 'av01',
};

/** 72 dots an inch, which nobody looks at. */
const RESOLUTION = fixed16(72);

/** `VisualSampleEntry` (ISO/IEC 14496-12, 12.1.3). */
export const videoSampleEntry = (family: VideoCodecFamily, config: VideoDecoderConfig): Uint8Array => {
  const { codedWidth = 0, codedHeight = 0 } = config;
  return box(
    VIDEO_TYPES[family],
    [...zeros(6), ...u16(1), ...zeros(16), ...u16(codedWidth), ...u16(codedHeight)],
    [...RESOLUTION, ...RESOLUTION, ...zeros(4), ...u16(1)],
    // No name of a compressor; 24 bits a pixel; no colour table.
    [...zeros(32), ...u16(24), ...u16(0xffff)],
    decoderBox(family, config),
    ...colr(config.colorSpace),
    ...pasp(config),
  );
};

/** A descriptor of MPEG-4 Systems (ISO/IEC 14496-1, 8.3.3) of less than 128 bytes. */
const descriptor = (tag: number, ...parts: readonly Part[]): number[] => {
  const content = parts.flatMap(part => [...part]);
  return [tag, content.length, ...content];
};

/** `esds` for AAC, with the `AudioSpecificConfig` (ISO/IEC 14496-14, 5.6.1). */
const esds = (config: AudioDecoderConfig): Uint8Array => {
  const specific = descriptor(5, bytesOf(config.description));
  // Audio of MPEG-4 in an audio stream, of unknown buffer size and bitrates.
  const decoder = descriptor(4, [0x40, 0x15], zeros(11), specific);
  return fullBox('esds', 0, 0, descriptor(3, u16(0), [0], decoder, descriptor(6, [2])));
};

/** `dOps` (Encapsulation of Opus in ISO Base Media File Format, 4.3.2): `OpusHead`, the highest byte first. */
const dOps = (head: Uint8Array): Uint8Array => {
  const at = (i: number): number => head[i] ?? 0;
  const turned = [0, at(9), at(11), at(10), at(15), at(14), at(13), at(12), at(17), at(16)];
  return box('dOps', turned, head.subarray(18));
};

/** Ticks in a second of an audio track. Opus always decodes at 48,000 Hz. */
export const audioTimescale = (family: AudioCodecFamily, config: AudioDecoderConfig): number =>
  family === 'opus' ? 48_000 : config.sampleRate;

/** `AudioSampleEntry` (ISO/IEC 14496-12, 12.2.3). Rates that 16 bits can't hold are left to the decoder's own description. */
export const audioSampleEntry = (family: AudioCodecFamily, config: AudioDecoderConfig): Uint8Array => {
  const rate = audioTimescale(family, config);
  return box(
    family === 'opus' ? 'Opus' : 'mp4a',
    [...zeros(6), ...u16(1), ...zeros(8), ...u16(config.numberOfChannels), ...u16(16), ...zeros(4)],
    fixed16(rate < 65_536 ? rate : 0),
    family === 'opus' ? dOps(bytesOf(config.description)) : esds(config),
  );
};
