/** What a page hands to the worker of a recording: the worker itself, its setup, and the tracks. */
import type { ToTap } from './encoded.ts';
import { WorkerFailedError } from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import type { Opened } from './recorder-source.ts';
import { type LiveTracks, openInputs } from './source/capture.ts';
import type { Storage } from './storage/storage.ts';
import type { Replacement, SessionSetup, ToWorker } from './worker/protocol.ts';
import { type PartName, partUrl, spawnWorker } from './worker/spawn.ts';

/** Stands ready for the next recording, which need not wait for a worker to be made and its script to be read, nor have a network then. */
let spare: { worker: Worker; url: string } | undefined;

/** Makes one, where there is none. A recording that needs one from another address makes its own. */
export const prepareWorker = (workerUrl: string | URL | undefined): void => {
  if (spare) return;
  const worker = spawnWorker(workerUrl);
  spare = { worker, url: String(workerUrl) };
  worker.onerror = event => {
    event.preventDefault();
    spare = undefined;
  };
  worker.postMessage({ type: 'prepare', extrasUrl: addressOf('extras.js', workerUrl) } satisfies ToWorker);
};

/** @throws WorkerFailedError (`worker-failed`). */
export const startWorker = (workerUrl: string | URL | undefined): Worker => {
  if (spare?.url === String(workerUrl)) {
    const { worker } = spare;
    spare = undefined;
    return worker;
  }
  try {
    return spawnWorker(workerUrl);
  } catch (error) {
    throw new WorkerFailedError(error instanceof Error ? error.message : String(error), error);
  }
};

/** What all recordings of a recorder have in common. */
export interface Given {
  readonly options: ResolvedOptions;
  readonly storage: Storage;
  readonly workerUrl: string | URL | undefined;
}

/** A new recording's setup. @param tracks what is to be read. */
export const newSetup = (
  recordingId: string,
  tracks: Opened['setup'],
  { options, storage, workerUrl }: Given,
): SessionSetup => ({
  recordingId,
  startedAt: new Date().toISOString(),
  options,
  storage: storage.config,
  ...tracks,
  kind: tracks.kind ?? (options.record === 'composited' ? 'composited' : undefined),
  aacEncoderUrl: addressOf('aac-encoder.js', workerUrl),
  extrasUrl: addressOf('extras.js', workerUrl),
  thumbnailsUrl: options.thumbnails ? addressOf('thumbnails.js', workerUrl) : undefined,
});

/** Address of a part that is a file of its own. */
export const addressOf = (name: PartName, workerUrl: string | URL | undefined): string =>
  besideWorker(name, workerUrl) ?? partUrl(name);

/** Address of a file that is served beside the worker, when the page says where that is. */
export const besideWorker = (name: string, workerUrl: string | URL | undefined): string | undefined =>
  workerUrl === undefined ? undefined : new URL(`./${name}`, new URL(workerUrl, document.baseURI)).href;

/** What was to be transferred, and will not be. */
export const letGo = (transfer: readonly Transferable[]): void => {
  for (const one of transfer) {
    if ('postMessage' in one) one.postMessage({ type: 'close' } satisfies ToTap);
    else if ('cancel' in one) void one.cancel().catch(() => undefined);
  }
};

/** Other tracks, and what is to be transferred with them. A track that is recorded already goes on: nothing of it is lost. */
export const newReplacement = (
  before: LiveTracks,
  { video, audio }: LiveTracks,
): { replacement: Replacement; transfer: Transferable[] } => {
  const sameVideo = video !== undefined && video === before.video;
  const sameAudio = audio !== undefined && audio === before.audio;
  const { transfer, ...inputs } = openInputs({
    video: sameVideo ? undefined : video,
    audio: sameAudio ? undefined : audio,
  });
  const replacement = {
    video: sameVideo ? ('same' as const) : inputs.video,
    audio: sameAudio ? ('same' as const) : inputs.audio,
  };
  return { replacement, transfer };
};
