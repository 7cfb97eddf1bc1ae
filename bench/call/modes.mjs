/** What is compared. */

/**
 * @typedef {object} Mode
 * @property {string} name
 * @property {string} label
 * @property {import('./messages.ts').Connect['tapped']} tapped
 * @property {import('./messages.ts').Method} method
 * @property {number} times how often it is run in a round
 */

/** @type {readonly Mode[]} */
export const MODES = [
  // Twice: what differs between them is what a difference to the others has to exceed.
  { name: 'alone', label: 'the call alone', tapped: undefined, method: 'none', times: 2 },
  { name: 'tapped', label: 'tapped, not recorded', tapped: 'receiver', method: 'none', times: 1 },
  { name: 'receiver', label: 'passthrough, receiver', tapped: 'receiver', method: 'passthrough', times: 1 },
  { name: 'sender', label: 'passthrough, sender', tapped: 'sender', method: 'passthrough-sender', times: 1 },
  {
    name: 'media-recorder',
    label: 'MediaRecorder, H.264 in MP4',
    tapped: undefined,
    method: 'media-recorder',
    times: 1,
  },
  {
    name: 'media-recorder-default',
    label: 'MediaRecorder, as it comes',
    tapped: undefined,
    method: 'media-recorder-default',
    times: 1,
  },
  {
    name: 'media-recorder-vp9',
    label: 'MediaRecorder, VP9 in WebM',
    tapped: undefined,
    method: 'media-recorder-vp9',
    times: 1,
  },
  {
    name: 'media-recorder-vp8',
    label: 'MediaRecorder, VP8 in WebM',
    tapped: undefined,
    method: 'media-recorder-vp8',
    times: 1,
  },
  { name: 'encode', label: 'steadyreel, encoding', tapped: undefined, method: 'encode', times: 1 },
  {
    name: 'encode-sent',
    label: 'steadyreel, encoding what is published',
    tapped: undefined,
    method: 'encode-sent',
    times: 1,
  },
  { name: 'mediabunny', label: 'mediabunny, encoding', tapped: undefined, method: 'mediabunny', times: 1 },
];
