/**
 * The manifest: the JSON that describes a recording. Pure types and functions, no browser needed.
 *
 * All times and durations are seconds on the recording's timeline; all sizes are bytes.
 */
import { ManifestInvalidError } from './errors.ts';

/** Colour space of a video track, as `VideoColorSpace` names it (WebCodecs, section 9.9). */
export interface ColorSpace {
  primaries: string | null;
  transfer: string | null;
  matrix: string | null;
  /** True: luma spans 0–255; false: 16–235. */
  fullRange: boolean | null;
}

/** Clockwise rotation in degrees to apply for display. */
export type Rotation = 0 | 90 | 180 | 270;

/** What a decoder and a player are told about a video track; constant within a file. */
export interface VideoParameters {
  /** RFC 6381 codec string, read from the decoder description where there is one. */
  codec: string;
  /** Width of the stored picture in pixels, before rotation. */
  codedWidth: number;
  /** Height of the stored picture in pixels, before rotation. */
  codedHeight: number;
  /** Width over height of one stored pixel; 1 for square pixels. */
  pixelAspectRatio: number;
  rotation: Rotation;
  /** True when the picture is mirrored horizontally after rotation. */
  flip: boolean;
  colorSpace: ColorSpace;
}

/** What a decoder is told about an audio track; constant within a file. */
export interface AudioParameters {
  /** RFC 6381 codec string. */
  codec: string;
  /**
   * Rate of the encoder's input in hertz. Opus always decodes at 48,000 Hz; this is the rate that its
   * `OpusHead` names as the input's.
   */
  sampleRate: number;
  numberOfChannels: number;
}

/** Why a file began. */
export type CutReason =
  | 'start'
  | 'video-size'
  | 'video-rotation'
  | 'video-color'
  | 'video-codec'
  | 'video-description'
  | 'audio-sample-rate'
  | 'audio-channels'
  | 'audio-codec'
  | 'max-duration'
  | 'max-bytes'
  | 'track-added'
  | 'track-removed'
  | 'encoder-restart'
  | 'source-resumed';

/** The video track of one file. */
export interface FileVideo extends VideoParameters {
  /** Number of frames in the file. */
  frames: number;
}

/** The audio track of one file. */
export interface FileAudio extends AudioParameters {
  /** Where the file's first audio packet begins, in seconds after the file's own start; may be negative. */
  startTime: number;
  /** Number of encoded audio packets in the file. */
  packets: number;
}

/** One MP4 object with fixed track parameters. */
export interface RecordedFile {
  /** Key in storage, `recordings/<recording id>/0001.mp4`. */
  key: string;
  /** 1 for the first file. */
  index: number;
  reason: CutReason;
  /** Start on the recording's timeline in seconds. */
  startTime: number;
  /** Seconds; 0 until the file is finished. */
  duration: number;
  /** Bytes written so far. */
  bytes: number;
  /** SHA-256 of the whole file in hex; absent until the file is finished. */
  sha256?: string;
  video?: FileVideo;
  audio?: FileAudio;
}

/** The track parameters of a file; what `before` and `after` of a cut carry. */
export interface TrackParameters {
  video?: VideoParameters;
  audio?: AudioParameters;
}

/** A new file began. */
export interface CutEvent {
  /** Seconds on the recording's timeline. */
  time: number;
  type: 'cut';
  reason: CutReason;
  before: TrackParameters;
  after: TrackParameters;
}

/** The source's pixel format changed; nothing that a decoder is told changed with it, so it is no cut. */
export interface PixelFormatEvent {
  time: number;
  type: 'pixel-format';
  before: string | null;
  after: string | null;
}

/** Time that passed and is not on the timeline. */
export interface GapEvent {
  /** Seconds on the recording's timeline: where the gap began, and where it ended. */
  time: number;
  /**
   * `pause`: by `pause()`. `wait`: all tracks had ended, and the source came back (`reconnectWindow`). `sleep`: the machine
   * or the page was asleep, and nothing was captured.
   */
  type: 'pause' | 'wait' | 'sleep';
  /** Seconds that it took. */
  duration: number;
}

