import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore, OpfsStore } from '../../src/journal/stores.ts';

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

/** A private file system of one folder, as far as a store uses it. */
class FakeDisk {
  readonly files = new Map<string, Uint8Array>();
  readonly path: string[] = [];
  opening: Promise<void> = Promise.resolve();
  /** Bytes that one write takes at the most. */
  perWrite = Number.POSITIVE_INFINITY;
  room = Number.POSITIVE_INFINITY;
  handles = { opened: 0, closed: 0, flushed: 0 };

  getDirectoryHandle = async (name: string): Promise<FakeDisk> => {
    this.path.push(name);
    return this;
  };
  removeEntry = async (name: string): Promise<void> => void this.files.delete(name);
  getFileHandle = async (name: string) => ({
    createSyncAccessHandle: async () => {
      await this.opening;
      this.handles.opened++;
      this.files.set(name, new Uint8Array());
      return {
        write: (bytes: Uint8Array, { at }: { at: number }): number => {
          const before = this.files.get(name) ?? new Uint8Array();
          const taken = bytes.subarray(0, Math.min(this.perWrite, this.room - at));
          const after = new Uint8Array(Math.max(before.length, at + taken.length));
          after.set(before);
          after.set(taken, at);
          this.files.set(name, after);
          return taken.length;
        },
        read: (into: Uint8Array, { at }: { at: number }): number => {
          const found = (this.files.get(name) ?? new Uint8Array()).subarray(at, at + into.length);
          into.set(found);
          return found.length;
        },
        truncate: (size: number): void =>
          void this.files.set(name, (this.files.get(name) ?? new Uint8Array()).slice(0, size)),
        flush: () => this.handles.flushed++,
        close: () => this.handles.closed++,
      };
    },
  });
}

describe('bytes in the private file system', () => {
  let disk: FakeDisk;
  beforeEach(() => {
    disk = new FakeDisk();
    vi.stubGlobal('navigator', { storage: { getDirectory: async () => disk } });
  });
  afterEach(() => vi.unstubAllGlobals());

  const open = () => {
    const onError = vi.fn();
    return { store: new OpfsStore(['steadyreel', 'journal', 'id'], '0001.mp4', onError), onError };
  };

  it('are written in the folder, in order, also those that came while the file was being opened', async () => {
    let opened: (() => void) | undefined;
    disk.opening = new Promise(resolve => {
      opened = resolve;
    });
    const { store, onError } = open();
    store.append(Uint8Array.of(1, 2));
    store.append(Uint8Array.of(3));
    opened?.();
    expect(await store.read(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    store.append(Uint8Array.of(4));
    expect(await store.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
    await store.seal();
    expect(disk.handles.flushed).toBe(1);
    expect(disk.path).toEqual(['steadyreel', 'journal', 'id']);
    expect(disk.files.get('0001.mp4')).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(onError).not.toHaveBeenCalled();
  });

  it('are all written, although the system takes a few at a time', async () => {
    disk.perWrite = 3;
    const { store } = open();
    await store.seal();
    store.append(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(await store.read(0, 8)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  });

  it('a full disk is an error that says so', async () => {
    disk.room = 2;
    const { store } = open();
    await store.seal();
    expect(() => store.append(Uint8Array.of(1, 2, 3))).toThrow(
      expect.objectContaining({ code: 'device-storage-failed', message: expect.stringContaining('full') }),
    );
  });

  it('bytes that are not there are an error, not zeros', async () => {
    const { store } = open();
    store.append(Uint8Array.of(1));
    await expect(store.read(0, 2)).rejects.toMatchObject({ code: 'device-storage-failed' });
  });

  it('a file that can not be opened is told of once, and refuses bytes from then on', async () => {
    const refused = new DOMException('in use', 'NoModificationAllowedError');
    disk.opening = Promise.reject(refused);
    const { store, onError } = open();
    store.append(Uint8Array.of(1));
    await store.seal();
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'device-storage-failed', cause: refused }),
    );
    expect(() => store.append(Uint8Array.of(2))).toThrow(
      expect.objectContaining({ code: 'device-storage-failed', cause: refused }),
    );
  });

  it('no private file system at all is told of as well', async () => {
    vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.reject(new Error('private')) } });
    const { store, onError } = open();
    await store.seal();
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'device-storage-failed' }));
  });

  it('let go: the file is closed, and deleted only if it is to be', async () => {
    const { store } = open();
    await store.dispose(false);
    expect([disk.handles.closed, disk.files.has('0001.mp4')]).toEqual([1, true]);
    const { store: again } = open();
    await again.dispose(true);
    expect([disk.handles.closed, disk.files.has('0001.mp4')]).toEqual([2, false]);
  });
});
