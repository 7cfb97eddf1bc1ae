import { describe, expect, it, vi } from 'vitest';
import { TrackReader } from '../../src/source/track-reader.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const MS = 1_000;
/** As long as anything may take. */
const LONGEST = 3_000 * MS;

/** A frame or a piece of audio, as far as the reader cares. */
class Item {
  closed = 0;
  constructor(readonly name: string) {}
  close(): void {
    this.closed++;
  }
}

/** A track whose items are handed out by the test. */
const track = () => {
  let controller: ReadableStreamDefaultController<Item> | undefined;
  const cancelled = vi.fn();
  const readable = new ReadableStream<Item>({
    start: c => {
      controller = c;
    },
    cancel: cancelled,
  });
  return { readable, cancelled, controller: controller as ReadableStreamDefaultController<Item> };
};

const read = (mayWait: () => boolean = () => false) => {
  const source = track();
  const clock = new SimulatedClock();
  const taken: { item: Item; arrival: number }[] = [];
  const onEnd = vi.fn();
  const onItem = (item: Item, arrival: number) => {
    taken.push({ item, arrival });
    return mayWait();
  };
  const reader = new TrackReader(source.readable, onItem, onEnd, clock);
  /** Stops the reader; tells when it has. */
  const stop = (isLate: (item: Item) => boolean = () => false, longest = LONGEST) => {
    const stopped = { at: Number.POSITIVE_INFINITY };
    const since = clock.now();
    void reader.stop(longest, isLate).then(() => {
      stopped.at = (clock.now() - since) / MS;
    });
    return stopped;
  };
  return { ...source, clock, taken, onEnd, reader, stop };
};

describe('reading a track', () => {
  it('gives each item once, in order, with the time of its arrival in microseconds', async () => {
    const { controller, taken, clock } = read();
    const began = clock.now();
    const items = ['a', 'b', 'c', 'd'].map(name => new Item(name));
    const steps = [0, 33_333, 5, 0];
    for (const [i, item] of items.entries()) {
      await clock.advance(steps[i] ?? 0);
      controller.enqueue(item);
    }
    await clock.advance(0);
    expect(taken.map(({ item }) => item)).toEqual(items);
    expect(taken.map(({ arrival }) => arrival - began)).toEqual([0, 33_333, 33_338, 33_338]);
    // Whoever gets an item owns it.
    expect(items.map(item => item.closed)).toEqual([0, 0, 0, 0]);
  });

  it('tells once that the track has ended by itself, after its last item', async () => {
    const { controller, onEnd, taken, reader, clock } = read();
    controller.enqueue(new Item('last'));
    await clock.advance(0);
    expect(reader.ended).toBe(false);
    controller.close();
    await clock.advance(0);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(taken).toHaveLength(1);
    expect(reader.ended).toBe(true);
  });

  it('a track that breaks has ended', async () => {
    const { controller, onEnd, reader, clock } = read();
    controller.error(new Error('the camera was pulled out'));
    await clock.advance(0);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(reader.ended).toBe(true);
  });
});

