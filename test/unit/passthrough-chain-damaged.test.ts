/** Frames that are recorded although something is missing before them (`passthrough.damaged: 'keep'`). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chain } from '../../src/passthrough/chain.ts';
import { type ChainFrame, isAfter } from '../../src/passthrough/chain-frame.ts';
import { CHAIN_LIMITS, type ChainStep, type Outcome } from '../../src/passthrough/chain-step.ts';

interface Frame extends ChainFrame {
  name: string;
}

const STEP = 33_000;
const { patience } = CHAIN_LIMITS;

const frame = (at: number, more: Partial<Frame> = {}): Frame => ({
  name: `${more.key ? 'K' : ''}${at}`,
  key: false,
  time: at * STEP,
  rtpTimestamp: at * 2_970,
  data: Uint8Array.of(at >> 8, at & 255, more.spatialIndex ?? 0),
  ...more,
});
const key = (at: number, more: Partial<Frame> = {}): Frame => frame(at, { ...more, key: true });

const isWritten = (one: Outcome<Frame>): boolean =>
  one.action === 'keep' || one.reason === 'dependency-missing';

/** What is recorded, in order; what is not, with its reason. */
const told = ({ outcomes }: ChainStep<Frame>): string =>
  outcomes
    .map(one =>
      one.action === 'keep'
        ? one.frame.name
        : isWritten(one)
          ? `~${one.frame.name}`
          : `-${one.frame.name} ${one.reason}`,
    )
    .join(', ');

const keeping = (looks = false): Chain<Frame> => new Chain<Frame>(CHAIN_LIMITS, looks, 'keep');

describe('while a key frame is missing', () => {
  const broken = (): Chain<Frame> => {
    const chain = keeping();
    chain.take(key(0), 0);
    chain.fail(STEP);
    for (const at of [2, 3]) chain.take(frame(at), at * STEP);
    return chain;
  };

  it('frames that come again, or after later ones, are not recorded', () => {
    const chain = broken();
    expect(told(chain.take(frame(3), 4 * STEP))).toBe('-3 again');
    expect(told(chain.take(frame(2), 4 * STEP))).toBe('-2 late');
    expect(told(chain.take(frame(1), 4 * STEP))).toBe('-1 late');
    expect(told(chain.take(frame(4), 4 * STEP))).toBe('~4');
  });

  it('nor is a key frame that comes after what was recorded without it; the next one is', () => {
    const chain = broken();
    expect(told(chain.take(key(1), 4 * STEP))).toBe('-K1 late');
    expect(told(chain.take(frame(4), 4 * STEP))).toBe('~4');
    expect(told(chain.take(key(5), 5 * STEP))).toBe('K5');
    // Where they were left out, it was in time.
    const strict = new Chain<Frame>();
    strict.take(key(0), 0);
    strict.fail(STEP);
    strict.take(frame(2), 2 * STEP);
    expect(told(strict.take(key(1), 4 * STEP))).toBe('K1');
  });

  it('layers of one picture that come again are none more', () => {
    const chain = broken();
    const layer = (n: number): Frame => ({ ...frame(4), name: `4.${n}`, data: Uint8Array.of(4, n) });
    for (const n of [0, 1]) expect(told(chain.take(layer(n), 4 * STEP))).toBe(`~4.${n}`);
    for (const n of [0, 1]) expect(told(chain.take(layer(n), 4 * STEP))).toBe(`-4.${n} again`);
  });
});

