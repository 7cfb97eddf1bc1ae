/** Codec strings and bitrates by frame size and rate. Pure: which of them the browser takes is asked elsewhere. */
import { av1Level, type VideoShape, vp9Level } from '../levels.ts';
import type { VideoCodecFamily } from '../media.ts';

export type { VideoShape } from '../levels.ts';

/** Tried in this order when nothing else is asked for. AVC first: every player and editor takes it. */
export const VIDEO_PREFERENCE: readonly VideoCodecFamily[] = ['avc', 'vp9', 'av1', 'vp8'];

const REFERENCE = { pixelsPerSecond: 1280 * 720 * 30, bitrate: 2_500_000 };

/**
 * Bits per second: 2.5 Mbit/s at 1280x720 and 30 frames a second, growing with the power 3/4 of the pixels
 * (larger pictures hold more that can be predicted), within 150 kbit/s and 60 Mbit/s.
 */
export const defaultVideoBitrate = ({ width, height, frameRate }: VideoShape): number => {
  const scale = ((width * height * frameRate) / REFERENCE.pixelsPerSecond) ** 0.75;
  const bitrate = Math.min(60e6, Math.max(150e3, REFERENCE.bitrate * scale));
  return Math.round(bitrate / 1000) * 1000;
};

/** Bits per second: 64 kbit/s for one channel, 128 kbit/s for two or more. */
export const defaultAudioBitrate = (numberOfChannels: number): number =>
  numberOfChannels === 1 ? 64_000 : 128_000;

/** Level, macroblocks a second, macroblocks a frame, kbit/s in High profile (ITU-T H.264, tables ). */
const AVC_LEVELS: readonly (readonly [idc: number, perSecond: number, perFrame: number, kilobits: number])[] =
  [
    [0x0a, 1485, 99, 80],
    [0x0b, 3000, 396, 240],
    [0x0c, 6000, 396, 480],
    [0x0d, 11880, 396, 960],
    [0x14, 11880, 396, 2500],
    [0x15, 19800, 792, 5000],
    [0x16, 20250, 1620, 5000],
    [0x1e, 40500, 1620, 12500],
    [0x1f, 108000, 3600, 17500],
    [0x20, 216000, 5120, 25000],
    [0x28, 245760, 8192, 25000],
    [0x29, 245760, 8192, 62500],
    [0x2a, 522240, 8704, 62500],
    [0x32, 589824, 22080, 168750],
    [0x33, 983040, 36864, 300000],
    [0x34, 2073600, 36864, 300000],
    [0x3c, 4177920, 139264, 300000],
    [0x3d, 8355840, 139264, 600000],
    [0x3e, 16711680, 139264, 1000000],
  ];

/** The lowest AVC level; a side has sqrt(8 * MaxFS) macroblocks at the most (ITU-T H.264, A.3.1). */
const avcLevel = ({ width, height, frameRate }: VideoShape, bitrate: number): number | undefined => {
  const [across, down] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const blocks = across * down;
  return AVC_LEVELS.find(
    ([, perSecond, perFrame, kilobits]) =>
      blocks * frameRate <= perSecond &&
      blocks <= perFrame &&
      Math.max(across, down) <= Math.sqrt(8 * perFrame) &&
      bitrate <= kilobits * 1000,
  )?.[0];
};

/** Profiles, and how much of the bits of High profile they may have at a level. */
const AVC_PROFILES = [
  ['6400', 1],
  ['4d00', 0.8],
  ['42e0', 0.8],
] as const;

const hex = (value: number): string => value.toString(16).padStart(2, '0');
const two = (value: number): string => String(value).padStart(2, '0');

/**
 * Codec strings to try, best first: profiles from the most to the least capable, at the lowest level that
 * holds size, rate and bitrate. Empty when the codec has no such level, or can't hold the size: 4:2:0 AVC and
 * HEVC crop in steps of two pixels, so Chromium takes even sizes only.
 */
export const codecStrings = (family: VideoCodecFamily, shape: VideoShape, bitrate: number): string[] => {
  const { width, height, frameRate } = shape;
  const samples = width * height;
  switch (family) {
    case 'avc': {
      if (width % 2 !== 0 || height % 2 !== 0) return [];
      return AVC_PROFILES.flatMap(([profile, share]) => {
        const level = avcLevel(shape, bitrate / share);
        return level === undefined ? [] : [`avc1.${profile}${hex(level)}`];
      });
    }
    case 'hevc': {
      if (width % 2 !== 0 || height % 2 !== 0) return [];
      const rate = samples * frameRate;
      const level =
        rate <= 66_846_720 && samples <= 2_228_224
          ? 120
          : rate <= 267_386_880 && samples <= 8_912_896
            ? 150
            : 180;
      return [`hvc1.1.6.L${level}.B0`];
    }
    case 'vp9': {
      const level = vp9Level(shape, bitrate);
      return level === undefined ? [] : [`vp09.00.${two(level)}.08`];
    }
    case 'av1': {
      const level = av1Level(shape, bitrate);
      return level === undefined ? [] : [`av01.0.${two(level)}M.08`];
    }
    case 'vp8':
      return ['vp8'];
  }
};

/** The order to try families in: what was asked for first, then the usual ones. */
export const familyOrder = (asked: VideoCodecFamily | 'auto'): VideoCodecFamily[] =>
  asked === 'auto' ? [...VIDEO_PREFERENCE] : [asked, ...VIDEO_PREFERENCE.filter(family => family !== asked)];
