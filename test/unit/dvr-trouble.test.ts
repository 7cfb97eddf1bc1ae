/** A ring whose disk is full, or can't be read: what is made of it has all that there is, and says what there is not. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RingEntry } from '../../src/clip/entry.ts';
import type { FromRing } from '../../src/clip/protocol.ts';
import { placeOf, serveReader } from '../../src/worker/ring-reader.ts';
import { RingStore } from '../../src/worker/ring-store.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';
import {
  CountingStore,
  newRing,
  PIECE,
  SECOND,
  SimulatedStream,
  type TakenFiles,
  takeAll,
} from './dvr-kit.ts';
import { channel } from './dvr-world.ts';

afterEach(() => vi.unstubAllGlobals());

const turn = () => new Promise(resolve => setTimeout(resolve));

/** Files follow each other on one timeline, begin with key frames, and have no picture at the time of another one. */
const expectSound = ({ all, sound }: TakenFiles): void => {
  const times = all.flatMap(({ frames }) => frames.map(({ time }) => time));
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  for (const [i, { setup, endTime, frames, config }] of all.entries()) {
    expect(endTime).toBe(all[i + 1]?.setup.startTime ?? endTime);
    const [first] = frames;
    // A run may be missing as a whole.
    if (!first) continue;
    expect([first.type, config?.codedWidth]).toEqual(['key', setup.video?.source.width]);
    // Its sound may have come before its first pictures were missed.
    expect(first.time).toBeGreaterThanOrEqual(setup.startTime);
  }
  for (const [i, { time }] of sound.entries())
    if (i > 0) expect(time - (sound[i - 1]?.time ?? 0)).toBeGreaterThanOrEqual(PIECE - 1);
};

/** Numbers of the pictures in entries. */
const picturesIn = (entries: readonly RingEntry[]): number[] =>
  entries.flatMap(entry =>
    entry.kind === 'video' ? [new DataView(entry.data.buffer, entry.data.byteOffset).getUint32(0)] : [],
  );

test('whatever can not be read is left out as a pause is, and nothing else; changes of parameters are known all the same', async () => {
  const piece = fc.record({
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: 19 }), { minLength: 0, maxLength: 4 }),
    broken: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
    lag: fc.integer({ min: 0, max: 300 }),
    // A block that is damaged gives less than was put into it.
    damaged: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(piece, async ({ cuts, broken, lag, damaged }) => {
      const store = new CountingStore();
      const ring = newRing(1_000, store, 200_000);
      const stream = new SimulatedStream(entry => ring.append(entry), { group: 10, lag });
      for (let second = 0; second < 20; second++) {
        if (cuts.includes(second)) stream.cut('video-size', 320 + second);
        stream.play(1);
        await Promise.resolve();
      }
      stream.end();
      ring.finish();
      await turn();
      const lost = broken.flatMap(place => picturesIn(store.blocks.get(place) ?? []));
      const get = store.get.bind(store);
      store.get = async place => {
        const found = await get(place);
        if (!broken.includes(place)) return found;
        if (damaged) return found.slice(0, 1);
        throw new Error('it can not be read');
      };
      const made = await takeAll(ring, stream, { kind: 'piece', start: 0, duration: 20 });
      const { files, notes } = made;
      expect(files.frames).toEqual(
        Array.from({ length: 500 }, (_, i) => i).filter(number => !lost.includes(number)),
      );
      expectSound(files);
      const holes = notes.filter(({ type }) => type === 'pause').length;
      expect(made.lost > 0).toBe(holes > 0);
    }),
    { numRuns: 30, endOnFailure: true },
  );
});

test('a recording that is slower than a full disk lets it be goes on, and says what is missing', async () => {
  const store = new CountingStore();
  store.full = true;
  const ring = newRing(1_000, store, 100_000);
  const stream = new SimulatedStream(entry => ring.append(entry), { frameBytes: 400 });
  stream.play(2);
  const making = takeAll(ring, stream, { kind: 'live', preRoll: 2 });
  await turn();
  const cutAt = 30 * 25;
  stream.play(28);
  stream.cut('video-size', 320);
  stream.play(30);
  await turn();
  stream.play(2);
  stream.end();
  ring.finish();
  const { files, lost, notes } = await making;
  expect(lost).toBe(1);
  expect(notes).toMatchObject([{ type: 'pause', duration: expect.any(Number) }]);
  expectSound(files);
  // What it had read before, and the last that there was.
  const hole = files.frames.findIndex((number, i) => number !== i);
  expect(hole).toBeGreaterThanOrEqual(50);
  expect(files.frames[hole]).toBeGreaterThan(cutAt);
  expect(files.frames.slice(hole)).toEqual(
    Array.from({ length: files.frames.length - hole }, (_, i) => (files.frames[hole] ?? 0) + i),
  );
  expect(files.frames.at(-1)).toBe(62 * 25 - 1);
  expect(files.all.map(({ config }) => config?.codedWidth)).toEqual([640, 320]);
});

