import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PauseGate } from '../../src/source/pause-gate.ts';

const SECOND = 1_000_000;
const PIECE = 10_000;
const ALL = { from: 0, to: 1 };

describe('a gate that was never closed', () => {
  it('lets everything in', () => {
    const gate = new PauseGate();
    for (const time of [-SECOND, 0, 1e12]) {
      expect(gate.open(time)).toBe(true);
      expect(gate.part(time, PIECE)).toEqual(ALL);
    }
    expect(gate.since).toBeUndefined();
    expect(gate.resume(SECOND)).toBe(0);
    expect(gate.open(0)).toBe(true);
  });
});

describe('a pause', () => {
  it('lets in what was captured before it, and nothing after, however late it comes', () => {
    const gate = new PauseGate();
    gate.pause(5 * SECOND);
    expect(gate.since).toBe(5 * SECOND);
    expect(gate.open(5 * SECOND - 1)).toBe(true);
    expect(gate.open(5 * SECOND)).toBe(false);
    expect(gate.open(60 * SECOND)).toBe(false);
  });

  it('cuts the piece of audio in which it begins', () => {
    const gate = new PauseGate();
    gate.pause(5 * SECOND);
    expect(gate.part(5 * SECOND - PIECE, PIECE)).toEqual(ALL);
    expect(gate.part(5 * SECOND - 2_500, PIECE)).toEqual({ from: 0, to: 0.25 });
    const { from, to } = gate.part(5 * SECOND, PIECE);
    expect(from).toBeGreaterThanOrEqual(to);
  });

  it('begins once, also when it is asked for twice', () => {
    const gate = new PauseGate();
    gate.pause(5 * SECOND);
    gate.pause(7 * SECOND);
    expect(gate.since).toBe(5 * SECOND);
  });

  /** A gate of a pause from 5 s to 12 s: on the timeline without the pause it is 5 s again. */
  const resumed = (): PauseGate => {
    const gate = new PauseGate();
    gate.pause(5 * SECOND);
    expect(gate.resume(12 * SECOND)).toBe(7 * SECOND);
    return gate;
  };

  it('tells at its end how long it was, once', () => {
    const gate = resumed();
    expect(gate.since).toBeUndefined();
    expect(gate.resume(20 * SECOND)).toBe(0);
  });

  it('lets in all that was captured after it, and nothing that was captured during it', () => {
    const gate = resumed();
    expect(gate.open(5 * SECOND - 1)).toBe(false);
    expect(gate.open(2 * SECOND)).toBe(false);
    expect(gate.open(5 * SECOND)).toBe(true);
    expect(gate.open(6 * SECOND)).toBe(true);
  });

  it('cuts the piece of audio in which it ends', () => {
    expect(resumed().part(5 * SECOND - 4_000, PIECE)).toEqual({ from: 0.4, to: 1 });
    expect(resumed().part(5 * SECOND, PIECE)).toEqual(ALL);
  });

  it('is over once something was let in: a clock that runs back then is another matter', () => {
    const gate = resumed();
    gate.open(5 * SECOND);
    expect(gate.open(SECOND)).toBe(true);
    expect(gate.part(SECOND, PIECE)).toEqual(ALL);
  });

  it('lets nothing in whose time is not known, but what comes after it', () => {
    const gate = new PauseGate();
    expect(gate.open(undefined)).toBe(true);
    gate.pause(5 * SECOND);
    expect(gate.open(undefined)).toBe(false);
    gate.resume(6 * SECOND);
    expect(gate.open(undefined)).toBe(true);
  });

  it('lets in all of another source, wherever its first frame was put', () => {
    const gate = resumed();
    gate.open(undefined);
    expect(gate.open(5 * SECOND - 300_000)).toBe(true);
  });

  it('that ended before it began was none', () => {
    const gate = new PauseGate();
    gate.pause(5 * SECOND);
    expect(gate.resume(5 * SECOND - 20)).toBe(0);
  });

  it('before anything was captured takes nothing off the timeline', () => {
    const gate = new PauseGate();
    gate.pause(Number.NEGATIVE_INFINITY);
    expect(gate.open(0)).toBe(false);
    expect(gate.resume(9 * SECOND)).toBe(0);
    expect(gate.open(0)).toBe(true);
    expect(gate.part(0, PIECE)).toEqual(ALL);
  });
});

describe('any pauses', () => {
  it('let in just what lies between them, and the timeline has no holes', () => {
    const spans = fc.array(
      fc.record({
        recorded: fc.integer({ min: 1, max: 200 }),
        paused: fc.integer({ min: 1, max: 200 }),
      }),
      { minLength: 1, maxLength: 10 },
    );
    fc.assert(
      fc.property(spans, all => {
        const gate = new PauseGate();
        let captured = 0;
        let moved = 0;
        let length = 0;
        const take = (count: number): void => {
          for (let i = 0; i < count; i++, captured += PIECE) {
            const { from, to } = gate.part(captured - moved, PIECE);
            length += Math.max(0, to - from) * PIECE;
          }
        };
        for (const { recorded, paused } of all) {
          take(recorded);
          gate.pause(captured - moved);
          take(paused);
          moved += gate.resume(captured - moved);
        }
        expect(length).toBe(all.reduce((sum, span) => sum + span.recorded, 0) * PIECE);
        expect(captured - moved).toBe(length);
      }),
    );
  });
});
