/** Takes the place of `spawn.ts` in the script-tag build, which is one file: the taps' worker is in it, as text. */
import workerText from 'virtual:steadyreel-tap';

/** Starts the worker: from `workerUrl`, or from the text in this script. */
export const spawnTapWorker = (workerUrl?: string | URL): Worker =>
  workerUrl === undefined
    ? new Worker(URL.createObjectURL(new Blob([workerText], { type: 'text/javascript' })), {
        name: 'steadyreel-tap',
      })
    : new Worker(workerUrl, { type: 'module', name: 'steadyreel-tap' });
