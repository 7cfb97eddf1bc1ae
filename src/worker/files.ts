/** The files of one recording: which are open, which packet goes into which, and their way into storage. */
import { MuxFailedError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import { type ByteStore, GrowingFile } from '../journal/growing-file.ts';
import type { CutReason } from '../manifest.ts';
import { type AudioPacket, SHORTEST_FILE, toSeconds } from '../media.ts';
import type { StorageSink } from '../storage/sink.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import { type AudioTrackInfo, type FileSetup, OpenFile } from './open-file.ts';
import type { Reporter } from './protocol.ts';

/** What the files need from their session. */
export interface FilesContext {
  recordingId: string;
  /** RFC 3339, UTC. */
  startedAt: string;
  sink: StorageSink;
  keeper: ManifestKeeper;
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

export class RecordingFiles {
  #open: OpenFile[] = [];
  #count = 0;
  /** The file that was begun last, open or not. */
  #last: OpenFile | undefined;
  #audio = new Map<number, AudioTrackInfo>();
  /** Epochs whose first packet has come. */
  #begun = new Set<number>();
  #storing: Promise<void>[] = [];
  #finished = new Set<OpenFile>();
  #idle: (() => void) | undefined;

  constructor(private readonly context: FilesContext) {}

  /** The file that new media goes into. */
  get current(): OpenFile | undefined {
    return this.#open.at(-1);
  }

  /** Why a file begins although none is open. */
  get reasonForFirst(): CutReason {
    return this.#count === 0 ? 'start' : 'track-added';
  }

  /** No file begins before this: where the last one ended, or a moment after it began; microseconds on the timeline. */
  get earliest(): number {
    const last = this.#last;
    if (!last) return 0;
    const ended = last.setup.video ? last.endTime : undefined;
    return ended ?? last.setup.startTime + SHORTEST_FILE;
  }

  /** Begins a file; the one before ends there. */
  begin(setup: Omit<FileSetup, 'index' | 'createdAt'>): OpenFile {
    const last = this.#last;
    // Sound alone ended where its last packet did, and of tracks that all ended the last one; the recording goes on later.
    if (last) last.endTime = setup.startTime;
    if (last?.empty && this.#finished.has(last)) this.#bridge(last);
    this.#count++;
    this.context.stats.cuts = this.#count - 1;
    const name = `${String(this.#count).padStart(4, '0')}.mp4`;
    const key = `recordings/${this.context.recordingId}/${name}`;
    const bytes = new GrowingFile(key, this.context.openStore(name), error =>
      this.context.report.fail(error),
    );
    const createdAt = Date.parse(this.context.startedAt) / 1000 + toSeconds(setup.startTime);
    const file = new OpenFile(this.context.recordingId, { ...setup, index: this.#count, createdAt }, bytes, {
      onOpen: opened => this.#onOpen(opened),
      onError: (failed, error) => this.context.report.fail(new MuxFailedError(failed.key, error)),
      onFinished: finished => this.#onFinished(finished),
    });
    this.#open.push(file);
    this.#last = file;
    return file;
  }

  /** Only now does anything of the file exist: a file that never gets a packet never shows itself. */
  #onOpen(file: OpenFile): void {
    this.context.keeper.add(file);
    this.#storing.push(this.#store(file));
  }

  async #store(file: OpenFile): Promise<void> {
    const { sink, signal } = this.context;
    try {
      await sink.store(file.bytes, signal);
    } catch (error) {
      if (!signal.aborted) this.context.onStorageError(error);
      // The file may still be growing, and is kept: only its handle is let go, once it is sealed.
      return file.bytes.close();
    }
    // What can't be deleted now is deleted with its folder.
    if (this.context.removeWhenStored) await file.bytes.dispose(true).catch(() => file.bytes.close());
    else await file.bytes.close();
  }

  #onFinished(file: OpenFile): void {
    this.#open = this.#open.filter(other => other !== file);
    this.#finished.add(file);
    if (file.empty && file !== this.#last) this.#bridge(file);
    this.context.keeper.update();
    if (this.#open.length === 0) this.#idle?.();
  }

  /** Nothing of a file has come: its time goes to the one before it, which shows its last frame for longer. */
  #bridge(empty: OpenFile): void {
    const all = [...this.#finished, ...this.#open].filter(file => file.setup.index < empty.setup.index);
    const shown = all.filter(file => !file.empty || !this.#finished.has(file));
    const before = shown.sort((a, b) => b.setup.index - a.setup.index)[0];
    if (before?.endTime !== undefined && empty.endTime !== undefined)
      before.endTime = Math.max(before.endTime, empty.endTime);
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
    const files = this.#open.filter(f => f.setup.audioEpoch === epoch && !f.audioEnded);
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
    for (const file of [...this.#open]) if ((file.setup.audioEpoch ?? epoch) < epoch) file.endAudio();
  }

  /** Nothing more comes, whatever became of the encoders: every open file can be finished. */
  endAll(): void {
    for (const file of [...this.#open]) {
      file.endVideo();
      file.endAudio();
    }
  }

  /** Bytes written over all files. */
  get recordedBytes(): number {
    let bytes = 0;
    for (const file of [...this.#open, ...this.#finished]) bytes += file.bytes.size;
    return bytes;
  }

  /** Resolves when every open file is sealed. */
  async settled(): Promise<void> {
    if (this.#open.length > 0) await new Promise<void>(resolve => (this.#idle = resolve));
  }

  /** Resolves when the storage has all files, or has refused; never rejects. */
  async stored(): Promise<void> {
    await Promise.all(this.#storing);
  }

  /** Lets go of the bytes kept here. */
  async dispose(remove: boolean): Promise<void> {
    await Promise.all([...this.#open, ...this.#finished].map(file => file.bytes.dispose(remove)));
  }

  /** Stops writing at once. */
  cancel(): void {
    for (const file of this.#open) file.cancel();
  }
}
