/** Frames without numbers, where the page can see how far its decoder has come. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecoderLook } from '../../src/encoded.ts';
import { Chain } from '../../src/passthrough/chain.ts';
import type { ChainFrame } from '../../src/passthrough/chain-frame.ts';
import { CHAIN_LIMITS, type ChainStep, type Outcome } from '../../src/passthrough/chain-step.ts';

interface Frame extends ChainFrame {
  name: string;
}

const STEP = 33_000;
const { standstill, mostHeld } = CHAIN_LIMITS;

const delta = (at: number, more: Partial<Frame> = {}): Frame => ({
  name: String(at),
  key: false,
  time: at * STEP,
  rtpTimestamp: (at * 2_970) % 2 ** 32,
  ...more,
});
const key = (at: number, more: Partial<Frame> = {}): Frame =>
  delta(at, { name: `K${at}`, key: true, ...more });

/** `+5` for kept, `~5` without certainty, `-5 late` for left out; `?` asks for a key frame, `look?` for a look. */
const told = ({ outcomes, askForKeyFrame, askToLook }: ChainStep<Frame>): string =>
  [
    ...outcomes.map(one =>
      one.action === 'keep'
        ? `${one.certain ? '+' : '~'}${one.frame.name}`
        : `-${one.frame.name} ${one.reason}`,
    ),
    ...(askForKeyFrame ? ['?'] : []),
    ...(askToLook ? ['look?'] : []),
  ].join(', ');

const taking = (chain: Chain<Frame>, ...frames: Frame[]): string =>
  frames
    .map(frame => told(chain.take(frame, frame.time)))
    .filter(text => text !== '')
    .join(', ');

/** The decoder has shown a frame. */
const look = (at: number, more: Partial<DecoderLook> = {}): DecoderLook => ({
  at: (at + 1) * STEP,
  shown: [at * 2_970],
  losses: 0,
  dropped: 0,
  ...more,
});

const seeing = (chain: Chain<Frame>, given: DecoderLook): string => told(chain.see(given, given.at));

/** A chain that has a key frame and whose decoder was heard of. */
const begun = (): Chain<Frame> => {
  const chain = new Chain<Frame>(CHAIN_LIMITS, true);
  taking(chain, key(0), delta(1));
  seeing(chain, look(1));
  return chain;
};