test('a disk that takes its time does not make a clip shorter: what it gives is waited for', async () => {
  const store = new CountingStore();
  const ring = newRing(1_000, store, 200_000);
  const stream = new SimulatedStream(entry => ring.append(entry), { group: 10 });
  for (let second = 0; second < 20; second++) {
    stream.play(1);
    await Promise.resolve();
  }
  await turn();
  let give: () => void = () => undefined;
  const late = new Promise<void>(resolve => (give = resolve));
  const get = store.get.bind(store);
  store.get = place => late.then(() => get(place));
  const source = {
    ...{
      ring,
      now: () => stream.time,
      decided: () => stream.time,
      keyFrameAt: () => undefined,
      failure: () => undefined,
    },
    reached: async () => undefined,
    onMore: () => undefined,
  };
  const [its, mine] = channel();
  const heard: FromRing[] = [];
  mine.onmessage = ({ data }: MessageEvent<FromRing>) => void heard.push(data);
  const closed = new AbortController();
  const place = placeOf({ kind: 'piece', start: 0, duration: 5 }, source);
  const serving = serveReader(its, place, source, closed);
  const ask = async (): Promise<FromRing | undefined> => {
    mine.postMessage({ type: 'now', at: performance.timeOrigin + performance.now() });
    await turn();
    return heard.findLast(({ type }) => type === 'now');
  };
  mine.postMessage({ type: 'more' });
  // Nothing of it has come, however long ago it was.
  expect(await ask()).toMatchObject({ given: Number.NEGATIVE_INFINITY });
  give();
  for (let i = 0; i < 4; i++) {
    mine.postMessage({ type: 'more' });
    await turn();
  }
  expect(heard.map(({ type }) => type)).toContain('entries');
  expect(await ask()).toMatchObject({ given: stream.time });
  closed.abort();
  await serving;
});

describe('on the disk', () => {
  const setUp = async () => {
    const opfs = new MemoryOpfs();
    vi.stubGlobal('navigator', { storage: opfs.storage });
    const store = await RingStore.open('ring');
    if (!store) throw new Error('there is a file system');
    return { opfs, store };
  };

  const entries = (bytes: number, time = 0): RingEntry[] => [
    { kind: 'begun', run: 1, reason: 'start', time, video: undefined, audioEpoch: 1 },
    { kind: 'video', run: 1, time, type: 'key', data: new Uint8Array(bytes).fill(7) },
    { kind: 'audio', epoch: 1, time, duration: 20_000, data: Uint8Array.of(1, 2, 3) },
    { kind: 'audio', epoch: 1, time: time + 20_000, duration: 20_000, data: new Uint8Array() },
    { kind: 'ends', run: 1, time: SECOND },
  ];

  test('each block is given as it was put, and files are deleted when all in them is old', async () => {
    const { opfs, store } = await setUp();
    const blocks = [];
    for (let i = 0; i < 5; i++) blocks.push(await store.put(entries(9 * 2 ** 20, i)));
    for (const [i, block] of blocks.entries()) {
      const found = await store.get(block);
      expect(found.map(({ kind }) => kind)).toEqual(entries(1).map(({ kind }) => kind));
      expect(found[1]).toMatchObject({ time: i, type: 'key' });
      expect(Buffer.from((found[1] as { data: Uint8Array }).data).equals(Buffer.alloc(9 * 2 ** 20, 7))).toBe(
        true,
      );
      expect(found.slice(2)).toEqual(entries(1, i).slice(2));
    }
    expect(opfs.paths).toEqual(['steadyreel/rings/ring/1', 'steadyreel/rings/ring/2']);
    // As many as there are in the first file.
    for (const block of blocks.slice(0, 4)) store.drop(block);
    await turn();
    expect(opfs.paths).toEqual(['steadyreel/rings/ring/2']);
    await store.remove();
    expect([opfs.paths, opfs.open]).toEqual([[], 0]);
  });

  test.each([true, false])(
    'a full one is told, and what was put before stays (it throws: %s)',
    async throws => {
      const { opfs, store } = await setUp();
      const before = await store.put(entries(1_000));
      Object.assign(opfs, { room: 2_000, throws });
      await expect(store.put(entries(1_000))).rejects.toThrow();
      expect(await store.get(before)).toEqual(entries(1_000));
      opfs.room = Number.POSITIVE_INFINITY;
      expect(await store.get(await store.put(entries(500)))).toEqual(entries(500));
      await store.remove();
      expect(opfs.open).toBe(0);
    },
  );

  test('one that recordings need is left alone; one that is not there is no reason to keep nothing', async () => {
    const { opfs, store } = await setUp();
    vi.stubGlobal('navigator', {
      storage: { ...opfs.storage, estimate: async () => ({ quota: 2 ** 33, usage: 2 ** 33 - 2 ** 28 }) },
    });
    await expect(store.put(entries(10))).rejects.toMatchObject({ name: 'QuotaExceededError' });
    opfs.refuse = { folder: new Error('no') };
    expect(await RingStore.open('another')).toBeUndefined();
  });
});
