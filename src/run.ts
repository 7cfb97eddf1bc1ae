/** What a `Recorder` knows of the recording that runs. */
import { type Deferred, deferred } from './deferred.ts';
import type { Recording } from './manifest.ts';
import type { LiveTracks } from './source/capture.ts';

/** One recording while it runs: from `start()` until the worker has said its last word. */
export interface Run {
  worker: Worker;
  started: Deferred<void>;
  finished: Deferred<Recording>;
  aborted: Deferred<void>;
  stopping: boolean;
  aborting: boolean;
  /** Code of the error that the page has been told of last. */
  told: string | undefined;
  /** Calls of `replaceSource()` that the worker has not answered. */
  replacing: Deferred<void>[];
  /** What is being recorded. */
  tracks: LiveTracks;
  /** By the page; the state may be `waiting` meanwhile. */
  paused: boolean;
  /** Ends the watch over the stream's tracks. */
  unwatch(): void;
  /** Lets go of what keeps the page awake and open. */
  release(): void;
}

/** A recording that has just been given to a worker. */
export const newRun = (worker: Worker, tracks: LiveTracks): Run => ({
  worker,
  started: deferred(),
  finished: deferred(),
  aborted: deferred(),
  stopping: false,
  aborting: false,
  told: undefined,
  replacing: [],
  tracks,
  paused: false,
  unwatch: () => undefined,
  release: () => undefined,
});
