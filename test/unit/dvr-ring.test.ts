/** The ring: what it keeps and lets go of, and clips of it to the frame. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AUDIO, CountingStore, FRAME, newRing, PIECE, SECOND, SimulatedStream, takeAll } from './dvr-kit.ts';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('clips of a stream that has run for 150 s, with a change of size 20 s before its end', () => {
  const setUp = async (store?: CountingStore) => {
    const ring = newRing(140, store, store ? 200_000 : undefined);
    const stream = new SimulatedStream(entry => ring.append(entry), { lag: 60 });
    for (let played = 0; played < 150; played += 10) {
      if (played === 130) stream.cut('video-size', 320);
      stream.play(10);
      await new Promise(resolve => setTimeout(resolve));
    }
    stream.end();
    ring.finish();
    return { ring, stream };
  };

  test.each([
    [5, 1],
    [30, 2],
    [120, 2],
  ])('the last %d s are %d files, from the key frame before to the end', async (seconds, count) => {
    const { ring, stream } = await setUp();
    const { files, bounds } = await takeAll(ring, stream, { kind: 'last', seconds });
    const asked = 150 - seconds;
    // A key frame each 2 s, from the cut on anew.
    const key = asked < 130 ? Math.floor(asked / 2) * 2 : 130 + Math.floor((asked - 130) / 2) * 2;
    expect(bounds).toEqual({ from: asked * SECOND, key: key * SECOND, until: 150 * SECOND });
    expect(files.all).toHaveLength(count);
    expect(files.all.map(({ setup }) => setup.reason)).toEqual(['start', 'video-size'].slice(0, count));
    expect(files.frames).toEqual(numbers(key * 25, 3_750));
    expect(files.all.map(({ setup }) => setup.startTime)).toEqual([0, (130 - key) * SECOND].slice(0, count));
    expect(files.all.at(-1)?.endTime).toBe((150 - key) * SECOND);
    expect(files.all.map(({ config }) => config?.codedWidth)).toEqual(count === 2 ? [640, 320] : [320]);
    // All of its sound, from its beginning on, and what goes on in the middle of an encoder's output says so.
    expect(files.sound.map(({ time }) => time)).toEqual(
      numbers(0, ((150 - key) * SECOND) / PIECE).map(i => i * PIECE),
    );
    expect(files.sound[0]?.text).toBe(`sound ${key * SECOND}`);
    expect(files.announced.map(({ config }) => config)).toEqual([AUDIO.continued]);
  });

  test('what lies on the disk is given as what lies in memory is', async () => {
    const store = new CountingStore();
    const { ring, stream } = await setUp(store);
    expect(ring.bytes.memory).toBeLessThan(400_000);
    const fromDisk = await takeAll(ring, stream, { kind: 'piece', start: 20, duration: 115 });
    const { ring: other, stream: same } = await setUp();
    const fromMemory = await takeAll(other, same, { kind: 'piece', start: 20, duration: 115 });
    expect(store.blocks.size).toBeGreaterThan(20);
    expect(fromDisk.files.all).toEqual(fromMemory.files.all);
    expect(fromDisk.files.sound).toEqual(fromMemory.files.sound);
  });

  test('more than there is gives all that there is', async () => {
    const { ring, stream } = await setUp();
    const { files } = await takeAll(ring, stream, { kind: 'last', seconds: 1_000 });
    // 140 s are kept, and what is needed to begin with a key frame.
    expect(files.frames[0]).toBeLessThanOrEqual(250);
    expect(files.frames[0]).toBeGreaterThanOrEqual(150);
    expect(files.frames.at(-1)).toBe(3_749);
  });
});

test('any piece of any stream has each of its frames once, and its sound beside them', async () => {
  const piece = fc.record({
    group: fc.integer({ min: 1, max: 120 }),
    lag: fc.integer({ min: 0, max: 400 }),
    cutAt: fc.integer({ min: 1, max: 399 }),
    start: fc.integer({ min: 0, max: 380 }),
    length: fc.integer({ min: 1, max: 200 }),
    spill: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(piece, async ({ group, lag, cutAt, start, length, spill }) => {
      const ring = newRing(1_000, spill ? new CountingStore() : undefined, spill ? 8_000 : undefined);
      const stream = new SimulatedStream(entry => ring.append(entry), { group, lag });
      stream.play((cutAt * FRAME) / SECOND);
      stream.cut('video-size', 320);
      stream.play(((400 - cutAt) * FRAME) / SECOND);
      stream.end();
      ring.finish();
      const [from, until] = [start * FRAME, (start + length) * FRAME];
      const request = { kind: 'piece', start: from / SECOND, duration: (until - from) / SECOND } as const;
      const { files, bounds } = await takeAll(ring, stream, request);
      const first = bounds.key / FRAME;
      const last = Math.min(400, start + length);
      expect(first).toBeLessThanOrEqual(start);
      expect(start - first).toBeLessThan(group);
      expect(files.frames).toEqual(numbers(first, last));
      const sound = numbers(bounds.key / PIECE, Math.min(400 * FRAME, until) / PIECE);
      expect(files.sound.map(({ time }) => time + bounds.key)).toEqual(sound.map(i => i * PIECE));
      for (const file of files.all) expect(file.frames[0]?.type).toBe('key');
    }),
    { numRuns: 60 },
  );
});

test('what is to come begins with the very frame, and with the overlays that are drawn into it', async () => {
  const ring = newRing(60);
  const stream = new SimulatedStream(entry => ring.append(entry), { lag: 40 });
  ring.append({ kind: 'note', event: { time: 0, type: 'overlays', ids: ['logo'] } });
  stream.play(3);
  const taking = takeAll(ring, stream, { kind: 'piece', start: 4.32, duration: 1 });
  stream.play(4);
  const { files, notes } = await taking;
  expect(notes).toEqual([{ time: 0, type: 'overlays', ids: ['logo'] }]);
  expect(files.frames).toEqual(numbers(108, 133));
  expect(files.sound[0]).toEqual({ time: 0, text: `sound ${4.32 * SECOND}` });
});

test('a pause leaves out what was captured during it, also when parameters have changed meanwhile', async () => {
  const ring = newRing(60);
  const stream = new SimulatedStream(entry => ring.append(entry));
  stream.play(1);
  let taker: Parameters<Parameters<typeof takeAll>[3] & object>[0] | undefined;
  const taking = takeAll(ring, stream, { kind: 'live', preRoll: 1 }, one => {
    taker = one;
  });
  const turn = () => new Promise(resolve => setTimeout(resolve));
  await turn();
  taker?.pause(stream.time);
  stream.play(1);
  stream.cut('video-size', 320);
  stream.play(1);
  await turn();
  taker?.resume(stream.time);
  stream.keyFrameAt(stream.time);
  stream.play(1);
  await turn();
  stream.end();
  ring.finish();
  const { files } = await taking;
  expect(files.frames).toEqual([...numbers(0, 25), ...numbers(75, 100)]);
  expect(files.all.map(({ setup }) => [setup.reason, setup.startTime])).toEqual([
    ['start', 0],
    ['video-size', SECOND],
  ]);
  expect(files.all[0]?.over).toBe(true);
  expect(files.sound.map(({ time }) => time)).toEqual(numbers(0, 100).map(i => i * PIECE));
});

test('sound alone is kept, and clipped to the packet', async () => {
  const ring = newRing(10);
  const stream = new SimulatedStream(entry => ring.append(entry), { video: false });
  stream.play(60);
  stream.end();
  ring.finish();
  const { files } = await takeAll(ring, stream, { kind: 'last', seconds: 4 });
  expect(files.sound.length * PIECE).toBeGreaterThanOrEqual(4 * SECOND);
  expect(files.sound.length * PIECE).toBeLessThanOrEqual(6.1 * SECOND);
  expect(files.sound.at(-1)?.text).toBe(`sound ${60 * SECOND - PIECE}`);
});

describe('memory', () => {
  test('four hours: bounded in memory, all of it on the disk, and nothing of what is older', async () => {
    const store = new CountingStore();
    store.put = async () => ++puts;
    let puts = 0;
    let dropped = 0;
    store.drop = () => void dropped++;
    const ring = newRing(14_400, store, 2 ** 20);
    const stream = new SimulatedStream(entry => ring.append(entry), {
      audio: false,
      frameBytes: 4_000,
      frame: 10 * FRAME,
      group: 5,
    });
    let most = 0;
    for (let minute = 0; minute < 300; minute++) {
      stream.play(60);
      // What is put away takes its time.
      await new Promise(resolve => setTimeout(resolve));
      most = Math.max(most, ring.bytes.memory);
    }
    // A minute of this has 0.6 MB; real time leaves the disk more time than none.
    expect(most).toBeLessThan(2.5 * 2 ** 20);
    // One block for each key frame: those of four hours, and a few that are on their way.
    expect(puts - dropped).toBeGreaterThanOrEqual(7_200 - 40);
    expect(puts - dropped).toBeLessThanOrEqual(7_210);
    expect(ring.start).toBeGreaterThanOrEqual((18_000 - 14_400 - 6) * SECOND);
  });

  test('without a disk, or with a full one, the oldest goes', async () => {
    const full = new CountingStore();
    full.full = true;
    for (const store of [undefined, full]) {
      const ring = newRing(14_400, store, 2 ** 20);
      const stream = new SimulatedStream(entry => ring.append(entry), { frameBytes: 1_000 });
      for (let minute = 0; minute < 5; minute++) {
        stream.play(60);
        await new Promise(resolve => setTimeout(resolve));
      }
      expect(ring.bytes).toEqual({ memory: expect.any(Number), stored: 0 });
      expect(ring.bytes.memory).toBeLessThan(1.2 * 2 ** 20);
      expect(ring.shortened).toBe(true);
      stream.end();
      ring.finish();
      const { files } = await takeAll(ring, stream, { kind: 'last', seconds: 10 });
      expect(files.frames.at(-1)).toBe(5 * 60 * 25 - 1);
      expect(files.frames.length).toBeGreaterThanOrEqual(250);
    }
  });

  test('what a recording has not read yet is not let go', async () => {
    const ring = newRing(4);
    const stream = new SimulatedStream(entry => ring.append(entry));
    stream.play(4);
    const stop = new AbortController();
    const found = ring.blockAt(2 * SECOND);
    const reading = ring.read(found?.position ?? { block: 0, entry: 0 }, 1, stop.signal);
    await reading.next();
    stream.play(60);
    const kept: number[] = [];
    for await (const entries of reading) {
      for (const entry of entries) if (entry.kind === 'video') kept.push(entry.time / FRAME);
      if ((kept.at(-1) ?? 0) >= 1_599) break;
    }
    expect(kept).toEqual(numbers(kept[0] ?? 0, 1_600));
    expect(kept[0]).toBeLessThanOrEqual(50);
    // Once it has been read, all but the last goes.
    stream.play(10);
    expect(ring.start).toBeGreaterThan(60 * SECOND);
  });
});
