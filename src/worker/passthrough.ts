/** The entry of `passthrough.js`, which a recording's worker loads when it is given a call. */
export { openCallTracks } from './call-tracks.ts';
