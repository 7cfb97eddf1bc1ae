import { describe, expect, it } from 'vitest';
import { type CutLimits, decideAudio, decideVideo, limitReached } from '../../src/cut/decide.ts';
import type { CutReason } from '../../src/manifest.ts';
import type { VideoSource } from '../../src/media.ts';
import { LIMITED_709, videoSource } from './cut-kit.ts';

const SECOND = 1_000_000;
const FRAME = 33_333;
/** Timestamps are whole microseconds, so half a millisecond either way is the same time. */
const ROUNDING = 500;

const LIMITS: CutLimits = { minFileDuration: SECOND, maxFileDuration: Infinity, maxFileBytes: Infinity };
const START = 5 * SECOND;
const BIG = videoSource({ width: 1280, height: 720 });

interface Case {
  age?: number;
  duration?: number;
  source?: VideoSource;
  fileSource?: VideoSource | undefined;
  fileBytes?: number;
  frameBytes?: number;
  audioChange?: CutReason;
  encoderLost?: boolean;
  limits?: Partial<CutLimits>;
}

const decide = (given: Case) =>
  decideVideo({
    file: {
      startTime: START,
      expectedBytes: given.fileBytes ?? 0,
      source: 'fileSource' in given ? given.fileSource : videoSource(),
    },
    frame: {
      source: given.source ?? videoSource(),
      time: START + (given.age ?? FRAME),
      duration: given.duration ?? FRAME,
      expectedBytes: given.frameBytes ?? 0,
    },
    audioChange: given.audioChange,
    encoderLost: given.encoderLost ?? false,
    limits: { ...LIMITS, ...given.limits },
  });

const CONTINUE = { action: 'continue' };
const FIT = { action: 'fit' };
const cut = (reason: CutReason) => ({ action: 'cut', reason });

describe('a frame of a source that has changed', () => {
  it('goes on when nothing has', () => {
    expect(decide({ age: 10 * SECOND })).toEqual(CONTINUE);
  });

  it('is fitted into a file that is too young, and cut in one that is not, to the microsecond', () => {
    expect(decide({ source: BIG, age: 0 })).toEqual(FIT);
    expect(decide({ source: BIG, age: SECOND - ROUNDING - 1 })).toEqual(FIT);
    expect(decide({ source: BIG, age: SECOND - ROUNDING })).toEqual(cut('video-size'));
    expect(decide({ source: BIG, age: SECOND })).toEqual(cut('video-size'));
  });

  it('is cut at once when files have no minimum', () => {
    expect(decide({ source: BIG, age: FRAME, limits: { minFileDuration: 0 } })).toEqual(cut('video-size'));
  });

  it.each([
    [videoSource({ rotation: 180 }), 'video-rotation'],
    [videoSource({ flip: true }), 'video-rotation'],
    [videoSource({ colorSpace: { ...LIMITED_709, fullRange: true } }), 'video-color'],
  ] as const)('is cut for every kind of change: %#', (source, reason) => {
    expect(decide({ source, age: 2 * SECOND })).toEqual(cut(reason));
  });
});

describe('a frame at which the audio has changed', () => {
  it('is cut, but not while the file is young; the frame itself needs no fitting', () => {
    const audioChange = 'audio-sample-rate';
    expect(decide({ audioChange, age: SECOND - ROUNDING - 1 })).toEqual(CONTINUE);
    expect(decide({ audioChange, age: SECOND })).toEqual(cut('audio-sample-rate'));
  });

  it('is cut for the change of the picture when both came together', () => {
    expect(decide({ source: BIG, audioChange: 'audio-channels', age: SECOND })).toEqual(cut('video-size'));
    expect(decide({ source: BIG, audioChange: 'audio-channels', age: FRAME })).toEqual(FIT);
  });

  it.each(['track-added', 'track-removed'] as const)('%s', reason => {
    expect(decide({ audioChange: reason, age: SECOND })).toEqual(cut(reason));
  });

  it('begins a file when there was none, whatever its age: until then it would have none to lie in', () => {
    const audioChange = 'track-added';
    expect(decide({ audioChange, age: 1 })).toEqual(cut('track-added'));
    expect(decide({ audioChange, source: BIG, age: FRAME })).toEqual(cut('track-added'));
    expect(decide({ audioChange, source: BIG, age: SECOND })).toEqual(cut('video-size'));
    expect(decide({ audioChange: 'track-removed', age: FRAME })).toEqual(CONTINUE);
  });
});

