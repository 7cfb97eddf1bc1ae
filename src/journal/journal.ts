/** A recording's journal: what this device keeps of it while it runs, and whether it stays when it is over. In a worker. */
import { MANIFEST_NAME, type Recording } from '../manifest.ts';
import {
  createDirectory,
  journalPath,
  recordingPath,
  removeDirectory,
  removeFile,
  writeWhole,
} from '../opfs.ts';
import { Ballast } from './ballast.ts';
import type { ByteStore } from './growing-file.ts';
import { Kept } from './kept.ts';
import { lockRecording } from './lock.ts';
import { OpfsStore, type OpfsStoreSetup } from './opfs-store.ts';
import { QuotaWatch, Usage } from './quota.ts';
import { type JournalSetup, SETUP_NAME } from './setup.ts';
import { Tail } from './tail.ts';

/**
 * Files lie in segments, whose first ones can be let go. On this device for good too: Chromium takes room for a growing file by
 * doubling what it has, so that a large one would find none long before there is none.
 */
const SEGMENT_BYTES = 16 * 1024 * 1024;

export class Journal {
  kept = new Kept();
  readonly usage = new Usage();
  readonly quota = new QuotaWatch(this.usage);

  protected constructor(
    readonly setup: JournalSetup,
    protected readonly path: readonly string[],
    /** Absent when the browser gave us no file system: bytes then lie in memory, and are gone with the tab. */
    readonly tail: Tail | undefined,
    private readonly unlock: () => void,
    private readonly ballast?: Ballast | undefined,
    private readonly inMemory?: () => ByteStore,
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

  /**
   * @param inMemory gives places for files where there is no file system.
   * @throws DeviceStorageError when this device is the storage, and has no file system; what `inMemory` rejects with.
   */
  static async open(setup: JournalSetup, inMemory: () => Promise<() => ByteStore>): Promise<Journal> {
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
      try {
        // Without a device there is nothing to store on; a journal may also be in memory.
        if (final) throw error;
        return new Journal(setup, path, undefined, unlock, undefined, await inMemory());
      } catch (failed) {
        unlock();
        throw failed;
      }
    }
  }

  /** A place for a new file. */
  openStore(name: string, onError: (error: unknown) => void): ByteStore {
    return this.inMemory?.() ?? new OpfsStore(this.place(name, onError));
  }

  protected place(name: string, onError: (error: unknown) => void): OpfsStoreSetup {
    const { path, kept, usage, ballast: room } = this;
    return { path, name, segmentBytes: SEGMENT_BYTES, kept, usage, room, onError };
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
