import { describe, expect, it, vi } from 'vitest';
import { TrackReader } from '../../src/source/track-reader.ts';

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

const read = () => {
  const source = track();
  const taken: { item: Item; arrival: number }[] = [];
  const onEnd = vi.fn();
  const reader = new TrackReader(source.readable, (item, arrival) => taken.push({ item, arrival }), onEnd);
  return { ...source, taken, onEnd, reader };
};

describe('reading a track', () => {
  it('gives each item once, in order, with the time of its arrival in microseconds', async () => {
    const { controller, taken } = read();
    const before = performance.now() * 1000;
    const items = ['a', 'b', 'c'].map(name => new Item(name));
    for (const item of items) controller.enqueue(item);
    await vi.waitFor(() => expect(taken.map(({ item }) => item)).toEqual(items));
    for (const { arrival } of taken) {
      expect(arrival).toBeGreaterThanOrEqual(before);
      expect(arrival).toBeLessThanOrEqual(performance.now() * 1000);
    }
    // Whoever gets an item owns it.
    expect(items.map(item => item.closed)).toEqual([0, 0, 0]);
  });

  it('tells once that the track has ended by itself', async () => {
    const { controller, onEnd, taken } = read();
    controller.enqueue(new Item('last'));
    controller.close();
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledTimes(1));
    expect(taken).toHaveLength(1);
  });

  it('a track that breaks has ended', async () => {
    const { controller, onEnd } = read();
    controller.error(new Error('the camera was pulled out'));
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledTimes(1));
  });

  it('takes what is still on its way when it is stopped, then lets the track go', async () => {
    const { controller, taken, cancelled, reader, onEnd } = read();
    const stopped = reader.stop(3_000, () => false);
    controller.enqueue(new Item('late'));
    await stopped;
    expect(taken.map(({ item }) => item.name)).toEqual(['late']);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it('takes what was captured before the end, however late it comes, and nothing that was captured after', async () => {
    const { controller, taken, cancelled, reader } = read();
    const stopped = reader.stop(3_000, item => item.name.startsWith('after'));
    const items = ['before 1', 'before 2', 'after 1', 'after 2'].map(name => new Item(name));
    for (const item of items.slice(0, 3)) controller.enqueue(item);
    await stopped;
    expect(taken.map(({ item }) => item.name)).toEqual(['before 1', 'before 2']);
    expect(items.slice(0, 3).map(item => item.closed)).toEqual([0, 0, 1]);
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  it('is stopped in the end although the source never pauses', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    });
    try {
      const { controller, reader, cancelled, taken } = read();
      const feeding = setInterval(() => controller.enqueue(new Item('another')), 10);
      cancelled.mockImplementation(() => clearInterval(feeding));
      let stopped = false;
      const stopping = reader
        .stop(3_000, () => false)
        .then(() => {
          stopped = true;
        });
      while (!stopped) await vi.advanceTimersByTimeAsync(10);
      await stopping;
      expect(cancelled).toHaveBeenCalledTimes(1);
      // Three seconds of what a source gives that is always behind.
      expect(taken.length).toBeGreaterThan(250);
      expect(taken.length).toBeLessThan(310);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets the track go at once when it is cancelled, and once only', async () => {
    const { taken, cancelled, onEnd, reader } = read();
    reader.cancel();
    reader.cancel();
    await reader.stop(3_000, () => false);
    expect(taken).toEqual([]);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it('stopping a track that has ended changes nothing', async () => {
    const { controller, onEnd, reader } = read();
    controller.close();
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalled());
    await reader.stop(3_000, () => false);
    expect(onEnd).toHaveBeenCalledTimes(1);
  });
});
