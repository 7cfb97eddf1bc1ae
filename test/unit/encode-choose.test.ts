import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { canEncodeVideo, chooseAudio, chooseVideo, type Failed } from '../../src/encode/choose.ts';

/** Asks of a browser, in order. */
let asked: string[];
let takesVideo: (config: VideoEncoderConfig) => boolean;
let takesAudio: (config: AudioEncoderConfig) => boolean;

beforeEach(() => {
  asked = [];
  takesVideo = () => true;
  takesAudio = () => true;
  vi.stubGlobal('VideoEncoder', {
    isConfigSupported: async (config: VideoEncoderConfig) => {
      asked.push(config.codec);
      return { supported: takesVideo(config), config };
    },
  });
  vi.stubGlobal('AudioEncoder', {
    isConfigSupported: async (config: AudioEncoderConfig) => {
      asked.push(`${config.codec} ${config.numberOfChannels}`);
      return { supported: takesAudio(config), config };
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

const HD = { width: 1280, height: 720, frameRate: 30 };
const family =
  (...prefixes: string[]) =>
  ({ codec }: { codec: string }) =>
    prefixes.some(prefix => codec.startsWith(prefix));

describe('a video encoder', () => {
  it('AVC in its best profile where the browser has it, with the length-prefixed format that MP4 wants', async () => {
    expect(await chooseVideo('auto', HD, 'auto')).toEqual({
      family: 'avc',
      config: {
        codec: 'avc1.64001f',
        width: 1280,
        height: 720,
        bitrate: 2_500_000,
        framerate: 30,
        latencyMode: 'quality',
        bitrateMode: 'variable',
        hardwareAcceleration: 'no-preference',
        avc: { format: 'avc' },
      },
    });
    expect(asked).toEqual(['avc1.64001f']);
  });

  it('a lesser profile where the browser has no better', async () => {
    takesVideo = family('avc1.42');
    expect((await chooseVideo('avc', HD, 'auto')).config.codec).toBe('avc1.42e01f');
    expect(asked).toEqual(['avc1.64001f', 'avc1.4d001f', 'avc1.42e01f']);
  });

  it('the next codec of the list where there is no AVC, or none for an odd size', async () => {
    takesVideo = family('av01', 'vp8');
    expect((await chooseVideo('auto', HD, 'auto')).family).toBe('av1');
    takesVideo = () => true;
    expect((await chooseVideo('avc', { ...HD, width: 853 }, 'auto')).family).toBe('vp9');
  });

  it('what is asked for before all others', async () => {
    expect((await chooseVideo('vp8', HD, 'auto')).family).toBe('vp8');
    const hevc = await chooseVideo('hevc', HD, 'auto');
    expect(hevc).toMatchObject({ family: 'hevc', config: { hevc: { format: 'hevc' } } });
    expect(hevc.config).not.toHaveProperty('avc');
  });

  it('in software where the hardware has failed, and only of that codec', async () => {
    const failed: Failed = { hardware: new Set(['avc']), families: new Set() };
    expect(await chooseVideo('auto', HD, 'auto', failed)).toMatchObject({
      family: 'avc',
      config: { hardwareAcceleration: 'prefer-software' },
    });
    expect(await chooseVideo('vp9', HD, 'auto', failed)).toMatchObject({
      family: 'vp9',
      config: { hardwareAcceleration: 'no-preference' },
    });
  });

  it('the next codec where the browser has no software for the one whose hardware has failed', async () => {
    takesVideo = ({ codec, hardwareAcceleration }) =>
      codec.startsWith('vp8') || hardwareAcceleration !== 'prefer-software';
    const failed: Failed = { hardware: new Set(['avc', 'vp9', 'av1']), families: new Set() };
    expect((await chooseVideo('auto', HD, 'auto', failed)).family).toBe('vp8');
  });

  it('none of a codec that has failed in software too', async () => {
    const failed: Failed = { hardware: new Set(['avc', 'vp9']), families: new Set(['avc', 'vp9']) };
    expect(await chooseVideo('auto', HD, 'auto', failed)).toMatchObject({
      family: 'av1',
      config: { hardwareAcceleration: 'no-preference' },
    });
    // Also when it is the one that was asked for; the browser is not even asked.
    asked = [];
    expect((await chooseVideo('vp9', HD, 'auto', failed)).family).toBe('av1');
    expect(asked.filter(codec => /^(avc1|vp09)/.test(codec))).toEqual([]);
  });

  it('has the bitrate that was asked for, and a level that holds it', async () => {
    const { config } = await chooseVideo('auto', HD, 20_000_000);
    expect(config).toMatchObject({ bitrate: 20_000_000, codec: 'avc1.640020' });
  });

  it('a browser that throws at a codec string does not know it', async () => {
    takesVideo = ({ codec }) => {
      if (codec.startsWith('avc1')) throw new TypeError('Unknown codec');
      return true;
    };
    expect((await chooseVideo('auto', HD, 'auto')).family).toBe('vp9');
  });

  it('codec-unsupported where there is none', async () => {
    takesVideo = () => false;
    await expect(chooseVideo('vp9', HD, 'auto')).rejects.toMatchObject({
      code: 'codec-unsupported',
      kind: 'video',
      codec: 'vp9',
      message: expect.stringContaining('1280x720'),
    });
    takesVideo = () => true;
    const families: Failed['families'] = new Set(['avc', 'hevc', 'vp9', 'av1', 'vp8']);
    await expect(
      chooseVideo('auto', HD, 'auto', { hardware: new Set(families), families }),
    ).rejects.toMatchObject({ code: 'codec-unsupported' });
  });

  it('is there or not, whatever the size', async () => {
    takesVideo = family('vp09', 'avc1.42');
    expect(await canEncodeVideo('vp9')).toBe(true);
    expect(await canEncodeVideo('avc')).toBe(true);
    expect(await canEncodeVideo('av1')).toBe(false);
  });
});

describe('an audio encoder', () => {
  const stereo = { sampleRate: 48_000, numberOfChannels: 2 };

  it('AAC where the browser has it, else Opus', async () => {
    expect(await chooseAudio('auto', stereo, 'auto')).toEqual({
      family: 'aac',
      config: { codec: 'mp4a.40.2', sampleRate: 48_000, numberOfChannels: 2, bitrate: 128_000 },
      wasm: false,
    });
    takesAudio = ({ codec }) => codec === 'opus';
    expect(await chooseAudio('auto', stereo, 'auto')).toMatchObject({ family: 'opus', wasm: false });
  });

  it('AAC in WebAssembly only where it is asked for by name and the browser has none', async () => {
    expect(await chooseAudio('aac', stereo, 'auto')).toMatchObject({ family: 'aac', wasm: false });
    takesAudio = ({ codec }) => codec === 'opus';
    expect(await chooseAudio('aac', stereo, 96_000)).toMatchObject({
      family: 'aac',
      wasm: true,
      config: { bitrate: 96_000, sampleRate: 48_000, numberOfChannels: 2 },
    });
  });

  it('no AAC of a rate that the format has no index for', async () => {
    takesAudio = () => false;
    const odd = { sampleRate: 37_000, numberOfChannels: 2 };
    await expect(chooseAudio('aac', odd, 'auto')).rejects.toMatchObject({ code: 'codec-unsupported' });
  });

  it('for two channels where none takes as many, with the bitrate of two', async () => {
    takesAudio = ({ codec, numberOfChannels }) => codec === 'opus' && numberOfChannels <= 2;
    const surround = { sampleRate: 48_000, numberOfChannels: 6 };
    expect(await chooseAudio('auto', surround, 'auto')).toMatchObject({
      family: 'opus',
      config: { numberOfChannels: 2, bitrate: 128_000 },
    });
    expect(asked).toEqual(['mp4a.40.2 6', 'opus 6', 'mp4a.40.2 2', 'opus 2']);
  });

  it('half the bitrate for one channel', async () => {
    const mono = await chooseAudio('opus', { sampleRate: 48_000, numberOfChannels: 1 }, 'auto');
    expect(mono.config).toMatchObject({ numberOfChannels: 1, bitrate: 64_000 });
  });

  it('codec-unsupported where there is none, also where the browser throws', async () => {
    takesAudio = () => {
      throw new TypeError('no');
    };
    await expect(chooseAudio('auto', stereo, 'auto')).rejects.toMatchObject({
      code: 'codec-unsupported',
      kind: 'audio',
      codec: 'auto',
      message: expect.stringContaining('48000 Hz'),
    });
  });
});
