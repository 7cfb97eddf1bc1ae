/**
 * Room that a recording holds back on this device, and gets when there is no other: so that it can tell in time that it runs out,
 * and finish what it has. What the browser says of its quota is no help: Chromium 156 tells every page of 10 GiB more than it
 * has taken, whatever there is.
 */
import { createDirectory, openSync, removeFile, type SyncAccessHandle } from '../opfs.ts';
import type { SpareRoom } from './write.ts';

const MIB = 1024 * 1024;
/**
 * Bytes that are tried for, one pair after the other: what is given first, and what is kept for the end, for the last movie
 * fragments, the tail of the journal and the manifest. Chromium takes room in powers of two. Nothing is written: the disk has a hole
 * there, the quota none.
 */
const SIZES = [64, 32, 16, 8].map(mebibytes => ({ low: mebibytes * MIB, full: (mebibytes / 2) * MIB }));

/** `low`: what was held back is being used. `full`: what is there has to be finished now. */
export type Shortage = 'low' | 'full';

const ORDER: readonly Shortage[] = ['low', 'full'];
const nameOf = (shortage: Shortage): string => `ballast-${shortage}`;

/** A file of that size, held open; `undefined` when there is no room for it. */
const hold = async (
  path: readonly string[],
  shortage: Shortage,
  size: number,
): Promise<SyncAccessHandle | undefined> => {
  const handle = await openSync(await createDirectory(path), nameOf(shortage));
  try {
    handle.truncate(size);
    return handle;
  } catch {
    letGo(handle);
    return undefined;
  }
};

/** Chromium gives the room back when the file is closed, and not before. */
const letGo = (handle: SyncAccessHandle): void => {
  handle.truncate(0);
  handle.close();
};

export class Ballast implements SpareRoom {
  /** Hears of it when room is given. Must not throw. */
  onShortage: (shortage: Shortage, bytesLeft: number) => void = () => undefined;
  #refilling = false;

  private constructor(
    private readonly path: readonly string[],
    private readonly sizes: Readonly<Record<Shortage, number>>,
    private readonly held: Map<Shortage, SyncAccessHandle>,
  ) {}

  /** `undefined` where there is no room even for that. */
  static async open(path: readonly string[]): Promise<Ballast | undefined> {
    try {
      for (const sizes of SIZES) {
        const [low, full] = await Promise.all([hold(path, 'low', sizes.low), hold(path, 'full', sizes.full)]);
        if (low && full) {
          const held = new Map<Shortage, SyncAccessHandle>([
            ['low', low],
            ['full', full],
          ]);
          return new Ballast(path, sizes, held);
        }
        for (const handle of [low, full]) if (handle) letGo(handle);
      }
    } catch {
      // A browser that has no room says so when something is written.
    }
    return undefined;
  }

  give(): boolean {
    const shortage = ORDER.find(name => this.held.has(name));
    const handle = shortage && this.held.get(shortage);
    if (!shortage || !handle) return false;
    this.held.delete(shortage);
    letGo(handle);
    this.onShortage(shortage, shortage === 'low' ? this.sizes.low : 0);
    return true;
  }

  /** Takes it back when there is room again. Never rejects. */
  async refill(): Promise<void> {
    if (this.#refilling || this.held.size === ORDER.length) return;
    this.#refilling = true;
    for (const shortage of [...ORDER].reverse()) {
      if (this.held.has(shortage)) continue;
      const handle = await hold(this.path, shortage, this.sizes[shortage]).catch(() => undefined);
      if (handle) this.held.set(shortage, handle);
    }
    this.#refilling = false;
  }

  close(): void {
    // A refill that is under way keeps its file: that goes with the folder.
    this.#refilling = true;
    for (const handle of this.held.values()) letGo(handle);
    this.held.clear();
  }

  static async remove(path: readonly string[]): Promise<void> {
    for (const shortage of ORDER) await removeFile(path, nameOf(shortage));
  }
}
