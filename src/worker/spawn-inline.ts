/** Takes the place of `spawn.ts` in the script-tag build, which is one file: the worker's code is in it, as text. */
import workerText from 'virtual:steadyreel-worker';
import { scriptUrl } from '../script-url.ts';

let blobUrl: string | undefined;

/** One for the page: it is never revoked, because every recording starts a worker from it. */
const workerBlobUrl = (): string => {
  blobUrl ??= URL.createObjectURL(new Blob([workerText], { type: 'text/javascript' }));
  return blobUrl;
};

/** Starts the worker: from `workerUrl`, or from the text in this script. */
export const spawnWorker = (workerUrl?: string | URL): Worker =>
  workerUrl === undefined
    ? new Worker(workerBlobUrl(), { name: 'steadyreel' })
    : new Worker(workerUrl, { type: 'module', name: 'steadyreel' });

/** Address of a part that is a file of its own: next to this script. */
export const partUrl = (name: string): string => new URL(name, scriptUrl).href;