/** Frames of a call are missing: they were lost on the network, and what was predicted from them went with them. */
export interface LossEvent {
  /** Seconds on the recording's timeline: where the first of them lay. */
  time: number;
  type: 'loss';
  /**
   * Seconds until the next frame that could be recorded, or, of frames that were kept (`passthrough.damaged: 'keep'`), be
   * trusted. Losses that are less than a second apart are told as one, up to the end of the last.
   */
  duration: number;
  /** Frames that came and were left out, or are kept and may be damaged. Those that never came can't be counted. */
  frames: number;
}

/** Overlays that are drawn into the picture from here on. */
export interface OverlaysEvent {
  time: number;
  type: 'overlays';
  /** Those that are shown, from back to front; empty: none any more. */
  ids: string[];
}

/** Something was done to the media that a viewer could notice. Counted, never silent. */
export interface NoticeEvent {
  time: number;
  type: 'warning';
  /** The warning's code; see `RecorderWarning`. */
  code: string;
  message: string;
}

/** Something that happened on the timeline. */
export type ManifestEvent = CutEvent | PixelFormatEvent | GapEvent | LossEvent | OverlaysEvent | NoticeEvent;

/** A picture of the recording at one moment, upright. */
export interface Thumbnail {
  /** Seconds on the recording's timeline: those of the frame that it shows. */
  time: number;
  /** Key in storage, `recordings/<recording id>/thumbnails/0001.jpg`. */
  key: string;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
}

/** A sheet of small pictures in a row, and below each other. */
export interface ThumbnailSprite {
  /** Key in storage, `recordings/<recording id>/sprite-0001.jpg`. */
  key: string;
  /** Time of its first tile: seconds on the recording's timeline. */
  startTime: number;
  /** How many it has: row by row, from the left. */
  tiles: number;
}

/** Pictures of a recording, for lists and for looking through it. Only what is in storage is named. */
export interface RecordingThumbnails {
  /** Seconds between two of them. Of very long recordings they come to lie further apart. */
  interval: number;
  items: Thumbnail[];
  /** Size of a tile in pixels, and how many fill a sheet. Absent without sheets. */
  tile?: { width: number; height: number; columns: number; rows: number };
  sprites: ThumbnailSprite[];
  /** Key of the WebVTT that says which tile is shown when; absent without sheets. */
  vtt?: string;
  /** Bytes of all of them in storage. */
  bytes: number;
  /** Pictures and sheets that could not be made or stored. */
  leftOut: number;
}

/** `recording` while it runs; `recovered`: finished after a crash. */
export type RecordingState = 'recording' | 'complete' | 'recovered' | 'failed';

/** A recording: one id, one manifest, one or more files on one timeline. */
export interface Recording {
  version: 1;
  id: string;
  state: RecordingState;
  kind: 'original' | 'composited' | 'clip';
  /**
   * How its frames came to be: `encoding`: by encoders of the recorder's own. `passthrough`: they are those of a WebRTC call, as
   * they were on the wire. Absent in manifests of before version 0.2: `encoding`.
   */
  method?: 'encoding' | 'passthrough';
  /** Another recording of the same tracks at the same time, on the same timeline (`record: 'both'`). */
  linked?: { kind: 'original' | 'composited'; id: string };
  /** RFC 3339, UTC. */
  startedAt: string;
  /** RFC 3339, UTC; absent while recording. */
  endedAt?: string;
  /** Seconds. */
  duration: number;
  /** Copied from the recorder's options as it is. */
  metadata: Record<string, unknown>;
  files: RecordedFile[];
  events: ManifestEvent[];
  /** Absent where none were asked for, or there is no picture. */
  thumbnails?: RecordingThumbnails;
  /** Why the recording failed, when `state` is `failed`. */
  error?: { code: string; message: string };
}

/** Folder in storage under which recordings lie. */
export const RECORDINGS_PREFIX = 'recordings/';
/** Name of the manifest in a recording's folder. */
export const MANIFEST_NAME = 'manifest.json';
/** Folder in a recording's folder for its thumbnails. */
export const THUMBNAILS_FOLDER = 'thumbnails';

const ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NAME_PATTERN =
  /^(?:[0-9]{4,6}\.mp4|manifest\.json|(?:thumbnails\/|sprite-)[0-9]{4,6}\.jpg|thumbnails\.vtt)$/;

/** True for a recording id: a lower-case UUID. */
export const isRecordingId = (id: string): boolean => ID_PATTERN.test(id);

