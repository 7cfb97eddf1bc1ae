/** Makes the taps' worker. A build for a script tag, which is one file, has to replace this module. */

/** @param workerUrl default: the worker next to this module, which bundlers take up by this very expression. */
export const spawnTapWorker = (workerUrl?: string | URL): Worker =>
  workerUrl === undefined
    ? new Worker(new URL('./tap-worker.ts', import.meta.url), { type: 'module', name: 'steadyreel-tap' })
    : new Worker(workerUrl, { type: 'module', name: 'steadyreel-tap' });
