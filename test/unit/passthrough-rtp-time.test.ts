import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtpTime } from '../../src/passthrough/rtp-time.ts';

const CYCLE = 2 ** 32;
const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;

/** The timestamp that a sender writes which began at `offset`. */
const stamp = (time: number, clockRate: number, offset: number): number =>
  (offset + Math.round((time * clockRate) / SECOND)) % CYCLE;

/** Rounding to ticks and back. */
const near = (a: number, b: number, clockRate: number): void =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(Math.ceil(SECOND / clockRate));

describe('RTP timestamps', () => {
  it('are whole microseconds since the first, exact at any clock rate', () => {
    const time = new RtpTime(90_000);
    const map = (timestamp: number, arrival: number): number => time.map({ timestamp, arrival }).time;
    expect([map(1_000, 50), map(4_000, 33_383), map(7_003, 66_700)]).toEqual([0, 33_333, 66_700]);
  });

  it('start over after 32 bits', () => {
    const time = new RtpTime(48_000);
    expect(time.map({ timestamp: CYCLE - 960, arrival: 0 })).toEqual({ time: 0, restarted: false });
    expect(time.map({ timestamp: 0, arrival: 20_000 })).toEqual({ time: 20_000, restarted: false });
    expect(time.map({ timestamp: 960, arrival: 40_000 })).toEqual({ time: 40_000, restarted: false });
    expect(time.map({ timestamp: CYCLE - 480, arrival: 41_000 })).toEqual({ time: 10_000, restarted: false });
  });

  it('over hours, with losses, jitter, packets out of order and clocks that drift: nothing is lost or made up', () => {
    const step = fc.record({
      gap: fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 10_000, max: 100_000 }) },
        { weight: 2, arbitrary: fc.integer({ min: SECOND, max: 30 * SECOND }) },
        // Muted for longer than the timestamps last.
        { weight: 1, arbitrary: fc.integer({ min: HOUR, max: 30 * HOUR }) },
      ),
      delay: fc.integer({ min: 0, max: 400_000 }),
      early: fc.integer({ min: 0, max: 900_000 }),
    });
    const world = fc.record({
      clockRate: fc.constantFrom(8_000, 16_000, 44_100, 48_000, 90_000),
      offset: fc.integer({ min: 0, max: CYCLE - 1 }),
      drift: fc.integer({ min: -200, max: 200 }),
      steps: fc.array(step, { minLength: 1, maxLength: 60 }),
    });
    fc.assert(
      fc.property(world, ({ clockRate, offset, drift, steps }) => {
        const rtp = new RtpTime(clockRate);
        rtp.map({ timestamp: offset, arrival: 0 });
        let real = 0;
        for (const { gap, delay, early } of steps) {
          real += gap;
          const arrival = real + delay;
          // By the sender's crystal.
          const sent = real + Math.round((real * drift) / 1e6);
          const place = rtp.map({ timestamp: stamp(sent, clockRate, offset), arrival });
          expect(place.restarted).toBe(false);
          near(place.time, sent, clockRate);
          // One that was sent before it, and comes after it.
          const before = Math.max(0, sent - early);
          near(rtp.map({ timestamp: stamp(before, clockRate, offset), arrival }).time, before, clockRate);
        }
      }),
    );
  });

  it('ten hours of frames end where they must, to the microsecond', () => {
    const rtp = new RtpTime(90_000);
    const offset = CYCLE - 5;
    let last = 0;
    for (let i = 0; i <= 36_000; i++)
      last = rtp.map({ timestamp: (offset + i * 90_000) % CYCLE, arrival: i * SECOND }).time;
    expect(last).toBe(10 * HOUR);
  });

  it('a worker that was held up gets many at once: their times are the sender’s', () => {
    const rtp = new RtpTime(90_000);
    const times = [0, 1, 2, 3].map(i => rtp.map({ timestamp: i * 90_000, arrival: 3 * SECOND + i }).time);
    expect(times).toEqual([0, SECOND, 2 * SECOND, 3 * SECOND]);
  });
});

describe('a sender that starts over', () => {
  const begun = (source?: number): RtpTime => {
    const rtp = new RtpTime(90_000);
    for (let i = 0; i < 100; i++) rtp.map({ timestamp: 7 + i * 9_000, arrival: i * 100_000, source });
    return rtp;
  };

  it('with an offset of its own: time goes on by the arrival', () => {
    const offset = fc.integer({ min: 0, max: CYCLE - 1 }).filter(o => (o - 7 + CYCLE) % CYCLE > 40_000_000);
    fc.assert(
      fc.property(
        offset.filter(o => o < CYCLE - 2_000_000),
        o => {
          const rtp = begun();
          expect(rtp.map({ timestamp: o, arrival: 12 * SECOND })).toEqual({
            time: 12 * SECOND,
            restarted: true,
          });
          const next = rtp.map({ timestamp: (o + 9_000) % CYCLE, arrival: 12.1 * SECOND });
          expect(next).toEqual({ time: 12.1 * SECOND, restarted: false });
        },
      ),
    );
  });

  it('with an offset that might as well be its old one: its name tells', () => {
    const rtp = begun(1);
    const place = rtp.map({ timestamp: 7 + 99 * 9_000, arrival: 10 * SECOND, source: 2 });
    expect(place).toEqual({ time: 10 * SECOND, restarted: true });
    // A straggler of the old one keeps its place, and changes nothing.
    const late = rtp.map({ timestamp: 7 + 98 * 9_000, arrival: 10.01 * SECOND, source: 1 });
    expect(late).toEqual({ time: 9.8 * SECOND, restarted: false });
    const next = rtp.map({ timestamp: 7 + 100 * 9_000, arrival: 10.1 * SECOND, source: 2 });
    expect(next).toEqual({ time: 10.1 * SECOND, restarted: false });
  });

  it('never goes back, nor stands still', () => {
    const rtp = begun();
    const { time, restarted } = rtp.map({ timestamp: 3_000_000_000, arrival: 9.9 * SECOND });
    expect([restarted, time > 9.9 * SECOND]).toEqual([true, true]);
  });
});
