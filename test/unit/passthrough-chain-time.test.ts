import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DecoderLook } from '../../src/encoded.ts';
import { Chain } from '../../src/passthrough/chain.ts';
import type { ChainFrame } from '../../src/passthrough/chain-frame.ts';
import { CHAIN_LIMITS, type ChainStep, type Outcome } from '../../src/passthrough/chain-step.ts';
import { TypicalStep } from '../../src/passthrough/typical-step.ts';

interface Frame extends ChainFrame {
  name: string;
}

const STEP = 33_000;
const { patience, mostWaiting } = CHAIN_LIMITS;
/** The statistics tell of losses, and nothing is decoded. */
const looking = (): Chain<Frame> => new Chain<Frame>({ ...CHAIN_LIMITS, standstill: 0 }, true);

/** The `at`-th frame of a camera, as a receiver without the dependency descriptor gets it. */
const delta = (at: number, more: Partial<Frame> = {}): Frame => ({
  name: String(at),
  key: false,
  time: at * STEP,
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

let losses = 0;
beforeEach(() => {
  losses = 0;
});
/** A look of which only the losses tell something: there is no decoder. */
const judge = (chain: Chain<Frame>, lost: boolean, now: number): ChainStep<Frame> => {
  if (lost) losses++;
  const look: DecoderLook = { at: now, shown: [], losses, dropped: 0 };
  return chain.see(look, now);
};

/** A chain that knows how far apart frames are: it has the first six. */
const begun = (chain = looking()): Chain<Frame> => {
  chain.take(key(0), 0);
  for (let at = 1; at <= 5; at++) chain.take(delta(at), at * STEP);
  return chain;
};

/** Takes frames that come at their own time. */
const taking = (chain: Chain<Frame>, ...frames: Frame[]): string[] =>
  frames.map(frame => told(chain.take(frame, frame.time)));

describe('the typical step', () => {
  it('is the median, known from three on; a layer of the same picture is no step', () => {
    const typical = new TypicalStep();
    for (const step of [30, 0, 90]) typical.note(step);
    expect([typical.median, typical.judge(1_000), typical.isSteady]).toEqual([undefined, 'unknown', false]);
    typical.note(32);
    expect([typical.median, typical.judge(48), typical.judge(49)]).toEqual([32, 'usual', 'suspicious']);
    expect(typical.isSteady).toBe(false);
  });

  it('follows a camera that gets slower', () => {
    const typical = new TypicalStep();
    for (let i = 0; i < 100; i++) typical.note(33);
    for (let i = 0; i < 5; i++) typical.note(66);
    expect(typical.judge(66)).toBe('usual');
  });
});

describe('frames without numbers', () => {
  it('are kept after a key frame; certain as soon as it is known how far apart they are', () => {
    const chain = new Chain<Frame>();
    expect(taking(chain, delta(-1), key(0), delta(1), delta(2), delta(3), delta(4), delta(5))).toEqual([
      '--1 before-key-frame, ?',
      '+K0',
      '~1',
      '~2',
      '~3',
      '+4',
      '+5',
    ]);
    expect(chain.counts).toMatchObject({ kept: 6, keyFrames: 1, uncertain: 3, asked: 1 });
  });

  it('of which one was missing before that was known are not certain until the next key frame', () => {
    const chain = new Chain<Frame>();
    const frames = [key(0), delta(1), delta(3), delta(4), delta(5), delta(6), key(7), delta(8)];
    expect(taking(chain, ...frames)).toEqual(['+K0', '~1', '~3', '~4', '~5', '~6', '+K7', '+8']);
  });

  it('wait for one whose packets were sent again: it goes first', () => {
    const chain = begun();
    expect(taking(chain, delta(8), delta(9))).toEqual(['', '']);
    // One of two, then the other.
    expect(told(chain.take(delta(7), 300_000))).toBe('');
    expect(told(chain.take(delta(6), 310_000))).toBe('+6, +7, +8, +9');
    expect(told(chain.tick(10 * patience))).toBe('');
  });

  it('after one that was lost are left out, and a key frame is asked for', () => {
    const chain = begun();
    const since = 7 * STEP;
    expect(taking(chain, delta(7), delta(8))).toEqual(['', '']);
    expect(told(chain.tick(since + patience - 1))).toBe('');
    expect(told(chain.tick(since + patience))).toBe('look?');
    expect(told(chain.tick(since + patience + 1))).toBe('');
    expect(told(judge(chain, true, since + patience + 2))).toBe(
      '-7 dependency-missing, -8 dependency-missing, ?',
    );
    expect(taking(chain, delta(30), key(31), delta(32))).toEqual(['-30 dependency-missing', '+K31', '+32']);
  });

  it('after one that the sender left out are all kept', () => {
    const chain = begun();
    taking(chain, delta(7), delta(8));
    expect(told(chain.tick(7 * STEP + patience))).toBe('look?');
    expect(told(judge(chain, false, 7 * STEP + patience + 1))).toBe('+7, +8');
    expect(taking(chain, delta(9))).toEqual(['+9']);
    // The first three, before it was known how far apart frames are.
    expect(chain.counts.uncertain).toBe(3);
  });

  it('of which a page that could look does not say whether one was lost are kept, but nothing is certain until the next key frame', () => {
    const chain = begun();
    taking(chain, delta(7), delta(8));
    const asked = 7 * STEP + patience;
    expect(told(chain.tick(asked))).toBe('look?');
    expect(told(chain.tick(asked + patience - 1))).toBe('');
    const { outcomes } = chain.tick(asked + patience);
    expect(outcomes.map(one => one.action === 'keep' && [one.certain, one.reason])).toEqual([
      [false, 'unanswered'],
      [false, 'unanswered'],
    ]);
    expect(taking(chain, delta(9), key(10), delta(11))).toEqual(['~9', '+K10', '+11']);
    // An answer that comes too late, or to no question, changes nothing.
    expect(told(judge(chain, true, asked + 2 * patience))).toBe('');
    expect(taking(chain, delta(12))).toEqual(['+12']);
  });

  it('of which nobody can say so are left out as soon as nothing is waited for any more', () => {
    const chain = begun(new Chain<Frame>());
    taking(chain, delta(7), delta(8));
    expect(told(chain.tick(7 * STEP + patience - 1))).toBe('');
    expect(told(chain.tick(7 * STEP + patience))).toBe('-7 dependency-missing, -8 dependency-missing, ?');
    expect(taking(chain, key(30), delta(31))).toEqual(['+K30', '+31']);
  });

  it('that do not come steadily are kept, not certain until the next key frame: their steps tell nothing', () => {
    const chain = begun(new Chain<Frame>());
    taking(chain, delta(7));
    expect(told(chain.tick(7 * STEP + patience))).toBe('-7 dependency-missing, ?');
    // The encoder leaves some out after each key frame that it is asked for.
    expect(taking(chain, key(30), delta(33), delta(34))).toEqual(['+K30', '', '']);
    expect(told(chain.tick(33 * STEP + patience))).toBe('~33, ~34');
    expect(taking(chain, key(35), delta(36))).toEqual(['+K35', '+36']);
    // And are steady again.
    taking(chain, ...[37, 38, 39, 40, 41, 42, 43].map(at => delta(at)), delta(45));
    expect(told(chain.tick(45 * STEP + patience))).toBe('-45 dependency-missing, ?');
  });

  it('after two gaps of which one is not explained are not certain', () => {
    const chain = begun();
    taking(chain, delta(7));
    chain.tick(7 * STEP + patience);
    expect(told(judge(chain, false, 7 * STEP + patience))).toBe('+7');
    taking(chain, delta(9));
    expect(told(chain.tick(9 * STEP + patience))).toBe('look?');
    expect(told(chain.tick(9 * STEP + 2 * patience))).toBe('~9');
    expect(told(chain.take(delta(50), 50 * STEP))).toBe('');
    expect(told(chain.tick(50 * STEP + patience))).toBe('look?');
    expect(told(judge(chain, false, 50 * STEP + patience))).toBe('~50');
  });

  it('time over a break is no step', () => {
    const chain = begun();
    // Each time, a key frame comes long after the loss, and another loss soon after it.
    for (let at = 100; at < 1_000; at += 100) {
      chain.fail(at * STEP);
      expect(taking(chain, key(at), delta(at + 3))).toEqual([`+K${at}`, '']);
    }
  });

  it('that come when they were not waited for any more are late: what is recorded lacked them', () => {
    const chain = begun();
    taking(chain, delta(7));
    chain.tick(7 * STEP + patience);
    judge(chain, false, 7 * STEP + patience);
    expect(told(chain.take(delta(6), 7 * STEP + patience + 1))).toBe('-6 late, ?');
    expect(taking(chain, delta(30))).toEqual(['-30 dependency-missing']);
  });

  it('that are late but from before a key frame break nothing, nor does one that comes twice', () => {
    const chain = begun();
    expect(taking(chain, key(6, { spatialIndex: 0 }), delta(7, { spatialIndex: 0 }))).toEqual(['+K6', '+7']);
    expect(told(chain.take(delta(5.5), 8 * STEP))).toBe('-5.5 late');
    expect(told(chain.take(delta(7, { spatialIndex: 0 }), 8 * STEP))).toBe('-7 late');
    expect(taking(chain, delta(8))).toEqual(['+8']);
  });

  it('a key frame lets what was sent before it go first, but needs none of it', () => {
    const chain = begun();
    expect(taking(chain, key(7), delta(8))).toEqual(['', '']);
    expect(told(chain.take(delta(6), 9 * STEP))).toBe('+6, +K7, +8');
    expect(taking(chain, key(11), delta(12))).toEqual(['', '']);
    expect(told(chain.tick(11 * STEP + patience))).toBe('+K11, +12');
    expect(chain.counts.asked).toBe(0);
  });

  it('a key frame that has come already is gone on with after a loss', () => {
    const chain = begun();
    taking(chain, delta(7), key(8), delta(9));
    expect(told(chain.tick(7 * STEP + patience))).toBe('look?');
    expect(told(judge(chain, true, 7 * STEP + patience))).toBe('-7 dependency-missing, +K8, +9');
  });

  it('that the browser delivers only without gaps are certain whatever their steps', () => {
    const chain = new Chain<Frame>();
    const gapless = true;
    expect(taking(chain, key(0, { gapless }), delta(1, { gapless }), delta(9, { gapless }))).toEqual([
      '+K0',
      '+1',
      '+9',
    ]);
    expect(chain.counts.uncertain).toBe(0);
  });

  it('layers of one picture have the same time, told or not', () => {
    const chain = begun();
    const layers = [0, 1, 2].map(spatialIndex => delta(6, { name: `6.${spatialIndex}`, spatialIndex }));
    expect(taking(chain, ...layers, delta(7), delta(7, { name: '7b' }))).toEqual([
      '+6.0',
      '+6.1',
      '+6.2',
      '+7',
      '+7b',
    ]);
  });

  it('can’t wait without end', () => {
    const chain = begun(new Chain<Frame>());
    let left = 0;
    for (let at = 7; at <= 7 + mostWaiting; at++) left += chain.take(delta(at), 7 * STEP).outcomes.length;
    expect(left).toBe(mostWaiting + 1);
    expect(chain.counts.leftOut['dependency-missing']).toBe(mostWaiting + 1);
  });

  it('that still wait at the end are judged by their steps, where nobody can look', () => {
    const chain = begun(new Chain<Frame>());
    taking(chain, delta(7), key(8), delta(9), delta(12));
    expect(chain.end().map(({ frame, ...one }) => [frame.name, 'certain' in one && one.certain])).toEqual([
      ['7', false],
      ['K8', true],
      ['9', true],
      ['12', false],
    ]);
    expect(chain.counts).toMatchObject({ leftOut: { 'dependency-missing': 1 }, uncertain: 4 });
    expect(chain.end()).toEqual([]);
  });

  it('what the caller could not use breaks the chain', () => {
    const chain = begun();
    taking(chain, delta(7));
    expect(told(chain.fail(8 * STEP))).toBe('-7 dependency-missing, ?');
    expect(told(chain.fail(8 * STEP + 1))).toBe('');
    expect(taking(chain, delta(9), key(10))).toEqual(['-9 dependency-missing', '+K10']);
  });

  it('numbers may end and begin at any frame', () => {
    const chain = new Chain<Frame>();
    const numbered = (at: number, dependencies: number[]): Partial<Frame> => ({ frameId: at, dependencies });
    const first = [key(0, numbered(0, [])), ...[1, 2, 3, 4].map(at => delta(at, numbered(at, [at - 1])))];
    expect(taking(chain, ...first)).toEqual(['+K0', '+1', '+2', '+3', '+4']);
    // 5 is waited for by its number, and then by its time.
    expect(taking(chain, delta(6, numbered(6, [5])), delta(7))).toEqual(['', '']);
    expect(told(chain.take(delta(5), 8 * STEP))).toBe('+5, +6, +7');
    expect(taking(chain, delta(9), key(10, numbered(10, [])), delta(11, numbered(11, [10])))).toEqual([
      '',
      '-9 dependency-missing, +K10',
      '+11',
    ]);
  });
});

describe('whatever comes, in whatever order', () => {
  const event = fc.record({
    late: fc.integer({ min: 0, max: 8 }),
    lost: fc.boolean(),
    skipped: fc.integer({ min: 0, max: 12 }),
    isKey: fc.integer({ min: 0, max: 14 }),
    layers: fc.integer({ min: 1, max: 2 }),
    numbered: fc.boolean(),
    answer: fc.constantFrom(true, false, undefined),
    after: fc.integer({ min: 0, max: 20 }),
    fails: fc.integer({ min: 0, max: 60 }),
  });

  const sent = (
    drawn: readonly (typeof event extends fc.Arbitrary<infer E> ? E : never)[],
    numbers: boolean,
  ) => {
    let at = 0;
    let id = 0;
    return drawn.flatMap(one => {
      at += one.skipped === 0 ? 3 : 1;
      return Array.from({ length: one.layers }, (_, spatialIndex) => {
        const frame: Frame = {
          name: `${at}.${spatialIndex}`,
          key: one.isKey === 0 && spatialIndex === 0,
          time: at * STEP,
          spatialIndex,
          ...(numbers && one.numbered ? { frameId: id, dependencies: id > 0 ? [id - 1] : [] } : {}),
        };
        id++;
        return { ...one, frame, at };
      });
    });
  };

  it('each comes out once, kept ones in order of time, and no more wait than may', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.boolean(), (drawn, numbers) => {
        const arrivals = sent(drawn, numbers)
          .filter(({ lost, late }) => !(lost && late > 5))
          .sort((a, b) => a.at + a.late - (b.at + b.late));
        const limits = { ...CHAIN_LIMITS, mostWaiting: 10 };
        const chain = new Chain<Frame>(limits);
        const outcomes: Outcome<Frame>[] = [];
        let taken = 0;
        const note = ({ outcomes: more }: ChainStep<Frame>): void => {
          outcomes.push(...more);
          expect(taken - outcomes.length).toBeLessThanOrEqual(limits.mostWaiting);
        };
        for (const { frame, at, late, answer, after, fails } of arrivals) {
          taken++;
          const now = (at + late) * STEP;
          const step = chain.take(frame, now);
          note(step);
          if (answer !== undefined) note(judge(chain, answer, now + 1));
          if (fails === 0) note(chain.fail(now + 2));
          note(chain.tick(now + after * STEP));
        }
        outcomes.push(...chain.end());
        expect(outcomes.map(({ frame }) => frame.name).toSorted()).toEqual(
          arrivals.map(({ frame }) => frame.name).toSorted(),
        );
        const kept = outcomes.filter(({ action }) => action === 'keep').map(({ frame }) => frame);
        const places = kept.map(({ time, spatialIndex = 0 }) => time * 10 + spatialIndex);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        expect(kept[0]?.key ?? true).toBe(true);
        expect(chain.counts.kept).toBe(kept.length);
      }),
      { numRuns: 500 },
    );
  });

  it('where nothing is lost and all come within the patience, all are kept from the key frame on', () => {
    const world = fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 100 });
    fc.assert(
      fc.property(world, lates => {
        const frames = lates.map((late, i) => ({
          frame: i === 0 ? key(6) : delta(6 + i),
          late: i < 2 ? 0 : late,
        }));
        const arrivals = frames.toSorted(
          (a, b) => a.frame.time + a.late * STEP - (b.frame.time + b.late * STEP),
        );
        const chain = begun();
        const outcomes = arrivals.flatMap(
          ({ frame, late }) => chain.take(frame, frame.time + late * STEP).outcomes,
        );
        outcomes.push(...chain.end());
        expect(outcomes.map(one => (one.action === 'keep' && one.certain ? one.frame.name : one))).toEqual(
          frames.map(({ frame }) => frame.name),
        );
      }),
    );
  });
});
