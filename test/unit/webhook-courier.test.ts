/** A receiver's days in milliseconds: the outbox in memory, the time and the receiver simulated. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Courier } from '../../src/server/webhooks/courier.ts';
import { laneIn, Outbox, type OutboxStore } from '../../src/server/webhooks/outbox.ts';
import type { Outcome } from '../../src/server/webhooks/receiver.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Texts in memory. */
class MemoryStore implements OutboxStore {
  readonly folders = new Map<string, Map<string, string>>();

  #folder(name: string): Map<string, string> {
    const folder = this.folders.get(name) ?? new Map<string, string>();
    this.folders.set(name, folder);
    return folder;
  }

  async list(folder: string, after: string, limit: number): Promise<string[]> {
    return [...this.#folder(folder).keys()]
      .filter(name => name > after)
      .sort()
      .slice(0, limit);
  }

  async get(folder: string, name: string): Promise<string | undefined> {
    return this.#folder(folder).get(name);
  }

  async put(folder: string, name: string, text: string): Promise<void> {
    this.#folder(folder).set(name, text);
  }

  async delete(folder: string, name: string): Promise<void> {
    this.#folder(folder).delete(name);
  }
}

type Answer = 'taken' | 'failed' | 'gone';
interface Attempt {
  name: string;
  at: number;
  answer: Answer;
}

/** A receiver, and all attempts to send to it. */
class World {
  readonly store = new MemoryStore();
  readonly outbox = new Outbox(this.store);
  readonly attempts: Attempt[] = [];
  readonly told: string[] = [];
  /** Sends that run at the same time, at the most. */
  atOnce = 0;
  #running = 0;
  readonly #courier: Courier;

  constructor(
    private readonly behave: (name: string, at: number) => Answer,
    private readonly mostFailing = 5_000,
    giveUpAfter = 72 * HOUR,
  ) {
    const timing = { firstDelay: 5 * SECOND, longestDelay: 15 * MINUTE, giveUpAfter, mostFailing };
    const receiver = {
      ...{ name: 'default', target: 'simulated', address: 'simulated', timing },
      wants: () => true,
      send: ({ id }: { id: string }) => this.#send(id),
    };
    const report = (error: { code: string }) => this.told.push(error.code);
    const { signal } = new AbortController();
    this.#courier = new Courier({ receiver, outbox: this.outbox, report, signal }, true);
  }

  async #send(name: string): Promise<Outcome> {
    this.atOnce = Math.max(this.atOnce, ++this.#running);
    await Promise.resolve();
    this.#running--;
    const answer = this.behave(name, Date.now());
    this.attempts.push({ name, at: Date.now(), answer });
    return answer === 'failed' ? { kind: 'failed', detail: 'HTTP 500', wait: 0 } : { kind: answer };
  }

  async add(...names: string[]): Promise<void> {
    for (const name of names) {
      await this.outbox.add('default', name, {
        id: name,
        type: 'recording.file',
        recordingId: laneIn(name),
        body: '{}',
      });
    }
  }

