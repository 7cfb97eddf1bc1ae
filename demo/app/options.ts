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

/** A storage, and where that is in words. */
export interface Place {
  storage: Storage;
  where: string;
}

/** The storage that is chosen. */
export const chosenStorage = (): Place =>
  byId('storage', HTMLSelectElement).value === 'device'
    ? { storage: device(), where: 'on this device' }
    : { storage: tus({ endpoint: '/storage' }), where: 'on the server' };

/** What is recorded here is short, and is to be looked through all the same. */
export const THUMBNAILS = { interval: 1 };

const CHOICE = 'steadyreel-demo-storage';

/** After a crash the page comes back to the storage that was chosen: what was cut off was on its way there. */
export const rememberStorage = (): void => {
  const select = byId('storage', HTMLSelectElement);
  const before = localStorage.getItem(CHOICE);
  if (before === 'device' || before === 'server') select.value = before;
  select.addEventListener('change', () => localStorage.setItem(CHOICE, select.value));
};

/** The recorder's options as they are chosen. */
export const chosenOptions = (storage: Storage, title: string): RecorderOptions => {
  const minimum = byId('min-file-duration', HTMLInputElement).valueAsNumber;
  return {
    storage,
    video: { codec: byId('video-codec', HTMLSelectElement).value as VideoCodecChoice },
    audio: { codec: byId('audio-codec', HTMLSelectElement).value as AudioCodecChoice },
    // An empty field is no number: the recorder's own default then.
    cut: Number.isNaN(minimum) ? {} : { minFileDuration: minimum },
    thumbnails: THUMBNAILS,
    metadata: { title },
  };
};
