/** What gives the picture and the sound of a call that is recorded. */
import type { CallFrames } from './call-frames.ts';
import type { TapReader } from './tap-reader.ts';

export const KINDS = ['video', 'audio'] as const;
export type Kind = (typeof KINDS)[number];

/** One that is absent gives nothing now. */
export class CallSources {
  video: { reader: TapReader; frames: CallFrames } | undefined;
  audio: { reader: TapReader } | undefined;

  get #readers(): TapReader[] {
    return KINDS.flatMap(kind => this[kind]?.reader ?? []);
  }

  /** @param every see `TapReader.keepTo`. */
  keepTo(every: number): void {
    for (const reader of this.#readers) reader.keepTo(every);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}
