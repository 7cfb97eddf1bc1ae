/** The files of a recording that was cut off: as they were, and as its log goes on with them. */
import type { GrowingFile } from '../journal/growing-file.ts';
import type { LogRecord } from './checkpoint.ts';
import { gather, RecordingFiles } from './files.ts';
import type { OpenFile, OpenFileState } from './open-file.ts';
import { RestoredFile } from './restored-file.ts';

export class RestoredFiles extends RecordingFiles {
  /** While a log is read again: what the muxers give out meanwhile. Nothing is written until all of it is read. */
  #replayed: Map<OpenFile, Uint8Array[]> | undefined;

  protected override newFile(...given: ConstructorParameters<typeof RestoredFile>): RestoredFile {
    return new RestoredFile(...given);
  }

  protected override record(record: LogRecord, data?: Uint8Array): void {
    if (!this.#replayed) super.record(record, data);
  }

  protected override take(file: OpenFile, pieces: readonly Uint8Array[]): void {
    if (this.#replayed) gather(this.#replayed, file, pieces);
    else super.take(file, pieces);
  }

  /** That a cut was made may have got into the log just before the file that it made. */
  protected override onOpen(file: OpenFile, known?: boolean): void {
    const { events } = this.context.keeper.manifest;
    const isNoted = events.some(({ type, time }) => type === 'cut' && time === file.entry.startTime);
    super.onOpen(file, known ?? isNoted);
  }

  /** Opens a file again that was cut off, while its log is read. */
  reopen(state: OpenFileState, bytes: GrowingFile): void {
    this.#replayed ??= new Map();
    this.count = Math.max(this.count, state.setup.index);
    this.context.log.hold(bytes.opened);
    const file = this.openFile(state.setup, bytes, state);
    // Its header is written: the manifest knows it.
    if (state.writer) this.onOpen(file, true);
  }

  /** What happened after a checkpoint, in order. */
  replay(record: LogRecord, data: Uint8Array = new Uint8Array(), counted = false): void {
    this.#replayed ??= new Map();
    // All of them are of this kind: see `newFile`.
    const find = (index: number): RestoredFile | undefined =>
      this.open.find(file => file.setup.index === index) as RestoredFile | undefined;
    switch (record.kind) {
      case 'begun': {
        const begun = find(record.setup.index);
        if (begun) begun.takeOver(record.setup.video);
        else this.beginFile(record.setup);
        return;
      }
      case 'video':
      case 'audio':
        if (counted) find(record.file)?.addAgain(record, data);
        else find(record.file)?.addLogged(record, data);
        return;
      case 'end': {
        const file = find(record.file);
        if (file) file.endTime = record.time;
        return;
      }
      default:
        // Tracks are all ended by `endAll`, once what they had is written; the rest is not about open files.
        return;
    }
  }

  /** All of the log is read: what the muxers have made of it is written. */
  replayed(): void {
    const pieces = this.#replayed ?? new Map();
    this.#replayed = undefined;
    this.commit(pieces);
  }
}
