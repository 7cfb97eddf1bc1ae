/** What has been taken of a ring, and what is waited for. Pure. */
import type { AudioEntry, RunBegun } from '../clip/entry.ts';
import type { MediaFile } from './media-files.ts';

/** While a key frame is waited for, at the beginning or after a pause: its sound may come before it, and so may a run that follows. */
export interface Seeking {
  /** Microseconds on the ring's timeline. */
  key: number;
  sound: AudioEntry[];
  runs: RunBegun[];
}

/** A run of the ring, and the file that is made of it. */
export interface TakenRun {
  file: MediaFile;
  hasVideo: boolean;
  /** Time of the last picture that came, taken or not. */
  last: number;
  /** No picture comes any more. */
  over: boolean;
}

/** How far everything has come, up to where the recording ends: as long as it changes, there is more to wait for. */
export const progressOf = (taken: Iterable<TakenRun>, audioUntil: number, until: number): string => {
  const pictures = [...taken].map(({ last, over }) => `${Math.min(last, until)} ${over}`);
  return [Math.min(audioUntil, until), ...pictures].join();
};
