/** The decisions on a whole recording: random sources, driven through `decideVideo` as the video lane does it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CutLimits, decideVideo } from '../../src/cut/decide.ts';
import { videoChange } from '../../src/cut/parameters.ts';
import type { CutReason } from '../../src/manifest.ts';
import type { VideoSource } from '../../src/media.ts';
import { LIMITED_709, videoSource } from './cut-kit.ts';

const SECOND = 1_000_000;
const ROUNDING = 500;

const SOURCES: readonly VideoSource[] = [
  videoSource(),
  videoSource({ width: 1280, height: 720 }),
  videoSource({ width: 853, height: 479 }),
  videoSource({ rotation: 90 }),
  videoSource({ flip: true }),
  videoSource({ pixelAspectRatio: 1.333333 }),
  videoSource({ colorSpace: { ...LIMITED_709, fullRange: true } }),
  videoSource({ colorSpace: { ...LIMITED_709, matrix: 'rgb' } }),
];

interface Frame {
  time: number;
  source: VideoSource;
  bytes: number;
  audioChange: CutReason | undefined;
  encoderLost: boolean;
}

interface File {
  reason: CutReason;
  startTime: number;
  source: VideoSource;
  frames: (Frame & { fitted: boolean })[];
  bytes: number;
}

/** The video lane, without encoders: which frame goes into which file. */
const record = (frames: readonly Frame[], step: number, limits: CutLimits): File[] => {
  const files: File[] = [];
  for (const frame of frames) {
    const file = files.at(-1);
    const decision = file
      ? decideVideo({
          file: { startTime: file.startTime, expectedBytes: file.bytes, source: file.source },
          frame: { source: frame.source, time: frame.time, duration: step, expectedBytes: frame.bytes },
          audioChange: frame.audioChange,
          encoderLost: frame.encoderLost,
          limits,
        })
      : ({ action: 'cut', reason: 'start' } as const);
    if (decision.action === 'cut') {
      const { time: startTime, source } = frame;
      files.push({ reason: decision.reason, startTime, source, frames: [], bytes: 0 });
    }
    const current = files.at(-1) as File;
    current.frames.push({ ...frame, fitted: decision.action === 'fit' });
    current.bytes += frame.bytes;
  }
  return files;
};

const BY_SOURCE: readonly CutReason[] = ['video-size', 'video-rotation', 'video-color', 'audio-sample-rate'];

/** A recording: steady frames with some jitter, of sources that change every now and then. */
const recording = (trouble: boolean) =>
  fc.record({
    step: fc.integer({ min: 8_000, max: 100_000 }),
    runs: fc.array(
      fc.record({
        source: fc.constantFrom(...SOURCES),
        frames: fc.integer({ min: 1, max: 40 }),
        audioChange: fc.boolean(),
        encoderLost: trouble ? fc.boolean() : fc.constant(false),
      }),
      { minLength: 1, maxLength: 20 },
    ),
    jitter: fc.array(fc.integer({ min: -3_000, max: 3_000 }), { minLength: 1, maxLength: 50 }),
    bytes: fc.array(fc.integer({ min: 10, max: 60_000 }), { minLength: 1, maxLength: 20 }),
    limits: fc.record({
      minFileDuration: fc.constantFrom(0, 200_000, SECOND, 3 * SECOND),
      maxFileDuration: fc.constantFrom(Infinity, 3 * SECOND, 4_321_000),
      maxFileBytes: fc.constantFrom(Infinity, 500_000),
    }),
  });

type Recorded = ReturnType<typeof recording> extends fc.Arbitrary<infer T> ? T : never;

const framesOf = ({ step, runs, jitter, bytes }: Recorded): Frame[] => {
  const sources = runs.flatMap(run =>
    Array.from({ length: run.frames }, (_, i) => ({
      source: run.source,
      // Audio that differs is reported until a cut has taken it up; here, for as long as a run lasts.
      audioChange: run.audioChange ? ('audio-sample-rate' as const) : undefined,
      encoderLost: run.encoderLost && i === 0,
    })),
  );
  return sources.map((frame, i) => ({
    ...frame,
    time: i * step + (jitter[i % jitter.length] ?? 0) + 3_000,
    bytes: bytes[i % bytes.length] ?? 0,
  }));
};

