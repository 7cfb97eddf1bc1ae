/**
 * Writes a recording's log: what happens goes into the tail of the journal first, then into the files. Whenever bytes of a
 * file are ready, a new generation of the tail begins that says what the file will be with them; only then do they become a part of it,
 * and may be stored elsewhere.
 */
import type { JournalRecord } from '../journal/records.ts';
import { Sequencer } from '../journal/sequencer.ts';
import type { Tail } from '../journal/tail.ts';
import type { ManifestEvent, RecordedFile, Recording } from '../manifest.ts';
import type { UploadHandle } from '../media.ts';
import type { Checkpoint, LogRecord } from './checkpoint.ts';

/** What a checkpoint says of the files that are being written, and their packets that are in none of them yet. */
export interface OpenFiles {
  files: Checkpoint['files'];
  packets: JournalRecord[];
}

export class RecordingLog {
  readonly #sequencer: Sequencer;
  #sealed: RecordedFile[] = [];
  #events: ManifestEvent[] = [];
  /** Number of the first of `#events`. */
  #from = 0;
  #uploads: Record<string, UploadHandle> = {};
  /** A write costs the same, however short it is, and eighty packets come in a second: those of a moment are written together. */
  #unwritten: JournalRecord[] = [];
  /** Once something could not be written, what follows would be read without it. */
  #torn = false;
  /** What is noted while a log is read again is said by the checkpoint that comes then: until then, what is there stays. */
  #reading = false;

  /**
   * @param tail absent where nothing outlives the tab: then things are only done in order.
   * @param onError hears of what could not be written. Must not throw.
   * @param soon sees to it that what is to be written is, when it has to be; told of each record. Default: at the end of this turn
   * of the event loop.
   */
  constructor(
    private readonly tail: Tail | undefined,
    private readonly onError: (error: unknown) => void,
    private readonly soon: (write: () => void, record: LogRecord) => void = write => queueMicrotask(write),
  ) {
    this.#sequencer = new Sequencer(onError);
  }

  /** False where nothing outlives the tab. */
  get durable(): boolean {
    return this.tail !== undefined;
  }

  /** What follows waits until a file is open. */
  hold(opening: Promise<void>): void {
    if (this.tail) this.#sequencer.hold(opening);
  }

  record(json: LogRecord, data?: Uint8Array): void {
    if (!this.tail || this.#reading) return;
    this.#sequencer.run(() => this.#append(json, data));
  }

  #append(json: LogRecord, data?: Uint8Array): void {
    if (this.#torn) return;
    this.#unwritten.push(data ? { json, data } : { json });
    this.soon(this.#write, json);
  }

  readonly #write = (): void => {
    const records = this.#unwritten;
    this.#unwritten = [];
    if (records.length > 0 && !this.#torn) this.#orTorn(() => this.tail?.append(records));
  };

  #orTorn(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#torn = true;
      this.onError(error);
    }
  }

  /**
   * Begins a generation, then does what it says.
   *
   * @param open the files as they will be; looked at when all before has been written. `undefined`: one of them failed.
   */
  checkpoint(open: () => OpenFiles | undefined, commit: () => void = () => undefined): void {
    this.#reading = false;
    this.#sequencer.run(() => {
      // Should the new generation be torn, the one before has all of it.
      this.#write();
      const files = this.tail && open();
      if (files && !this.#torn)
        this.#orTorn(() => this.tail?.begin([{ json: this.#checkpoint(files) }, ...files.packets]));
      commit();
    });
  }

  #checkpoint({ files, packets }: OpenFiles): Checkpoint {
    return {
      kind: 'checkpoint',
      files,
      packets: packets.length,
      sealed: this.#sealed,
      events: { from: this.#from, list: this.#events },
      uploads: this.#uploads,
    };
  }

  /** A file is finished. */
  sealed(file: RecordedFile): void {
    this.#sealed = [...this.#sealed.filter(other => other.index !== file.index), file];
    this.record({ kind: 'sealed', file });
  }

  /** Something happened that the manifest will say. */
  event(event: ManifestEvent): void {
    this.record({ kind: 'event', number: this.#from + this.#events.length, event });
    this.#events.push(event);
  }

  /** An upload has begun. */
  upload(key: string, upload: UploadHandle): void {
    this.#uploads = { ...this.#uploads, [key]: upload };
    this.record({ kind: 'upload', key, upload });
  }

  /** A file is stored: its upload need not be gone on with. */
  stored(key: string): void {
    const { [key]: _, ...rest } = this.#uploads;
    this.#uploads = rest;
  }

  /** The manifest on this device says so much: it need not be said again. */
  saved(manifest: Recording): void {
    const finished = new Set(manifest.files.flatMap(file => (file.sha256 === undefined ? [] : [file.index])));
    this.#sealed = this.#sealed.filter(file => !finished.has(file.index));
    const count = manifest.events.length - this.#from;
    if (count <= 0) return;
    this.#events = this.#events.slice(count);
    this.#from = manifest.events.length;
  }

  /** Goes on with the log of a recording that was cut off, from the next checkpoint on. */
  restore({ sealed, events, uploads }: Pick<Checkpoint, 'sealed' | 'events' | 'uploads'>): void {
    this.#reading = true;
    this.#sealed = sealed;
    this.#events = events.list;
    this.#from = events.from;
    this.#uploads = uploads;
  }

  /** Resolves when all of it is written; with `false` when something could not be. */
  async settled(): Promise<boolean> {
    await this.#sequencer.settled();
    this.#write();
    return !this.#torn;
  }
}
