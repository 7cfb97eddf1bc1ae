/** Gives a recording to functions of the page, piece by piece, each again until it is taken. */
import type { Recording } from '../../manifest.ts';
import { Patience, Persistence } from '../http.ts';
import { Advance } from '../retry.ts';
import type { SinkEvents, StorageSink, UploadSource } from '../sink.ts';
import type { CustomConfig } from '../storage.ts';

export class CustomSink implements StorageSink {
  /** One for all files: while one of them gets through, none is given up. */
  readonly #patience = new Patience();

  constructor(
    private readonly config: CustomConfig,
    private readonly events: SinkEvents,
  ) {}

  #persistence(patience?: Patience): Persistence {
    return new Persistence(
      this.config.endpoint,
      this.config.giveUpAfter,
      () => this.events.stoppedAt(),
      detail => this.events.onTrouble(detail),
      patience,
    );
  }

  /** Until it is done: whatever a page's function throws may pass. */
  async #until<T>(work: () => Promise<T>, persistence: Persistence, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await persistence.within(work, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        await persistence.stalled(error instanceof Error ? error.message : String(error), signal);
      }
    }
  }

  async writeManifest(manifest: Recording, signal: AbortSignal): Promise<void> {
    const work = (): Promise<unknown> => this.events.ask({ name: 'writeManifest', manifest });
    await this.#until(work, this.#persistence(), signal);
  }

  async store(source: UploadSource, signal: AbortSignal): Promise<void> {
    const { chunkBytes, flushInterval } = this.config;
    const persistence = this.#persistence(this.#patience);
    // Of one that was cut off by a crash there may be something.
    let offset = source.upload ? await this.#sizeOf(source, 0, persistence, signal) : 0;
    this.events.onUpload(source.key, { begun: true });
    const advance = new Advance(offset);
    for (let done = false; !done; ) {
      await source.waitFor(offset, chunkBytes, flushInterval * 1000, signal);
      const length = Math.min(chunkBytes, source.size - offset);
      const last = source.sealed && offset + length === source.size;
      const taken = await this.#give(source, { offset, length, last }, persistence, signal);
      if (taken) offset += length;
      else offset = await this.#sizeOf(source, offset, persistence, signal);
      done = taken && last;
      if (!taken) advance.fallsBack(offset);
      if (advance.reaches(offset)) persistence.progress();
      this.events.onStored(source.key, offset);
      source.release(offset);
    }
  }

  async #give(
    source: UploadSource,
    { offset, length, last }: { offset: number; length: number; last: boolean },
    persistence: Persistence,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { key } = source;
    try {
      const bytes = await source.read(offset, length);
      await persistence.within(() => this.events.ask({ name: 'write', key, offset, bytes, last }), signal);
      return true;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      await persistence.stalled(`${key}: ${error instanceof Error ? error.message : String(error)}`, signal);
      return false;
    }
  }

  /** Where to go on; a page that can't tell gets again what it has not confirmed. */
  async #sizeOf(
    { key, size }: UploadSource,
    confirmed: number,
    persistence: Persistence,
    signal: AbortSignal,
  ): Promise<number> {
    if (!this.config.knowsSize) return confirmed;
    const found = await this.#until(() => this.events.ask({ name: 'size', key }), persistence, signal);
    return typeof found === 'number' && found >= 0 && found <= size ? found : 0;
  }

  async remove(recordingId: string): Promise<void> {
    await this.events.ask({ name: 'delete', recordingId });
  }
}
