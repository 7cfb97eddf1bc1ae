/**
 * The entry of `extras.js`, which a worker loads when a recording needs what few do: it goes to an S3 store, to functions of the page or
 * into a folder, goes on from another one, has a constant frame rate, or has to lie in memory. A page with the script tag reads with it
 * what is in other storages than this device.
 */
export { memoryStores } from '../journal/memory-store.ts';
export { ConstantRate } from '../source/constant-rate.ts';
export { openAccess } from '../storage/access.ts';
export { createSink } from '../storage/seldom-sinks.ts';
export { Turn } from './turn.ts';
