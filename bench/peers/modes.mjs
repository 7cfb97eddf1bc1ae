/** What is compared. */

/**
 * @typedef {object} Mode
 * @property {string} name
 * @property {string} label
 * @property {boolean} hd also at 1920x1080
 * @property {boolean} records makes files
 * @property {string} [entry] its use in a page, below the root
 */

/** @param {string} name */
const recorder = name => `bench/peers/recorders/${name}.ts`;

/** @type {readonly Mode[]} */
export const MODES = [
  { name: 'idle', label: 'idle page, the source runs', hd: true, records: false },
  { name: 'floor', label: 'the floor: WebCodecs in a worker', hd: true, records: false },
  { name: 'steadyreel', label: 'steadyreel', hd: true, records: true },
  { name: 'media-recorder', label: 'MediaRecorder, H.264 in MP4', hd: true, records: true },
  { name: 'media-recorder-webm', label: 'MediaRecorder, VP8 in WebM', hd: false, records: true },
  { name: 'recordrtc', label: 'RecordRTC', hd: false, records: true, entry: recorder('recordrtc') },
  { name: 'mediabunny', label: 'mediabunny', hd: false, records: true, entry: recorder('mediabunny') },
  {
    name: 'mp4-muxer',
    label: 'mp4-muxer, WebCodecs by hand',
    hd: false,
    records: true,
    entry: recorder('mp4-muxer'),
  },
  { name: 'api-video', label: 'api.video', hd: false, records: true, entry: recorder('api-video') },
];

/** @param {string} name */
export const labelOf = name => MODES.find(mode => mode.name === name)?.label ?? name;
