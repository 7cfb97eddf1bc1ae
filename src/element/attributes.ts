/** From the element's attributes to the recorder's options. Pure but for making the storage. */
import { OptionInvalidError } from '../errors.ts';
import {
  type AudioCodecChoice,
  device,
  type RecorderOptions,
  s3,
  tus,
  type VideoCodecChoice,
} from '../index.ts';
import { resolveOptions } from '../options.ts';
import type { Storage } from '../storage/storage.ts';

/** Reads an attribute; `null` when it is not there. */
export type ReadAttribute = (name: string) => string | null;

const storageFrom = (read: ReadAttribute): Storage => {
  const endpoint = read('endpoint');
  const kind = read('storage') ?? (endpoint === null ? 'device' : 'tus');
  if (kind === 'device') return device();
  if (kind !== 'tus' && kind !== 's3')
    throw new OptionInvalidError('storage', '"tus", "s3" or "device"', kind);
  if (!endpoint) throw new OptionInvalidError('endpoint', 'the address of the storage handler', endpoint);
  return kind === 'tus' ? tus({ endpoint }) : s3({ endpoint });
};

/**
 * Where the recordings go, as the attributes and the page's own options say.
 *
 * @throws OptionInvalidError (`option-invalid`).
 */
export const whereFrom = (
  read: ReadAttribute,
  extra: RecorderOptions,
): Pick<RecorderOptions, 'workerUrl'> & { storage: Storage } => {
  const workerUrl = extra.workerUrl ?? read('worker-url');
  return { ...(workerUrl === null ? {} : { workerUrl }), storage: extra.storage ?? storageFrom(read) };
};

/**
 * The options that the attributes ask for, with the page's own options merged over them: those of `video`
 * and `audio` one by one, the others as a whole. They are checked here already, so that nobody is asked for a
 * camera in vain.
 *
 * @throws OptionInvalidError (`option-invalid`), OptionUnknownError (`option-unknown`).
 */
export const optionsFrom = (read: ReadAttribute, extra: RecorderOptions): RecorderOptions => {
  const [videoCodec, audioCodec] = [read('codec'), read('audio-codec')];
  const video = videoCodec === null ? {} : { codec: videoCodec as VideoCodecChoice };
  const audio = audioCodec === null ? {} : { codec: audioCodec as AudioCodecChoice };
  const options = {
    ...extra,
    ...whereFrom(read, extra),
    video: extra.video === false ? (false as const) : { ...video, ...extra.video },
    audio: extra.audio === false ? (false as const) : { ...audio, ...extra.audio },
  };
  resolveOptions(options);
  return options;
};
