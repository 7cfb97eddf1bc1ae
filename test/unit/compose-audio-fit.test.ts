import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioFitter, remix } from '../../src/compose/audio-fit.ts';
import { Resampler } from '../../src/compose/resampler.ts';

type Plane = Float32Array<ArrayBuffer>;

const sine = (frequency: number, rate: number, frames: number, amplitude = 0.5): Plane =>
  Float32Array.from({ length: frames }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / rate));

/** Pieces of so many samples; the last may be shorter. */
const pieces = (plane: Plane, length: number): Plane[] =>
  Array.from({ length: Math.ceil(plane.length / length) }, (_, i) =>
    plane.slice(i * length, (i + 1) * length),
  );

const concat = (planes: readonly Plane[]): Plane => {
  const all = new Float32Array(planes.reduce((sum, plane) => sum + plane.length, 0));
  let at = 0;
  for (const plane of planes) {
    all.set(plane, at);
    at += plane.length;
  }
  return all;
};

const resample = (plane: Plane, from: number, to: number, length: number): Plane => {
  const resampler = new Resampler(from, to);
  return concat(pieces(plane, length).map(piece => resampler.push([piece])[0] as Plane));
};

/** Amplitude, and mean square of what is left, of the tone that fits best. */
const measure = (plane: Plane, frequency: number, rate: number) => {
  let sine = 0;
  let cosine = 0;
  plane.forEach((sample, i) => {
    sine += sample * Math.sin((2 * Math.PI * frequency * i) / rate);
    cosine += sample * Math.cos((2 * Math.PI * frequency * i) / rate);
  });
  const [a, b] = [(2 * sine) / plane.length, (2 * cosine) / plane.length];
  let rest = 0;
  plane.forEach((sample, i) => {
    const angle = (2 * Math.PI * frequency * i) / rate;
    rest += (sample - a * Math.sin(angle) - b * Math.cos(angle)) ** 2;
  });
  return { amplitude: Math.hypot(a, b), noise: Math.sqrt(rest / plane.length) };
};

const RATES = [
  [48_000, 44_100],
  [44_100, 48_000],
  [48_000, 16_000],
  [16_000, 48_000],
  [8_000, 48_000],
  [96_000, 48_000],
] as const;

