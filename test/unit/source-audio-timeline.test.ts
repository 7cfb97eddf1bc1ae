import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioTimeline } from '../../src/source/audio-timeline.ts';

const RATES = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000] as const;
/** What is made up for unheard, in microseconds. */
const TOLERANCE = 5_000;
const SECOND = 1_000_000;
const AS_IT_IS = { silence: 0, skip: 0, stretch: 0 };

/** Puts pieces onto the timeline as the audio lane does; gives the samples that were written for each. */
const putter = (timeline: AudioTimeline) => {
  let rest = 0;
  return (time: number, frames: number): { silence: number; kept: number } => {
    const { silence, skip, stretch } = timeline.place(time, frames);
    const exact = (frames - skip) * (1 + stretch) + rest;
    const kept = Math.floor(exact + 1e-6);
    rest = exact - kept;
    timeline.advance(silence);
    timeline.advance(kept);
    return { silence, kept };
  };
};

describe('an unbroken track', () => {
  it('counts samples and never adds up rounded times', () => {
    const timeline = new AudioTimeline(6_000, 44_100);
    for (let i = 0; i < 100_000; i++) timeline.advance(441);
    expect(timeline.time).toBe(6_000 + 1_000 * 1e6);
  });

  it('fills and leaves out nothing for less than 5 ms', () => {
    const timeline = new AudioTimeline(SECOND, 48_000);
    expect(timeline.place(SECOND + TOLERANCE, 480)).toMatchObject({ silence: 0, skip: 0 });
    expect(timeline.place(SECOND - TOLERANCE, 480)).toMatchObject({ silence: 0, skip: 0 });
    expect(timeline.place(SECOND + TOLERANCE + 1, 480)).toEqual({ ...AS_IT_IS, silence: 240 });
    expect(timeline.place(SECOND - TOLERANCE - 1, 480)).toEqual({ ...AS_IT_IS, skip: 240 });
  });

  it.each(RATES)('takes pieces that lie where they should, but for a sample of %i Hz, as they are', rate => {
    const timeline = new AudioTimeline(SECOND, rate);
    for (const samples of [0, 1, -1, 1.49, -1.49])
      expect(timeline.place(SECOND + (samples * 1e6) / rate, 480)).toEqual(AS_IT_IS);
    expect(timeline.place(SECOND + (1.51 * 1e6) / rate, 480).stretch).toBeGreaterThan(0);
  });

  it('makes pieces longer that come late, and shorter that come early, by two thousandths at the most', () => {
    const timeline = new AudioTimeline(SECOND, 48_000);
    for (const error of [100, 500, 1_000, 3_000, TOLERANCE]) {
      const { stretch } = timeline.place(SECOND + error, 480);
      expect(stretch).toBeGreaterThan(0);
      expect(stretch).toBeLessThanOrEqual(0.002);
      expect(timeline.place(SECOND - error, 480).stretch).toBe(-stretch);
    }
  });

  it.each([TOLERANCE, -TOLERANCE])('makes up for %i µs within four seconds', error => {
    const timeline = new AudioTimeline(0, 48_000);
    const put = putter(timeline);
    for (let i = 0; i < 400; i++) put(error + i * 10_000, 480);
    // But for what is no error any more.
    expect(Math.abs(timeline.time - (error + 4 * SECOND))).toBeLessThan(35);
  });

  it.each([
    [200, 44_100],
    [-200, 48_000],
    [1_000, 48_000],
    [-1_000, 16_000],
  ])('follows pieces that drift by %i ppm without filling or leaving out anything, at %i Hz', (ppm, rate) => {
    const timeline = new AudioTimeline(0, rate);
    const put = putter(timeline);
    let silence = 0;
    let worst = 0;
    for (let i = 0; i < 6_000; i++) {
      const time = i * 10_000 * (1 + ppm * 1e-6);
      worst = Math.max(worst, Math.abs(timeline.time - time));
      silence += put(time, rate / 100).silence;
    }
    expect(silence).toBe(0);
    // Half a second of the drift, and what is left over from whole samples.
    expect(worst).toBeLessThan(Math.abs(ppm) * 0.5 + 2.5 * (1e6 / rate));
  });

  it('fills a gap with as much silence as was missing', () => {
    const timeline = new AudioTimeline(0, 48_000);
    const put = putter(timeline);
    put(0, 480);
    expect(put(1_010_000, 480)).toEqual({ silence: 48_000, kept: 480 });
    expect(timeline.time).toBe(1_020_000);
    expect(put(1_020_000, 480)).toEqual({ silence: 0, kept: 480 });
  });

  it('leaves out what overlaps, which may be all of a piece', () => {
    const timeline = new AudioTimeline(0, 48_000);
    const put = putter(timeline);
    timeline.advance(48_000);
    expect(put(500_000, 4_800)).toEqual({ silence: 0, kept: 0 });
    expect(put(950_000, 4_800)).toEqual({ silence: 0, kept: 2_400 });
    expect(timeline.time).toBe(1_050_000);
  });
});

describe('any audio, with gaps and overlaps', () => {
  const pieces = fc.array(
    fc.record({
      gap: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -3_000, max: 3_000 }) },
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
        const put = putter(timeline);
        const sample = 1e6 / rate;
        let written = 0;
        let time = start;
        for (const { gap, frames } of all) {
          time += gap;
          const { silence, kept } = put(time, frames);
          written += silence + kept;
          expect(kept).toBeGreaterThanOrEqual(0);
          expect(kept).toBeLessThanOrEqual(frames * 1.002 + 1);
          expect(timeline.time).toBeCloseTo(start + (written * 1e6) / rate, 3);
          // The end of a piece that was kept lies where its timestamp says, give or take the tolerance.
          if (kept > 0)
            expect(Math.abs(timeline.time - (time + frames * sample))).toBeLessThanOrEqual(
              TOLERANCE + 2 * sample,
            );
          time += frames * sample;
        }
      }),
    );
  });
});
