import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type ByteStore, GrowingFile } from '../../src/journal/growing-file.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';

const KEY = 'recordings/0a1b2c3d-0000-4000-8000-000000000001/0001.mp4';
const FOREVER = 60_000;

const open = (store: ByteStore = new MemoryStore()) => {
  const onError = vi.fn();
  return { file: new GrowingFile(KEY, store, onError), onError };
};

/** Whether a promise is settled by now, after everything that is due has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await new Promise(resolve => setImmediate(resolve));
  return settled;
};

describe('what a growing file says of itself', () => {
  it('its key, its size so far, and the hash of all bytes once it is sealed', async () => {
    const { file } = open();
    expect([file.key, file.size, file.sealed, file.sha256]).toEqual([KEY, 0, false, undefined]);
    file.append(Uint8Array.of(1, 2, 3));
    expect([file.size, file.sealed, file.sha256]).toEqual([3, false, undefined]);
    await file.seal();
    expect([file.size, file.sealed]).toEqual([3, true]);
    expect(file.sha256).toBe(
      createHash('sha256')
        .update(Uint8Array.of(1, 2, 3))
        .digest('hex'),
    );
  });

  it('the hash of nothing', async () => {
    const { file } = open();
    await file.seal();
    expect(file.sha256).toBe(createHash('sha256').digest('hex'));
  });

  it('may be sealed twice', async () => {
    const { file, onError } = open();
    file.append(Uint8Array.of(1));
    await file.seal();
    const { sha256 } = file;
    await file.seal();
    expect(file.sha256).toBe(sha256);
    expect(onError).not.toHaveBeenCalled();
  });

  it('any bytes in any pieces: the hash that Node gives, and every part as it was written', async () => {
    const piece = fc.uint8Array({ minLength: 0, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.nat(), fc.nat(), async (all, a, b) => {
        const { file, onError } = open();
        for (const bytes of all) file.append(bytes);
        const whole = Buffer.concat(all);
        const offset = a % (whole.length + 1);
        const length = b % (whole.length - offset + 1);
        expect(Buffer.from(await file.read(offset, length))).toEqual(whole.subarray(offset, offset + length));
        await file.seal();
        expect(file.size).toBe(whole.length);
        expect(file.sha256).toBe(createHash('sha256').update(whole).digest('hex'));
        expect(onError).not.toHaveBeenCalled();
      }),
    );
  });
});

describe('a store that fails', () => {
  const failing = (changes: Partial<ByteStore>): ByteStore => ({
    append: () => undefined,
    read: async () => new Uint8Array(),
    seal: async () => undefined,
    dispose: async () => undefined,
    ...changes,
  });
  const full = new Error('the disk is full');

  it('is told of, and nothing is thrown at the muxer; the bytes are not counted', () => {
    const { file, onError } = open(
      failing({
        append: () => {
          throw full;
        },
      }),
    );
    expect(() => file.append(Uint8Array.of(1))).not.toThrow();
    expect(onError.mock.calls).toEqual([[full]]);
    expect(file.size).toBe(0);
  });

  it('gets no more bytes: what is there stays the beginning of the file, although there is room for others', async () => {
    const store = new MemoryStore();
    const append = store.append.bind(store);
    store.append = bytes => {
      if (bytes.byteLength > 3) throw full;
      append(bytes);
    };
    const { file, onError } = open(store);
    file.append(Uint8Array.of(1, 2, 3));
    file.append(Uint8Array.of(4, 5, 6, 7));
    file.append(Uint8Array.of(8));
    await file.seal();
    expect(onError.mock.calls).toEqual([[full]]);
    expect(file.size).toBe(3);
    expect(await file.read(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(file.sha256).toBe(
      createHash('sha256')
        .update(Uint8Array.of(1, 2, 3))
        .digest('hex'),
    );
  });

  it('at the end is told of as well, and the file is sealed all the same', async () => {
    const { file, onError } = open(failing({ seal: () => Promise.reject(full) }));
    file.append(Uint8Array.of(1));
    const waiting = file.waitFor(1, 1, FOREVER, new AbortController().signal);
    await file.seal();
    await waiting;
    expect(onError.mock.calls).toEqual([[full]]);
    expect(file.sealed).toBe(true);
  });

  it('wakes no reader for bytes that are not there', async () => {
    let room = true;
    const { file } = open(
      failing({
        append: () => {
          if (!room) throw full;
        },
      }),
    );
    file.append(Uint8Array.of(1));
    room = false;
    const waiting = file.waitFor(0, 2, FOREVER, new AbortController().signal);
    file.append(Uint8Array.of(2));
    expect(await isSettled(waiting)).toBe(false);
    await file.seal();
    await waiting;
  });

  it('that can not read says so to who reads', async () => {
    const { file } = open(failing({ read: () => Promise.reject(full) }));
    await expect(file.read(0, 1)).rejects.toBe(full);
  });
});

describe('waiting for more', () => {
  const signal = new AbortController().signal;

  it('is over at once when there is enough, or when no more will come', async () => {
    const { file } = open();
    file.append(new Uint8Array(10));
    await file.waitFor(0, 10, FOREVER, signal);
    await file.waitFor(9, 1, FOREVER, signal);
    await file.seal();
    await file.waitFor(10, 1, FOREVER, signal);
  });

  it('is over with the byte that was missing, counted from the offset', async () => {
    const { file } = open();
    file.append(new Uint8Array(10));
    const waiting = file.waitFor(4, 10, FOREVER, signal);
    file.append(new Uint8Array(3));
    expect(await isSettled(waiting)).toBe(false);
    file.append(new Uint8Array(1));
    await waiting;
  });

  it('is over when the file is sealed, although there is nothing', async () => {
    const { file } = open();
    const waiting = file.waitFor(0, 1, FOREVER, signal);
    expect(await isSettled(waiting)).toBe(false);
    await file.seal();
    await waiting;
  });

  it('is over after so long with what there is, but not with nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { file } = open();
      const waiting = file.waitFor(0, 1_000, 2_000, signal);
      vi.advanceTimersByTime(60_000);
      expect(await isSettled(waiting)).toBe(false);
      file.append(Uint8Array.of(1));
      await waiting;
      const more = file.waitFor(0, 1_000, 2_000, signal);
      vi.advanceTimersByTime(1_999);
      expect(await isSettled(more)).toBe(false);
      vi.advanceTimersByTime(1);
      await more;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('rejects with the reason of the signal, now or later, and leaves nothing behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { file } = open();
      const controller = new AbortController();
      const reason = new Error('thrown away');
      const waiting = file.waitFor(0, 1, FOREVER, controller.signal);
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      await expect(file.waitFor(0, 1, FOREVER, controller.signal)).rejects.toBe(reason);
      expect(vi.getTimerCount()).toBe(0);
      file.append(Uint8Array.of(1));
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is over is not asked again', async () => {
    const { file } = open();
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const waiting = file.waitFor(0, 1, FOREVER, controller.signal);
    for (let i = 0; i < 5; i++) file.append(Uint8Array.of(i));
    await waiting;
    expect(removed).toHaveBeenCalledTimes(1);
  });

  it('wakes all who wait, each for what it waits for', async () => {
    const { file } = open();
    const few = file.waitFor(0, 2, FOREVER, signal);
    const many = file.waitFor(0, 3, FOREVER, signal);
    const all = file.waitFor(0, Number.POSITIVE_INFINITY, FOREVER, signal);
    file.append(Uint8Array.of(1, 2));
    await few;
    expect(await isSettled(many)).toBe(false);
    file.append(Uint8Array.of(3));
    await many;
    expect(await isSettled(all)).toBe(false);
    await file.seal();
    await all;
  });
});

describe('being let go', () => {
  it('passes on whether the bytes are to be deleted', async () => {
    const dispose = vi.fn(async () => undefined);
    const { file } = open({
      append: () => undefined,
      read: async () => new Uint8Array(),
      seal: async () => undefined,
      dispose,
    });
    await file.dispose(true);
    await file.dispose(false);
    expect(dispose.mock.calls).toEqual([[true], [false]]);
  });
});