/** `recordings/<id>/0001.mp4`. */
export const fileKey = (recordingId: string, index: number): string =>
  `${RECORDINGS_PREFIX}${recordingId}/${String(index).padStart(4, '0')}.mp4`;

/** `0001.mp4`, of a file's key. */
export const fileNameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** `recordings/<id>/manifest.json`. */
export const manifestKey = (recordingId: string): string =>
  `${RECORDINGS_PREFIX}${recordingId}/${MANIFEST_NAME}`;

const TYPES: Record<string, string> = { json: 'application/json', jpg: 'image/jpeg', vtt: 'text/vtt' };

/** Media type of what lies under a key: that of a file, where it is neither the manifest nor of the thumbnails. */
export const mediaTypeOf = (key: string): string => TYPES[key.slice(key.lastIndexOf('.') + 1)] ?? VIDEO_TYPE;

/** Media type of a recording's files. */
export const VIDEO_TYPE = 'video/mp4';

/**
 * The parts of a key, or `undefined` when it is not a key of this project's shape. A thumbnail's name has the folder in it:
 * `thumbnails/0001.jpg`.
 */
export const parseKey = (key: string): { recordingId: string; name: string } | undefined => {
  const [prefix, recordingId = '', ...names] = key.split('/');
  const name = names.join('/');
  if (`${prefix}/` !== RECORDINGS_PREFIX || !isRecordingId(recordingId)) return undefined;
  return NAME_PATTERN.test(name) ? { recordingId, name } : undefined;
};

/** True for the key of something of a recording that has this media type. */
const isKeyOf = (id: string | undefined, key: unknown, type: string): boolean =>
  typeof key === 'string' && parseKey(key)?.recordingId === id && mediaTypeOf(key) === type;

const areThumbnails = (id: string | undefined, value: Partial<RecordingThumbnails> | null): boolean => {
  const { items, sprites, vtt } = value ?? {};
  if (!Array.isArray(items) || !Array.isArray(sprites)) return false;
  const pictures = [...items, ...sprites] as (Partial<Thumbnail> | null)[];
  if (!pictures.every(picture => isKeyOf(id, picture?.key, 'image/jpeg'))) return false;
  return vtt === undefined || isKeyOf(id, vtt, 'text/vtt');
};

/**
 * Checks that a parsed JSON value is a manifest of this version.
 *
 * @throws ManifestInvalidError (`manifest-invalid`) that says what was expected and what came.
 */
export const checkManifest = (value: unknown): Recording => {
  const fail = (expected: string): never => {
    throw new ManifestInvalidError(expected, value);
  };
  if (typeof value !== 'object' || value === null) return fail('an object');
  const manifest = value as Partial<Recording>;
  if (manifest.version !== 1) fail('"version": 1');
  if (typeof manifest.id !== 'string' || !isRecordingId(manifest.id)) fail('"id": a lower-case UUID');
  if (!['recording', 'complete', 'recovered', 'failed'].includes(manifest.state ?? ''))
    fail('"state": recording, complete, recovered or failed');
  if (typeof manifest.startedAt !== 'string') fail('"startedAt": an RFC 3339 time');
  if (!Array.isArray(manifest.files)) fail('"files": an array');
  if (!Array.isArray(manifest.events)) fail('"events": an array');
  if (typeof manifest.kind !== 'string') fail('"kind": original, composited or clip');
  if (typeof manifest.duration !== 'number') fail('"duration": a number of seconds');
  if (typeof manifest.metadata !== 'object' || manifest.metadata === null) fail('"metadata": an object');
  for (const file of (manifest.files ?? []) as (Partial<RecordedFile> | null)[]) {
    if (!isKeyOf(manifest.id, file?.key, VIDEO_TYPE))
      fail(`"files[].key": recordings/${manifest.id}/<number>.mp4`);
    for (const name of ['index', 'startTime', 'duration', 'bytes'] as const)
      if (typeof file?.[name] !== 'number') fail(`"files[].${name}": a number`);
    if (typeof file?.reason !== 'string') fail('"files[].reason": why the file began');
  }
  if (manifest.thumbnails !== undefined && !areThumbnails(manifest.id, manifest.thumbnails))
    fail(`"thumbnails": items and sprites with keys of recordings/${manifest.id}`);
  return manifest as Recording;
};

/** Newest first. */
export const byStartDescending = (a: Recording, b: Recording): number =>
  a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0;
