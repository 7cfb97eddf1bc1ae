import { describe, expect, it } from 'vitest';
import { exponential, type Happening, HOUR, MINUTE, play, SECOND, simulation } from './source-kit.ts';

const LENGTH = 10 * HOUR;
const PIECE = 100_000;
/** What sound and picture may be apart. */
const TOGETHER = 20_000;
/** The latest piece comes so late. */
const LATEST = 40_000;
/** So many pieces come twice. */
const DOUBLED = 36;

/** Once an hour, in this minute of it. */
const hourly = (minute: number, by: readonly number[]): Happening[] =>
  Array.from({ length: 10 }, (_, hour) => ({
    at: hour * HOUR + minute * MINUTE,
    by: by[hour % by.length] ?? 0,
  }));

const GAPS = hourly(5, [100_000, 450_000, 2 * SECOND, 10 * SECOND]);
/** The timestamps jump, the samples go on. */
const AUDIO_JUMPS = [
  ...hourly(15, [60_000, -60_000, 450_000, -450_000]),
  ...hourly(25, [HOUR, -900 * SECOND]),
];
const VIDEO_JUMPS = hourly(35, [HOUR, -HOUR, 5 * SECOND, -SECOND]);
const HELD_UP = hourly(45, [2 * SECOND]);
/** The sound needs so long to follow a jump of the video that was as late as can be, while clocks drift apart. */
const FOLLOWED = MINUTE;

/** Every minute of an hour but that after the video's jump. */
const isCalm = (at: number): boolean => !VIDEO_JUMPS.some(jump => at >= jump.at && at < jump.at + FOLLOWED);

/** Bases far apart, jitter, and all that happens to clocks. */
const tenHours = (audio: number, video: number, follows: 'samples' | 'system') =>
  simulation({
    length: LENGTH,
    heldUp: HELD_UP,
    audio: {
      base: 2_720 * SECOND,
      ppm: audio,
      follows,
      piece: PIECE,
      delay: exponential(17, 10_000, LATEST),
      gaps: GAPS,
      jumps: AUDIO_JUMPS,
      twice: index => index % 10_000 === 4_711,
    },
    video: {
      base: -400 * SECOND,
      ppm: video,
      step: 500_000,
      delay: exponential(23, 10_000, LATEST),
      jumps: VIDEO_JUMPS,
    },
  });

describe('ten hours', () => {
  it.each([
    [0, 0, 'samples'],
    [200, 0, 'samples'],
    [-200, 0, 'samples'],
    [200, 0, 'system'],
    [-200, 0, 'system'],
    [0, 200, 'samples'],
    [0, -200, 'samples'],
    [100, -100, 'samples'],
    [-100, 100, 'system'],
    [200, -200, 'system'],
    [-200, 200, 'samples'],
  ] as const)(
    'of audio that drifts by %i and video that drifts by %i ppm, timestamps from the %s',
    (audio, video, follows) => {
      const worst = { calm: 0, ever: 0, silence: 0, filled: 0, skip: 0 };
      const gone = { count: 0, time: 0 };
      const outcome = play(tenHours(audio, video, follows), ({ at, apart, missing, silence, skip }) => {
        worst.ever = Math.max(worst.ever, Math.abs(apart));
        if (at >= MINUTE && isCalm(at)) worst.calm = Math.max(worst.calm, Math.abs(apart));
        worst.skip = Math.max(worst.skip, skip);
        const off = Math.abs((silence * SECOND) / 48_000 - missing);
        if (missing > 0) {
          gone.count++;
          gone.time += missing;
          worst.silence = Math.max(worst.silence, off);
        } else worst.filled = Math.max(worst.filled, silence);
      });
      expect(worst.calm).toBeLessThan(TOGETHER);
      // After a jump of the video it is off by what the frame was late, until the sound has followed.
      expect(worst.ever).toBeLessThan(TOGETHER + LATEST);
      expect(outcome.repaired).toBe(VIDEO_JUMPS.length);
      expect(gone.count).toBe(GAPS.length);
      // Timestamps that do not run with the samples are off by the drift of 30 s.
      expect(worst.silence).toBeLessThan(follows === 'samples' ? 3_000 : 9_000);
      expect([worst.filled, worst.skip]).toEqual([0, 0]);
      // What came twice was taken once, but for what was just being made up for.
      expect(Math.abs(outcome.skipped / 4_800 - DOUBLED)).toBeLessThan(DOUBLED * 0.05);
      // The sound is as long as the picture, whose every jump is as long as its frame was late.
      const length = (outcome.samplesOut * SECOND) / 48_000 + gone.time;
      const late = length - LENGTH * (1 + video * 1e-6);
      expect(late).toBeGreaterThan(-TOGETHER - LATEST);
      expect(late).toBeLessThan(TOGETHER + LATEST * VIDEO_JUMPS.length);
    },
  );

  it('of exact clocks: all samples as they were, to the last', () => {
    const outcome = play(
      simulation({ length: LENGTH, audio: { piece: PIECE, base: 9_000 * SECOND }, video: { step: 500_000 } }),
    );
    expect(outcome).toMatchObject({ silence: 0, skipped: 0, stretched: 0, samplesOut: outcome.samplesIn });
    expect(outcome.samplesIn).toBeGreaterThanOrEqual(10 * 3_600 * 48_000 - 2 * 4_800);
  });
});