describe('another sample rate', () => {
  it.each(RATES)('%i to %i: a tone of 440 Hz in pieces of 10 ms stays that tone', (from, to) => {
    const out = resample(sine(440, from, from / 2), from, to, from / 100);
    // The filter is longer than the first samples.
    const settled = out.slice(200, 200 + Math.floor(to / 440) * 150);
    const { amplitude, noise } = measure(settled, 440, to);
    expect(Math.abs(amplitude - 0.5)).toBeLessThan(0.005);
    // Whatever is not that tone: other frequencies, and clicks between the pieces.
    expect(noise).toBeLessThan(0.001);
  });

  it('there and back again', () => {
    const there = resample(sine(440, 48_000, 24_000), 48_000, 44_100, 480);
    const back = resample(there, 44_100, 48_000, 441);
    const { amplitude, noise } = measure(back.slice(300, 23_000), 440, 48_000);
    expect(Math.abs(amplitude - 0.5)).toBeLessThan(0.005);
    expect(noise).toBeLessThan(0.001);
  });

  it.each(RATES)('%i to %i: lasts as long as what went in', (from, to) => {
    for (const length of [from / 100, 1_001]) {
      const out = resample(new Float32Array(from / 4), from, to, length);
      expect(Math.abs(out.length - to / 4)).toBeLessThanOrEqual(40);
    }
  });

  it('lags behind by less than a millisecond at 48 kHz', () => {
    const impulse = new Float32Array(4_800);
    impulse[2_400] = 1;
    const out = resample(impulse, 48_000, 44_100, 480);
    const peak = out.indexOf(Math.max(...out));
    expect(Math.abs(peak / 44_100 - 2_400 / 48_000)).toBeLessThan(0.001);
  });

  it('has no click where pieces meet, of whatever length they are', () => {
    const input = sine(440, 48_000, 4_800);
    const whole = resample(input, 48_000, 44_100, input.length);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 }), lengths => {
        const resampler = new Resampler(48_000, 44_100);
        const out: Plane[] = [];
        let at = 0;
        for (let i = 0; at < input.length; i++) {
          const length = lengths[i % lengths.length] ?? 1;
          out.push(resampler.push([input.slice(at, at + length)])[0] as Plane);
          at += length;
        }
        const joined = concat(out);
        // The very last sample may fall just before or just behind the end.
        expect(Math.abs(joined.length - whole.length)).toBeLessThanOrEqual(1);
        for (let i = 0; i < whole.length - 1; i += 7) {
          expect(Math.abs((joined[i] ?? 0) - (whole[i] ?? 0))).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('leaves out what the lower rate can not hold, instead of folding it back', () => {
    const out = resample(sine(15_000, 48_000, 24_000), 48_000, 16_000, 480).slice(100, 7_900);
    expect(Math.max(...out.map(Math.abs))).toBeLessThan(0.01);
  });

  it('keeps channels apart', () => {
    const resampler = new Resampler(48_000, 44_100);
    const [left = new Float32Array(), right = new Float32Array(), ...more] = resampler.push([
      sine(440, 48_000, 4_800),
      new Float32Array(4_800),
    ]);
    expect(more).toEqual([]);
    expect(Math.max(...left)).toBeGreaterThan(0.4);
    expect(Math.max(...right.map(Math.abs))).toBe(0);
  });

  it('a constant stays what it is', () => {
    const out = resample(new Float32Array(4_800).fill(0.8), 48_000, 44_100, 480).slice(100, 4_300);
    expect(Math.max(...out.map(value => Math.abs(value - 0.8)))).toBeLessThan(0.008);
  });
});

describe('another number of channels', () => {
  const of = (...values: number[]): Plane[] => values.map(value => Float32Array.of(value, -value));
  const values = (planes: readonly Plane[]): number[] => planes.map(plane => plane[0] ?? Number.NaN);

  it('as many: as they are', () => {
    expect(values(remix(of(0.1, 0.2), 2))).toEqual([Math.fround(0.1), Math.fround(0.2)]);
  });

  it('one to more: the same on each', () => {
    expect(values(remix(of(0.5), 2))).toEqual([0.5, 0.5]);
    expect(values(remix(of(0.5), 6))).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it('many to one: their mean', () => {
    expect(values(remix(of(1, 0), 1))).toEqual([0.5]);
    expect(values(remix(of(1, -1), 1))).toEqual([0]);
    expect(values(remix(of(0.25, 0.5, 0.75, 0.5), 1))).toEqual([0.5]);
  });

  it('5.1 to two: the centre on both sides, what is behind on its own, and no bass channel', () => {
    const gains = Array.from({ length: 6 }, (_, channel) => {
      const one = Array.from({ length: 6 }, (__, c) => (c === channel ? 1 : 0));
      return values(remix(of(...one), 2));
    });
    const [left, right, centre, bass, leftBehind, rightBehind] = gains as [number, number][];
    expect(left?.[1]).toBe(0);
    expect(right).toEqual([left?.[1], left?.[0]]);
    expect(centre?.[0]).toBe(centre?.[1]);
    expect(centre?.[0]).toBeCloseTo((left?.[0] ?? 0) * Math.SQRT1_2);
    expect(bass).toEqual([0, 0]);
    expect(leftBehind?.[0]).toBeCloseTo((left?.[0] ?? 0) * Math.SQRT1_2);
    expect(rightBehind).toEqual([leftBehind?.[1], leftBehind?.[0]]);
  });

  it('nothing to nothing', () => {
    expect(remix([], 2)).toEqual([]);
  });

  it('never clips, gives as many channels as were asked for, and as many samples as there were', () => {
    const count = fc.integer({ min: 1, max: 8 });
    const sample = fc.float({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(count, count, fc.array(sample, { minLength: 8, maxLength: 8 }), (from, to, samples) => {
        const planes = Array.from({ length: from }, (_, c) => Float32Array.of(samples[c] ?? 0, 1, -1));
        const mixed = remix(planes, to);
        expect(mixed.length).toBe(to);
        for (const plane of mixed) {
          expect(plane.length).toBe(3);
          for (const value of plane) expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-6);
        }
      }),
    );
  });

  it('does not write into what it was given', () => {
    const planes = of(0.5, 0.25);
    remix(planes, 1);
    remix(planes, 6);
    expect(values(planes)).toEqual([0.5, 0.25]);
  });
});

describe('fitting audio that changes into parameters that do not', () => {
  const target = { sampleRate: 48_000, numberOfChannels: 2 };

  it('leaves audio alone that fits', () => {
    const planes = [sine(440, 48_000, 480), sine(880, 48_000, 480)];
    expect(new AudioFitter(target).fit(planes, 48_000)).toEqual(planes);
  });

  it('gives rate and channels of the file, over any row of changes', () => {
    const sources = [
      { rate: 44_100, channels: 1 },
      { rate: 48_000, channels: 6 },
      { rate: 16_000, channels: 2 },
      { rate: 8_000, channels: 1 },
      { rate: 44_100, channels: 6 },
    ];
    const fitter = new AudioFitter(target);
    for (const { rate, channels } of sources) {
      let frames = 0;
      for (let i = 0; i < 20; i++) {
        const planes = Array.from({ length: channels }, () => sine(440, rate, rate / 100));
        const fitted = fitter.fit(planes, rate);
        expect(fitted.length).toBe(2);
        expect(fitted[1]?.length).toBe(fitted[0]?.length);
        frames += fitted[0]?.length ?? 0;
      }
      expect(Math.abs(frames - 9_600)).toBeLessThanOrEqual(40);
    }
  });

  it('begins anew with each rate: nothing of the rate before is heard', () => {
    const fitter = new AudioFitter(target);
    fitter.fit([new Float32Array(441).fill(1)], 44_100);
    const [silent = new Float32Array()] = fitter.fit([new Float32Array(160)], 16_000);
    expect(Math.max(...silent.map(Math.abs))).toBe(0);
  });

  it('keeps a tone whole over many pieces of one rate', () => {
    const fitter = new AudioFitter(target);
    const out = pieces(sine(440, 44_100, 22_050), 441).map(piece => fitter.fit([piece], 44_100)[0] as Plane);
    const { amplitude, noise } = measure(concat(out).slice(200, 23_000), 440, 48_000);
    expect(Math.abs(amplitude - 0.5)).toBeLessThan(0.005);
    expect(noise).toBeLessThan(0.001);
  });
});
