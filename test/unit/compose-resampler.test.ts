import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Plane, Resampler, Stretcher } from '../../src/compose/resampler.ts';

const RATE = 48_000;
const PIECE = 480;
const AMPLITUDE = 0.5;

const sine = (frequency: number, frames: number, rate = RATE): Plane =>
  Float32Array.from({ length: frames }, (_, i) => AMPLITUDE * Math.sin((2 * Math.PI * frequency * i) / rate));

/** Pieces of these lengths, over and over, until all is cut up. */
const cut = (plane: Plane, lengths: readonly number[]): Plane[] => {
  const pieces: Plane[] = [];
  for (let at = 0, i = 0; at < plane.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(plane.slice(at, at + length));
    at += length;
  }
  return pieces;
};

const decibels = (ratio: number): number => 20 * Math.log10(Math.max(ratio, 1e-12));

/** The sine with these phases that fits best, by least squares, and what is left of the samples without it. */
const fitSine = (samples: readonly number[], phases: readonly number[]) => {
  const [sines, cosines] = [phases.map(Math.sin), phases.map(Math.cos)];
  const sums = { ss: 0, sc: 0, cc: 0, s: 0, c: 0 };
  samples.forEach((sample, i) => {
    const [sin = 0, cos = 0] = [sines[i], cosines[i]];
    sums.ss += sin * sin;
    sums.sc += sin * cos;
    sums.cc += cos * cos;
    sums.s += sample * sin;
    sums.c += sample * cos;
  });
  const determinant = sums.ss * sums.cc - sums.sc * sums.sc;
  const a = (sums.s * sums.cc - sums.c * sums.sc) / determinant;
  const b = (sums.c * sums.ss - sums.s * sums.sc) / determinant;
  const rest = samples.map((sample, i) => sample - a * (sines[i] ?? 0) - b * (cosines[i] ?? 0));
  const amplitude = Math.hypot(a, b);
  const noise = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0) / rest.length);
  return {
    amplitude,
    /** Radians. */
    phase: Math.atan2(b, a),
    /** Whatever is not that tone, against it. */
    distortion: decibels((noise * Math.SQRT2) / amplitude),
    /** The worst sample: a click stands out in it. */
    worst: decibels(Math.max(...rest.map(Math.abs)) / amplitude),
  };
};

/** Puts pieces through; tells for each sample that comes out where it lies, in samples of what went in. */
const stretchAll = (pieces: readonly Plane[], by: (piece: number) => number) => {
  const stretcher = new Stretcher();
  const samples: number[] = [];
  const places: number[] = [];
  let place = 0;
  const add = (plane: Plane | undefined, step: number): void => {
    for (const sample of plane ?? []) {
      samples.push(sample);
      places.push(place);
      place += step;
    }
  };
  pieces.forEach((piece, i) => {
    add(stretcher.stretch([piece], by(i))[0], 1 / (1 + by(i)));
  });
  const flushed = samples.length;
  add(stretcher.flush()[0], 1);
  return { samples, places, flushed };
};

const phasesOf = (places: readonly number[], frequency: number): number[] =>
  places.map(place => (2 * Math.PI * frequency * place) / RATE);

const speed = fc.double({ min: -0.002, max: 0.002, noNaN: true });
const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });

describe('audio that is not to be stretched', () => {
  it('is left as it is, to the bit, and comes at once', () => {
    const stretcher = new Stretcher();
    for (const piece of cut(sine(997, 4_800), [PIECE, 7, 1])) {
      const [left, right, ...more] = stretcher.stretch([piece, piece], 0);
      expect(left).toEqual(piece);
      expect(right).toEqual(piece);
      expect(more).toEqual([]);
    }
    // Nothing was kept back.
    expect(stretcher.flush()).toEqual([]);
  });
});

describe('a tone that is stretched', () => {
  // Of a hundred pieces, those in the middle are stretched: it begins and it ends.
  const middle = (by: number) => (piece: number) => (piece < 20 || piece >= 70 ? 0 : by);

  it.each([
    [100, -85],
    [1_000, -85],
    [5_000, -85],
    [10_000, -80],
    [15_000, -70],
  ])('%d Hz stays that tone, also where it begins and ends', (frequency, limit) => {
    for (const by of [0.002, -0.002, -0.01]) {
      const { samples, places } = stretchAll(cut(sine(frequency, RATE / 4), [PIECE / 4]), middle(by));
      const heard = samples.slice(0, -40);
      const fit = fitSine(heard, phasesOf(places, frequency));
      expect(Math.abs(fit.amplitude / AMPLITUDE - 1)).toBeLessThan(1e-3);
      expect(Math.abs(fit.phase)).toBeLessThan(1e-4);
      expect(fit.distortion).toBeLessThan(limit);
      expect(fit.worst).toBeLessThan(limit);
    }
  });

  it('is lower by as much as it is longer', () => {
    const { samples } = stretchAll(cut(sine(1_000, RATE / 2), [PIECE]), () => 0.002);
    const heard = samples.slice(PIECE, -PIECE);
    const tone = (frequency: number) =>
      fitSine(
        heard,
        heard.map((_, i) => (2 * Math.PI * frequency * i) / RATE),
      ).distortion;
    expect(tone(1_000 / 1.002)).toBeLessThan(-85);
    expect(tone(1_000)).toBeGreaterThan(-20);
  });

  it('has no click, whatever the lengths of pieces, and however often it is stretched otherwise', () => {
    fc.assert(
      fc.property(lengths, fc.array(speed, { minLength: 1, maxLength: 9 }), (cuts, speeds) => {
        // Not from the first piece on: it is to begin behind whatever lies before.
        const by = (piece: number): number =>
          piece < cuts.length ? 0 : (speeds[piece % speeds.length] ?? 0);
        const { samples, places } = stretchAll(cut(sine(1_000, 9_600), cuts), by);
        const phases = phasesOf(places, 1_000);
        const off = samples
          .slice(0, -40)
          .map((sample, i) => Math.abs(sample - AMPLITUDE * Math.sin(phases[i] ?? 0)));
        expect(decibels(Math.max(...off) / AMPLITUDE)).toBeLessThan(-80);
      }),
      { numRuns: 8 },
    );
  });

  it('has none either when what came right before was only a few samples', () => {
    for (const few of [0, 1, 2, 5, 15]) {
      // Where the tone is loudest, what is missing would be heard most.
      const tone = sine(1_000, 2_000);
      const pieces = [tone.slice(0, 500), tone.slice(500, 500 + few), tone.slice(500 + few)];
      const { samples, places } = stretchAll(pieces, piece => (piece < 2 ? 0 : 0.01));
      expect(fitSine(samples.slice(0, -40), phasesOf(places, 1_000)).worst).toBeLessThan(-85);
    }
  });

  it('keeps its channels apart, and in step', () => {
    const stretcher = new Stretcher();
    const [left, right]: [number[], number[]] = [[], []];
    cut(sine(440, 9_600), [PIECE]).forEach((piece, i) => {
      const [l = new Float32Array(), r = new Float32Array()] = stretcher.stretch(
        [piece, piece.map(sample => -sample / 2)],
        i < 3 ? 0 : 0.001,
      );
      left.push(...l);
      right.push(...r);
    });
    expect(left.length).toBeGreaterThan(9_000);
    expect(right.length).toBe(left.length);
    expect(left.every((sample, i) => Math.abs(sample + 2 * (right[i] ?? 0)) < 1e-6)).toBe(true);
  });
});