  /** Goes on until nothing is left, or `until`. */
  async run(until = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      const { nextAt } = await this.#courier.round();
      const { failing } = await this.outbox.state('default');
      expect(Object.keys(failing).length).toBeLessThanOrEqual(this.mostFailing);
      if (nextAt === undefined) return;
      // A round that is due at once, again and again, would be a busy loop.
      expect(this.attempts.length).toBeLessThan(20_000);
      if (nextAt > until) return void vi.setSystemTime(until);
      vi.setSystemTime(Math.max(nextAt, Date.now()));
    }
  }

  taken(lane = ''): string[] {
    const own = this.attempts.filter(({ name, answer }) => answer === 'taken' && name.startsWith(lane));
    return own.map(({ name }) => name);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

const NAMES = ['a.0', 'a.1', 'a.3', 'b.0', 'b.1', 'b.3', 'c.0', 'c.3'];

describe('a receiver', () => {
  it.each([2, 30])(
    'that is away for %i hours gets everything soon after its return, and few calls until then',
    async hours => {
      const world = new World((_, at) => (at < hours * HOUR ? 'failed' : 'taken'));
      await world.add(...NAMES);
      await world.run();
      expect(world.taken().sort()).toEqual(NAMES);
      const first = world.attempts.find(({ answer }) => answer === 'taken')?.at ?? 0;
      const last = world.attempts.at(-1)?.at ?? 0;
      expect(first - hours * HOUR).toBeLessThan(18 * MINUTE);
      expect(last - first).toBeLessThan(SECOND);
      expect(world.attempts.length).toBeLessThan(hours * 60);
      expect(world.told).toEqual(['webhook-failing']);
    },
  );

  it('that is away for an hour gets the events of each recording in order', async () => {
    const world = new World((_, at) => (at < HOUR ? 'failed' : 'taken'));
    await world.add(...NAMES);
    await world.run();
    for (const lane of ['a', 'b', 'c']) {
      expect(world.taken(lane)).toEqual(NAMES.filter(name => name.startsWith(lane)));
    }
  });

  it('that fails is asked with one event at a time, one that works with four', async () => {
    const failing = new World((_, at) => (at < HOUR ? 'failed' : 'taken'));
    // The first failure is met by as many as were on their way.
    await failing.add('a.0');
    await failing.run(MINUTE);
    failing.atOnce = 0;
    await failing.add('b.0', 'c.0', 'd.0', 'e.0', 'f.0', 'g.0');
    await failing.run(HOUR - 1);
    expect(failing.atOnce).toBe(1);
    await failing.run();
    expect(failing.taken()).toHaveLength(7);
    const working = new World(() => 'taken');
    await working.add('a.0', 'b.0', 'c.0', 'd.0', 'e.0', 'f.0', 'g.0');
    await working.run();
    expect(working.atOnce).toBe(4);
  });

  it('that can not take one event ever gets the later ones of its recording soon, and the others sooner', async () => {
    const world = new World(name => (name === 'a.1' ? 'failed' : 'taken'));
    await world.add(...NAMES, 'a.4', 'a.5');
    await world.run();
    const takenAt = (name: string): number =>
      world.attempts.find(attempt => attempt.name === name)?.at ?? Number.NaN;
    expect(world.taken().sort()).toEqual([...NAMES, 'a.4', 'a.5'].filter(name => name !== 'a.1').sort());
    expect(takenAt('b.3')).toBeLessThan(MINUTE);
    expect(takenAt('a.3')).toBeLessThan(3 * HOUR);
    expect(takenAt('a.5') - takenAt('a.3')).toBeLessThan(10 * SECOND);
    expect(world.told).toEqual(['webhook-failing', 'webhook-given-up']);
    expect(await world.outbox.failed('default', '')).toEqual(['a.1']);
    // In three days.
    expect(world.attempts.filter(({ name }) => name === 'a.1').length).toBeLessThan(400);
  });

  it('that wants no more is called once', async () => {
    const world = new World(() => 'gone');
    await world.add(...NAMES);
    await world.run();
    // Those that were on their way together.
    expect(world.attempts.length).toBeLessThanOrEqual(3);
    expect(await world.outbox.failed('default', '')).toEqual(NAMES);
  });

  it('gets thousands of events of one recording in order, also where one holds the others up', async () => {
    const names = Array.from({ length: 2500 }, (_, n) => `a.${String(n).padStart(6, '0')}`);
    const world = new World((name, at) => (name === 'a.000990' && at < 30 * MINUTE ? 'failed' : 'taken'));
    await world.add(...names);
    await world.run();
    expect(world.taken()).toEqual(names);
  });
});

describe('more events that a receiver can not take than are kept in mind', () => {
  const bad = Array.from({ length: 8 }, (_, n) => `${n}.1`);
  const good = ['a.0', 'b.0', 'c.0', 'd.0'];

  it('hold up no others for long, and are all given up', async () => {
    const world = new World(name => (bad.includes(name) ? 'failed' : 'taken'), 3, 6 * HOUR);
    await world.add(...bad, 'a.0');
    await world.run(HOUR);
    expect(world.taken()).toEqual(['a.0']);
    // Nothing was taken before, so that three of them are kept in mind, and with the fourth it is known whose fault it is.
    await world.add(...good.slice(1));
    await world.run(2 * HOUR);
    expect(world.taken().sort()).toEqual(good);
    await world.run();
    expect(await world.outbox.failed('default', '')).toEqual(bad);
    expect(world.told.filter(code => code === 'webhook-given-up')).toHaveLength(bad.length);
  });

  it('are all tried for as long as they may be while the receiver takes nothing, and given up when it never does again', async () => {
    const world = new World(() => 'failed', 3, 6 * HOUR);
    await world.add(...bad);
    await world.run(6 * HOUR);
    expect(await world.outbox.failed('default', '')).toEqual([]);
    await world.run();
    expect(await world.outbox.failed('default', '')).toEqual(bad);
    expect(world.told.filter(code => code === 'webhook-failing')).toHaveLength(1);
  });
});

it('an outage is told that begins with the retry of an event that had failed before', async () => {
  const isDown = (at: number): boolean => at > MINUTE && at < 3 * HOUR;
  const world = new World((name, at) => (name === 'a.1' || isDown(at) ? 'failed' : 'taken'));
  await world.add('a.1', 'b.0');
  await world.run(MINUTE + 1);
  expect(world.told).toEqual(['webhook-failing']);
  await world.run(HOUR);
  await world.add('c.0');
  await world.run(2 * HOUR);
  expect(world.told).toEqual(['webhook-failing', 'webhook-failing']);
});

it('what waits is sent at once when the receiver is back, also what lies far before the event that it took', async () => {
  const world = new World((_, at) => (at < 2 * HOUR ? 'failed' : 'taken'));
  const names = Array.from({ length: 1100 }, (_, n) => `a.${String(n).padStart(6, '0')}`);
  await world.add(...names);
  await world.run(2 * HOUR);
  await world.add('b.0');
  await world.run();
  expect(world.taken()).toHaveLength(1101);
  expect((world.attempts.at(-1)?.at ?? 0) - 2 * HOUR).toBeLessThan(2 * MINUTE);
});

describe('whatever a receiver does', () => {
  const answers = fc.constantFrom<Answer>('taken', 'taken', 'failed', 'failed', 'failed');

  it('each event is taken once or given up, and before an earlier one only when that failed three times or was too many', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(answers, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        async (list, bad, mostFailing) => {
          vi.setSystemTime(0);
          let call = 0;
          const world = new World(
            name => (name === NAMES[bad] ? 'failed' : (list[call++ % list.length] ?? 'taken')),
            mostFailing,
            6 * HOUR,
          );
          await world.add(...NAMES.slice(0, 4));
          await world.run(MINUTE);
          await world.add(...NAMES.slice(4));
          await world.run();
          const given = await world.outbox.failed('default', '');
          expect([...world.taken(), ...given].sort()).toEqual(NAMES);
          expect(await world.outbox.pending('default', '')).toEqual([]);
          for (const [index, { name, answer }] of world.attempts.entries()) {
            if (answer !== 'taken') continue;
            const before = world.attempts.slice(0, index);
            const earlier = NAMES.filter(other => laneIn(other) === laneIn(name) && other < name);
            for (const other of earlier) {
              const tries = before.filter(attempt => attempt.name === other);
              const isPatient = tries.length >= 3 || tries.some(attempt => attempt.answer === 'taken');
              expect(isPatient || (mostFailing < 8 && given.includes(other))).toBe(true);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
