/** A journal that another tab has left behind, opened again to finish what it is of. In a worker. */
import { DeviceStorageError } from '../errors.ts';
import { MANIFEST_NAME, type Recording } from '../manifest.ts';
import { fileNames, journalPath, readFile, removeDirectory, writeWhole } from '../opfs.ts';
import { segmentsAmong } from '../segments.ts';
import { Ballast } from './ballast.ts';
import type { ByteStore } from './growing-file.ts';
import { Journal } from './journal.ts';
import { lockRecording } from './lock.ts';
import { OpfsStore } from './opfs-store.ts';
import { readJson, readSetup, SETUP_NAME } from './setup.ts';
import { Tail } from './tail.ts';
import { type Generation, readTail } from './tail-reader.ts';

/** What another tab has left behind. */
export interface LeftBehind {
  journal: LeftJournal;
  /** The newest first. */
  generations: Generation[];
  /** The last that this device has. */
  manifest: Recording | undefined;
}

export class LeftJournal extends Journal {
  /**
   * Opens what another tab has left behind.
   *
   * @returns `undefined` when some tab is busy with it, or there is nothing to be finished.
   */
  static async reopen(id: string, path: readonly string[]): Promise<LeftBehind | undefined> {
    const unlock = await lockRecording(id);
    if (!unlock) return undefined;
    try {
      const setup = await readSetup(path);
      if (!setup) {
        // One that died before it could say what it is.
        if (path.join('/') === journalPath(id).join('/')) await removeDirectory(path);
        unlock();
        return undefined;
      }
      await Ballast.remove(path);
      const { generations, writtenAt } = await readTail(path);
      const tail = await Tail.open(path, generations[0]?.generation ?? 0);
      const manifest = await readJson<Recording>(path, MANIFEST_NAME);
      // A recovery writes to the tail and the manifest, and may itself be cut off. Where it can't be kept, there is little room.
      setup.endedAt ??= manifest?.endedAt ?? new Date(writtenAt).toISOString();
      await writeWhole(path, SETUP_NAME, JSON.stringify(setup)).catch(() => undefined);
      const journal = new LeftJournal(setup, path, tail, unlock);
      return { journal, generations, manifest };
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** Names of all that lies here. */
  names(): Promise<string[]> {
    return fileNames(this.path);
  }

  /**
   * A file that is there already; what lies behind `size` is cut off.
   *
   * @param names of all that lies here, where that is known.
   * @throws DeviceStorageError when there is less: it would be filled with zeros.
   */
  async reopenStore(
    name: string,
    size: number,
    onError: (error: unknown) => void,
    names?: readonly string[],
  ): Promise<ByteStore> {
    const { path } = this;
    // One that was only prepared begins where the file ends, or behind that.
    const segments = segmentsAmong(names ?? (await fileNames(path)), name).filter(
      ({ start }) => start === 0 || start < size,
    );
    const last = segments.at(-1);
    const end = last ? last.start + ((await readFile(path, last.name))?.size ?? 0) : 0;
    if (end < size) throw new DeviceStorageError(`${name} has ${end} bytes, expected ${size}`);
    return new OpfsStore(this.place(name, onError), { segments, size });
  }

  /**
   * The bytes of a file from `from` to `size`, or `undefined` when they are not all there; `'let-go'` when the first of them were, as the
   * storage had them, and the others are there.
   */
  async readEnd(name: string, from: number, size: number): Promise<Uint8Array | 'let-go' | undefined> {
    const bytes = new Uint8Array(size - from);
    const segments = segmentsAmong(await fileNames(this.path), name);
    const letGo = Math.max(0, Math.min(size, segments[0]?.start ?? 0) - from);
    let done = 0;
    for (const [i, segment] of segments.entries()) {
      const file = await readFile(this.path, segment.name);
      const end = segments[i + 1]?.start ?? segment.start + (file?.size ?? 0);
      const [start, stop] = [Math.max(from, segment.start), Math.min(size, end)];
      if (!file || start >= stop) continue;
      const part = file.slice(start - segment.start, stop - segment.start);
      const read = new Uint8Array(await part.arrayBuffer());
      bytes.set(read, start - from);
      done += read.byteLength;
    }
    if (letGo + done < bytes.byteLength) return undefined;
    return letGo > 0 ? 'let-go' : bytes;
  }
}
