/** Every option of a `Recorder`, with its default and its unit, and the checks on them. Pure. */
import { OptionInvalidError, OptionUnknownError } from './errors.ts';
import type { Storage } from './storage/storage.ts';

/** Video codecs that can be asked for. `auto` takes the first that the browser encodes: AVC, VP9, AV1, VP8. */
export type VideoCodecChoice = 'auto' | 'avc' | 'hevc' | 'vp9' | 'av1' | 'vp8';
/** Audio codecs that can be asked for. */
export type AudioCodecChoice = 'auto' | 'aac' | 'opus';

/** How video is encoded. */
export interface VideoOptions {
  /**
   * Default `'auto'`. A named codec is tried first; `start()` rejects with `codec-unsupported` when the
   * browser can't encode it at all. A size that the codec can't hold (AVC takes even sizes only) falls back
   * to the next codec of the list for that file, with a `codec-fallback` warning.
   */
  codec?: VideoCodecChoice;
  /** Bits per second. Default by frame size and rate: 2.5 Mbit/s at 1280x720 and 30 frames a second. */
  bitrate?: number;
  /** Seconds between key frames, the longest a player waits when seeking. Default 2. */
  keyFrameInterval?: number;
  /**
   * `'follow'` (default): each file has the source's size, and a change of size starts a new file. A fixed size: every
   * picture is drawn into it, its rotation and flip applied, so neither ever starts a new file.
   */
  size?: 'follow' | FixedSize;
  /**
   * `'source'` (default): frames lie where the source has them, however unsteady. A number from 1 to 240: so many frames per
   * second, no more and no less; the source's are shown again or left out, see `stats.framesRepeated` and
   * `stats.framesDropped`. A source that stands still is filled while it does; a jump of its clock by more than 10 seconds
   * is not.
   */
  frameRate?: 'source' | number;
}

/** A size that every picture is fitted into. */
export interface FixedSize {
  /** Pixels, from 16 to 8192; even, for AVC. */
  width: number;
  /** Pixels, from 16 to 8192; even, for AVC. */
  height: number;
  /** `'contain'` (default): the whole picture, with black around it. `'cover'`: no black, edges cut off. */
  fit?: 'contain' | 'cover';
}

/** How audio is encoded. */
export interface AudioOptions {
  /**
   * Default `'auto'`: AAC where the browser encodes it, else Opus. `'aac'` loads a WebAssembly encoder
   * (about 250 kB, gzipped) where the browser has none.
   */
  codec?: AudioCodecChoice;
  /** Bits per second. Default 128,000, or 64,000 for one channel. */
  bitrate?: number;
}

/** When new files begin, besides changes of the source. */
export interface CutOptions {
  /**
   * Seconds. Default 1. After a file has begun, further changes are fitted into its parameters until it is
   * this old, so that a source that changes all the time gives at most one file per this many seconds. A track that is
   * added, and for which the file has no place, begins one at once.
   */
  minFileDuration?: number;
  /**
   * Seconds. Default `Infinity`. A file ends before the frame that would make it longer; a source whose frames come
   * seldom can make it longer by one frame.
   */
  maxFileDuration?: number;
  /** Bytes. Default `Infinity`. A file ends before it gets larger. */
  maxFileBytes?: number;
}

/** How the frames of a WebRTC call are recorded as they are. Means nothing where the source is a `MediaStream`. */
export interface PassthroughOptions {
  /**
   * Frames that can't be decoded, as something that they are predicted from was lost on the network. `'leave-out'` (default):
   * they are not recorded, up to the next key frame; no decoder ever meets an error. `'keep'`: they are, and pictures may be
   * damaged. Both are counted, and the manifest says where, by an event of type `loss`.
   */
  damaged?: 'leave-out' | 'keep';
  /**
   * VP8 in MP4 is played by few: ffmpeg takes it, browsers don't. `'refuse'` (default): a call in VP8 is not recorded by
   * passthrough, see `fallback`. `'record'`: it is.
   */
  vp8?: 'refuse' | 'record';
}

/** The ring of a stream. */
export interface DvrOptions {
  /**
   * Seconds that are kept, from 1 to 14,400 (4 hours). The newest 64 MiB lie in memory, older ones in the browser's private file
   * system; where that has no room, less is kept.
   */
  seconds: number;
}