describe('frames that wait for the decoder', () => {
  it('are kept up to the one that it has shown, whatever their steps', () => {
    const chain = new Chain<Frame>(CHAIN_LIMITS, true);
    expect(taking(chain, key(0), delta(1), delta(2), delta(9), delta(10))).toBe('+K0, look?');
    expect([chain.heldFrom, chain.holdsKey]).toEqual([STEP, false]);
    expect(seeing(chain, look(9))).toBe('+1, +2, +9');
    expect(seeing(chain, look(9))).toBe('');
    expect(seeing(chain, look(10))).toBe('+10');
    expect(chain.heldFrom).toBeUndefined();
    expect(chain.counts).toMatchObject({ kept: 5, uncertain: 0, asked: 0 });
  });

  it('are looked for twice a second, and only while they wait', () => {
    const chain = begun();
    expect(told(chain.tick(5_000_000))).toBe('');
    expect(told(chain.take(delta(200), 200 * STEP))).toBe('look?');
    expect(told(chain.tick(200 * STEP + 499_999))).toBe('');
    expect(told(chain.tick(200 * STEP + 500_000))).toBe('look?');
  });

  it('are looked for more often while a key frame waits, so that few are left behind it', () => {
    const chain = begun();
    const now = 200 * STEP;
    chain.take(delta(200), now);
    expect(told(chain.tick(now + 100_000))).toBe('');
    expect(told(chain.take(key(203), now + 110_000))).toBe('look?');
    expect(told(chain.tick(now + 209_999))).toBe('');
    expect(told(chain.tick(now + 210_000))).toBe('look?');
  });

  it('are put in order, as a lost one comes late', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4), delta(5));
    chain.take(delta(3), 6 * STEP);
    expect(seeing(chain, look(5, { losses: 2 }))).toBe('+2, +3, +4, +5');
  });

  it('stay while it stands still, and are left out when it does not go on', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4), delta(5));
    expect(seeing(chain, look(2, { losses: 2 }))).toBe('+2');
    expect(told(chain.tick(4 * STEP + standstill - 1))).toContain('look?');
    seeing(chain, look(2, { losses: 2, at: 4 * STEP + standstill - 600_000 }));
    expect(told(chain.tick(4 * STEP + standstill))).toBe('-4 dependency-missing, -5 dependency-missing, ?');
    expect(taking(chain, delta(200), key(201), delta(202))).toBe('-200 dependency-missing, ?, +K201, look?');
    expect(seeing(chain, look(202, { losses: 2 }))).toBe('+202');
  });

  it('behind a loss and before a key frame are left out: nobody knows where it has stopped', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4), key(5), delta(6), delta(7));
    expect(chain.holdsKey).toBe(true);
    expect(seeing(chain, look(6, { losses: 1, dropped: 1 }))).toBe(
      '-2 dependency-missing, -4 dependency-missing, +K5, +6',
    );
    expect(seeing(chain, look(7, { losses: 1, dropped: 1 }))).toBe('+7');
  });

  it('before a key frame are all kept where nothing was lost', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4), key(5), delta(6));
    expect(seeing(chain, look(6))).toBe('+2, +4, +K5, +6');
  });

  it('are in doubt for two looks more after a loss', () => {
    const chain = begun();
    taking(chain, delta(2));
    expect(seeing(chain, look(2, { losses: 1 }))).toBe('+2');
    taking(chain, delta(3));
    expect(seeing(chain, look(3, { losses: 1 }))).toBe('+3');
    taking(chain, delta(5), key(6));
    expect(seeing(chain, look(6, { losses: 1 }))).toBe('-5 dependency-missing, +K6');
    taking(chain, delta(7), key(8));
    expect(seeing(chain, look(8, { losses: 1 }))).toBe('+7, +K8');
  });

  it('of which it passed over some, with no key frame for a reason, break the chain', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4));
    expect(seeing(chain, look(4, { losses: 1, dropped: 1 }))).toBe(
      '-2 dependency-missing, -4 dependency-missing, ?',
    );
    // Without a loss, it was in a hurry.
    const other = begun();
    taking(other, delta(2), delta(3));
    expect(seeing(other, look(3, { dropped: 1 }))).toBe('+2, +3');
  });

  it('that come after it has gone on without them are late, and break nothing', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4));
    expect(seeing(chain, look(4))).toBe('+2, +4');
    expect(taking(chain, delta(3))).toBe('-3 late');
    taking(chain, delta(5));
    expect(seeing(chain, look(5))).toBe('+5');
  });

  it('come once, though a sender that probes the network sends them several times', () => {
    const chain = begun();
    const data = (): Uint8Array => Uint8Array.of(1, 2);
    expect(taking(chain, delta(2, { data: data() }), delta(2, { data: data() }))).toBe('-2 again');
    // Layers of one picture are not the same.
    expect(taking(chain, delta(2, { name: '2b', data: Uint8Array.of(1, 3) }))).toBe('');
    expect(seeing(chain, look(2))).toBe('+2, +2b');
    expect(taking(chain, delta(2, { data: Uint8Array.of(1, 3) }))).toBe('-2 again');
  });

  it('are judged by their steps where there is no decoder, or nobody answers', () => {
    const chain = new Chain<Frame>(CHAIN_LIMITS, true);
    expect(taking(chain, key(0), delta(1), delta(2))).toBe('+K0, look?');
    seeing(chain, look(2, { shown: [] }));
    expect(told(chain.tick(STEP + standstill))).toBe('~1, ~2');
    expect(taking(chain, delta(3), delta(4))).toBe('~3, +4');
    // It decodes again: from the next key frame on, it is waited for.
    seeing(chain, look(4));
    expect(taking(chain, delta(5), key(6), delta(7))).toContain('+5, +K6');
    expect(seeing(chain, look(7))).toBe('+7');
  });

  it('are judged by their steps after it was gone for two standstills', () => {
    const chain = begun();
    taking(chain, delta(2));
    seeing(chain, look(1, { at: STEP + standstill }));
    expect(told(chain.tick(2 * STEP + standstill))).toBe('-2 dependency-missing, ?');
    expect(taking(chain, key(200), delta(201), delta(202))).toBe('+K200, look?');
    expect(told(chain.tick(201 * STEP + standstill))).toBe('~201, ~202');
  });

  it('are kept by their steps while nobody looks, as by a page that is blocked, and believed again from a key frame on', () => {
    const chain = begun();
    const blocked = Array.from({ length: 91 }, (_, i) => delta(2 + i));
    expect(taking(chain, ...blocked)).not.toContain('-');
    const kept = told(chain.tick(2 * STEP + standstill)).split(', ');
    expect(kept.map(one => one.slice(1))).toEqual(blocked.map(({ name }) => name));
    expect(chain.counts).toMatchObject({ asked: 0 });
    // The answers that the page has owed.
    seeing(chain, look(92));
    seeing(chain, look(93));
    expect(taking(chain, delta(93))).toBe('+93');
    expect(taking(chain, key(94), delta(95))).toBe('+K94');
    expect(seeing(chain, look(95))).toBe('+95');
  });

  it('can’t wait without end', () => {
    const chain = begun();
    for (let at = 2; at < 2 + mostHeld; at++) expect(chain.take(delta(at), 2 * STEP).outcomes).toEqual([]);
    expect(chain.take(delta(2 + mostHeld), 2 * STEP).outcomes).toHaveLength(mostHeld + 1);
  });

  it('at the end are kept where the last look knows of no loss, and left out where it does', () => {
    const chain = begun();
    taking(chain, delta(2), delta(4), delta(20), delta(21), delta(60));
    seeing(chain, look(2, { at: 50 * STEP }));
    expect(chain.end().map(one => [one.frame.name, one.action === 'keep' && one.reason])).toEqual([
      ['4', 'nothing-lost'],
      ['20', 'nothing-lost'],
      ['21', 'nothing-lost'],
      ['60', false],
    ]);
    const other = begun();
    taking(other, delta(2), delta(3), delta(4));
    seeing(other, look(2, { losses: 1 }));
    expect(other.end().map(({ action }) => action)).toEqual(['leave-out', 'leave-out']);
  });

  it('are not held back where the browser delivers only without gaps', () => {
    const chain = new Chain<Frame>(CHAIN_LIMITS, true);
    const gapless = true;
    expect(taking(chain, key(0, { gapless }), delta(1, { gapless }), delta(9, { gapless }))).toBe(
      '+K0, +1, +9',
    );
  });
});

