/** A recording's journal: what this device keeps of it while it runs, and whether it stays when it is over. In a worker. */
import { DeviceStorageError } from '../errors.ts';
import { MANIFEST_NAME, type Recording } from '../manifest.ts';
import {
  createDirectory,
  fileNames,
  journalPath,
  readFile,
  recordingPath,
  removeDirectory,
  removeFile,
  writeWhole,
} from '../opfs.ts';
import { segmentsAmong } from '../segments.ts';
import { Ballast } from './ballast.ts';
import type { ByteStore } from './growing-file.ts';
import { Kept } from './kept.ts';
import { lockRecording } from './lock.ts';
import { MemoryBudget, MemoryStore } from './memory-store.ts';
import { OpfsStore } from './opfs-store.ts';
import { QuotaWatch, Usage } from './quota.ts';
import { type JournalSetup, readJson, readSetup, SETUP_NAME } from './setup.ts';
import { type Generation, Tail } from './tail.ts';

/**
 * Files lie in segments, whose first ones can be let go. On this device for good too: Chromium takes room for a growing file by
 * doubling what it has, so that a large one would find none long before there is none.
 */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/** What another tab has left behind. */
export interface LeftBehind {
  journal: Journal;
  /** The newest first. */
  generations: Generation[];
  /** The last that this device has. */
  manifest: Recording | undefined;
  /** When something was written last; milliseconds since 1970. */
  writtenAt: number;
}

export class Journal {
  readonly kept = new Kept();
  readonly usage = new Usage();
  readonly quota = new QuotaWatch(this.usage);
  /** One for all files of the recording. */
  readonly #memory = new MemoryBudget();

  private constructor(
    readonly setup: JournalSetup,
    private readonly path: readonly string[],
    /** Absent when the browser gave us no file system: bytes then lie in memory, and are gone with the tab. */
    readonly tail: Tail | undefined,
    private readonly unlock: () => void,
    private readonly ballast?: Ballast | undefined,
  ) {
    if (tail) tail.room = ballast;
  }

  /** Hears when there is no more room but what was held back. Must not throw. */
  set onShortage(hear: Ballast['onShortage']) {
    if (this.ballast) this.ballast.onShortage = hear;
  }

  /** Looks whether there is room again. */
  refill(): void {
    void this.ballast?.refill();
  }

  #close(): void {
    this.tail?.close();
    this.ballast?.close();
  }

  /** False when nothing outlives the tab. */
  get durable(): boolean {
    return this.tail !== undefined;
  }

  /** True when this device is the storage itself: the recording stays where it is. */
  get #final(): boolean {
    return this.setup.storage.kind === 'device';
  }

  /** @throws DeviceStorageError when this device is the storage, and has no file system. */
  static async open(setup: JournalSetup): Promise<Journal> {
    const final = setup.storage.kind === 'device';
    const path = final ? recordingPath(setup.id) : journalPath(setup.id);
    const unlock = (await lockRecording(setup.id)) ?? (() => undefined);
    try {
      await createDirectory(path);
      const [tail] = await Promise.all([
        Tail.open(path),
        writeWhole(path, SETUP_NAME, JSON.stringify(setup)),
      ]);
      return new Journal(setup, path, tail, unlock, await Ballast.open(path));
    } catch (error) {
      // Without a device there is nothing to store on; a journal may also be in memory.
      if (!final) return new Journal(setup, path, undefined, unlock);
      unlock();
      throw error;
    }
  }

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
      const { generations, writtenAt } = await Tail.read(path);
      const tail = await Tail.open(path, generations[0]?.generation ?? 0);
      const manifest = await readJson<Recording>(path, MANIFEST_NAME);
      const journal = new Journal(setup, path, tail, unlock);
      return { journal, generations, manifest, writtenAt };
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** A place for a new file. */
  openStore(name: string, onError: (error: unknown) => void): ByteStore {
    if (!this.tail) return new MemoryStore(this.#memory);
    const { path, kept, usage, ballast: room } = this;
    return new OpfsStore({ path, name, segmentBytes: SEGMENT_BYTES, kept, usage, room, onError });
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
    const { path, kept, usage, ballast: room } = this;
    // One that was only prepared begins where the file ends, or behind that.
    const segments = segmentsAmong(names ?? (await fileNames(path)), name).filter(
      ({ start }) => start === 0 || start < size,
    );
    const last = segments.at(-1);
    const end = last ? last.start + ((await readFile(path, last.name))?.size ?? 0) : 0;
    if (end < size) throw new DeviceStorageError(`${name} has ${end} bytes, expected ${size}`);
    const existing = { segments, size };
    return new OpfsStore({ path, name, segmentBytes: SEGMENT_BYTES, kept, usage, room, onError }, existing);
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

  /** Keeps the manifest beside the files. */
  async writeManifest(manifest: Recording): Promise<void> {
    if (this.durable) await writeWhole(this.path, MANIFEST_NAME, JSON.stringify(manifest));
  }

  /** Nothing is left to be finished: only what is the recording itself stays, and only where this device is its storage. */
  async finish(): Promise<void> {
    this.#close();
    if (this.durable && this.#final) await this.#removeTraces();
    if (this.durable && !this.#final) await this.#removeFolder();
    this.unlock();
  }

  /** Leaves it as it is, for `recover` to finish; `device()` lists what has failed, where it is whole. */
  leave(): void {
    this.#close();
    this.unlock();
  }

  /** Deletes what is here. */
  async remove(): Promise<void> {
    this.#close();
    if (this.durable) await this.#removeFolder();
    this.unlock();
  }

  /** What says that there is something to be finished goes first: what a crash leaves of the rest is not taken for it. */
  async #removeTraces(): Promise<void> {
    await removeFile(this.path, SETUP_NAME);
    await Tail.remove(this.path);
    await Ballast.remove(this.path);
  }

  async #removeFolder(): Promise<void> {
    await this.#removeTraces();
    await removeDirectory(this.path);
  }
}
