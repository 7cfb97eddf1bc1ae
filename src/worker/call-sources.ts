/** What gives the picture and the sound of a call that is recorded. */
import type { WallClock } from '../source/wall-clock.ts';
import type { CallFrames } from './call-frames.ts';
import type { TapReader } from './tap-reader.ts';

export const KINDS = ['video', 'audio'] as const;
export type Kind = (typeof KINDS)[number];

/** A tap that does not answer is waited for so long; milliseconds. */
const LAST_WORD = 110;
/** And so long a page that is to look at its decoder. */
const LAST_LOOK = 250;

/** One that is absent gives nothing now. */
export class CallSources {
  video: { reader: TapReader; frames: CallFrames } | undefined;
  audio: { reader: TapReader } | undefined;
  /** The page has looked at its decoder. */
  looked: (() => void) | undefined;

  constructor(private readonly wall: WallClock) {}

  /** @param every see `TapReader.keepTo`. */
  keepTo(every: number): void {
    for (const kind of KINDS) this[kind]?.reader.keepTo(every);
  }

  /** Takes what taps have of these kinds, before something else takes their place. */
  async drain(kinds: readonly Kind[]): Promise<void> {
    const draining = kinds.flatMap(kind => this[kind]?.reader.drain() ?? []);
    if (draining.length === 0) return;
    await Promise.race([Promise.all(draining), this.#after(LAST_WORD)]);
  }

  /** Frames that wait for the decoder are recorded as far as it has come. */
  async lookLast(): Promise<void> {
    if (this.video?.frames.heldFrom === undefined) return;
    const looked = new Promise<void>(resolve => (this.looked = resolve));
    this.video.reader.askToLook();
    await Promise.race([looked, this.#after(LAST_LOOK)]);
    this.looked = undefined;
  }

  #after(milliseconds: number): Promise<void> {
    return new Promise(resolve => this.wall.after(milliseconds, resolve));
  }

  close(): void {
    for (const kind of KINDS) this[kind]?.reader.close();
  }
}