describe('over a network that loses nothing', () => {
  it('all are kept from the key frame on, and nothing is asked for', () => {
    const frame = fc.record({
      isKey: fc.integer({ min: 0, max: 12 }),
      gap: fc.integer({ min: 1, max: 5 }),
      lag: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 60 }), drawn => {
        const chain = new Chain<Frame>(CHAIN_LIMITS, true);
        const outcomes: Outcome<Frame>[] = [];
        const sent: Frame[] = [];
        let at = 0;
        for (const { isKey, gap, lag } of drawn) {
          at += gap;
          const one = isKey === 0 || sent.length === 0 ? key(at) : delta(at);
          sent.push(one);
          outcomes.push(...chain.take(one, one.time).outcomes);
          const shown = sent[Math.max(0, sent.length - 1 - lag)]?.rtpTimestamp ?? 0;
          const step = chain.see({ at: one.time, shown: [shown], losses: 0, dropped: 0 }, one.time);
          outcomes.push(...step.outcomes);
        }
        outcomes.push(
          ...chain.see({ at: at * STEP + 1e6, shown: [], losses: 0, dropped: 0 }, at * STEP).outcomes,
        );
        outcomes.push(...chain.end());
        expect(outcomes.map(({ frame: { name } }) => name)).toEqual(sent.map(({ name }) => name));
        expect(outcomes.every(one => one.action === 'keep')).toBe(true);
      }),
    );
  });
});