describe('with numbers', () => {
  const numbered = (at: number, ...dependencies: number[]): Frame =>
    (dependencies.length === 0 ? key : frame)(at, { frameId: at, dependencies });

  it('what comes when it was not waited for any more is late', () => {
    const chain = keeping();
    chain.take(numbered(1), 0);
    const upper = { ...numbered(3, 2), temporalIndex: 1 };
    expect(told(chain.take(upper, 0))).toBe('');
    expect(told(chain.take(upper, 0))).toBe('-3 again');
    expect(told(chain.tick(patience))).toBe('~3');
    expect(told(chain.take(numbered(2, 1), patience + 1))).toBe('-2 late');
    expect(told(chain.take(upper, patience + 1))).toBe('-3 again');
    expect(told(chain.take(numbered(4, 1), 3 * patience))).toBe('4');
  });

  it('a late key frame of another sender does not go behind what waited', () => {
    const chain = keeping();
    chain.take(numbered(1), 0);
    chain.take(numbered(9, 8), 9 * STEP);
    expect(told(chain.take(key(5), 9 * STEP))).toBe('K5, ~9');
  });
});

describe('whatever comes, in whatever order, however often', () => {
  const event = fc.record({
    late: fc.constantFrom(0, 0, 0, 1, 2, 8, 30),
    lost: fc.integer({ min: 0, max: 5 }),
    again: fc.constantFrom(undefined, undefined, undefined, 0, 3, 20, 40),
    isKey: fc.integer({ min: 0, max: 14 }),
    layers: fc.integer({ min: 1, max: 2 }),
    upper: fc.boolean(),
    fails: fc.integer({ min: 0, max: 30 }),
    shows: fc.integer({ min: 0, max: 12 }),
  });
  type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;
  interface Arrival extends Event {
    frame: Frame;
    at: number;
    comes: number;
  }

  /** Each picture has one layer or two, which the browser tells or does not. */
  const sent = (drawn: readonly Event[], numbers: boolean, layersTold: boolean): Arrival[] => {
    let id = 0;
    return drawn.flatMap((one, at) =>
      Array.from({ length: one.layers }, (_, layer) => {
        const isKey = (one.isKey === 0 || at === 0) && layer === 0;
        const dependencies = isKey ? [] : [id - 1];
        const made = frame(at, {
          ...{ key: isKey, name: `${at}.${layer}`, data: Uint8Array.of(at, layer) },
          ...(layersTold ? { spatialIndex: layer } : {}),
          ...(numbers ? { frameId: id, dependencies, temporalIndex: one.upper ? 1 : 0 } : {}),
        });
        id++;
        return { ...one, at, frame: made, comes: at + one.late };
      }),
    );
  };

  /** Some are lost, some come twice. */
  const arriving = (all: readonly Arrival[]): Arrival[] =>
    all
      .filter(({ lost, at }) => lost > 0 || at === 0)
      .flatMap(one => (one.again === undefined ? [one] : [one, { ...one, comes: one.comes + one.again }]))
      .toSorted((a, b) => a.comes - b.comes);

  const play = (chain: Chain<Frame>, arrivals: readonly Arrival[]): Outcome<Frame>[] => {
    let losses = 0;
    const outcomes = arrivals.flatMap(({ frame: one, comes, fails, shows, at }) => {
      const now = comes * STEP;
      const steps = [chain.take(one, now)];
      if (fails === 0) steps.push(chain.fail(now));
      const shown = [(at - 3) * 2_970];
      if (shows === 0) steps.push(chain.see({ at: now, shown, losses: losses++, dropped: losses }, now));
      steps.push(chain.tick(now + 1));
      return steps.flatMap(step => step.outcomes);
    });
    return [...outcomes, ...chain.end()];
  };

  it('what is recorded is in order, and nothing is there twice', () => {
    const events = fc.array(event, { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(events, fc.boolean(), fc.boolean(), fc.boolean(), (drawn, numbers, told, looks) => {
        const arrivals = arriving(sent(drawn, numbers, told));
        const outcomes = play(keeping(looks), arrivals);
        expect(outcomes).toHaveLength(arrivals.length);
        const written = outcomes.filter(isWritten).map(one => one.frame);
        const misplaced = written.filter((one, i) => {
          const before = written[i - 1];
          return before !== undefined && !isAfter(one, before);
        });
        expect(misplaced.map(({ name }) => name)).toEqual([]);
        expect(new Set(written).size).toBe(written.length);
      }),
      { numRuns: 300 },
    );
  });
});
