/** Levels, checked against the limits of the specifications, written down here a second time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codecStrings,
  defaultAudioBitrate,
  defaultVideoBitrate,
  familyOrder,
  VIDEO_PREFERENCE,
  type VideoShape,
} from '../../src/encode/codecs.ts';
import type { VideoCodecFamily } from '../../src/media.ts';

const shape = (width: number, height: number, frameRate = 30): VideoShape => ({ width, height, frameRate });
const best = (family: VideoCodecFamily, of: VideoShape, bitrate = defaultVideoBitrate(of)) =>
  codecStrings(family, of, bitrate)[0];

describe('H.264', () => {
  it.each([
    [16, 16, 30, '0b'],
    [320, 240, 30, '0d'],
    [640, 360, 30, '1e'],
    [640, 480, 30, '1e'],
    [720, 576, 25, '1e'],
    [854, 480, 30, '1f'],
    [1280, 720, 30, '1f'],
    [1280, 720, 60, '20'],
    [1920, 1080, 30, '28'],
    [1920, 1080, 60, '2a'],
    [2560, 1440, 30, '32'],
    [3840, 2160, 30, '33'],
    [3840, 2160, 60, '34'],
    [7680, 4320, 30, '3c'],
    [7680, 4320, 120, '3e'],
  ])('%ix%i at %i: level %s, in High, Main and Baseline', (width, height, rate, level) => {
    const of = shape(width, height, rate);
    expect(codecStrings('avc', of, defaultVideoBitrate(of))).toEqual([
      `avc1.6400${level}`,
      `avc1.4d00${level}`,
      `avc1.42e0${level}`,
    ]);
  });

  it('takes a higher level for a higher bitrate', () => {
    expect(best('avc', shape(1280, 720), 17_500_000)).toBe('avc1.64001f');
    expect(best('avc', shape(1280, 720), 17_500_001)).toBe('avc1.640020');
    expect(best('avc', shape(1920, 1080), 62_500_000)).toBe('avc1.640029');
  });

  it('has no odd sizes, none beyond its largest frame, and no bitrate beyond its highest', () => {
    expect(codecStrings('avc', shape(853, 480), 1e6)).toEqual([]);
    expect(codecStrings('avc', shape(852, 479), 1e6)).toEqual([]);
    expect(codecStrings('avc', shape(16_384, 16_384), 1e6)).toEqual([]);
    expect(codecStrings('avc', shape(3840, 2160, 600), 1e6)).toEqual([]);
    expect(codecStrings('avc', shape(1280, 720), 1_000_000_001)).toEqual([]);
  });

  it('counts macroblocks, of which a part is a whole one', () => {
    // 1620 of them at the most in level 3: 45 x 36.
    expect(best('avc', shape(720, 576, 25))).toBe('avc1.64001e');
    expect(best('avc', shape(722, 576, 25))).toBe('avc1.64001f');
  });
});

describe('VP9', () => {
  it.each([
    [16, 16, 30, '10'],
    [256, 144, 15, '10'],
    [256, 144, 30, '11'],
    [640, 360, 30, '21'],
    [854, 480, 30, '30'],
    [1280, 720, 30, '31'],
    [1920, 1080, 30, '40'],
    [1920, 1080, 60, '41'],
    [3840, 2160, 30, '50'],
    [3840, 2160, 60, '51'],
    [3840, 2160, 120, '52'],
    [7680, 4320, 30, '60'],
    [7680, 4320, 60, '61'],
    [7680, 4320, 120, '62'],
    [853, 479, 30, '30'],
  ])('%ix%i at %i: level %s', (width, height, rate, level) => {
    expect(best('vp9', shape(width, height, rate))).toBe(`vp09.00.${level}.08`);
  });

  it('takes a higher level for a higher bitrate, and has no frame beyond its largest', () => {
    expect(best('vp9', shape(1280, 720), 12_000_000)).toBe('vp09.00.31.08');
    expect(best('vp9', shape(1280, 720), 12_000_001)).toBe('vp09.00.40.08');
    expect(codecStrings('vp9', shape(16_384, 16_384), 1e6)).toEqual([]);
  });
});

describe('AV1', () => {
  it.each([
    [16, 16, 30, '00'],
    [426, 240, 30, '00'],
    [640, 360, 30, '01'],
    [854, 480, 30, '04'],
    [1280, 720, 30, '05'],
    [1920, 1080, 30, '08'],
    [1920, 1080, 60, '09'],
    [3840, 2160, 30, '12'],
    [3840, 2160, 60, '13'],
    [3840, 2160, 120, '14'],
    [7680, 4320, 30, '16'],
    [7680, 4320, 60, '17'],
    [7680, 4320, 120, '18'],
    [853, 479, 30, '04'],
  ])('%ix%i at %i: level index %s, main tier', (width, height, rate, level) => {
    expect(best('av1', shape(width, height, rate))).toBe(`av01.0.${level}M.08`);
  });

  it('takes a higher level for a higher bitrate, and has no frame beyond its largest', () => {
    expect(best('av1', shape(1280, 720), 10_000_000)).toBe('av01.0.05M.08');
    expect(best('av1', shape(1280, 720), 10_000_001)).toBe('av01.0.08M.08');
    expect(codecStrings('av1', shape(16_384, 16_384), 1e6)).toEqual([]);
  });
});

describe('the others', () => {
  it('VP8 has no levels', () => {
    expect(codecStrings('vp8', shape(853, 479), 1e6)).toEqual(['vp8']);
  });

  it('HEVC: one level or the other by samples a second, even sizes only', () => {
    expect(best('hevc', shape(1280, 720))).toBe('hvc1.1.6.L120.B0');
    expect(best('hevc', shape(1920, 1080))).toBe('hvc1.1.6.L120.B0');
    expect(best('hevc', shape(3840, 2160))).toBe('hvc1.1.6.L150.B0');
    expect(best('hevc', shape(3840, 2160, 60))).toBe('hvc1.1.6.L180.B0');
    expect(codecStrings('hevc', shape(853, 480), 1e6)).toEqual([]);
  });
});

/** The number that is greater for the more capable level, of a codec string. */
const levelOf = (codec: string): number => {
  const [, avc] = /^avc1\.....(..)$/.exec(codec) ?? [];
  if (avc) return Number.parseInt(avc, 16);
  return Number(/^(?:vp09\.00|av01\.0)\.(\d\d)/.exec(codec)?.[1]);
};