const simulate = (given: Recorded) => {
  const frames = framesOf(given);
  return { frames, files: record(frames, given.step, given.limits) };
};

describe('any recording', () => {
  it('has each frame once, in order, in files that follow each other without a gap', () => {
    fc.assert(
      fc.property(recording(true), given => {
        const { frames, files } = simulate(given);
        expect(files.flatMap(file => file.frames.map(frame => frame.time))).toEqual(
          frames.map(frame => frame.time),
        );
        for (const file of files) expect(file.frames[0]?.time).toBe(file.startTime);
        expect(files[0]?.reason).toBe('start');
      }),
    );
  });

  it('never has two sets of track parameters in one file, but for frames that are fitted', () => {
    fc.assert(
      fc.property(recording(true), given => {
        for (const file of simulate(given).files) {
          expect(file.frames[0]?.fitted).toBe(false);
          for (const frame of file.frames) {
            expect(frame.fitted).toBe(videoChange(file.source, frame.source) !== undefined);
          }
        }
      }),
    );
  });

  it('is cut for changes of the source once in the shortest duration of a file at most', () => {
    fc.assert(
      fc.property(recording(true), given => {
        const { files } = simulate(given);
        files.forEach((file, i) => {
          const before = files[i - 1];
          if (before === undefined || !BY_SOURCE.includes(file.reason)) return;
          expect(file.startTime - before.startTime).toBeGreaterThanOrEqual(
            given.limits.minFileDuration - ROUNDING,
          );
        });
      }),
    );
  });

  it('is cut at the first changed frame that finds the file old enough', () => {
    fc.assert(
      fc.property(recording(false), given => {
        for (const file of simulate(given).files) {
          for (const frame of file.frames.filter(f => f.fitted)) {
            expect(frame.time - file.startTime).toBeLessThan(given.limits.minFileDuration);
          }
        }
      }),
    );
  });

  it('has no file that is longer than allowed by more than a frame, nor larger', () => {
    fc.assert(
      fc.property(recording(true), given => {
        const { frames, files } = simulate(given);
        const { maxFileDuration, maxFileBytes } = given.limits;
        const end = (frames.at(-1)?.time ?? 0) + given.step;
        files.forEach((file, i) => {
          const duration = (files[i + 1]?.startTime ?? end) - file.startTime;
          // Frames come up to 6 ms later than their step says.
          expect(duration).toBeLessThanOrEqual(maxFileDuration + given.step + 6_000);
          if (file.frames.length > 1) expect(file.bytes).toBeLessThanOrEqual(maxFileBytes);
        });
      }),
    );
  });

  it('is not cut without a reason', () => {
    fc.assert(
      fc.property(recording(true), given => {
        const { files } = simulate(given);
        files.forEach((file, i) => {
          const before = files[i - 1];
          const first = file.frames[0];
          if (!before || !first) return;
          const change = videoChange(before.source, file.source);
          const reasons: Partial<Record<CutReason, boolean>> = {
            'audio-sample-rate': first.audioChange !== undefined && change === undefined,
            'encoder-restart': first.encoderLost,
            'max-duration':
              first.time + given.step - before.startTime > given.limits.maxFileDuration + ROUNDING,
            'max-bytes': before.bytes + first.bytes > given.limits.maxFileBytes,
          };
          expect(reasons[file.reason] ?? change === file.reason).toBe(true);
        });
      }),
    );
  });
});

describe('thirty changes, ten a second', () => {
  it('give one file a second, and all other frames are fitted', () => {
    const frames = Array.from({ length: 90 }, (_, i) => ({
      time: Math.round((i * SECOND) / 30),
      source: SOURCES[Math.floor(i / 3) % 2] as VideoSource,
      bytes: 0,
      audioChange: undefined,
      encoderLost: false,
    }));
    const limits = { minFileDuration: SECOND, maxFileDuration: Infinity, maxFileBytes: Infinity };
    const files = record(frames, 33_333, limits);
    expect(files.map(file => file.reason)).toEqual(['start', 'video-size', 'video-size']);
    for (const file of files) expect(file.frames.filter(frame => frame.fitted).length).toBeGreaterThan(10);
  });
});
