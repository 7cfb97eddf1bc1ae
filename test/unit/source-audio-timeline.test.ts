import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioTimeline } from '../../src/source/audio-clock.ts';

const RATES = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000] as const;
/** What timestamps may wobble, in microseconds. */
const TOLERANCE = 40_000;

/** Puts a piece onto the timeline as the audio lane does; gives the samples that were written for it. */
const put = (timeline: AudioTimeline, time: number, frames: number): { silence: number; kept: number } => {
  const { silence, skip } = timeline.place(time, frames);
  timeline.advance(silence);
  timeline.advance(frames - skip);
  return { silence, kept: frames - skip };
};

describe('an unbroken track', () => {
  it('counts samples and never adds up rounded times', () => {
    const timeline = new AudioTimeline(6_000, 44_100);
    for (let i = 0; i < 100_000; i++) timeline.advance(441);
    expect(timeline.time).toBe(6_000 + 1_000 * 1e6);
  });

  it('takes pieces whose timestamps wobble as they are', () => {
    const wobble = fc.array(fc.integer({ min: -19_000, max: 19_000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(wobble, fc.constantFrom(...RATES), (offsets, rate) => {
        const timeline = new AudioTimeline(0, rate);
        const frames = rate / 100;
        offsets.forEach((offset, i) => {
          expect(put(timeline, i * 10_000 + offset, Math.floor(frames))).toEqual({
            silence: 0,
            kept: Math.floor(frames),
          });
        });
      }),
    );
  });

  it('believes the timestamps only when they disagree by more than the tolerance', () => {
    const timeline = new AudioTimeline(SECOND, 48_000);
    expect(timeline.place(SECOND + TOLERANCE, 480)).toEqual({ silence: 0, skip: 0 });
    expect(timeline.place(SECOND - TOLERANCE, 480)).toEqual({ silence: 0, skip: 0 });
    expect(timeline.place(SECOND + TOLERANCE + 1, 480)).toEqual({ silence: 1_920, skip: 0 });
    expect(timeline.place(SECOND - TOLERANCE - 1, 4_800)).toEqual({ silence: 0, skip: 1_920 });
  });

  it('fills a gap with as much silence as was missing', () => {
    const timeline = new AudioTimeline(0, 48_000);
    put(timeline, 0, 480);
    expect(put(timeline, 1_010_000, 480)).toEqual({ silence: 48_000, kept: 480 });
    expect(timeline.time).toBe(1_020_000);
    expect(put(timeline, 1_020_000, 480)).toEqual({ silence: 0, kept: 480 });
  });

  it('leaves out what overlaps, which may be all of a piece', () => {
    const timeline = new AudioTimeline(0, 48_000);
    timeline.advance(48_000);
    expect(put(timeline, 500_000, 4_800)).toEqual({ silence: 0, kept: 0 });
    expect(put(timeline, 950_000, 4_800)).toEqual({ silence: 0, kept: 2_400 });
    expect(timeline.time).toBe(1_050_000);
  });
});

const SECOND = 1_000_000;

describe('any audio, with gaps and overlaps', () => {
  const pieces = fc.array(
    fc.record({
      gap: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -8_000, max: 8_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: -300_000, max: 2_000_000 }) },
      ),
      frames: fc.integer({ min: 1, max: 4_800 }),
    }),
    { minLength: 1, maxLength: 120 },
  );

  it('the samples that come out are the time that is covered, and each stays near its timestamp', () => {
    fc.assert(
      fc.property(pieces, fc.constantFrom(...RATES), fc.integer({ min: 0, max: 1e9 }), (all, rate, start) => {
        const timeline = new AudioTimeline(start, rate);
        const sample = 1e6 / rate;
        let written = 0;
        let time = start;
        for (const { gap, frames } of all) {
          time += gap;
          const { silence, kept } = put(timeline, time, frames);
          written += silence + kept;
          expect(kept).toBeGreaterThanOrEqual(0);
          expect(kept).toBeLessThanOrEqual(frames);
          expect(timeline.time).toBeCloseTo(start + (written * 1e6) / rate, 3);
          // The end of a piece that was kept lies where its timestamp says, give or take the tolerance.
          if (kept > 0)
            expect(Math.abs(timeline.time - (time + frames * sample))).toBeLessThanOrEqual(
              TOLERANCE + sample,
            );
          time += frames * sample;
        }
      }),
    );
  });
});
