/** The files of one recording: which are open, which packet goes into which, and their way into storage. */
import { MuxFailedError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import { type ByteStore, GrowingFile } from '../journal/growing-file.ts';
import { type CutReason, fileKey, fileNameOf } from '../manifest.ts';
import { type AudioPacket, SHORTEST_FILE, toSeconds } from '../media.ts';
import type { StorageSink } from '../storage/sink.ts';
import type { LogRecord } from './checkpoint.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { MediaFiles, NewFile } from './media-files.ts';
import { type AudioTrackInfo, type FileSetup, OpenFile, type OpenFileState } from './open-file.ts';
import type { Reporter } from './protocol.ts';
import type { OpenFiles, RecordingLog } from './recording-log.ts';

/** What the files need from their session. */
export interface FilesContext {
  recordingId: string;
  /** RFC 3339, UTC. */
  startedAt: string;
  sink: StorageSink;
  keeper: ManifestKeeper;
  log: RecordingLog;
  stats: RecorderStats;
  report: Reporter;
  signal: AbortSignal;
  /** A place for a new file's bytes. */
  openStore(name: string): ByteStore;
  /** True when bytes are to be deleted here once the storage has them. */
  removeWhenStored: boolean;
  /** The storage has refused a file for good. */
  onStorageError(error: unknown): void;
}

/** Bytes that are to become a part of files, all at once. */
type Pieces = ReadonlyMap<OpenFile, readonly Uint8Array[]>;

/** Adds what a muxer has given out to what of it waits already. */
export const gather = (
  all: Map<OpenFile, Uint8Array[]>,
  file: OpenFile,
  pieces: readonly Uint8Array[],
): void => void all.set(file, [...(all.get(file) ?? []), ...pieces]);

export class RecordingFiles implements MediaFiles {
  protected open: OpenFile[] = [];
  protected count = 0;
  /** Number of the last file of which something exists. */
  #opened = 0;
  /** The file that was begun last, open or not. */
  #last: OpenFile | undefined;
  #audio = new Map<number, AudioTrackInfo>();
  /** Epochs whose first packet has come. */
  #begun = new Set<number>();
  #storing: Promise<void>[] = [];
  /** Files that the storage has not, or not wholly. */
  #unstored = 0;
  #finished = new Set<OpenFile>();
  #idle: (() => void) | undefined;
  /** What the muxers gave out in this turn of the event loop. */
  #given: Map<OpenFile, Uint8Array[]> | undefined;

  constructor(protected readonly context: FilesContext) {}

  /** The file that new media goes into. */
  get current(): OpenFile | undefined {
    return this.open.at(-1);
  }

  /** Why a file begins although none is open. */
  get reasonForFirst(): CutReason {
    return this.count === 0 ? 'start' : 'track-added';
  }

  /** No file begins before this: where the last one ended, or a moment after it began; microseconds on the timeline. */
  get earliest(): number {
    const last = this.#last;
    if (!last) return 0;
    const ended = last.setup.video ? last.endTime : undefined;
    return ended ?? last.setup.startTime + SHORTEST_FILE;
  }

  /** Begins a file; the one before ends there. */
  begin(setup: NewFile): OpenFile {
    const last = this.#last;
    // Sound alone ended where its last packet did, and of tracks that all ended the last one; the recording goes on later.
    if (last) last.endTime = setup.startTime;
    const index = this.count + 1;
    const createdAt = Date.parse(this.context.startedAt) / 1000 + toSeconds(setup.startTime);
    return this.beginFile({ ...setup, index, createdAt });
  }

  protected beginFile(setup: FileSetup): OpenFile {
    const { recordingId, log, report, stats, openStore } = this.context;
    const key = fileKey(recordingId, setup.index);
    const bytes = new GrowingFile(key, openStore(fileNameOf(key)), error => report.fail(error));
    log.hold(bytes.opened);
    this.record({ kind: 'begun', setup });
    const file = this.openFile(setup, bytes);
    this.count = setup.index;
    stats.cuts = this.count - 1;
    return file;
  }

  protected openFile(setup: FileSetup, bytes: GrowingFile, state?: OpenFileState): OpenFile {
    const { recordingId, report } = this.context;
    const events = {
      onOpen: (opened: OpenFile) => this.onOpen(opened),
      onError: (failed: OpenFile, error: unknown) => report.fail(new MuxFailedError(failed.key, error)),
      onRecord: (record: LogRecord, data?: Uint8Array) => this.record(record, data),
      onBytes: (grown: OpenFile, pieces: readonly Uint8Array[]) => this.take(grown, pieces),
      onComplete: () => {
        this.#commitGiven();
        return this.context.log.settled();
      },
      onFinished: (finished: OpenFile) => this.#onFinished(finished),
    };
    const file = this.newFile(recordingId, setup, bytes, events, state);
    this.open.push(file);
    this.#last = file;
    return file;
  }

  protected newFile(...given: ConstructorParameters<typeof OpenFile>): OpenFile {
    return new OpenFile(...given);
  }

  protected record(record: LogRecord, data?: Uint8Array): void {
    this.context.log.record(record, data);
  }

  protected take(file: OpenFile, pieces: readonly Uint8Array[]): void {
    // A checkpoint takes two flushes of the disk, and a clip gives its movie fragments by the dozen.
    if (!this.#given) queueMicrotask(() => this.#commitGiven());
    this.#given ??= new Map();
    gather(this.#given, file, pieces);
  }

  #commitGiven(): void {
    const given = this.#given;
    this.#given = undefined;
    if (given) this.commit(given);
  }

  /** What the log says of all open files goes first; then the bytes are a part of theirs, and may be stored elsewhere. */
  protected commit(pieces: Pieces): void {
    const snapshots = this.open.map(file => ({ file, ...file.snapshot }));
    const open = (): OpenFiles | undefined => {
      const files: OpenFileState[] = [];
      for (const { file, state } of snapshots) {
        const bytes = pieces.has(file) ? file.bytes.announce(pieces.get(file) ?? []) : file.bytes.state;
        // Of one that is damaged, open or not, only the generation before has all.
        if (!bytes || this.damaged) return undefined;
        files.push({ ...state, bytes });
      }
      return { files, packets: snapshots.flatMap(({ packets }) => packets) };
    };
    this.context.log.checkpoint(open, () => {
      for (const [file, all] of pieces) {
        for (const bytes of all) file.bytes.append(bytes);
        file.bytes.flush();
      }
    });
  }

  /** Only now does anything of the file exist: a file that never gets a packet never shows itself. */
  protected onOpen(file: OpenFile, known = false): void {
    this.#opened = Math.max(this.#opened, file.setup.index);
    for (const other of this.#finished) if (other.empty) this.#bridge(other);
    this.context.keeper.add(file, known);
    this.#unstored++;
    this.#storing.push(this.#store(file));
  }

  /** Sees to it that a file gets into storage; never rejects. */
  async #store({ bytes, finished }: OpenFile): Promise<void> {
    const { sink, signal, log, removeWhenStored, onStorageError } = this.context;
    try {
      // Of a file that is damaged the journal may have more than the file: it is left for a recovery to put together.
      await sink.store(bytes, log.durable ? AbortSignal.any([signal, bytes.damage]) : signal);
      log.stored(bytes.key);
      this.#unstored--;
    } catch (error) {
      if (!signal.aborted) onStorageError(error);
      // The file may still be growing, and is kept: only its handle is let go, once it is sealed.
      return bytes.close();
    }
    // The journal must know that the file is finished before its bytes are gone.
    await finished;
    const known = await log.settled();
    // What can't be deleted now is deleted with its folder.
    if (removeWhenStored && known) await bytes.dispose(true).catch(() => bytes.close());
    else await bytes.close();
  }

  #onFinished(file: OpenFile): void {
    this.open = this.open.filter(other => other !== file);
    this.#finished.add(file);
    if (file.empty) this.#bridge(file);
    else if (!file.bytes.damage.aborted) this.context.log.sealed(file.entry);
    this.context.keeper.update();
    if (this.open.length === 0) this.#idle?.();
  }

  /** Nothing of a file has come, but of one after it: its time goes to the one before, which shows its last frame for longer. */
  #bridge(empty: OpenFile): void {
    if (empty.setup.index > this.#opened) return;
    const all = [...this.#finished, ...this.open].filter(file => file.setup.index < empty.setup.index);
    const shown = all.filter(file => !file.empty || !this.#finished.has(file));
    const before = shown.sort((a, b) => b.setup.index - a.setup.index)[0];
    if (before?.endTime === undefined || empty.endTime === undefined) return;
    before.endTime = Math.max(before.endTime, empty.endTime);
    if (this.#finished.has(before) && !before.bytes.damage.aborted) this.context.log.sealed(before.entry);
  }

  /** An encoder has said what its packets are. */
  announceAudio(epoch: number, info: AudioTrackInfo): void {
    this.#audio.set(epoch, info);
  }

  /** Puts a packet into the file in whose time it begins; files that lie wholly before it get no more audio. */
  routeAudio(epoch: number, packet: AudioPacket): void {
    const info = this.#audio.get(epoch);
    if (!info) return;
    this.context.stats.audioBytes += packet.data.byteLength;
    const files = this.open.filter(f => f.setup.audioEpoch === epoch && !f.audioEnded);
    files.forEach((file, i) => {
      // The last one of an epoch takes what is left of it: at a cut for the audio's sake that is up to one piece more.
      if (i === files.length - 1) return;
      if (file.endTime !== undefined && packet.timestamp >= file.endTime) file.endAudio();
    });
    const first = !this.#begun.has(epoch);
    this.#begun.add(epoch);
    files.find(file => !file.audioEnded)?.addAudio(packet, info, first);
  }

  /** All packets of the epochs before this one are out. */
  endAudioBefore(epoch: number): void {
    for (const file of [...this.open]) if ((file.setup.audioEpoch ?? epoch) < epoch) file.endAudio();
  }

  /** Nothing more comes, whatever became of the encoders: every open file can be finished. */
  endAll(): void {
    for (const file of [...this.open]) {
      if (!file.empty) file.endTime ??= file.naturalEnd;
      file.endVideo();
      file.endAudio();
      file.finishWhenDone();
    }
  }

  /** Bytes written over all files. */
  get recordedBytes(): number {
    let bytes = 0;
    for (const file of [...this.open, ...this.#finished]) bytes += file.bytes.size;
    return bytes;
  }

  /** Resolves when every open file is sealed. */
  async settled(): Promise<void> {
    if (this.open.length > 0) await new Promise<void>(resolve => (this.#idle = resolve));
  }

  /** Resolves when the storage has all files, or has refused; never rejects. */
  async stored(): Promise<void> {
    await Promise.all(this.#storing);
  }

  /** True when the journal has more of a file than the file. */
  get damaged(): boolean {
    const all = [...this.open, ...this.#finished];
    return this.context.log.durable && all.some(file => file.bytes.damage.aborted);
  }

  /** True when nothing is left that only this device has. */
  get allStored(): boolean {
    return this.#unstored === 0 && this.open.length === 0;
  }

  /** Lets go of the bytes kept here. */
  async dispose(remove: boolean): Promise<void> {
    await Promise.all([...this.open, ...this.#finished].map(file => file.bytes.dispose(remove)));
  }

  /** Stops writing at once. */
  cancel(): void {
    for (const file of this.open) file.cancel();
  }
}
