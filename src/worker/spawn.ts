/** Makes the worker. The script-tag build replaces this module by `spawn-inline.ts`. */

/** @param workerUrl default: `worker.js` next to this module, which bundlers take up by this very expression. */
export const spawnWorker = (workerUrl?: string | URL): Worker =>
  workerUrl === undefined
    ? new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'steadyreel' })
    : new Worker(workerUrl, { type: 'module', name: 'steadyreel' });

/** What is loaded only when it is needed, by the names that it has in dist/. Bundlers take it up by these very expressions. */
const PARTS = {
  /** Drawing overlays: the page and the worker. */
  'overlays.js': () => new URL('./overlays.ts', import.meta.url),
  /** Recording calls as they are encoded: the worker. */
  'passthrough.js': () => new URL('./passthrough.ts', import.meta.url),
  /** Rings and clips: the page and its workers. */
  'clip.js': () => new URL('./clip.ts', import.meta.url),
  /** What a crash has left behind: the worker. */
  'recovery.js': () => new URL('./recover-all.ts', import.meta.url),
  /** What few recordings need: the worker. */
  'extras.js': () => new URL('./extras.ts', import.meta.url),
  /** What an `AutoRecorder` does: the page. */
  'auto.js': () => new URL('../auto/auto.ts', import.meta.url),
  /** Thumbnails: the worker. */
  'thumbnails.js': () => new URL('./thumbnails.ts', import.meta.url),
  /** The WebAssembly AAC encoder: the worker. */
  'aac-encoder.js': () => new URL('../encode/aac-encoder.ts', import.meta.url),
};

/** The name of a part that is a file of its own. */
export type PartName = keyof typeof PARTS;

/** Address of a part, where the page does not say where the worker is. */
export const partUrl = (name: PartName): string => PARTS[name]().href;
