import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chain } from '../../src/passthrough/chain.ts';
import type { ChainFrame } from '../../src/passthrough/chain-frame.ts';
import { CHAIN_LIMITS, type ChainStep } from '../../src/passthrough/chain-step.ts';

interface Frame extends ChainFrame {
  name: string;
}

const MS = 1_000;

const key = (frameId: number, more: Partial<Frame> = {}): Frame => ({
  name: `K${frameId}`,
  key: true,
  time: frameId * 33 * MS,
  frameId,
  dependencies: [],
  ...more,
});
const delta = (frameId: number, dependencies: number[], more: Partial<Frame> = {}): Frame => ({
  name: String(frameId),
  key: false,
  time: frameId * 33 * MS,
  frameId,
  dependencies,
  ...more,
});

/** `+5` for kept, `-5 late` for left out, `?` where a key frame is asked for. */
const told = ({ outcomes, askForKeyFrame }: ChainStep<Frame>): string =>
  [
    ...outcomes.map(one =>
      one.action === 'keep' ? `+${one.frame.name}` : `-${one.frame.name} ${one.reason}`,
    ),
    ...(askForKeyFrame ? ['?'] : []),
  ].join(', ');

const { patience, askAgain } = CHAIN_LIMITS;

describe('frames with numbers', () => {
  it('are kept when what they are predicted from is', () => {
    const chain = new Chain<Frame>();
    const frames = [key(10), delta(11, [10]), delta(12, [11]), delta(14, [12]), key(20), delta(21, [20])];
    expect(frames.map((frame, i) => told(chain.take(frame, i * 33 * MS)))).toEqual(
      frames.map(({ name }) => `+${name}`),
    );
    expect(chain.counts).toMatchObject({ kept: 6, keyFrames: 2, uncertain: 0, asked: 0 });
  });

  it('before the first key frame are left out, and one is asked for until it comes', () => {
    const chain = new Chain<Frame>();
    expect(told(chain.take(delta(3, [2]), 0))).toBe('-3 before-key-frame, ?');
    expect(told(chain.take(delta(4, [3]), askAgain - 1))).toBe('-4 before-key-frame');
    expect(told(chain.tick(askAgain))).toBe('?');
    expect(told(chain.take(key(5), askAgain + 1))).toBe('+K5');
    expect(told(chain.tick(10 * askAgain))).toBe('');
    expect(chain.counts).toMatchObject({ asked: 2, leftOut: { 'before-key-frame': 2 } });
  });

  it('wait for one that is sent again', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    expect(told(chain.take(delta(3, [2]), 1))).toBe('');
    expect(told(chain.take(delta(4, [3]), 2))).toBe('');
    expect(told(chain.take(delta(2, [1]), 3))).toBe('+2, +3, +4');
  });

  it('whose base is lost are left out, and a key frame is asked for', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    chain.take(delta(3, [2]), 0);
    chain.take(delta(4, [3]), 0);
    expect(told(chain.tick(patience - 1))).toBe('');
    expect(told(chain.tick(patience))).toBe('-3 dependency-missing, -4 dependency-missing, ?');
    expect(told(chain.take(delta(5, [4]), patience + 1))).toBe('-5 dependency-missing');
    expect(told(chain.take(key(6), patience + 2))).toBe('+K6');
    expect(told(chain.take(delta(7, [6]), patience + 3))).toBe('+7');
  });

  it('of a higher temporal layer can be missing: the lower ones go on', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1, { temporalIndex: 0 }), 0);
    // 2 is lost; 3 of the highest layer is predicted from it; 4 and what follows are not.
    expect(told(chain.take(delta(3, [2], { temporalIndex: 2 }), 0))).toBe('');
    chain.take(delta(4, [1], { temporalIndex: 0 }), 0);
    expect(told(chain.tick(patience))).toBe('-3 dependency-missing, +4');
    expect(told(chain.take(delta(5, [4], { temporalIndex: 2 }), patience))).toBe('+5');
    expect(chain.counts.asked).toBe(0);
  });

  it('do not wait beyond the next key frame', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    chain.take(delta(3, [2]), 1);
    expect(told(chain.take(key(4), 2))).toBe('-3 dependency-missing, +K4');
  });

  it('that wait for a key frame are kept when it comes after them', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    chain.take(delta(11, [10]), 1);
    expect(told(chain.take(key(10), 2))).toBe('+K10, +11');
  });

  it('that come after later ones are late', () => {
    const chain = new Chain<Frame>();
    for (const frame of [key(1), delta(3, [1]), delta(4, [3])]) chain.take(frame, 0);
    expect(told(chain.take(delta(2, [1]), 2))).toBe('-2 late');
    chain.take(key(9), 3);
    expect(told(chain.take(key(8), 4))).toBe('-K8 late');
    expect(told(chain.take(delta(10, [9]), 5))).toBe('+10');
  });

  it('that come twice are there already, also after the next key frame; of another time, they are others', () => {
    const chain = new Chain<Frame>();
    const all = [key(1), delta(3, [1]), delta(4, [3]), key(9), delta(10, [9])];
    for (const frame of all) chain.take(frame, 0);
    for (const frame of all) expect(told(chain.take(frame, 1))).toBe(`-${frame.name} again`);
    expect(told(chain.take(delta(10, [9], { time: 9.5 * 33 * MS }), 1))).toBe('-10 late');
    expect(told(chain.take(delta(11, [10]), 2))).toBe('+11');
    expect(chain.counts.leftOut).toMatchObject({ again: 5, late: 1 });
    // While a key frame is missing, too.
    chain.fail(3);
    for (const frame of all) expect(told(chain.take(frame, 4))).toContain('again');
  });

  it('begin anew with a sender that does', () => {
    const chain = new Chain<Frame>();
    chain.take(key(5_000), 0);
    // It waits for a frame that the old sender did not send any more.
    expect(told(chain.take(delta(5_002, [5_001]), 1))).toBe('');
    const [time, next] = [6_000 * 33 * MS, 6_001 * 33 * MS];
    expect(told(chain.take(key(1, { time }), 2))).toBe('-5002 dependency-missing, +K1');
    expect(told(chain.take(delta(2, [1], { time: next }), 3))).toBe('+2');
    expect(told(chain.tick(10 * patience))).toBe('');
  });

  it('begin anew with another source, whose numbers are its own', () => {
    const chain = new Chain<Frame>();
    chain.take(key(50, { ssrc: 1 }), 0);
    expect(told(chain.take(delta(52, [51], { ssrc: 1 }), 1))).toBe('');
    const at = (frame: number): Partial<Frame> => ({ ssrc: 2, time: frame * 33 * MS });
    expect(told(chain.take(key(49, at(53)), 2))).toBe('-52 dependency-missing, +K49');
    expect(told(chain.take(delta(50, [49], at(54)), 3))).toBe('+50');
  });

  it('an encoder’s own key frame is one, whatever it is said to be predicted from', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    // 2 is lost, which this one is said to build on.
    expect(told(chain.take(key(3, { dependencies: [2] }), 1))).toBe('+K3');
    expect(told(chain.take(delta(4, [3]), 2))).toBe('+4');
    expect(chain.counts.keyFrames).toBe(2);
  });

  it('without a place in time are late, whatever their numbers', () => {
    const chain = new Chain<Frame>();
    chain.take(key(5), 0);
    expect(told(chain.take(delta(6, [5], { time: 0 }), 1))).toBe('-6 late');
    expect(told(chain.take(key(7, { time: 0 }), 2))).toBe('-K7 late');
    expect(told(chain.take(delta(8, [5]), 3))).toBe('+8');
  });

  it('upper spatial layers build on the lowest, even if they are called key frames', () => {
    const chain = new Chain<Frame>();
    expect(told(chain.take(key(2, { spatialIndex: 1, dependencies: [1] }), 0))).toBe(
      '-K2 before-key-frame, ?',
    );
    const time = 100 * MS;
    expect(told(chain.take(key(3, { spatialIndex: 0, time }), 1))).toBe('+K3');
    expect(told(chain.take(key(4, { spatialIndex: 1, dependencies: [3], time }), 2))).toBe('+K4');
    expect(chain.counts.keyFrames).toBe(1);
  });

  it('can’t wait without end: too many give up', () => {
    const chain = new Chain<Frame>({ ...CHAIN_LIMITS, mostWaiting: 3 });
    chain.take(key(1), 0);
    for (const id of [3, 4, 5]) expect(told(chain.take(delta(id, [id - 1]), 0))).toBe('');
    const rest = [3, 4, 5, 6].map(id => `-${id} dependency-missing`).join(', ');
    expect(told(chain.take(delta(6, [5]), 0))).toBe(`${rest}, ?`);
  });

  it('are remembered only as far back as dependencies reach', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    expect(told(chain.take(delta(4_097, [1]), 0))).toBe('+4097');
    expect(told(chain.take(delta(4_098, [1]), 0))).toBe('+4098');
    expect(told(chain.take(delta(4_099, [1]), 0))).toBe('');
  });

  it('that still wait at the end are left out', () => {
    const chain = new Chain<Frame>();
    chain.take(key(1), 0);
    chain.take(delta(3, [2]), 0);
    expect(chain.end()).toEqual([
      { action: 'leave-out', frame: delta(3, [2]), reason: 'dependency-missing' },
    ]);
    expect(chain.end()).toEqual([]);
  });
});

