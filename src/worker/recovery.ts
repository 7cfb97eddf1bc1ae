/** Finishes a recording that a crash has cut off: from what the journal holds, on to what the storage has already. */
import { DeviceStorageError, RecordingElsewhereError } from '../errors.ts';
import { crc32 } from '../journal/crc32.ts';
import { GrowingFile } from '../journal/growing-file.ts';
import { Kept } from '../journal/kept.ts';
import type { LeftBehind, LeftJournal } from '../journal/left-journal.ts';
import { fileKey, fileNameOf, type RecordedFile, type Recording } from '../manifest.ts';
import type { UploadHandle } from '../media.ts';
import { segmentsAmong } from '../segments.ts';
import { withDeadline } from '../storage/http.ts';
import { deadlineOf } from '../storage/retry.ts';
import type { SinkEvents, StorageSink, UploadSource } from '../storage/sink.ts';
import { Slots } from '../storage/slots.ts';
import { ManifestKeeper } from './manifest-keeper.ts';
import { type Known, knownOf, NOTHING_READ, type ReadLog, readLog } from './read-log.ts';
import { RecordingLog } from './recording-log.ts';
import { RestoredFiles } from './restored-files.ts';
import { emptyStats } from './stats.ts';

/** What a recovery needs from the worker. */
export interface RecoveryContext {
  openSink(events: Pick<SinkEvents, 'onTrouble' | 'onUpload' | 'stoppedAt'>): StorageSink;
  /** Which storage it goes to now: uploads to another one are not gone on with. */
  tag: string;
  /** True when it was on its way to another storage. */
  moves: boolean;
  /** All files are whole on this device: from now on it is known how much has to be stored. */
  onWritten(): void;
  signal: AbortSignal;
}

/** Finished files that are stored at once. */
const AT_ONCE = 6;

export class Recovery {
  /** What went wrong first. */
  #error: unknown;
  /** Bytes of finished files that have to be stored. */
  #sealedBytes = 0;
  readonly #began = performance.now();
  readonly #journal: LeftJournal;
  readonly #sink: StorageSink;
  readonly #log: RecordingLog;
  readonly #keeper: ManifestKeeper;
  readonly #files: RestoredFiles;

