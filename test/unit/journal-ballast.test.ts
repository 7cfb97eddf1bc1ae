/** Room that is held back: given in two steps when there is no other, and taken back when there is. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ballast, type Shortage } from '../../src/journal/ballast.ts';
import { writeAll } from '../../src/journal/write.ts';
import type { SyncAccessHandle } from '../../src/opfs.ts';
import { MemoryOpfs } from '../support/memory-opfs.ts';

const PATH = ['steadyreel', 'journal', 'one'];
const full = (): DOMException => new DOMException('no room', 'QuotaExceededError');

let opfs: MemoryOpfs;
beforeEach(() => {
  opfs = new MemoryOpfs();
  vi.stubGlobal('navigator', { storage: opfs.storage });
});
afterEach(() => vi.unstubAllGlobals());

/** A handle that refuses so many times, then takes three bytes at once. */
const refusing = (times: number) => {
  const taken: number[] = [];
  const write = (bytes: Uint8Array, { at }: { at: number }): number => {
    if (times-- > 0) throw full();
    const some = bytes.subarray(0, 3);
    for (const [i, byte] of some.entries()) taken[at + i] = byte;
    return some.length;
  };
  return { taken, handle: { write } as unknown as SyncAccessHandle };
};

const open = async () => {
  const ballast = await Ballast.open(PATH);
  if (!ballast) throw new Error('There is no room.');
  const heard: Shortage[] = [];
  ballast.onShortage = shortage => heard.push(shortage);
  return { ballast, heard };
};

describe('Ballast', () => {
  it('is given to a write that finds no room, which then goes on', async () => {
    const { ballast, heard } = await open();
    const { taken, handle } = refusing(2);
    writeAll(handle, Uint8Array.from([1, 2, 3, 4, 5]), 0, ballast);
    expect(taken).toEqual([1, 2, 3, 4, 5]);
    expect(heard).toEqual(['low', 'full']);
    expect(ballast.give()).toBe(false);
  });
  it('that is used up leaves the write to fail', async () => {
    const { ballast, heard } = await open();
    expect(() => writeAll(refusing(3).handle, Uint8Array.from([1]), 0, ballast)).toThrow('no room');
    expect(heard).toEqual(['low', 'full']);
  });
  it('is not touched by faults of another kind', async () => {
    const { ballast, heard } = await open();
    const write = (): number => {
      throw new DOMException('gone', 'InvalidStateError');
    };
    const handle = { write } as unknown as SyncAccessHandle;
    expect(() => writeAll(handle, Uint8Array.from([1]), 0, ballast)).toThrow('gone');
    expect(heard).toEqual([]);
  });
  it('is taken back once there is room again', async () => {
    const { ballast, heard } = await open();
    ballast.give();
    ballast.give();
    await ballast.refill();
    expect(ballast.give()).toBe(true);
    expect(heard).toEqual(['low', 'full', 'low']);
  });
  it('leaves nothing open, and no file behind', async () => {
    const { ballast } = await open();
    ballast.give();
    ballast.close();
    expect(opfs.open).toBe(0);
    await Ballast.remove(PATH);
    expect(opfs.paths).toEqual([]);
  });
  it('is not there where there is no private file system', async () => {
    opfs.refuse = { folder: new DOMException('no', 'SecurityError') };
    expect(await Ballast.open(PATH)).toBeUndefined();
  });
});