/** Pictures of the recording, for lists and for looking through it: JPEG, beside its files. */
export interface ThumbnailOptions {
  /**
   * Seconds between two of them, on the recording's timeline, from 1 to 3,600. Default 10. After 10,000, and after every 5,000
   * from then on, it doubles.
   */
  interval?: number;
  /** Pixels, from 32 to 1,920. Default 320; a smaller source is not enlarged. Their height follows from the frame's shape. */
  width?: number;
  /**
   * `true` (default): also sheets of 5 x 5 small pictures, no side longer than 160 pixels, with a WebVTT that says which is shown
   * when: what players show over their seek bar. `false`: none.
   */
  sprite?: boolean;
}

/** Options of a `Recorder`. */
export interface RecorderOptions {
  /** Where files go. Default `device()`: this device's private file system. */
  storage?: Storage;
  /** `false` leaves the stream's video out. */
  video?: VideoOptions | false;
  /** `false` leaves the stream's audio out. */
  audio?: AudioOptions | false;
  cut?: CutOptions;
  /**
   * Seconds, up to 86,400. Default 0: the recording stops by itself when all tracks have ended. Otherwise it then waits so
   * long (state `waiting`) for the stream to get new tracks, or for `replaceSource()`. The time is not on the timeline, and
   * no new file begins when the source comes back as it was.
   */
  reconnectWindow?: number;
  /**
   * Seconds, up to 86,400. Default 0. A recording that is shorter when it ends is thrown away, in storage too, and `stop()` rejects with
   * `recording-too-short`.
   */
  minDuration?: number;
  /**
   * What is recorded of a stream with overlays (`recorder.overlays`). `'auto'` (default): what viewers are to see; the manifest's
   * `kind` is `original` for as long as there are no overlays, then `composited`. `'composited'`: the same, and the manifest says so
   * from the start; the decoded tracks of a call, too. `'original'`: never an overlay. `'both'`: two recordings on one timeline, with and
   * without, linked in their manifests (see `recorder.recordings`); not together with `dvr`.
   */
  record?: 'auto' | 'original' | 'composited' | 'both';
  /** `true` keeps the screen on while recording, where the browser can (Screen Wake Lock API). Default `false`. */
  wakeLock?: boolean;
  /**
   * `true` lets the browser ask before the page is left while a recording runs or is still being stored. Default `false`.
   */
  confirmUnload?: boolean;
  /**
   * Keeps the last of the stream in a ring of encoded packets, from the moment that the recorder is made and the stream lives,
   * recording or not: for `clip()` and `start({ preRoll })`. Default `false`.
   */
  dvr?: DvrOptions | false;
  /** How a call's own frames are recorded. */
  passthrough?: PassthroughOptions;
  /**
   * What is done with a call whose own frames can't be had: no API for it in this browser, a transform of the page's own on
   * it, a codec that MP4 can't hold. `'none'` (default): `start()` rejects with `passthrough-unavailable`, `transform-taken` or
   * `browser-unsupported`. `'encode'`: the decoded tracks are recorded, as those of a `MediaStream` are; the manifest says so in
   * its `method`, and why in an event.
   */
  fallback?: 'none' | 'encode';
  /**
   * Pictures of the recording, while it is recorded. `false` (default): none. `true`: one every 10 seconds, 320 pixels wide,
   * and sheets of them for scrubbing. They are left out, with a warning, where they can't be made or stored: the recording
   * does not depend on them. Of a call that is recorded by passthrough, and of a ring (`dvr`), they are made of key frames.
   */
  thumbnails?: boolean | ThumbnailOptions;
  /** Copied into the manifest as it is; must be JSON. */
  metadata?: Record<string, unknown>;
  /**
   * Address of `worker.js`, on the page's own origin, for pages whose content security policy forbids the
   * blob worker of the script-tag build, or that serve it elsewhere. Default: found next to the module.
   */
  workerUrl?: string | URL;
}

/** The options with all defaults filled in; structured-cloneable. */
export interface ResolvedOptions {
  video: Required<Omit<VideoOptions, 'bitrate' | 'size'>> & {
    bitrate: number | 'auto';
    size: 'follow' | Required<FixedSize>;
  };
  audio: Required<Omit<AudioOptions, 'bitrate'>> & { bitrate: number | 'auto' };
  cut: Required<CutOptions>;
  passthrough: Required<PassthroughOptions>;
  fallback: 'none' | 'encode';
  dvr: false | Required<DvrOptions>;
  thumbnails: false | Required<ThumbnailOptions>;
  reconnectWindow: number;
  minDuration: number;
  record: 'auto' | 'original' | 'composited' | 'both';
  wakeLock: boolean;
  confirmUnload: boolean;
  metadata: Record<string, unknown>;
}