/** libwebrtc's side: it decodes in order, and skips what is missing only by a key frame. */
class Decoder {
  readonly #there = new Map<number, Frame>();
  #last = -1;
  dropped = 0;
  take(index: number, frame: Frame): void {
    if (index > this.#last) this.#there.set(index, frame);
    for (;;) {
      const next = this.#there.get(this.#last + 1);
      const keys = [...this.#there].filter(([, { key: isKey }]) => isKey).map(([at]) => at);
      const to = next ? this.#last + 1 : Math.min(...keys);
      if (to === Number.POSITIVE_INFINITY) return;
      for (const at of this.#there.keys()) {
        if (at < to) this.dropped++;
        if (at <= to) this.#there.delete(at);
      }
      this.#last = to;
    }
  }
  get last(): number {
    return this.#last;
  }
}

/** A missing frame is noticed when a later one comes. */
const lossesOf = (count: number, arrivals: readonly { i: number; comes: number }[], now: number): number => {
  let losses = 0;
  for (let i = 0; i < count; i++) {
    const own = arrivals.find(one => one.i === i)?.comes ?? Number.POSITIVE_INFINITY;
    if (arrivals.some(one => one.i > i && one.comes <= now && one.comes < own)) losses++;
  }
  return losses;
};

describe('over a network that loses and delays', () => {
  const frame = fc.record({
    isKey: fc.integer({ min: 0, max: 12 }),
    gap: fc.integer({ min: 1, max: 4 }),
    lost: fc.integer({ min: 0, max: 8 }),
    late: fc.constantFrom(0, 0, 0, 0, 1, 3, 10, 30),
    looks: fc.boolean(),
  });

  it('each frame comes out once, in order, and none is kept without what it is predicted from', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 120 }), drawn => {
        let at = 0;
        const sent = drawn.map((one, i) => {
          at += one.gap;
          return { ...one, i, at, frame: one.isKey === 0 || i === 0 ? key(at) : delta(at) };
        });
        const index = new Map(sent.map(({ frame: one, i }) => [one.name, i]));
        const arrivals = sent
          .filter(({ lost, i }) => lost > 0 || i === 0)
          .map(one => ({ ...one, comes: one.at + (one.i === 0 ? 0 : one.late) }))
          .toSorted((a, b) => a.comes - b.comes || a.i - b.i);
        const chain = new Chain<Frame>(CHAIN_LIMITS, true);
        const decoder = new Decoder();
        const outcomes: Outcome<Frame>[] = [];
        for (const { frame: one, i, comes, looks } of arrivals) {
          const now = comes * STEP;
          decoder.take(i, one);
          outcomes.push(...chain.take(one, now).outcomes);
          // Who is not looked at for seconds is not heard of.
          if (looks || i % 10 === 0) {
            const shown = sent[decoder.last]?.frame.rtpTimestamp;
            const given = {
              at: now,
              shown: shown === undefined ? [] : [shown],
              losses: lossesOf(sent.length, arrivals, comes),
              dropped: decoder.dropped,
            };
            outcomes.push(...chain.see(given, now).outcomes);
          }
          outcomes.push(...chain.tick(now + 1).outcomes);
        }
        outcomes.push(...chain.end());
        expect(outcomes.map(one => one.frame.name).toSorted()).toEqual(
          arrivals.map(one => one.frame.name).toSorted(),
        );
        const kept = outcomes.flatMap(one => (one.action === 'keep' ? [one] : []));
        let before = -1;
        for (const { frame: one, certain } of kept) {
          const i = index.get(one.name) ?? -1;
          expect(i).toBeGreaterThan(before);
          if (certain && !one.key) expect(i).toBe(before + 1);
          before = i;
        }
      }),
      { numRuns: 500 },
    );
  });
});