describe('how long it is', () => {
  it('as much longer as was asked for, within what the filter keeps back', () => {
    fc.assert(
      fc.property(lengths, fc.array(speed, { minLength: 1, maxLength: 9 }), (cuts, speeds) => {
        const pieces = cut(new Float32Array(9_600), cuts);
        const by = (piece: number): number => speeds[piece % speeds.length] ?? 0;
        const { flushed } = stretchAll(pieces, by);
        const asked = pieces.reduce((sum, piece, i) => sum + piece.length * (1 + by(i)), 0);
        expect(Math.abs(asked - flushed)).toBeLessThanOrEqual(17);
      }),
      { numRuns: 8 },
    );
  });

  it('for as long as you like at the same speed, to the sample', () => {
    const stretcher = new Stretcher();
    let out = 0;
    const silence = [new Float32Array(RATE / 10)];
    for (let i = 0; i < 50; i++) out += stretcher.stretch(silence, 0.0002)[0]?.length ?? 0;
    expect(Math.abs(out - 5 * RATE * 1.0002)).toBeLessThanOrEqual(17);
  });

  it('in the end the rest comes out: the last samples too', () => {
    fc.assert(
      fc.property(lengths, speed, (cuts, by) => {
        const { samples, places, flushed } = stretchAll(cut(sine(1_000, 4_800), cuts), () => by);
        // Every sample that went in lies before the end.
        expect(Math.abs((places.at(-1) ?? 0) - 4_799)).toBeLessThanOrEqual(1);
        if (by !== 0) expect(samples.length - flushed).toBeGreaterThanOrEqual(15);
        expect(samples.length - flushed).toBeLessThanOrEqual(17);
        // It is that tone up to where the filter would need what never comes, and no louder there.
        const phases = phasesOf(places, 1_000);
        const off = samples.map((sample, i) => Math.abs(sample - AMPLITUDE * Math.sin(phases[i] ?? 0)));
        expect(decibels(Math.max(...off.slice(0, -40)) / AMPLITUDE)).toBeLessThan(-80);
        expect(Math.max(...off.slice(-40))).toBeLessThan(0.1);
      }),
      { numRuns: 10 },
    );
  });

  it('pieces shorter than the filter, none of which can be told alone', () => {
    const { samples, flushed } = stretchAll(cut(sine(1_000, 100), [3]), () => 0.001);
    expect(Math.abs(flushed - 84)).toBeLessThanOrEqual(1);
    expect(Math.abs(samples.length - 100)).toBeLessThanOrEqual(1);
  });
});

describe('another sample rate', () => {
  it.each([
    [44_100, 48_000, 440, -100],
    [44_100, 48_000, 1_000, -100],
    [44_100, 48_000, 10_000, -85],
    [48_000, 44_100, 1_000, -100],
    [48_000, 44_100, 10_000, -85],
    [16_000, 48_000, 1_000, -100],
    [96_000, 48_000, 10_000, -100],
    [48_000, 16_000, 3_000, -100],
    // The filter is as long as it is, and telephones have little room between 3.6 and 4 kHz.
    [8_000, 48_000, 1_000, -55],
  ])('%d to %d: %d Hz is a sine, distorted by less than %d dB', (from, to, frequency, limit) => {
    const resampler = new Resampler(from, to);
    const samples = cut(sine(frequency, from / 2, from), [from / 100]).flatMap(piece => [
      ...(resampler.push([piece])[0] ?? []),
    ]);
    const heard = samples.slice(100, -100);
    const fit = fitSine(
      heard,
      heard.map((_, i) => (2 * Math.PI * frequency * i) / to),
    );
    expect(Math.abs(fit.amplitude / AMPLITUDE - 1)).toBeLessThan(1e-3);
    expect(fit.distortion).toBeLessThan(limit);
    expect(Math.abs(samples.length - to / 2)).toBeLessThanOrEqual(1);
  });
});