export const checkNames = (value: object, prefix: string, known: readonly string[]): void => {
  for (const name of Object.keys(value)) {
    if (!known.includes(name))
      throw new OptionUnknownError(
        prefix + name,
        known.map(n => prefix + n),
      );
  }
};

export const checkObject = (value: unknown, name: string): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionInvalidError(name, 'an object', value);
  return value as Record<string, unknown>;
};

const oneOf = <T extends string>(value: unknown, name: string, allowed: readonly T[], fallback: T): T => {
  if (value === undefined) return fallback;
  if (!allowed.includes(value as T)) {
    throw new OptionInvalidError(name, `one of ${allowed.map(a => `"${a}"`).join(', ')}`, value);
  }
  return value as T;
};

/** `from` may itself be allowed (`>=`); the upper bound keeps units from being mixed up. */
export const inRange = (
  value: unknown,
  name: string,
  from: number,
  to: number,
  unit: string,
  fallback: number,
): number => {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value) || value < from || value > to) {
    throw new OptionInvalidError(name, `a number of ${unit} from ${from} to ${to}`, value);
  }
  return value;
};

const bitrate = (value: unknown, name: string, from: number, to: number): number | 'auto' =>
  value === undefined ? 'auto' : inRange(value, name, from, to, 'bits per second', from);

const sizeOf = (value: unknown): 'follow' | Required<FixedSize> => {
  if (value === undefined || value === 'follow') return 'follow';
  if (typeof value !== 'object' || value === null) {
    throw new OptionInvalidError('video.size', `"follow" or { width, height, fit }`, value);
  }
  const size = value as Record<string, unknown>;
  checkNames(size, 'video.size.', ['width', 'height', 'fit']);
  return {
    width: pixels(size.width, 'video.size.width'),
    height: pixels(size.height, 'video.size.height'),
    fit: oneOf(size.fit, 'video.size.fit', ['contain', 'cover'], 'contain'),
  };
};

const pixels = (value: unknown, name: string): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 16 && value <= 8192) return value;
  throw new OptionInvalidError(name, 'a whole number of pixels from 16 to 8192', value);
};

const frameRateOf = (value: unknown): 'source' | number => {
  if (value === undefined || value === 'source') return 'source';
  if (typeof value === 'number' && value >= 1 && value <= 240) return value;
  throw new OptionInvalidError(
    'video.frameRate',
    '"source" or a number of frames per second from 1 to 240',
    value,
  );
};

const dvrOf = (value: unknown): false | Required<DvrOptions> => {
  if (value === undefined || value === false) return false;
  const dvr = checkObject(value, 'dvr');
  checkNames(dvr, 'dvr.', ['seconds']);
  if (dvr.seconds === undefined)
    throw new OptionInvalidError('dvr.seconds', 'a number of seconds', undefined);
  return { seconds: inRange(dvr.seconds, 'dvr.seconds', 1, 14_400, 'seconds', 0) };
};

export const yesOrNo = (value: unknown, name: string): boolean => {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new OptionInvalidError(name, 'true or false', value);
};

const thumbnailsOf = (value: unknown): ResolvedOptions['thumbnails'] => {
  if (value === undefined || value === false) return false;
  const options = value === true ? {} : checkObject(value, 'thumbnails');
  checkNames(options, 'thumbnails.', ['interval', 'width', 'sprite']);
  return {
    interval: inRange(options.interval, 'thumbnails.interval', 1, 3600, 'seconds', 10),
    width: Math.round(inRange(options.width, 'thumbnails.width', 32, 1920, 'pixels', 320)),
    sprite: options.sprite === undefined || yesOrNo(options.sprite, 'thumbnails.sprite'),
  };
};

/** Names that `RecorderOptions` has. */
export const OPTION_NAMES = [
  'storage',
  'video',
  'audio',
  'cut',
  'reconnectWindow',
  'dvr',
  'minDuration',
  'passthrough',
  'fallback',
  'record',
  'thumbnails',
  'wakeLock',
  'confirmUnload',
  'metadata',
  'workerUrl',
] as const;

/**
 * Checks options and fills in defaults.
 *
 * @throws OptionUnknownError (`option-unknown`), OptionInvalidError (`option-invalid`).
 */
