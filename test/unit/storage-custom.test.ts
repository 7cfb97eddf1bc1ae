/** A user's own storage: what its functions are given, also when they fail, and what they need not be able to do. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { answer } from '../../src/answer.ts';
import type { Recording } from '../../src/manifest.ts';
import { type CustomOptions, custom } from '../../src/storage/custom/custom.ts';
import { CustomSink } from '../../src/storage/custom/sink.ts';
import type { CustomConfig, PageCall } from '../../src/storage/storage.ts';
import type { ToWorker } from '../../src/worker/protocol.ts';
import { ID, manifest } from './server-kit.ts';
import { grow, keptFile } from './storage-kit.ts';

/** Keeps what it is given, as a disk does. */
class Disk {
  readonly files = new Map<string, Buffer>();
  readonly done = new Set<string>();
  manifest: unknown;
  /** Called before each write. */
  fault: () => void | Promise<void> = () => undefined;
  afterwards: () => void = () => undefined;

  readonly options: CustomOptions = {
    write: async ({ key, offset, bytes, last }) => {
      await this.fault();
      const before = this.files.get(key) ?? Buffer.alloc(0);
      if (offset > before.length) throw new Error(`a hole at ${offset}`);
      this.files.set(key, Buffer.concat([before.subarray(0, offset), bytes]));
      if (last) this.done.add(key);
      this.afterwards();
    },
    writeManifest: async given => {
      this.manifest = given;
    },
    chunkBytes: 10_000,
    flushInterval: 0.1,
    giveUpAfter: 1,
  };
}

const open = (options: CustomOptions) => {
  const storage = custom(options);
  let stoppedAt: number | undefined;
  const troubles: string[] = [];
  const stored: number[] = [];
  const sink = new CustomSink(storage.config as CustomConfig, {
    onStored: (_, bytes) => stored.push(bytes),
    onTrouble: detail => troubles.push(detail),
    onUpload: () => undefined,
    stoppedAt: () => stoppedAt,
    ask: async call => storage.answer?.(call),
  });
  const { signal } = new AbortController();
  const stop = (): void => {
    stoppedAt = performance.now();
  };
  return { sink, storage, troubles, stored, signal, stop };
};

const recording = manifest(ID) as Recording;
const BYTES = randomBytes(123_456);

