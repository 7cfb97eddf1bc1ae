import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioClock, type ReferenceDelay } from '../../src/source/audio-clock.ts';
import { DriftFollower } from '../../src/source/drift.ts';
import { HOUR, MINUTE, SECOND } from './source-kit.ts';

const STEP = 100_000;

/** Follows an error that grows by itself; gives it as it is after each step. */
const run = (follower: DriftFollower, given: { error: number; ppm?: number; length: number }): number[] => {
  let { error } = given;
  return Array.from({ length: given.length / STEP }, () => {
    error += (given.ppm ?? 0) * 1e-6 * STEP;
    error -= follower.follow(error, STEP);
    return error;
  });
};

describe('clocks that are apart', () => {
  it('by up to 10 ms are left alone: that is jitter', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -10_000, max: 10_000 })), errors => {
        const follower = new DriftFollower();
        for (const error of errors) expect(follower.follow(error, STEP)).toBe(0);
      }),
    );
  });

  it.each([10_001, -10_001, 40_000, -40_000])('by %i µs are brought together within a minute', error => {
    const errors = run(new DriftFollower(), { error, length: MINUTE + 10 * SECOND });
    expect(Math.abs(errors.at(-1) ?? error)).toBeLessThanOrEqual(2_000);
    errors.forEach((now, i) => {
      const before = errors[i - 1] ?? error;
      expect(Math.abs(now)).toBeLessThanOrEqual(Math.abs(before));
      expect(Math.sign(now)).toBe(Math.sign(error));
    });
  });

  it('by less than 2 ms are together: it rests until they are 10 ms apart again', () => {
    const follower = new DriftFollower();
    const errors = run(follower, { error: 15_000, length: 2 * MINUTE });
    expect(errors.at(-1)).toBe(errors.at(-2));
    expect(errors.at(-1)).toBeGreaterThan(1_980);
    expect(follower.follow(9_999, STEP)).toBe(0);
    expect(follower.follow(10_001, STEP)).toBeGreaterThan(0);
    expect(follower.follow(9_999, STEP)).toBeGreaterThan(0);
  });

  it('are brought together by a thousandth of the time at the most, a second of it at a time', () => {
    const sizes = fc.integer({ min: 10_001, max: 999_999 });
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.integer({ min: 0, max: HOUR }), (size, ahead, elapsed) => {
        const moved = new DriftFollower().follow(ahead ? size : -size, elapsed);
        expect(Math.abs(moved)).toBeLessThanOrEqual(Math.min(elapsed, SECOND) * 0.001);
        if (elapsed > 0) expect(Math.sign(moved)).toBe(ahead ? 1 : -1);
      }),
    );
  });

  it('by a second or more have not drifted', () => {
    const follower = new DriftFollower();
    expect(follower.follow(SECOND, STEP)).toBe(0);
    expect(follower.follow(-HOUR, STEP)).toBe(0);
    expect(follower.follow(SECOND - 1, STEP)).toBeGreaterThan(0);
  });
});

describe('clocks that drift apart', () => {
  it.each([200, -200, 100, -100, 20, 400, -400])('by %i ppm stay within 10 ms', ppm => {
    const errors = run(new DriftFollower(), { error: 0, ppm, length: HOUR });
    const worst = Math.max(...errors.map(Math.abs));
    // As far as where it begins to correct, and a step of the drift.
    expect(worst).toBeGreaterThan(9_900);
    expect(worst).toBeLessThan(10_050);
    // It keeps up with the drift where 20 s of it are left, if that is enough to go on for.
    if (Math.abs(ppm) >= 200)
      expect(Math.abs(Math.abs(errors.at(-1) ?? 0) - 20 * Math.abs(ppm))).toBeLessThan(50);
  });
});

describe('audio', () => {
  const PIECE = 10_000;

  /** Feeds pieces that are captured from a moment on, by a clock of its own. */
  const play = (clock: AudioClock, from: number, to: number, ppm = 0): number => {
    let own = 0;
    for (let at = from; at < to; at += PIECE)
      own = clock.observe(5_000 + at * (1 + ppm * 1e-6), at + PIECE, PIECE * (1 + ppm * 1e-6));
    return clock.map(own) - (to - PIECE);
  };

  /** Audio that lies where it was captured, and the video's delay, which tests change. */
  const withVideo = () => {
    const video: ReferenceDelay = { floor: PIECE, steady: true };
    const clock = new AudioClock(() => video);
    play(clock, 0, SECOND);
    clock.settle(PIECE);
    return { video, clock };
  };

  it.each([200, -200])('that drifts by %i ppm keeps to its arrival when there is no video', ppm => {
    const clock = new AudioClock();
    play(clock, 0, SECOND, ppm);
    clock.settleAt(5_000, 0);
    expect(Math.abs(play(clock, SECOND, 5 * MINUTE, ppm))).toBeLessThan(10_500);
  });

  it('moves with the video', () => {
    const { video, clock } = withVideo();
    expect(Math.abs(play(clock, SECOND, MINUTE))).toBeLessThan(20);
    video.floor -= 15_000;
    // The picture lies 15 ms later by now, and the sound within 2 ms of it in the end.
    const moved = play(clock, MINUTE, 3 * MINUTE);
    expect(moved).toBeGreaterThan(12_900);
    expect(moved).toBeLessThan(15_000);
  });

  it('does not follow a video of which not enough is known', () => {
    const { video, clock } = withVideo();
    video.floor -= 15_000;
    video.steady = false;
    expect(Math.abs(play(clock, SECOND, MINUTE))).toBeLessThan(20);
  });

  it('does not follow its arrival either while the video is not known: they might part', () => {
    const video = { floor: PIECE, steady: true };
    const clock = new AudioClock(() => video);
    play(clock, 0, SECOND, 200);
    clock.settle(PIECE);
    video.steady = false;
    const drifted = 3 * MINUTE * 200e-6;
    expect(Math.abs(play(clock, SECOND, 3 * MINUTE, 200) - drifted)).toBeLessThan(500);
  });

  it('keeps its place when the video ends, where it was last', () => {
    const reference: { video: ReferenceDelay | undefined } = { video: { floor: PIECE, steady: true } };
    const clock = new AudioClock(() => reference.video);
    play(clock, 0, SECOND);
    clock.settle(PIECE);
    reference.video = { floor: PIECE - 15_000, steady: true };
    play(clock, SECOND, 3 * MINUTE);
    reference.video = undefined;
    expect(Math.abs(play(clock, 3 * MINUTE, 5 * MINUTE) - 15_000)).toBeLessThan(2_050);
  });

  it.each([0, 1])('stays where it is after a pause, with video or without: %i', withIt => {
    const { video, clock } = withIt ? withVideo() : { video: undefined, clock: new AudioClock() };
    if (!video) {
      play(clock, 0, SECOND);
      clock.settle(PIECE);
    }
    const gap = 500_000;
    clock.moveBack(gap);
    if (video) video.floor += gap;
    expect(Math.abs(play(clock, SECOND + gap, MINUTE) + gap)).toBeLessThan(20);
  });
});
