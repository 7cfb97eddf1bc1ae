import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChoiceStep, LayerChoice } from '../../src/passthrough/layer-choice.ts';

const SECOND = 1_000_000;
const [SMALL, MIDDLE, LARGE] = [320 * 180, 640 * 360, 1280 * 720];

/** `+` for recorded, `>` for the first of another source, and the source of which a key frame is wanted. */
const told = ({ record, moved, wantKey }: ChoiceStep): string =>
  `${moved ? '>' : record ? '+' : '-'}${wantKey === undefined ? '' : ` want ${wantKey}`}`;

const taking = (choice: LayerChoice) => {
  return (ssrc: number, now: number, keyPixels?: number, bytes = 1_000): string =>
    told(choice.take({ ssrc, bytes, keyPixels }, now));
};

describe('a simulcast sender', () => {
  it('is recorded at its largest size', () => {
    const choice = new LayerChoice('sender');
    const take = taking(choice);
    expect([take(1, 0, SMALL), take(2, 0, MIDDLE), take(3, 0, LARGE)]).toEqual(['>', '>', '>']);
    expect([take(1, 1), take(2, 1), take(3, 1), take(2, 2, MIDDLE)]).toEqual(['-', '-', '+', '-']);
    expect(choice.ssrc).toBe(3);
  });

  it('that is tapped midway: the layer whose frames weigh most is asked for, then those that may be larger', () => {
    const choice = new LayerChoice('sender');
    const take = taking(choice);
    expect(take(1, 0, undefined, 100)).toBe('- want 1');
    expect(take(2, 1, undefined, 900)).toBe('-');
    expect(choice.tick(0.5 * SECOND)).toBeUndefined();
    expect(choice.tick(SECOND - 1)).toBeUndefined();
    expect([take(1, SECOND), take(2, SECOND, undefined, 900)].join()).toContain('want');
    expect(take(2, 1.1 * SECOND, LARGE, 5_000)).toBe('> want 1');
    expect(take(1, 1.2 * SECOND, SMALL)).toBe('-');
    expect(choice.tick(1.3 * SECOND)).toBeUndefined();
  });

  it('a larger layer that begins later is moved to at its key frame', () => {
    const choice = new LayerChoice('sender');
    const take = taking(choice);
    expect([take(1, 0, SMALL), take(2, 1)]).toEqual(['>', '- want 2']);
    expect(choice.tick(4 * SECOND)).toBeUndefined();
    expect([take(1, 4 * SECOND), take(2, 4 * SECOND)]).toEqual(['+', '-']);
    expect([take(1, 4.8 * SECOND), take(2, 4.8 * SECOND)]).toEqual(['+', '-']);
    expect([take(1, 5.1 * SECOND), take(2, 5.1 * SECOND, LARGE)]).toEqual(['+ want 2', '>']);
    expect(take(1, 5.2 * SECOND)).toBe('-');
  });

  it('a layer that has stopped is left at a key frame of the next best', () => {
    const choice = new LayerChoice('sender');
    const take = taking(choice);
    for (const [ssrc, pixels] of [
      [1, SMALL],
      [2, MIDDLE],
      [3, LARGE],
    ] as const)
      take(ssrc, 0, pixels);
    for (const now of [0.3, 0.6, 0.9])
      expect([take(1, now * SECOND), take(2, now * SECOND)]).toEqual(['-', '-']);
    expect([take(1, SECOND), take(2, SECOND)]).toEqual(['- want 2', '-']);
    expect(take(2, 1.1 * SECOND, MIDDLE)).toBe('>');
    expect(take(1, 1.2 * SECOND, SMALL)).toBe('-');
    // And back.
    expect([take(3, 1.3 * SECOND), take(3, 1.4 * SECOND, LARGE)]).toEqual(['- want 3', '>']);
  });

  it('a layer that comes back before that goes on', () => {
    const choice = new LayerChoice('sender');
    const take = taking(choice);
    expect([take(1, 0, LARGE), take(2, 0, SMALL), take(2, 2 * SECOND)]).toEqual(['>', '-', '- want 2']);
    expect([take(1, 2.1 * SECOND), take(2, 2.2 * SECOND, SMALL)]).toEqual(['+', '-']);
  });

  it('alone and silent, nothing is asked for', () => {
    const choice = new LayerChoice('sender');
    taking(choice)(1, 0, LARGE);
    expect(choice.tick(100 * SECOND)).toBeUndefined();
    expect(choice.ssrc).toBe(1);
  });

  it('whose layers get other sources goes on with the new one of the same size', () => {
    const take = taking(new LayerChoice('sender'));
    expect([take(1, 0, LARGE), take(2, 1, LARGE), take(1, 2, LARGE)]).toEqual(['>', '>', '-']);
  });

  it('may get smaller: the largest is another one then', () => {
    const choice = new LayerChoice('sender');
    const take = taking(choice);
    take(1, 0, LARGE);
    take(2, 0, MIDDLE);
    expect(take(1, 1, SMALL)).toBe('+ want 2');
    expect(take(2, 2, MIDDLE)).toBe('>');
  });
});

describe('a receiver', () => {
  it('whose source changes goes on with the new one at once, even if it is smaller', () => {
    const choice = new LayerChoice('receiver');
    const take = taking(choice);
    expect([take(1, 0, LARGE), take(1, 1), take(2, 2, SMALL), take(2, 3)]).toEqual(['>', '+', '>', '+']);
    // Stragglers of the old one.
    expect([take(1, 4), take(1, 5, LARGE)]).toEqual(['-', '-']);
  });

  it('whose new source does not begin with a key frame asks for one', () => {
    const choice = new LayerChoice('receiver');
    const take = taking(choice);
    expect([take(1, 0, LARGE), take(2, 1), take(2, 2, LARGE)]).toEqual(['>', '- want 2', '>']);
  });

  it('that goes back to an earlier source does so when the newer one has stopped', () => {
    const choice = new LayerChoice('receiver');
    const take = taking(choice);
    expect([take(1, 0, LARGE), take(2, 1, LARGE)]).toEqual(['>', '>']);
    expect([take(1, 2, LARGE), take(1, 2 * SECOND, LARGE)]).toEqual(['-', '>']);
  });
});

it('whatever comes: one source at a time, begun with a key frame, and few are remembered', () => {
  const drawn = fc.record({
    ssrc: fc.integer({ min: 1, max: 4 }),
    keyPixels: fc.constantFrom(undefined, undefined, undefined, SMALL, MIDDLE, LARGE),
    wait: fc.integer({ min: 0, max: 700_000 }),
  });
  fc.assert(
    fc.property(fc.array(drawn, { maxLength: 100 }), fc.constantFrom('sender', 'receiver'), (all, side) => {
      const choice = new LayerChoice(side as 'sender');
      let now = 0;
      let current: number | undefined;
      let asked = Number.NEGATIVE_INFINITY;
      for (const { ssrc, keyPixels, wait } of all) {
        now += wait;
        const { record, moved, wantKey } = choice.take({ ssrc, keyPixels, bytes: 1 }, now);
        if (moved) {
          expect(keyPixels).toBeDefined();
          current = ssrc;
          asked = Number.NEGATIVE_INFINITY;
        }
        expect(record).toBe(ssrc === current);
        expect(choice.ssrc).toBe(current);
        if (wantKey === undefined) continue;
        expect(wantKey).not.toBe(current);
        expect(now - asked).toBeGreaterThanOrEqual(SECOND);
        asked = now;
      }
    }),
  );
});
