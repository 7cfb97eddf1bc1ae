/** Writes a recording into a folder that the user has chosen: while it grows, and shown once it is whole. */
import { manifestKey, type Recording } from '../../manifest.ts';
import { Patience, Persistence } from '../http.ts';
import type { SinkEvents, StorageSink, UploadSource } from '../sink.ts';
import type { DirectoryConfig } from '../storage.ts';
import { Folder } from './folder.ts';

/** Bytes that are written at once, and milliseconds after which what is there is written. */
const CHUNK = 1024 ** 2;
const INTERVAL = 2_000;

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
    const persistence = new Persistence(
      `the folder "${this.config.endpoint}"`,
      this.config.giveUpAfter,
      () => this.events.stoppedAt(),
      detail => this.events.onTrouble(detail),
      patience,
    );
    for (;;) {
      try {
        return await work(persistence);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        await persistence.stalled(error instanceof Error ? error.message : String(error), signal);
      }
    }
  }

  writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    const write = async (): Promise<void> => {
      const stream = await this.#folder.writable(manifestKey(manifest.id));
      await stream.write(JSON.stringify(manifest));
      await stream.close();
    };
    return this.#until(write, signal);
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    await this.#until(persistence => this.#copy(source, persistence, signal), signal, this.#patience);
    this.events.onStored(source.key, source.size);
    source.release(source.size);
  }

  /** What is written is there only once the stream is closed: until then the journal keeps it all. */
  async #copy(source: UploadSource, persistence: Persistence, signal: AbortSignal): Promise<void> {
    const stream = await this.#folder.writable(source.key);
    try {
      for (let offset = 0; !(source.sealed && offset === source.size); ) {
        await source.waitFor(offset, CHUNK, INTERVAL, signal);
        const length = Math.min(CHUNK, source.size - offset);
        await stream.write(await source.read(offset, length));
        offset += length;
        persistence.progress();
      }
      await stream.close();
    } catch (error) {
      // Else the copy would stay on the disk.
      await stream.abort().catch(() => undefined);
      throw error;
    }
  }

  remove(recordingId: string): Promise<void> {
    return this.#folder.remove(recordingId);
  }
}
