/** What a `Recorder` knows of the recording that runs. */
import { type Deferred, deferred } from './deferred.ts';
import type { SteadyreelError } from './errors.ts';
import type { Recording } from './manifest.ts';
import type { Command, RecorderSource } from './recorder-source.ts';

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
  /** What is being recorded; absent while it is being opened. */
  source: RecorderSource | undefined;
  /** Commands for a worker that has not been told to start yet, as its source is still being opened. */
  held: Command[] | undefined;
  /** Aborts when nothing is to be opened any more. */
  readonly opening: AbortController;
  /** By the page; the state may be `waiting` meanwhile. */
  paused: boolean;
  /** Ends the watch over the stream's tracks. */
  unwatch(): void;
  /** Lets go of what keeps the page awake and open. */
  release(): void;
}

/** A recording that has just been given to a worker. */
export const newRun = (worker: Worker): Run => ({
  worker,
  started: deferred(),
  finished: deferred(),
  aborted: deferred(),
  stopping: false,
  aborting: false,
  told: undefined,
  replacing: [],
  source: undefined,
  held: [],
  opening: new AbortController(),
  paused: false,
  unwatch: () => undefined,
  release: () => undefined,
});

/** It ends without a recording. */
export const rejectRun = (run: Run, error: SteadyreelError): void => {
  run.started.reject(error);
  run.finished.reject(error);
  run.aborted.resolve();
};

/** Lets go of all that it holds; what was promised is kept. */
export const endRun = (run: Run): void => {
  run.opening.abort();
  run.aborted.resolve();
  for (const replaced of run.replacing.splice(0)) replaced.resolve();
  run.unwatch();
  run.release();
  run.worker.onmessage = null;
  run.worker.onerror = null;
  run.worker.terminate();
};
