/** Takes the place of `spawn.ts` in the script-tag build: the taps' worker lies beside the script. */
import { scriptUrl } from '../script-url.ts';

/** A worker's own script must be of the page's origin; what it imports need not be. */
const importing = (url: string): string =>
  URL.createObjectURL(new Blob([`importScripts(${JSON.stringify(url)})`], { type: 'text/javascript' }));

/** Starts the worker: from `workerUrl`, or by way of a blob from beside this script. */
export const spawnTapWorker = (workerUrl?: string | URL): Worker =>
  workerUrl === undefined
    ? new Worker(importing(new URL('tap.js', scriptUrl).href), { name: 'steadyreel-tap' })
    : new Worker(workerUrl, { type: 'module', name: 'steadyreel-tap' });
