/** Makes the worker. The script-tag build replaces this module by `spawn-inline.ts`. */

/** @param workerUrl default: `worker.js` next to this module, which bundlers take up by this very expression. */
export const spawnWorker = (workerUrl?: string | URL): Worker =>
  workerUrl === undefined
    ? new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'steadyreel' })
    : new Worker(workerUrl, { type: 'module', name: 'steadyreel' });

/** Address of the code for overlays, which the page and the worker load only when there are some. */
export const overlaysUrl = (): string => new URL('./overlays.ts', import.meta.url).href;

/** Address of the code for recording calls as they are encoded, which the worker loads only when it needs it. */
export const passthroughUrl = (): string => new URL('./passthrough.ts', import.meta.url).href;

/** Address of the code for rings and clips, which the page and its workers load only when they need it. */
export const clipUrl = (): string => new URL('./clip.ts', import.meta.url).href;

/** Address of the code for storages that few pages have, which the worker loads only when it needs it. */
export const pageStorageUrl = (): string => new URL('./page-storage.ts', import.meta.url).href;

/** Address of the code for S3 stores, which the worker loads only when it needs it. */
export const s3Url = (): string => new URL('./s3.ts', import.meta.url).href;

/** Address of the code for what a crash has left behind, which the worker loads only when it needs it. */
export const recoveryUrl = (): string => new URL('./recover-all.ts', import.meta.url).href;

/** Address of what an `AutoRecorder` does, which the page loads when one is started. */
export const autoUrl = (): string => new URL('../auto/auto.ts', import.meta.url).href;

/** Address of the code for thumbnails, which the worker loads only when it needs it. */
export const thumbnailsUrl = (): string => new URL('./thumbnails.ts', import.meta.url).href;

/** Address of the AAC encoder, which the worker loads only when it needs it. */
export const aacEncoderUrl = (): string => new URL('../encode/aac-encoder.ts', import.meta.url).href;
