/** Takes the place of `spawn.ts` in the script-tag build, which is one file: the worker's code is in it, as text. */
import workerText from 'virtual:steadyreel-worker';

// Only while the script runs for the first time does the document know which one it is.
const script = document.currentScript;
const scriptUrl = script instanceof HTMLScriptElement && script.src !== '' ? script.src : document.baseURI;

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

/** Address of the code for overlays, which the page and the worker load only when there are some. */
export const overlaysUrl = (): string => new URL('overlays.js', scriptUrl).href;

/** Address of the code for recording calls as they are encoded: next to this script. */
export const passthroughUrl = (): string => new URL('passthrough.js', scriptUrl).href;

/** Address of the code for rings and clips: next to this script. */
export const clipUrl = (): string => new URL('clip.js', scriptUrl).href;

/** Address of the code for storages that few pages have: next to this script. */
export const pageStorageUrl = (): string => new URL('page-storage.js', scriptUrl).href;

/** Whatever else is told: the worker in this script has it. */
export const s3Url = (): string => '';
export const recoveryUrl = s3Url;

/** Address of what an `AutoRecorder` does: next to this script. */
export const autoUrl = (): string => new URL('auto.js', scriptUrl).href;

/** Address of the code for thumbnails: next to this script. */
export const thumbnailsUrl = (): string => new URL('thumbnails.js', scriptUrl).href;

/** Address of the WebAssembly AAC encoder: next to this script. */
export const aacEncoderUrl = (): string => new URL('aac-encoder.js', scriptUrl).href;
