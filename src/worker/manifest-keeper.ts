/** Keeps the manifest, and sees to it that it is written. */
import type { SteadyreelError } from '../errors.ts';
import type { Told } from '../events.ts';
import type {
  ManifestEvent,
  RecordedFile,
  Recording,
  RecordingState,
  RecordingThumbnails,
  TrackParameters,
} from '../manifest.ts';
import { Latest } from './latest.ts';

/** Most notices that a manifest holds: a recording of days may warn all the time. */
const MAX_EVENTS = 10_000;
/** Most changes of the pixel format among them: a source may change it with every frame. */
const MAX_PIXEL_FORMATS = 100;

/** A file that the manifest lists. */
export interface ManifestFile {
  readonly entry: RecordedFile;
  readonly parameters: TrackParameters;
}

export interface KeeperContext {
  id: string;
  startedAt: string;
  metadata: Record<string, unknown>;
  method?: Recording['method'] | undefined;
  /** Default: `composited` once there are overlays, else `original`. */
  kind?: Recording['kind'] | undefined;
  linked?: Recording['linked'] | undefined;
  /** Rejects when the storage refuses; may take long. */
  write(manifest: Recording): Promise<void>;
  onFile(event: Told<'file'>): void;
  onChange(manifest: Recording): void;
  /** The manifest will say this from now on. */
  onEvent(event: ManifestEvent): void;
  /** The storage has refused the manifest for good. */
  onError(error: unknown): void;
}

export class ManifestKeeper {
  #files: ManifestFile[] = [];
  #events: ManifestEvent[] = [];
  #state: RecordingState = 'recording';
  #endedAt: string | undefined;
  #error: Recording['error'];
  /** What of them is in storage; written with the next update. */
  thumbnails: RecordingThumbnails | undefined;
  readonly #latest: Latest;
  #pixelFormats = 0;

  constructor(private readonly context: KeeperContext) {
    this.#latest = new Latest(() => context.write(this.manifest).catch(error => context.onError(error)));
  }

  /** The manifest as it is now. */
  get manifest(): Recording {
    const files = this.#files.map(file => file.entry);
    const last = files.at(-1);
    const { id, startedAt, metadata, method = 'encoding', kind, linked } = this.context;
    return {
      version: 1,
      id,
      state: this.#state,
      kind: kind ?? (this.#events.some(({ type }) => type === 'overlays') ? 'composited' : 'original'),
      method,
      ...(linked ? { linked } : {}),
      startedAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      duration: last ? last.startTime + last.duration : 0,
      metadata,
      files,
      events: [...this.#events],
      ...(this.thumbnails && { thumbnails: this.thumbnails }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /**
   * A file's track parameters are known: it belongs to the recording from now on.
   *
   * @param known true when that was told before the recording was cut off.
   */
  add(file: ManifestFile, known = false): void {
    this.#files.push(file);
    this.#files.sort((a, b) => a.entry.index - b.entry.index);
    if (known) return;
    const before = this.#files[this.#files.indexOf(file) - 1]?.parameters ?? {};
    const after = file.parameters;
    const { reason, startTime: time } = file.entry;
    if (reason !== 'start') this.note({ time, type: 'cut', reason, before, after });
    this.context.onFile({ file: file.entry, reason, before, after });
    this.update();
  }

  /** Goes on with the manifest of a recording that was cut off: files that are finished, and what was noted. */
  restore(files: readonly ManifestFile[], events: readonly ManifestEvent[]): void {
    this.#files = [...files];
    this.#events = [...events];
  }

  /** Adds an event; written with the next update. What a manifest can't hold is left out. */
  note(event: ManifestEvent): void {
    if (event.type === 'pixel-format' && ++this.#pixelFormats > MAX_PIXEL_FORMATS) return;
    if (this.#events.length >= MAX_EVENTS) return;
    this.#events.push(event);
    this.context.onEvent(event);
  }

  /** The recording ended. */
  end(state: RecordingState, endedAt: string, error?: SteadyreelError): void {
    this.#state = state;
    this.#endedAt = endedAt;
    if (error) this.#error = { code: error.code, message: error.message };
  }

  /** Something changed: tells the page and writes the manifest. */
  update(): void {
    this.context.onChange(this.manifest);
    this.#latest.update();
  }

  /** Resolves when the newest manifest was written, or refused. */
  written(): Promise<void> {
    return this.#latest.settled();
  }
}