describe('stopping', () => {
  it('takes what is still on its way, then lets the track go', async () => {
    const { controller, taken, cancelled, reader, onEnd, clock, stop } = read();
    const stopped = stop();
    for (const name of ['late', 'later', 'latest']) {
      // Each within the fifth of a second in which there may be more.
      await clock.advance(190 * MS);
      controller.enqueue(new Item(name));
    }
    await clock.advance(190 * MS);
    expect(cancelled).not.toHaveBeenCalled();
    expect(reader.ended).toBe(false);
    await clock.advance(60 * MS);
    expect(taken.map(({ item }) => item.name)).toEqual(['late', 'later', 'latest']);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(stopped.at).toBeGreaterThanOrEqual(3 * 190 + 200);
    expect(reader.ended).toBe(true);
    // It did not end by itself.
    expect(onEnd).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  it('waits from its own beginning on, when nothing has come for longer', async () => {
    const { clock, stop, cancelled } = read();
    await clock.advance(60_000 * MS);
    const stopped = stop();
    await clock.advance(190 * MS);
    expect(cancelled).not.toHaveBeenCalled();
    await clock.advance(60 * MS);
    expect(stopped.at).toBeLessThanOrEqual(250);
  });

  it('takes what was captured before the end, however late it comes, and nothing that was captured after', async () => {
    const { controller, taken, cancelled, clock, stop } = read();
    const stopped = stop(item => item.name.startsWith('after'));
    const items = ['before 1', 'before 2', 'after 1', 'after 2'].map(name => new Item(name));
    for (const item of items.slice(0, 3)) controller.enqueue(item);
    await clock.advance(50 * MS);
    expect(taken.map(({ item }) => item.name)).toEqual(['before 1', 'before 2']);
    expect(items.slice(0, 3).map(item => item.closed)).toEqual([0, 0, 1]);
    expect(cancelled).toHaveBeenCalledTimes(1);
    // With the first that was captured after, all is there: nobody waits on.
    expect(stopped.at).toBeLessThanOrEqual(50);
  });

  it('comes to an end although the source never pauses', async () => {
    const { controller, cancelled, taken, clock, stop } = read();
    const feeding = clock.every(10, () => controller.enqueue(new Item('another')));
    cancelled.mockImplementation(feeding);
    const stopped = stop();
    await clock.advance(LONGEST - 10 * MS);
    expect(cancelled).not.toHaveBeenCalled();
    await clock.advance(110 * MS);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(stopped.at).toBeGreaterThanOrEqual(LONGEST / MS);
    // Three seconds of what a source gives that is always behind.
    expect(taken.length).toBeGreaterThanOrEqual(299);
    expect(taken.length).toBeLessThanOrEqual(306);
  });

  it('is patient for as long as it is told, and no longer', async () => {
    const { controller, cancelled, clock, stop } = read();
    cancelled.mockImplementation(clock.every(10, () => controller.enqueue(new Item('another'))));
    const stopped = stop(() => false, 400 * MS);
    await clock.advance(500 * MS);
    expect(stopped.at).toBeGreaterThanOrEqual(400);
    expect(stopped.at).toBeLessThanOrEqual(450);
  });

  it('a track that has ended changes nothing', async () => {
    const { controller, onEnd, clock, stop, cancelled } = read();
    controller.close();
    await clock.advance(0);
    const stopped = stop();
    await clock.advance(0);
    expect(stopped.at).toBe(0);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
  });

  it('is over when the track ends meanwhile', async () => {
    const { controller, clock, stop } = read();
    const stopped = stop();
    controller.close();
    await clock.advance(50 * MS);
    expect(stopped.at).toBeLessThanOrEqual(50);
  });
});

describe('cancelling', () => {
  it('lets the track go at once, and once only', async () => {
    const { taken, cancelled, onEnd, reader, clock, stop } = read();
    reader.cancel();
    reader.cancel();
    expect(reader.ended).toBe(true);
    const stopped = stop();
    await clock.advance(0);
    expect(stopped.at).toBe(0);
    expect(taken).toEqual([]);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it('what was already on its way into the reader is closed', async () => {
    const { controller, reader, taken, clock } = read();
    await clock.advance(0);
    const item = new Item('on its way');
    controller.enqueue(item);
    reader.cancel();
    await clock.advance(0);
    expect(taken).toEqual([]);
    expect(item.closed).toBe(1);
  });
});

describe('what may wait where it is', () => {
  const names = (taken: { item: Item }[]): string => taken.map(({ item }) => item.name).join('');
  const give = async (
    { controller, clock }: Pick<ReturnType<typeof read>, 'controller' | 'clock'>,
    all: string,
  ): Promise<Item[]> => {
    const items = [...all].map(name => new Item(name));
    for (const item of items) {
      await clock.advance(10 * MS);
      controller.enqueue(item);
    }
    await clock.advance(0);
    return items;
  };

  it('is read when it is to go on, with all that has come', async () => {
    let mayWait = true;
    const { reader, taken, clock, controller } = read(() => mayWait);
    await give({ controller, clock }, 'abc');
    expect(names(taken)).toBe('a');
    mayWait = false;
    reader.goOn();
    await clock.advance(0);
    expect(names(taken)).toBe('abc');
    await give({ controller, clock }, 'd');
    expect(names(taken)).toBe('abcd');
  });

  it('goes on once for each time that it is told to', async () => {
    const { reader, taken, clock, controller } = read(() => true);
    reader.goOn();
    await give({ controller, clock }, 'abc');
    expect(names(taken)).toBe('a');
    reader.goOn();
    reader.goOn();
    await clock.advance(0);
    expect(names(taken)).toBe('ab');
  });

  it('is read when the reader stops, and nothing waits from then on', async () => {
    const { taken, clock, controller, stop, cancelled } = read(() => true);
    await give({ controller, clock }, 'abc');
    const stopped = stop(({ name }) => name === 'e');
    await clock.advance(0);
    expect(names(taken)).toBe('abc');
    const [d, e] = await give({ controller, clock }, 'de');
    await clock.advance(100 * MS);
    expect(names(taken)).toBe('abcd');
    expect([d?.closed, e?.closed]).toEqual([0, 1]);
    expect(stopped.at).toBeLessThanOrEqual(120);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it('is let go when the reader is cancelled', async () => {
    const { reader, taken, clock, controller, onEnd, cancelled } = read(() => true);
    await give({ controller, clock }, 'ab');
    reader.cancel();
    await clock.advance(0);
    expect(names(taken)).toBe('a');
    expect(cancelled).toHaveBeenCalledOnce();
    expect(onEnd).not.toHaveBeenCalled();
  });
});