export const resolveOptions = (options: RecorderOptions): ResolvedOptions => {
  checkNames(checkObject(options, 'options'), '', OPTION_NAMES);
  checkPlaces(options);
  const video =
    options.video === false ? {} : checkObject(options.video === undefined ? {} : options.video, 'video');
  const audio =
    options.audio === false ? {} : checkObject(options.audio === undefined ? {} : options.audio, 'audio');
  const cut = checkObject(options.cut === undefined ? {} : options.cut, 'cut');
  const metadata = checkObject(options.metadata === undefined ? {} : options.metadata, 'metadata');
  checkNames(video, 'video.', ['codec', 'bitrate', 'keyFrameInterval', 'size', 'frameRate']);
  checkNames(audio, 'audio.', ['codec', 'bitrate']);
  const passthrough = checkObject(
    options.passthrough === undefined ? {} : options.passthrough,
    'passthrough',
  );
  checkNames(passthrough, 'passthrough.', ['damaged', 'vp8']);
  checkNames(cut, 'cut.', ['minFileDuration', 'maxFileDuration', 'maxFileBytes']);
  const resolved: ResolvedOptions = {
    video: {
      codec: oneOf(video.codec, 'video.codec', ['auto', 'avc', 'hevc', 'vp9', 'av1', 'vp8'], 'auto'),
      bitrate: bitrate(video.bitrate, 'video.bitrate', 10_000, 1_000_000_000),
      keyFrameInterval: inRange(video.keyFrameInterval, 'video.keyFrameInterval', 0.1, 60, 'seconds', 2),
      size: sizeOf(video.size),
      frameRate: frameRateOf(video.frameRate),
    },
    audio: {
      codec: oneOf(audio.codec, 'audio.codec', ['auto', 'aac', 'opus'], 'auto'),
      bitrate: bitrate(audio.bitrate, 'audio.bitrate', 6_000, 1_000_000),
    },
    cut: {
      minFileDuration: inRange(cut.minFileDuration, 'cut.minFileDuration', 0, 3600, 'seconds', 1),
      maxFileDuration: inRange(cut.maxFileDuration, 'cut.maxFileDuration', 1, Infinity, 'seconds', Infinity),
      maxFileBytes: inRange(cut.maxFileBytes, 'cut.maxFileBytes', 100_000, Infinity, 'bytes', Infinity),
    },
    passthrough: {
      damaged: oneOf(passthrough.damaged, 'passthrough.damaged', ['leave-out', 'keep'], 'leave-out'),
      vp8: oneOf(passthrough.vp8, 'passthrough.vp8', ['refuse', 'record'], 'refuse'),
    },
    fallback: oneOf(options.fallback, 'fallback', ['none', 'encode'], 'none'),
    dvr: dvrOf(options.dvr),
    thumbnails: thumbnailsOf(options.thumbnails),
    reconnectWindow: inRange(options.reconnectWindow, 'reconnectWindow', 0, 86_400, 'seconds', 0),
    minDuration: inRange(options.minDuration, 'minDuration', 0, 86_400, 'seconds', 0),
    record: oneOf(options.record, 'record', ['auto', 'original', 'composited', 'both'], 'auto'),
    wakeLock: yesOrNo(options.wakeLock, 'wakeLock'),
    confirmUnload: yesOrNo(options.confirmUnload, 'confirmUnload'),
    metadata: cloneMetadata(metadata),
  };
  if (resolved.cut.minFileDuration > resolved.cut.maxFileDuration) {
    throw new OptionInvalidError(
      'cut.minFileDuration',
      'at most cut.maxFileDuration',
      resolved.cut.minFileDuration,
    );
  }
  if (resolved.record === 'both' && resolved.dvr !== false)
    throw new OptionInvalidError('record', "not to be 'both' together with dvr", resolved.record);
  return resolved;
};

/** Where things go and come from. */
const checkPlaces = ({ storage, workerUrl, video, audio }: RecorderOptions): void => {
  if (storage !== undefined && typeof (storage as Partial<Storage> | null)?.config?.kind !== 'string') {
    throw new OptionInvalidError(
      'storage',
      'what device(), tus({ … }), s3({ … }), custom({ … }) or directory(…) gives',
      storage,
    );
  }
  if (workerUrl !== undefined && typeof workerUrl !== 'string' && !(workerUrl instanceof URL)) {
    throw new OptionInvalidError('workerUrl', 'an address as a string or URL', workerUrl);
  }
  if (video === false && audio === false) {
    throw new OptionInvalidError(
      'audio',
      'not to be false together with video: nothing would be recorded',
      audio,
    );
  }
};

export const cloneMetadata = (metadata: Record<string, unknown>): Record<string, unknown> => {
  try {
    return JSON.parse(JSON.stringify(metadata)) as Record<string, unknown>;
  } catch {
    throw new OptionInvalidError('metadata', 'an object that JSON can hold', metadata);
  }
};
