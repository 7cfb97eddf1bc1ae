/** What a recorder takes its tracks from: the shape that a stream and a call have in common. In the page. */
import type { StreamSource } from './stream-source.ts';
import type { SessionSetup, ToWorker } from './worker/protocol.ts';

/** A message for the worker, and what is to be transferred with it. */
export interface Command {
  message: ToWorker;
  transfer: Transferable[];
}

/** A source that is being recorded. */
export interface Opened {
  /** What goes on being looked at; another one than was opened where that could not be had. */
  source: RecorderSource;
  setup: Pick<SessionSetup, 'video' | 'audio' | 'call' | 'fallback' | 'ring' | 'kind' | 'overlays'> & {
    /** When what is recorded began, where that is not now; RFC 3339, UTC. */
    startedAt?: string;
  };
  transfer: Transferable[];
}

/** Which kinds of track are to be recorded. */
export interface Wanted {
  video: boolean;
  audio: boolean;
}

/** A source that takes the place of another one, and what the worker is to be told. */
export interface Successor {
  source: RecorderSource;
  command: Command;
}

/** What a recorder is given: it is opened when a recording begins. */
export interface Openable {
  /**
   * Finds live tracks.
   *
   * @throws SourceInvalidError (`source-invalid`), SourceNoTracksError (`source-no-tracks`), SourceEndedError
   * (`source-ended`), BrowserUnsupportedError (`browser-unsupported`).
   */
  check(): void;
  /** Opens what `check` has found. At once, where nothing has to be found out. */
  open(signal: AbortSignal): Opened | Promise<Opened>;
  /** The decoded tracks of it, to be encoded. */
  decoded(): StreamSource | Promise<StreamSource>;
}

/** A source that is being recorded. */
export interface RecorderSource extends Openable {
  /**
   * Calls back whenever there may be other tracks than before.
   *
   * @returns a function that ends it.
   */
  watch(look: () => void): () => void;
  /** What the worker is to be told when there are; `undefined` when all is as it was. */
  look(): Command | undefined;
  /**
   * What the worker is to be told when another source takes the place of this one.
   *
   * @throws SourceInvalidError (`source-invalid`) when that one can't.
   */
  replacedBy(next: Openable): Successor | Promise<Successor>;
}
