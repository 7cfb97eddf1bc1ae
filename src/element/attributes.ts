/** From the element's attributes to the recorder's options. Pure but for making the storage. */
import { OptionInvalidError } from '../errors.ts';
import { type AudioCodecChoice, device, type RecorderOptions, tus, type VideoCodecChoice } from '../index.ts';
import { resolveOptions } from '../options.ts';
import type { Storage } from '../storage/storage.ts';

/** Reads an attribute; `null` when it is not there. */
export type ReadAttribute = (name: string) => string | null;

const storageFrom = (read: ReadAttribute): Storage => {
  const endpoint = read('endpoint');
  const kind = read('storage') ?? (endpoint === null ? 'device' : 'tus');
  if (kind === 'device') return device();
  if (kind !== 'tus') throw new OptionInvalidError('storage', '"tus" or "device"', kind);
  if (!endpoint) throw new OptionInvalidError('endpoint', 'the address of a tus endpoint', endpoint);
  return tus({ endpoint });
};

/**
 * The options that the attributes ask for, with the page's own options merged over them: those of `video`
 * and `audio` one by one, the others as a whole. They are checked here already, so that nobody is asked for a
 * camera in vain.
 *
 * @throws OptionInvalidError (`option-invalid`), OptionUnknownError (`option-unknown`).
 */
export const optionsFrom = (read: ReadAttribute, extra: RecorderOptions): RecorderOptions => {
  const [videoCodec, audioCodec, workerUrl] = [read('codec'), read('audio-codec'), read('worker-url')];
  const video = videoCodec === null ? {} : { codec: videoCodec as VideoCodecChoice };
  const audio = audioCodec === null ? {} : { codec: audioCodec as AudioCodecChoice };
  const options = {
    ...(workerUrl === null ? {} : { workerUrl }),
    ...extra,
    storage: extra.storage ?? storageFrom(read),
    video: extra.video === false ? (false as const) : { ...video, ...extra.video },
    audio: extra.audio === false ? (false as const) : { ...audio, ...extra.audio },
  };
  resolveOptions(options);
  return options;
};
