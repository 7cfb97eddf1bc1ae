/**
 * The tail of the journal: what has been recorded and is not yet in a movie fragment. Two files by turns: a generation begins
 * in the one with a checkpoint while the other still holds the one before, whole, so that there is always one to go by.
 */
import { createDirectory, openSync, removeFile, type SyncAccessHandle } from '../opfs.ts';
import { encodeRecords, type JournalRecord } from './records.ts';
import { type SpareRoom, writeAll } from './write.ts';

/** Its files. */
export const TAIL_NAMES = ['tail-0', 'tail-1'] as const;

/** Everything here happens at once, and throws when there is no room. */
export class Tail {
  #generation: number;
  #size = 0;
  #bytes = new Uint8Array(0);
  /** Where room comes from when there is none. */
  room: SpareRoom | undefined;

  private constructor(
    private readonly handles: readonly [SyncAccessHandle, SyncAccessHandle],
    generation: number,
  ) {
    this.#generation = generation;
  }

  /**
   * Opens the tail of a recording; nothing may be written before `begin`.
   *
   * @param generation the last one that there was; 0 for a new recording.
   */
  static async open(path: readonly string[], generation = 0): Promise<Tail> {
    const directory = await createDirectory(path);
    const [first, second] = await Promise.all([
      openSync(directory, TAIL_NAMES[0]),
      openSync(directory, TAIL_NAMES[1]),
    ]);
    return new Tail([first, second], generation);
  }

  /** The next generation that begins leaves this one as it is, whichever was the last. */
  keep(generation: number): void {
    if (generation % 2 !== this.#generation % 2) this.#generation++;
  }

  get #handle(): SyncAccessHandle {
    return this.handles[(this.#generation % 2) as 0 | 1];
  }

  /** The same memory for every write, as long as it is large enough: new memory has to be cleared, page by page. */
  #scratch = (length: number): Uint8Array<ArrayBuffer> => {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(2 * length);
    return this.#bytes;
  };

  /** Begins a generation with these records; the one before stays until the next begins. */
  begin(records: readonly JournalRecord[]): void {
    this.#generation++;
    this.#size = 0;
    this.#write(records);
    this.#handle.flush();
  }

  /** Adds records to the generation. */
  append(records: readonly JournalRecord[]): void {
    this.#write(records);
  }

  /** At once: each write costs the same, however short it is, and a checkpoint may have a hundred packets behind it. */
  #write(records: readonly JournalRecord[]): void {
    const bytes = encodeRecords(this.#generation, records, this.#scratch);
    writeAll(this.#handle, bytes, this.#size, this.room);
    this.#size += bytes.byteLength;
  }

  /** Lets go of the files. */
  close(): void {
    for (const handle of this.handles) handle.close();
  }

  /** Deletes the tail of a recording that has none any more. */
  static async remove(path: readonly string[]): Promise<void> {
    for (const name of TAIL_NAMES) await removeFile(path, name);
  }
}
