/** The entry of `page-storage.js`, which a worker loads when a recording goes to functions of the page, or into a folder. */
export { createPageSink } from '../storage/page-sinks.ts';