describe('any shape', () => {
  const even = fc.integer({ min: 8, max: 2000 }).map(half => half * 2);
  const shapes = fc.record({ width: even, height: even, frameRate: fc.integer({ min: 1, max: 120 }) });
  const bitrates = fc.integer({ min: 10_000, max: 40_000_000 });

  it.each(['avc', 'vp9', 'av1'] as const)('%s: more of anything never gives a lower level', family => {
    fc.assert(
      fc.property(
        shapes,
        bitrates,
        fc.constantFrom('width', 'height', 'frameRate', 'bitrate'),
        (of, bits, what) => {
          const before = best(family, of, bits);
          const more = what === 'bitrate' ? of : { ...of, [what]: of[what] * 2 };
          const after = best(family, more, what === 'bitrate' ? bits * 2 : bits);
          if (before === undefined) expect(after).toBeUndefined();
          else if (after !== undefined) expect(levelOf(after)).toBeGreaterThanOrEqual(levelOf(before));
        },
      ),
    );
  });
});

describe('bitrates', () => {
  it('2.5 Mbit/s at 1280x720 and 30 frames a second, less than in proportion for larger pictures', () => {
    expect(defaultVideoBitrate(shape(1280, 720))).toBe(2_500_000);
    const fullHd = defaultVideoBitrate(shape(1920, 1080));
    expect(fullHd).toBeGreaterThan(2_500_000);
    expect(fullHd).toBeLessThan(2.25 * 2_500_000);
  });

  it('stay within bounds', () => {
    expect(defaultVideoBitrate(shape(16, 16, 1))).toBe(150_000);
    expect(defaultVideoBitrate(shape(15_360, 8_640, 120))).toBe(60_000_000);
  });

  it('never fall when width, height or rate grow', () => {
    const size = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 240 }), (width, height, rate) => {
        const here = defaultVideoBitrate(shape(width, height, rate));
        expect(Number.isInteger(here)).toBe(true);
        expect(defaultVideoBitrate(shape(width + 16, height, rate))).toBeGreaterThanOrEqual(here);
        expect(defaultVideoBitrate(shape(width, height + 16, rate))).toBeGreaterThanOrEqual(here);
        expect(defaultVideoBitrate(shape(width, height, rate + 5))).toBeGreaterThanOrEqual(here);
      }),
    );
  });

  it('64 kbit/s for one channel of audio, 128 kbit/s for more', () => {
    expect([1, 2, 6].map(defaultAudioBitrate)).toEqual([64_000, 128_000, 128_000]);
  });
});

describe('the order in which codecs are tried', () => {
  it('AVC first when nothing is asked for, and never HEVC', () => {
    expect(familyOrder('auto')).toEqual(['avc', 'vp9', 'av1', 'vp8']);
  });

  it('what is asked for first, then the others, each once', () => {
    expect(familyOrder('vp8')).toEqual(['vp8', 'avc', 'vp9', 'av1']);
    expect(familyOrder('hevc')).toEqual(['hevc', 'avc', 'vp9', 'av1', 'vp8']);
  });

  it('can be changed by a caller without changing the preference', () => {
    familyOrder('auto').pop();
    expect(VIDEO_PREFERENCE).toHaveLength(4);
  });
});