describe('custom()', () => {
  it('gets every byte in order, and hears which piece is the last', async () => {
    const disk = new Disk();
    const { sink, signal, stored } = open(disk.options);
    const file = keptFile();
    await Promise.all([sink.store(file, signal), grow(file, BYTES, 1_234)]);
    expect(disk.files.get(file.key)).toEqual(BYTES);
    expect(disk.done.has(file.key)).toBe(true);
    expect(stored.at(-1)).toBe(BYTES.length);
  });

  it('is given a piece again when it fails, before or after it took it', async () => {
    const disk = new Disk();
    const { sink, signal, troubles } = open(disk.options);
    let turn = 0;
    disk.fault = () => {
      if (turn++ % 4 === 1) throw new Error('not now');
    };
    disk.afterwards = () => {
      if (turn % 4 === 3) throw new Error('the answer is lost');
    };
    const file = keptFile();
    await Promise.all([sink.store(file, signal), grow(file, BYTES, 50_000)]);
    expect(disk.files.get(file.key)).toEqual(BYTES);
    expect(troubles.some(detail => detail.includes('not now'))).toBe(true);
    expect(troubles.some(detail => detail.includes('the answer is lost'))).toBe(true);
  });

  it('that can tell how much it has goes on from there after a crash', async () => {
    const disk = new Disk();
    const file = keptFile();
    disk.files.set(file.key, BYTES.subarray(0, 77_777));
    const offsets: number[] = [];
    const { write } = disk.options;
    const options: CustomOptions = {
      ...disk.options,
      size: async key => disk.files.get(key)?.length ?? 0,
      write: chunk => {
        offsets.push(chunk.offset);
        return write(chunk);
      },
    };
    const { sink, signal } = open(options);
    file.upload = { begun: true };
    await grow(file, BYTES, 50_000);
    await sink.store(file, signal);
    expect(disk.files.get(file.key)).toEqual(BYTES);
    expect(offsets[0]).toBe(77_777);
  });

  it('that never answers is given up so long after stop()', async () => {
    const { sink, signal, stop } = open({ ...new Disk().options, write: () => new Promise(() => undefined) });
    const file = keptFile();
    await grow(file, BYTES, 50_000);
    const storing = sink.store(file, signal);
    stop();
    await expect(storing).rejects.toMatchObject({ code: 'storage-unreachable' });
  });

  it('whose functions give something back that can not leave the page is taken at its word', async () => {
    const disk = new Disk();
    const { write, writeManifest } = disk.options;
    const odd = (() => undefined) as never;
    const storage = custom({
      ...disk.options,
      write: chunk => write(chunk).then(() => odd),
      writeManifest: given => writeManifest(given).then(() => odd),
      delete: async () => odd,
    });
    const call = (asked: PageCall): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const post = (message: ToWorker): void => {
          const { value, error } = structuredClone(message) as { value?: unknown; error?: string };
          if (error === undefined) resolve(value);
          else reject(new Error(error));
        };
        void answer(storage, { id: 1, call: asked }, post);
      });
    await call({ name: 'write', key: 'k', offset: 0, bytes: new Uint8Array(3), last: true });
    await call({ name: 'writeManifest', manifest: recording });
    await call({ name: 'delete', recordingId: ID });
    expect(disk.files.get('k')).toHaveLength(3);
    expect(disk.manifest).toEqual(recording);
  });

  it('gets the manifest, again until it takes it', async () => {
    const disk = new Disk();
    let turn = 0;
    const { sink, signal } = open({
      ...disk.options,
      writeManifest: async given => {
        if (turn++ === 0) throw new Error('busy');
        disk.manifest = given;
      },
    });
    await sink.writeManifest(recording, signal);
    expect(disk.manifest).toEqual(recording);
  });

  it('gets what is small in one piece, again until it takes it, and as it was', async () => {
    const disk = new Disk();
    const given: number[] = [];
    const { sink, signal } = open({
      ...disk.options,
      write: async ({ bytes, ...chunk }) => {
        expect(chunk).toEqual({ key: `recordings/${ID}/thumbnails/0001.jpg`, offset: 0, last: true });
        given.push(bytes.length);
        // What the page does with it is its own affair.
        structuredClone(bytes, { transfer: [bytes.buffer] });
        if (given.length === 1) throw new Error('busy');
      },
    });
    await sink.put({ key: `recordings/${ID}/thumbnails/0001.jpg`, bytes: new Uint8Array(500) }, signal);
    expect(given).toEqual([500, 500]);
  });

  describe('slow functions', () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it('get a manifest only when the one before has come to its end, and then the newest', async () => {
      const begun: string[] = [];
      const stored: string[] = [];
      const { sink, signal } = open({
        ...new Disk().options,
        writeManifest: async ({ startedAt }) => {
          begun.push(startedAt);
          // The first takes longer than it is waited for.
          if (begun.length === 1) await new Promise(resolve => setTimeout(resolve, 100_000));
          stored.push(startedAt);
        },
      });
      const first = sink.writeManifest({ ...recording, startedAt: 'old' }, signal);
      await vi.advanceTimersByTimeAsync(90_000);
      expect(begun).toEqual(['old']);
      await vi.advanceTimersByTimeAsync(15_000);
      await first;
      await sink.writeManifest({ ...recording, startedAt: 'new' }, signal);
      expect(stored).toEqual(['old', 'new']);
    });

    it('are not overtaken by the last manifest when the one before was given up', async () => {
      const stored: string[] = [];
      const { sink } = open({
        ...new Disk().options,
        writeManifest: async ({ startedAt }) => {
          if (startedAt === 'old') await new Promise(resolve => setTimeout(resolve, 10_000));
          stored.push(startedAt);
        },
      });
      const controller = new AbortController();
      const first = sink.writeManifest({ ...recording, startedAt: 'old' }, controller.signal);
      first.catch(() => undefined);
      await vi.advanceTimersByTimeAsync(1_000);
      controller.abort(new Error('too long'));
      await expect(first).rejects.toThrow('too long');
      const last = sink.writeManifest({ ...recording, startedAt: 'new' }, new AbortController().signal);
      await vi.advanceTimersByTimeAsync(12_000);
      await last;
      expect(stored).toEqual(['old', 'new']);
    });

    it('are asked to delete only when what they were given has come to its end', async () => {
      const done: string[] = [];
      const later = async (name: string): Promise<void> => {
        await new Promise(resolve => setTimeout(resolve, 2_000));
        done.push(name);
      };
      const { sink } = open({
        ...new Disk().options,
        write: () => later('write'),
        writeManifest: () => later('manifest'),
        delete: async () => void done.push('delete'),
      });
      const controller = new AbortController();
      const file = keptFile();
      file.append(new Uint8Array(500));
      const picture = { key: `recordings/${ID}/thumbnails/0001.jpg`, bytes: new Uint8Array(5) };
      const all = Promise.allSettled([
        sink.store(file, controller.signal),
        sink.put(picture, controller.signal),
        sink.writeManifest(recording, controller.signal),
      ]);
      await file.seal();
      await vi.advanceTimersByTimeAsync(500);
      controller.abort(new Error('thrown away'));
      await all;
      const removed = sink.remove(ID, new AbortController().signal);
      await vi.advanceTimersByTimeAsync(3_000);
      await removed;
      expect([done.length, done.at(-1)]).toEqual([4, 'delete']);
    });
  });

  it('is asked to delete in time also when something that it was given never comes to its end', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let deleted = false;
    const { sink } = open({
      ...new Disk().options,
      writeManifest: () => new Promise(() => undefined),
      delete: async () => {
        deleted = true;
      },
    });
    const controller = new AbortController();
    const written = sink.writeManifest(recording, controller.signal);
    controller.abort(new Error('thrown away'));
    await expect(written).rejects.toThrow('thrown away');
    const removed = sink.remove(ID, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(2_500);
    await removed;
    expect(deleted).toBe(true);
  });

  it('need not be able to read, list or delete', async () => {
    const { storage } = open(new Disk().options);
    await expect(storage.read(`recordings/${ID}/0001.mp4`)).rejects.toMatchObject({
      code: 'storage-not-found',
    });
    expect(await storage.list()).toEqual([]);
    await storage.delete(ID);
    expect(storage.url(`recordings/${ID}/0001.mp4`)).toBeUndefined();
  });

  it('says which function is missing', () => {
    const { write, writeManifest } = new Disk().options;
    expect(() => custom({ write } as CustomOptions)).toThrowError(/custom\.writeManifest/);
    expect(() => custom({ writeManifest } as CustomOptions)).toThrowError(/custom\.write/);
    expect(() => custom({ write, writeManifest, read: 'x' } as unknown as CustomOptions)).toThrowError(
      /custom\.read/,
    );
    expect(() => custom({ write, writeManifest, wirte: 1 } as unknown as CustomOptions)).toThrowError(
      /wirte/,
    );
  });
});