  constructor(
    private readonly found: LeftBehind,
    private readonly context: RecoveryContext,
  ) {
    const { journal } = found;
    this.#journal = journal;
    // Cut off on its way to another storage, it has to be whole here, whichever it goes on to.
    if (context.moves) journal.kept = new Kept(Number.POSITIVE_INFINITY);
    this.#log = new RecordingLog(journal.tail, error => this.#fail(error));
    this.#sink = context.openSink({
      onTrouble: () => undefined,
      onUpload: (key, upload) => this.#log.upload(key, { ...upload, at: context.tag }),
      stoppedAt: () => this.#began,
    });
    this.#keeper = this.#openKeeper();
    this.#files = this.#openFiles();
  }

  #openKeeper(): ManifestKeeper {
    const { id, startedAt, metadata, method, kind, linked } = this.#journal.setup;
    return new ManifestKeeper({
      ...{ id, startedAt, metadata, method, kind, linked },
      write: manifest => this.#writeManifest(manifest),
      onFile: () => undefined,
      onChange: () => undefined,
      onEvent: event => this.#log.event(event),
      onError: error => this.#fail(error),
    });
  }

  #openFiles(): RestoredFiles {
    const { id, startedAt } = this.#journal.setup;
    const fail = (error: unknown): void => this.#fail(error);
    return new RestoredFiles({
      ...{ recordingId: id, startedAt, sink: this.#sink, keeper: this.#keeper, log: this.#log },
      stats: emptyStats(),
      report: { warn: () => undefined, fail },
      signal: this.context.signal,
      openStore: name => this.#journal.openStore(name, fail),
      removeWhenStored: this.#remote && !this.context.moves,
      onStorageError: fail,
    });
  }

  get #remote(): boolean {
    return this.#journal.setup.storage.kind !== 'device';
  }

  #fail(error: unknown): void {
    this.#error ??= error;
  }

  async #writeManifest(manifest: Recording): Promise<void> {
    // Of one that moves too: it may go back to the storage that has them.
    const kept = { ...manifest, thumbnails: this.found.manifest?.thumbnails } as Recording;
    if (this.#remote) await this.#journal.writeManifest(kept);
    this.#log.saved(manifest);
    if (this.#error === undefined) await this.#sink.writeManifest(manifest, this.context.signal);
  }

  /**
   * Resolves with the recording once it is complete in storage; with `undefined` when nothing had been recorded.
   *
   * @throws StorageError and others; the journal then stays as it is, and can be tried again.
   */
  async run(): Promise<Recording | undefined> {
    try {
      const log = await this.#choose();
      const known = knownOf(log, this.found.manifest);
      if (log === NOTHING_READ && known.sealed.length === 0) this.#checkBegan();
      if (this.context.moves) await this.#checkWhole(log, known);
      await this.#restore(log, known);
      this.#files.endAll();
      const written = this.#files.settled().then(() => this.context.onWritten());
      await Promise.all([written, this.#storeSealed(known)]);
      await this.#files.stored();
      this.#check();
      return await this.#complete();
    } catch (error) {
      this.#journal.leave();
      throw error;
    }
  }

  /** Bytes of the files that have to be stored. */
  get recordedBytes(): number {
    return this.#files.recordedBytes + this.#sealedBytes;
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error;
    this.context.signal.throwIfAborted();
  }

  /**
   * The newest generation whose files are on the disk as it says, gone on with by what was written after it. Of one that is not, the files
   * were torn by the crash; or there was no room for what its checkpoint says, and the recording was finished in it.
   */
  async #choose(): Promise<ReadLog> {
    let newer: ReadLog['later'] = [];
    for (const { generation, records } of this.found.generations) {
      const read = readLog(records);
      if (!read) continue;
      const log = { ...read, later: [...read.later, ...newer] };
      if (await this.#isWhole(log)) {
        this.#journal.tail?.keep(generation);
        return log;
      }
      newer = log.later;
    }
    return NOTHING_READ;
  }

  async #isWhole(log: ReadLog): Promise<boolean> {
    // Of what is finished nothing need be here: the storage may have it all.
    const finished = new Set(knownOf(log, this.found.manifest).sealed.map(file => file.index));
    const open = log.checkpoint.files.filter(file => !finished.has(file.setup.index));
    const whole = await Promise.all(
      open.map(async ({ setup, bytes: { from, size, crc } }) => {
        const name = fileNameOf(fileKey(this.#journal.setup.id, setup.index));
        const end = await this.#journal.readEnd(name, from, size);
        return end === 'let-go' || (end !== undefined && crc32(end) === crc);
      }),
    );
    return whole.every(Boolean);
  }

  /** Everything is as it was when the log ended; what was in no movie fragment is in one now. */
  async #restore({ checkpoint, counted, later }: ReadLog, known: Known): Promise<void> {
    const { id } = this.#journal.setup;
    const sealed = new Set(known.sealed.map(file => file.index));
    this.#keeper.restore(
      known.sealed.map(entry => ({ entry, parameters: {} })),
      known.events,
    );
    // They are in the storage that it was on its way to, and nowhere else.
    if (!this.context.moves) this.#keeper.thumbnails = this.found.manifest?.thumbnails;
    this.#log.restore({ ...known, events: { from: 0, list: known.events } });
    for (const state of checkpoint.files) {
      if (sealed.has(state.setup.index)) continue;
      const key = fileKey(id, state.setup.index);
      const store = await this.#journal.reopenStore(fileNameOf(key), state.bytes.size, error =>
        this.#fail(error),
      );
      const bytes = new GrowingFile(key, store, error => this.#fail(error), state.bytes);
      bytes.upload = this.#ours(known.uploads[key]);
      this.#files.reopen(state, bytes);
    }
    for (const { record, data } of counted) this.#files.replay(record, data, true);
    for (const { record, data } of later) {
      if (record.kind !== 'begun' || !sealed.has(record.setup.index)) this.#files.replay(record, data);
    }
    this.#files.replayed();
  }

  /** An address at another storage is none of this one's business, nor are its headers of the other's. */
  #ours(upload: UploadHandle | undefined): UploadHandle | undefined {
    return upload?.at === this.context.tag ? upload : undefined;
  }

  /** @throws DeviceStorageError when there were files, of which nothing can be read: nothing is deleted then, here or elsewhere. */
  #checkBegan(): void {
    if (this.found.manifest?.files.length) throw new DeviceStorageError('its journal can not be read');
  }

  /** @throws RecordingElsewhereError when another storage has what is not here any more: only that one can get the rest. */
  async #checkWhole(log: ReadLog, { sealed }: Known): Promise<void> {
    const names = await this.#journal.names();
    const begun = log.checkpoint.files.filter(({ bytes }) => bytes.size > 0);
    const open = begun.map(({ setup }) => fileKey(this.#journal.setup.id, setup.index));
    for (const key of new Set([...sealed.map(file => file.key), ...open])) {
      if (segmentsAmong(names, fileNameOf(key))[0]?.start === 0) continue;
      const { kind, endpoint = '' } = this.#journal.setup.storage;
      throw new RecordingElsewhereError(key, `${kind} ${endpoint}`.trim());
    }
  }

  /** Files that were finished and are still here may not have been stored. */
  async #storeSealed({ sealed, uploads }: Known): Promise<void> {
    if (!this.#remote) return;
    const { signal } = this.context;
    const names = await this.#journal.names();
    const slots = new Slots(AT_ONCE);
    const here = sealed.filter(({ key }) => segmentsAmong(names, fileNameOf(key)).length > 0);
    this.#sealedBytes = here.reduce((sum, { bytes }) => sum + bytes, 0);
    const store = async (file: RecordedFile): Promise<void> => {
      const source = await this.#sourceOf(file, this.#ours(uploads[file.key]), names);
      await this.#sink.store(source, signal);
    };
    await Promise.all(
      here.map(file => slots.run(() => store(file), signal).catch(error => this.#fail(error))),
    );
  }

  async #sourceOf(
    { key, bytes }: RecordedFile,
    upload: UploadSource['upload'],
    names: readonly string[],
  ): Promise<UploadSource> {
    const fail = (error: unknown): void => this.#fail(error);
    const store = await this.#journal.reopenStore(fileNameOf(key), bytes, fail, names);
    await store.close?.();
    return {
      ...{ key, size: bytes, sealed: true, upload },
      read: (offset, length) => store.read(offset, length),
      waitFor: async () => undefined,
      release: () => undefined,
    };
  }

  async #complete(): Promise<Recording | undefined> {
    if (this.#keeper.manifest.files.length === 0) {
      await this.#keeper.written();
      this.#checkBegan();
      const remove = (signal: AbortSignal): Promise<void> =>
        this.#sink.remove(this.#journal.setup.id, signal);
      await withDeadline(deadlineOf(0), this.context.signal, remove).catch(() => undefined);
      await this.#journal.remove();
      return undefined;
    }
    // Cut off while it ended: nothing is missing, and it was complete.
    const state = this.found.manifest?.state === 'complete' ? 'complete' : 'recovered';
    this.#keeper.end(state, this.#journal.setup.endedAt ?? '');
    this.#keeper.update();
    await this.#keeper.written();
    this.#check();
    const recording = this.#keeper.manifest;
    await this.#files.dispose(false);
    await this.#journal.finish();
    return recording;
  }
}