describe('whatever comes, in whatever order', () => {
  it('each frame comes out once, kept ones in order, and none without what it needs', () => {
    const frame = fc.record({
      lost: fc.boolean(),
      isKey: fc.integer({ min: 0, max: 9 }),
      back: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 2 }),
      temporalIndex: fc.integer({ min: 0, max: 2 }),
      late: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 60 }), drawn => {
        const sent = drawn.map(({ isKey, back, temporalIndex }, id) =>
          isKey === 0 || id === 0
            ? key(id, { temporalIndex: 0 })
            : delta(
                id,
                back.map(n => Math.max(0, id - n)),
                { temporalIndex },
              ),
        );
        const arrivals = sent
          .map((one, i) => ({ one, at: i + (drawn[i]?.late ?? 0), lost: drawn[i]?.lost && i % 3 === 0 }))
          .filter(({ lost }) => !lost)
          .sort((a, b) => a.at - b.at);
        const chain = new Chain<Frame>();
        const outcomes = arrivals.flatMap(({ one, at }) => chain.take(one, at * 33 * MS).outcomes);
        outcomes.push(...chain.end());
        const names = outcomes.map(({ frame: { name } }) => name);
        expect(names.toSorted()).toEqual(arrivals.map(({ one }) => one.name).toSorted());
        const kept = outcomes.filter(({ action }) => action === 'keep').map(({ frame: one }) => one);
        const seen = new Set<number>();
        for (const { frameId = -1, dependencies = [], key: isKey } of kept) {
          if (isKey) seen.clear();
          expect(dependencies.every(id => seen.has(id))).toBe(true);
          expect(frameId).toBeGreaterThan(Math.max(-1, ...seen));
          seen.add(frameId);
        }
        expect(chain.counts.kept).toBe(kept.length);
      }),
    );
  });
});
