/** What simulated encoders write into their packets, so that each can be told again in a file's bytes. */
import type { ColorSpace, Rotation } from '../../src/manifest.ts';

/** Colour spaces that sources have; packets hold their number. The last is what encoders turn into the one before it. */
export const COLORS: readonly ColorSpace[] = [
  { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false },
  { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: true },
  { primaries: 'smpte170m', transfer: 'smpte170m', matrix: 'smpte170m', fullRange: false },
  { primaries: null, transfer: null, matrix: null, fullRange: null },
  { primaries: 'bt709', transfer: 'iec61966-2-1', matrix: 'bt709', fullRange: true },
  { primaries: 'bt709', transfer: 'iec61966-2-1', matrix: 'rgb', fullRange: true },
];

/** As Chromium does it: RGB is converted, everything else is left as it is. */
export const encodedColor = (space: ColorSpace): ColorSpace =>
  space.matrix === 'rgb' ? { ...space, matrix: 'bt709' } : space;

const sameColor = (a: ColorSpace, b: ColorSpace): boolean =>
  a.primaries === b.primaries &&
  a.transfer === b.transfer &&
  a.matrix === b.matrix &&
  a.fullRange === b.fullRange;

/** The number of a colour space, as it comes out of an encoder. */
export const colorIndex = (space: ColorSpace): number =>
  COLORS.findIndex(known => sameColor(known, encodedColor(space)));

/** One frame as it went into an encoder. */
export interface VideoTrace {
  kind: 'video';
  /** Number of the encoder. */
  encoder: number;
  /** Number of the packet among the encoder's, from 0. */
  index: number;
  /** Number of the picture. */
  picture: number;
  /** Microseconds on the timeline. */
  timestamp: number;
  key: boolean;
  width: number;
  height: number;
  rotation: Rotation;
  flip: boolean;
  color: number;
  fitted: boolean;
  /** How often the encoder has changed its parameters by itself. */
  version: number;
}

/** One packet of audio as it came out of an encoder. */
export interface AudioTrace {
  kind: 'audio';
  encoder: number;
  index: number;
  /** Microseconds, as the encoder said. */
  timestamp: number;
  sampleRate: number;
  numberOfChannels: number;
}

/** Bytes that a trace takes; packets are not smaller. */
export const TRACE_BYTES = 40;

const VIDEO = 0x56;
const AUDIO = 0x41;

/** A packet of so many bytes that tells what is in it. */
export const writeTrace = (trace: VideoTrace | AudioTrace, bytes: number): Uint8Array => {
  const data = new Uint8Array(Math.max(TRACE_BYTES, bytes));
  const view = new DataView(data.buffer);
  view.setUint32(4, trace.encoder);
  view.setUint32(8, trace.index);
  view.setFloat64(12, trace.timestamp);
  if (trace.kind === 'audio') {
    view.setUint8(0, AUDIO);
    view.setUint32(20, trace.sampleRate);
    view.setUint8(24, trace.numberOfChannels);
    return data;
  }
  view.setUint8(0, VIDEO);
  view.setUint32(20, trace.picture);
  view.setUint16(24, trace.width);
  view.setUint16(26, trace.height);
  view.setUint16(28, trace.rotation);
  view.setUint8(30, Number(trace.flip));
  view.setUint8(31, Number(trace.key));
  view.setUint8(32, trace.color);
  view.setUint8(33, Number(trace.fitted));
  view.setUint8(34, trace.version);
  return data;
};

/** What a packet says of itself. */
export const readTrace = (data: Uint8Array): VideoTrace | AudioTrace => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const common = { encoder: view.getUint32(4), index: view.getUint32(8), timestamp: view.getFloat64(12) };
  const kind = view.getUint8(0);
  if (kind === AUDIO)
    return { kind: 'audio', ...common, sampleRate: view.getUint32(20), numberOfChannels: view.getUint8(24) };
  if (kind !== VIDEO) throw new Error(`a packet that no encoder has written begins with ${kind}`);
  return {
    kind: 'video',
    ...common,
    picture: view.getUint32(20),
    width: view.getUint16(24),
    height: view.getUint16(26),
    rotation: view.getUint16(28) as Rotation,
    flip: view.getUint8(30) === 1,
    key: view.getUint8(31) === 1,
    color: view.getUint8(32),
    fitted: view.getUint8(33) === 1,
    version: view.getUint8(34),
  };
};

/** An `avcC` with one SPS, which tells the size and what else is fixed. */
export const avcDescription = (codec: string, details: readonly number[]): Uint8Array => {
  const profile = Number.parseInt(codec.slice(5), 16);
  const sps = [0x67, (profile >> 16) & 0xff, (profile >> 8) & 0xff, profile & 0xff, ...details];
  const pps = [0x68, 0xce, 0x38, 0x80];
  return Uint8Array.from([
    ...[1, (profile >> 16) & 0xff, (profile >> 8) & 0xff, profile & 0xff, 0xff],
    ...[0xe1, 0, sps.length, ...sps],
    ...[1, 0, pps.length, ...pps],
  ]);
};

/** `OpusHead`; as Chromium does, with the delay in samples at the encoder's own rate. */
export const opusHead = (sampleRate: number, channels: number): Uint8Array => {
  const preSkip = Math.round((312 * sampleRate) / 48_000);
  const head = new Uint8Array(19);
  const view = new DataView(head.buffer);
  head.set(Buffer.from('OpusHead'));
  view.setUint8(8, 1);
  view.setUint8(9, channels);
  view.setUint16(10, preSkip, true);
  view.setUint32(12, sampleRate, true);
  return head;
};

const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

/** An `AudioSpecificConfig` of AAC-LC. */
export const aacDescription = (sampleRate: number, channels: number): Uint8Array => {
  const index = AAC_RATES.indexOf(sampleRate);
  return Uint8Array.from([(2 << 3) | (index >> 1), ((index & 1) << 7) | (channels << 3)]);
};
