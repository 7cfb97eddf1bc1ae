/** `clip.js`: what keeps a ring of a stream's packets, and makes recordings of it. Loaded by the page and by its workers when it is needed. */
export { openDvr } from '../dvr.ts';
export { openRing } from './ring-host.ts';
export { openRingTracks } from './ring-tracks.ts';
