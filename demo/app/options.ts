/** From the page's form to the recorder's options. */
import {
  type AudioCodecChoice,
  device,
  type RecorderOptions,
  type Storage,
  tus,
  type VideoCodecChoice,
} from 'steadyreel';
import { byId } from './dom.ts';

/** The storage that is chosen, and where that is in words. */
export const chosenStorage = (): { storage: Storage; where: string } =>
  byId('storage', HTMLSelectElement).value === 'device'
    ? { storage: device(), where: 'on this device' }
    : { storage: tus({ endpoint: '/storage' }), where: 'on the server' };

/** The recorder's options as they are chosen. */
export const chosenOptions = (storage: Storage, title: string): RecorderOptions => {
  const minimum = byId('min-file-duration', HTMLInputElement).valueAsNumber;
  return {
    storage,
    video: { codec: byId('video-codec', HTMLSelectElement).value as VideoCodecChoice },
    audio: { codec: byId('audio-codec', HTMLSelectElement).value as AudioCodecChoice },
    // An empty field is no number: the recorder's own default then.
    cut: Number.isNaN(minimum) ? {} : { minFileDuration: minimum },
    metadata: { title },
  };
};
