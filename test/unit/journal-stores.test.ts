/** Where the bytes of growing files lie: in memory, and in the private file system. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Kept } from '../../src/journal/kept.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { type Existing, OpfsStore, type OpfsStoreSetup } from '../../src/journal/opfs-store.ts';
import { Usage } from '../../src/journal/quota.ts';
import { segmentsAmong } from '../../src/segments.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';

describe('bytes in memory', () => {
  it('come back from anywhere, over the borders of the pieces they came in', async () => {
    const store = new MemoryStore();
    const whole = randomBytes(1_000);
    for (let at = 0; at < 1_000; at += 130) store.append(new Uint8Array(whole.subarray(at, at + 130)));
    for (const [offset, length] of [
      [0, 1_000],
      [0, 0],
      [129, 2],
      [130, 130],
      [995, 5],
      [1_000, 0],
      [300, 450],
    ] as const) {
      expect(Buffer.from(await store.read(offset, length))).toEqual(whole.subarray(offset, offset + length));
    }
  });

  it('have a limit, and what is below it stays', async () => {
    const store = new MemoryStore();
    const piece = new Uint8Array(32 * 1024 * 1024).fill(7);
    store.append(piece);
    store.append(piece);
    expect(() => store.append(Uint8Array.of(1))).toThrow(
      expect.objectContaining({ code: 'device-storage-failed' }),
    );
    expect(await store.read(64 * 1024 * 1024 - 2, 2)).toEqual(Uint8Array.of(7, 7));
  });

  it('are gone once they are let go', async () => {
    const store = new MemoryStore();
    store.append(Uint8Array.of(1));
    await store.seal();
    await store.dispose();
    await expect(store.read(0, 1)).rejects.toMatchObject({ code: 'device-storage-failed' });
  });
});

const PATH = ['steadyreel', 'journal', 'id'];
const FILE = 'steadyreel/journal/id/0001.mp4';
const FAILED = expect.objectContaining({ code: 'device-storage-failed' });

describe('bytes in the private file system', () => {
  let disk: MemoryOpfs;
  beforeEach(() => {
    disk = new MemoryOpfs();
    vi.stubGlobal('navigator', { storage: disk.storage });
  });
  afterEach(() => vi.unstubAllGlobals());

  const open = (setup: Partial<OpfsStoreSetup> = {}, existing?: Existing) => {
    const onError = vi.fn();
    const usage = new Usage();
    const given = { path: PATH, name: '0001.mp4', segmentBytes: Number.POSITIVE_INFINITY };
    const store = new OpfsStore({ ...given, kept: new Kept(), usage, onError, ...setup }, existing);
    return { store, onError, usage };
  };

  it('are written in the folder, in order, also those that came while the file was being opened', async () => {
    let opened: (() => void) | undefined;
    disk.opening = new Promise(resolve => {
      opened = resolve;
    });
    const { store, onError, usage } = open();
    store.append(Uint8Array.of(1, 2));
    store.append(Uint8Array.of(3));
    opened?.();
    expect(await store.read(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    store.append(Uint8Array.of(4));
    expect(await store.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
    await store.seal();
    expect(disk.flushed).toBe(1);
    expect(disk.read(FILE)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(usage.bytes).toBe(4);
    expect(onError).not.toHaveBeenCalled();
  });

  it('are all written, although the system takes a few at a time', async () => {
    disk.perWrite = 3;
    const { store } = open();
    await store.opened;
    store.append(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(await store.read(0, 8)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  });

  it('a full disk is an error that says so', async () => {
    disk.room = 2;
    const { store } = open();
    await store.opened;
    expect(() => store.append(Uint8Array.of(1, 2, 3))).toThrow(
      expect.objectContaining({ code: 'device-storage-failed', message: expect.stringContaining('full') }),
    );
  });

  it('bytes that are not there are an error, not zeros', async () => {
    const { store } = open();
    store.append(Uint8Array.of(1));
    await expect(store.read(0, 2)).rejects.toEqual(FAILED);
  });

  it('what there is already is gone on with; what lies behind is cut off', async () => {
    const first = open().store;
    first.append(Uint8Array.of(1, 2, 3, 4, 5));
    await first.close();
    const { store } = open({}, { segments: [{ start: 0, name: '0001.mp4' }], size: 3 });
    store.append(Uint8Array.of(9));
    expect(await store.read(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 9));
    expect(disk.read(FILE)).toEqual(Uint8Array.of(1, 2, 3, 9));
  });

  describe('in segments', () => {
    const names = (): string[] => disk.paths.map(path => path.slice(path.lastIndexOf('/') + 1));
    const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

    it('of any size, in any pieces, lie one after another and come back as they were', async () => {
      const piece = fc.uint8Array({ minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(piece, { maxLength: 30 }),
          fc.integer({ min: 1, max: 50 }),
          async (all, segmentBytes) => {
            disk = new MemoryOpfs();
            vi.stubGlobal('navigator', { storage: disk.storage });
            const { store, onError, usage } = open({ segmentBytes });
            for (const [i, bytes] of all.entries()) {
              store.append(bytes);
              if (i % 3 === 0) await settle();
            }
            await store.seal();
            for (let i = 0; i < 20; i++) await settle();
            const whole = Buffer.concat(all);
            expect(Buffer.from(await store.read(0, whole.length))).toEqual(whole);
            await store.close();
            expect(Buffer.from(await store.read(0, whole.length))).toEqual(whole);
            expect(usage.bytes).toBe(whole.length);
            for (const path of disk.paths) expect(disk.read(path)?.length).toBeLessThanOrEqual(segmentBytes);
            const segments = segmentsAmong(names(), '0001.mp4').filter(
              ({ start }) => start === 0 || start < whole.length,
            );
            const again = open({ segmentBytes }, { segments, size: whole.length }).store;
            again.append(Uint8Array.of(7));
            await again.opened;
            for (let i = 0; i < 5; i++) await settle();
            expect(Buffer.from(await again.read(0, whole.length + 1))).toEqual(
              Buffer.concat([whole, Buffer.of(7)]),
            );
            await again.dispose(true);
            expect(disk.paths.filter(path => path.includes('0001.mp4'))).toEqual([]);
            expect([disk.open, onError.mock.calls.length]).toEqual([0, 0]);
          },
        ),
        { numRuns: 60 },
      );
    });

    it('are let go, oldest first, when the storage has them and there are too many', async () => {
      const { store, usage } = open({ segmentBytes: 10, kept: new Kept(20) });
      for (let i = 0; i < 6; i++) {
        store.append(new Uint8Array(10).fill(i));
        await settle();
      }
      store.release(39);
      await settle();
      // Thirty bytes are confirmed in whole segments: ten are too many.
      expect(names()).not.toContain('0001.mp4');
      expect(names()).toContain('0001.mp4.10');
      expect(usage.bytes).toBe(50);
      expect(await store.read(10, 20)).toEqual(Uint8Array.from([...Array(10).fill(1), ...Array(10).fill(2)]));
      await expect(store.read(5, 10)).rejects.toEqual(FAILED);
    });

    it('are let go at once when there is no more room', async () => {
      const kept = new Kept(1_000);
      const { store } = open({ segmentBytes: 10, kept });
      for (let i = 0; i < 3; i++) {
        store.append(new Uint8Array(10));
        await settle();
      }
      store.release(20);
      await settle();
      expect(names()).toContain('0001.mp4');
      kept.letGo();
      await settle();
      expect(names().filter(name => ['0001.mp4', '0001.mp4.10'].includes(name))).toEqual([]);
      store.append(new Uint8Array(10));
      store.release(30);
      await settle();
      expect(names()).not.toContain('0001.mp4.20');
    });
  });
});

describe('names of segments', () => {
  it('are told from those of other files', () => {
    const names = [
      '0001.mp4',
      '0001.mp4.200',
      '0001.mp4.100',
      '0001.mp4.crswap',
      '00011.mp4',
      '0002.mp4.100',
      'tail-0',
    ];
    expect(segmentsAmong(names, '0001.mp4')).toEqual([
      { start: 0, name: '0001.mp4' },
      { start: 100, name: '0001.mp4.100' },
      { start: 200, name: '0001.mp4.200' },
    ]);
    expect(segmentsAmong(names, '0003.mp4')).toEqual([]);
  });
});
