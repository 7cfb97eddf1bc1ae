/** The entry of `passthrough.js`, which a page and a recording's worker load when a call is to be recorded. */
export { openCall } from '../call-source.ts';
export { openCallTracks } from './call-tracks.ts';