describe('a frame that finds no encoder', () => {
  it('begins a file when the running one has no video, whatever its age', () => {
    expect(decide({ fileSource: undefined, age: 1 })).toEqual(cut('track-added'));
  });

  it('begins a file when the encoder is lost, whatever its age, and that outweighs a change', () => {
    expect(decide({ encoderLost: true, age: 1 })).toEqual(cut('encoder-restart'));
    expect(decide({ encoderLost: true, source: BIG, age: 2 * SECOND })).toEqual(cut('encoder-restart'));
  });
});

describe('a frame that would make its file too long or too large', () => {
  const limits = { maxFileDuration: 10 * SECOND, maxFileBytes: 1_000_000 };

  it('is the first of the next, if its end would lie behind the longest duration', () => {
    const last = 10 * SECOND - FRAME;
    expect(decide({ limits, age: last })).toEqual(CONTINUE);
    expect(decide({ limits, age: last + ROUNDING })).toEqual(CONTINUE);
    expect(decide({ limits, age: last + ROUNDING + 1 })).toEqual(cut('max-duration'));
  });

  it('is the first of the next, if its bytes would not fit', () => {
    expect(decide({ limits, fileBytes: 900_000, frameBytes: 100_000 })).toEqual(CONTINUE);
    expect(decide({ limits, fileBytes: 900_001, frameBytes: 100_000 })).toEqual(cut('max-bytes'));
  });

  it('is cut for the bytes although the file is too young to be cut for a change', () => {
    expect(decide({ limits, source: BIG, age: FRAME, fileBytes: 2_000_000 })).toEqual(cut('max-bytes'));
  });

  it('stays in a file that it begins: a cut would change nothing', () => {
    expect(decide({ limits, age: 0, duration: 20 * SECOND, fileBytes: 2_000_000 })).toEqual(CONTINUE);
  });

  it('is cut for the change when that comes at the same frame', () => {
    expect(decide({ limits, source: BIG, age: 10 * SECOND })).toEqual(cut('video-size'));
  });

  it('duration outweighs bytes', () => {
    const file = { startTime: 0, expectedBytes: 2_000_000 };
    const piece = { time: 20 * SECOND, duration: 1, expectedBytes: 1 };
    expect(limitReached(file, piece, { ...LIMITS, ...limits })).toBe('max-duration');
    expect(limitReached(file, piece, LIMITS)).toBeUndefined();
  });
});

describe('a piece of audio of a recording without video', () => {
  const decideAt = (age: number, change?: CutReason, limits: Partial<CutLimits> = {}, fileBytes = 0) =>
    decideAudio({
      file: { startTime: START, expectedBytes: fileBytes },
      block: { time: START + age, duration: 10_000, expectedBytes: 400 },
      change,
      limits: { ...LIMITS, ...limits },
    });

  it('goes on, is fitted into a young file, and cut in one that is not', () => {
    expect(decideAt(SECOND)).toEqual(CONTINUE);
    expect(decideAt(SECOND - ROUNDING - 1, 'audio-channels')).toEqual(FIT);
    expect(decideAt(SECOND - ROUNDING, 'audio-channels')).toEqual(cut('audio-channels'));
  });

  it('is the first of the next file when the running one would be too long or too large', () => {
    const limits = { maxFileDuration: 2 * SECOND, maxFileBytes: 10_000 };
    expect(decideAt(2 * SECOND - 10_000, undefined, limits)).toEqual(CONTINUE);
    expect(decideAt(2 * SECOND, undefined, limits)).toEqual(cut('max-duration'));
    expect(decideAt(SECOND, undefined, limits, 9_600)).toEqual(CONTINUE);
    expect(decideAt(SECOND, undefined, limits, 9_601)).toEqual(cut('max-bytes'));
    expect(decideAt(0, undefined, limits, 9_601)).toEqual(CONTINUE);
  });
});
