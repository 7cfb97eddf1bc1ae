/** Writes a recording into a folder that the user has chosen: while it grows, and shown once it is whole. */
import type { DeviceStorageError } from '../../errors.ts';
import { manifestKey, type Recording } from '../../manifest.ts';
import { Patience, type Persistence, persistenceOf } from '../http.ts';
import { Advance } from '../retry.ts';
import type { SinkEvents, SmallObject, StorageSink, UploadSource } from '../sink.ts';
import type { DirectoryConfig } from '../storage.ts';
import { Folder } from './folder.ts';

/** Bytes that are written at once, and milliseconds after which what is there is written. */
const CHUNK = 1024 ** 2;
const INTERVAL = 2_000;

/** By the code: the journal has its class from another file than `extras.js`. */
const isOfJournal = (error: unknown): boolean =>
  (error as Partial<DeviceStorageError> | null)?.code === 'device-storage-failed';

interface Copying {
  persistence: Persistence;
  /** Over all tries. */
  advance: Advance;
  signal: AbortSignal;
}

export class DirectorySink implements StorageSink {
  readonly #folder: Folder;
  readonly #patience = new Patience();

  constructor(
    private readonly config: DirectoryConfig,
    private readonly events: SinkEvents,
  ) {
    this.#folder = new Folder(config.handle);
  }

  /** Until it is done: a disk may get room again, and a permission may be given again. */
  async #until(
    work: (persistence: Persistence) => Promise<void>,
    signal: AbortSignal,
    patience?: Patience,
  ): Promise<void> {
    const { endpoint, giveUpAfter } = this.config;
    const folder = { endpoint: `the folder "${endpoint}"`, giveUpAfter };
    const persistence = persistenceOf(folder, this.events, patience);
    for (;;) {
      try {
        return await work(persistence);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // What is to be written can't be read: no folder can help that.
        if (isOfJournal(error)) throw error;
        await persistence.stalled(error instanceof Error ? error.message : String(error), signal);
      }
    }
  }

  writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    return this.#write(manifestKey(manifest.id), JSON.stringify(manifest), signal);
  }

  put({ key, bytes }: SmallObject, signal: AbortSignal): Promise<void> {
    return this.#write(key, bytes, signal);
  }

  #write(key: string, content: string | Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    const write = async (): Promise<void> => {
      const stream = await this.#folder.writable(key);
      await stream.write(content);
      await stream.close();
    };
    return this.#until(persistence => persistence.within(write, signal), signal);
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const advance = new Advance(0);
    await this.#until(
      persistence => this.#copy(source, { persistence, advance, signal }),
      signal,
      this.#patience,
    );
    this.events.onStored(source.key, source.size);
    source.release(source.size);
  }

  /** What is written is there only once the stream is closed: until then the journal keeps it all. */
  async #copy(source: UploadSource, { persistence, advance, signal }: Copying): Promise<void> {
    const soon = <T>(work: () => Promise<T>): Promise<T> => persistence.within(work, signal);
    const stream = await soon(() => this.#folder.writable(source.key));
    try {
      for (let offset = 0; !(source.sealed && offset === source.size); ) {
        await source.waitFor(offset, CHUNK, INTERVAL, signal);
        const length = Math.min(CHUNK, source.size - offset);
        const bytes = await source.read(offset, length);
        await soon(() => stream.write(bytes));
        offset += length;
        // What was there before and is written again is none.
        if (advance.reaches(offset)) persistence.progress();
      }
      await soon(() => stream.close());
    } catch (error) {
      // Else the copy would stay on the disk. A disk that hangs is not waited for.
      void stream.abort().catch(() => undefined);
      throw error;
    }
  }

  remove(recordingId: string): Promise<void> {
    return this.#folder.remove(recordingId);
  }
}
