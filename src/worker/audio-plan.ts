/**
 * Which audio parameters hold when. Cuts are decided where the video is; the audio, which is handled a little
 * later, follows this plan. Pure. Times are microseconds on the timeline.
 */
import { audioChange } from '../cut/parameters.ts';
import type { CutReason } from '../manifest.ts';
import type { AudioSource } from '../media.ts';

/** A run of audio with the same parameters, from `startTime` to the next one's. */
export interface AudioEpoch {
  id: number;
  startTime: number;
  /** `undefined` while nothing has arrived. */
  source: AudioSource | undefined;
}

export class AudioPlan {
  #epochs: AudioEpoch[] = [];
  /** Parameters that have arrived last, and from when on. */
  #latest: { time: number; source: AudioSource } | undefined;
  #ended = false;
  #expected: boolean;
  /** Never used twice: a file may still wait for audio of an epoch that is long over. */
  #nextId = 1;

  /** @param expected false when the recording has no audio. */
  constructor(expected: boolean) {
    this.#expected = expected;
  }

  /** There is a track again, or for the first time: the next cut begins with it. */
  expect(): void {
    // No cut has come since the last track ended: its epoch has all the audio that it will get.
    if (this.#ended) this.#epochs = [];
    this.#expected = true;
    this.#ended = false;
    this.#latest = undefined;
  }

  /** Audio with these parameters lies at this time; called in order of arrival. */
  arrived(time: number, source: AudioSource): void {
    const first = this.#epochs[0];
    if (first && first.source === undefined) first.source = source;
    if (this.#latest && audioChange(this.#latest.source, source) === undefined) return;
    this.#latest = { time, source };
  }

  /** The track has ended: files from the next cut on have no audio. */
  end(): void {
    this.#ended = true;
  }

  /** Parameters of the first epoch, when nothing has arrived but silence has to begin. */
  assume(source: AudioSource): void {
    const first = this.#epochs[0];
    if (first && first.source === undefined) first.source = source;
  }

  /** Why audio at this time can't go on in the epoch that is planned last. */
  changeBefore(time: number): CutReason | undefined {
    const last = this.#epochs.at(-1);
    if (!last) return this.#expected && !this.#ended ? 'track-added' : undefined;
    if (this.#ended) return 'track-removed';
    if (!last.source || !this.#latest || this.#latest.time > time) return undefined;
    return audioChange(last.source, this.#latest.source);
  }

  /** A file begins at this time: the epoch that its audio comes from, a new one when the parameters changed. */
  epochAtCut(time: number): number | undefined {
    if (!this.#expected) return undefined;
    const last = this.#epochs.at(-1);
    if (!last) {
      if (this.#ended) return undefined;
      return this.#begin(time);
    }
    if (this.#ended) {
      this.#epochs = [];
      return undefined;
    }
    if (this.changeBefore(time) === undefined) return last.id;
    return this.#begin(time);
  }

  #begin(startTime: number): number {
    const id = this.#nextId++;
    this.#epochs.push({ id, startTime, source: this.#latest?.source });
    return id;
  }

  /** The epoch that audio at this time belongs to. What lies before the first belongs to the first. */
  epochAt(time: number): AudioEpoch | undefined {
    return this.#epochs.findLast(epoch => epoch.startTime <= time) ?? this.#epochs[0];
  }

  /** Epochs whose audio is all encoded need not be kept. */
  forgetBefore(id: number): void {
    this.#epochs = this.#epochs.filter(epoch => epoch.id >= id);
  }
}
