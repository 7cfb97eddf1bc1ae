/** Asks the browser which encoder it has for a shape. */
import { CodecUnsupportedError } from '../errors.ts';
import type { AudioCodecFamily, AudioSource, VideoCodecFamily } from '../media.ts';
import {
  codecStrings,
  defaultAudioBitrate,
  defaultVideoBitrate,
  familyOrder,
  type VideoShape,
} from './codecs.ts';

/** A video encoder that the browser said it has. */
export interface VideoChoice {
  family: VideoCodecFamily;
  config: VideoEncoderConfig;
}

/** An audio encoder that there is. `wasm`: not the browser's own, loaded on demand. */
export interface AudioChoice {
  family: AudioCodecFamily;
  config: AudioEncoderConfig;
  wasm: boolean;
}

const supported = async (config: VideoEncoderConfig): Promise<boolean> => {
  try {
    return (await VideoEncoder.isConfigSupported(config)).supported === true;
  } catch {
    // A codec string that the browser does not even parse rejects instead of answering.
    return false;
  }
};

const videoConfig = (
  family: VideoCodecFamily,
  codec: string,
  shape: VideoShape,
  bitrate: number,
  hardwareAcceleration: HardwareAcceleration = 'no-preference',
): VideoEncoderConfig => ({
  codec,
  width: shape.width,
  height: shape.height,
  bitrate,
  framerate: shape.frameRate,
  // 'realtime' lets encoders leave frames out when they fall behind; we count what we leave out ourselves.
  latencyMode: 'quality',
  bitrateMode: 'variable',
  hardwareAcceleration,
  ...(family === 'avc' ? { avc: { format: 'avc' as const } } : {}),
  ...(family === 'hevc' ? { hevc: { format: 'hevc' as const } } : {}),
});

/** Encoders that have failed. */
export interface Failed {
  /** Families of which only software is still to be tried. */
  hardware: Set<VideoCodecFamily>;
  /** Families that are not to be tried again. */
  families: Set<VideoCodecFamily>;
}

/**
 * The first encoder of the preference list that takes this shape.
 *
 * @param failed what is not to be tried.
 * @throws CodecUnsupportedError (`codec-unsupported`) when there is none.
 */
export const chooseVideo = async (
  asked: VideoCodecFamily | 'auto',
  shape: VideoShape,
  bitrate: number | 'auto',
  failed: Failed = { hardware: new Set(), families: new Set() },
): Promise<VideoChoice> => {
  const wanted = bitrate === 'auto' ? defaultVideoBitrate(shape) : bitrate;
  for (const family of familyOrder(asked)) {
    if (failed.families.has(family)) continue;
    const acceleration = failed.hardware.has(family) ? 'prefer-software' : 'no-preference';
    for (const codec of codecStrings(family, shape, wanted)) {
      const config = videoConfig(family, codec, shape, wanted, acceleration);
      if (await supported(config)) return { family, config };
    }
  }
  throw new CodecUnsupportedError('video', asked, `no encoder for ${shape.width}x${shape.height}`);
};

/** True when the browser encodes the family at all, at a size that every encoder takes. */
export const canEncodeVideo = async (family: VideoCodecFamily): Promise<boolean> => {
  const shape = { width: 640, height: 360, frameRate: 30 };
  for (const codec of codecStrings(family, shape, 1_000_000)) {
    if (await supported(videoConfig(family, codec, shape, 1_000_000))) return true;
  }
  return false;
};

const AUDIO_CODECS: Record<AudioCodecFamily, string> = { aac: 'mp4a.40.2', opus: 'opus' };

const supportedAudio = async (config: AudioEncoderConfig): Promise<boolean> => {
  try {
    return (await AudioEncoder.isConfigSupported(config)).supported === true;
  } catch {
    return false;
  }
};

/** Sampling rates that AAC has an index for (ISO/IEC 14496-3, table 1.18). */
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

/**
 * The audio encoder for this source. When no encoder takes as many channels, one for two channels is given
 * back, and the audio has to be mixed down to its `numberOfChannels`.
 *
 * @throws CodecUnsupportedError (`codec-unsupported`).
 */
export const chooseAudio = async (
  asked: AudioCodecFamily | 'auto',
  source: AudioSource,
  bitrate: number | 'auto',
): Promise<AudioChoice> => {
  const layouts = source.numberOfChannels > 2 ? [source.numberOfChannels, 2] : [source.numberOfChannels];
  for (const numberOfChannels of layouts) {
    const config = (family: AudioCodecFamily): AudioEncoderConfig => ({
      codec: AUDIO_CODECS[family],
      sampleRate: source.sampleRate,
      numberOfChannels,
      bitrate: bitrate === 'auto' ? defaultAudioBitrate(numberOfChannels) : bitrate,
    });
    for (const family of asked === 'auto' ? (['aac', 'opus'] as const) : [asked]) {
      if (await supportedAudio(config(family))) return { family, config: config(family), wasm: false };
    }
    if (asked === 'aac' && AAC_RATES.includes(source.sampleRate) && numberOfChannels <= 8) {
      return { family: 'aac', config: config('aac'), wasm: true };
    }
  }
  throw new CodecUnsupportedError(
    'audio',
    asked,
    `no encoder for ${source.sampleRate} Hz and ${source.numberOfChannels} channels`,
  );
};
