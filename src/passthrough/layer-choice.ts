/**
 * Which of several streams of one track is recorded: the layers of a simulcast sender, each with an RTP source of its
 * own, or those of a receiver whose source changes, as one that a server switches to another layer. Pure.
 */

/** A source that has sent nothing for so long has stopped; microseconds. */
const ALIVE = 1_000_000;
/** And is forgotten after this, with its size. */
const FORGOTTEN = 60_000_000;
/** A key frame that does not come is asked for again after this, where nothing is recorded without it. */
const ASK_AGAIN = 1_000_000;
/** And after this, where a smaller picture is recorded meanwhile: each key frame costs the others quality. */
const ASK_AGAIN_FOR_MORE = 5_000_000;
/** By how much a frame counts in the mean of sizes. */
const WEIGHT = 1 / 16;

export interface SourceFrame {
  ssrc: number;
  bytes: number;
  /** Of a key frame (by its bytes): how many pixels it has. Metadata can't be relied on. */
  keyPixels?: number | undefined;
}

export interface ChoiceStep {
  /** The frame is of what is recorded. */
  record: boolean;
  /** It is the first of another source than before; the first of all, too. */
  moved: boolean;
  /** Ask for a key frame of this source, now. */
  wantKey: number | undefined;
}

interface Source {
  ssrc: number;
  seen: number;
  /** Of its last key frame. */
  pixels: number | undefined;
  /** Mean bytes of a frame: before there was a key frame, the more the larger. */
  weight: number;
}

export class LayerChoice {
  /** In the order in which they were first seen. */
  #sources: Source[] = [];
  #chosen: Source | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param side a sender's layers live side by side, and the largest is recorded. A receiver has one source at a time:
   * a key frame of a newer one says that the old one is over.
   */
  constructor(private readonly side: 'receiver' | 'sender') {}

  /** What is recorded. */
  get ssrc(): number | undefined {
    return this.#chosen?.ssrc;
  }

  /** @param now when it came, on any steady clock; microseconds. */
  take({ ssrc, bytes, keyPixels }: SourceFrame, now: number): ChoiceStep {
    const source = this.#see(ssrc, bytes, now);
    source.pixels = keyPixels ?? source.pixels;
    const moved = keyPixels !== undefined && source !== this.#chosen && this.#isBetter(source, now);
    if (moved) {
      this.#chosen = source;
      this.#askedAt = Number.NEGATIVE_INFINITY;
    }
    return { record: source === this.#chosen, moved, wantKey: this.tick(now) };
  }

  /** Time has passed without a frame. @returns the source of which a key frame is to be asked for. */
  tick(now: number): number | undefined {
    this.#sources = this.#sources.filter(one => one === this.#chosen || now - one.seen < FORGOTTEN);
    const wanted = this.#wanted(now);
    const stands = this.#chosen !== undefined && isAlive(this.#chosen, now);
    if (wanted === undefined || now - this.#askedAt < (stands ? ASK_AGAIN_FOR_MORE : ASK_AGAIN))
      return undefined;
    this.#askedAt = now;
    return wanted.ssrc;
  }

  #see(ssrc: number, bytes: number, now: number): Source {
    const known = this.#sources.find(one => one.ssrc === ssrc);
    if (known === undefined) {
      const source: Source = { ssrc, seen: now, pixels: undefined, weight: bytes };
      this.#sources.push(source);
      return source;
    }
    known.seen = now;
    known.weight += (bytes - known.weight) * WEIGHT;
    return known;
  }

  /** Whether to move to a source of which a key frame has come. */
  #isBetter(source: Source, now: number): boolean {
    const chosen = this.#chosen;
    if (chosen === undefined || !isAlive(chosen, now)) return true;
    const newer = this.#sources.indexOf(source) > this.#sources.indexOf(chosen);
    if (this.side === 'receiver') return newer;
    // As large, but newer: a sender that gave its layers other sources.
    const more = (source.pixels ?? 0) - (chosen.pixels ?? 0);
    return more > 0 || (more === 0 && newer);
  }

  /** The source that would be better, if only a key frame of it came. */
  #wanted(now: number): Source | undefined {
    const chosen = this.#chosen;
    const others = this.#sources.filter(one => one !== chosen && isAlive(one, now));
    const [best] = others.toSorted(bySize);
    if (chosen === undefined || !isAlive(chosen, now)) return best;
    if (this.side === 'receiver') {
      const newest = others.at(-1);
      return newest && this.#isBetter(newest, now) ? newest : undefined;
    }
    return best && (best.pixels === undefined || best.pixels > (chosen.pixels ?? 0)) ? best : undefined;
  }
}

const isAlive = ({ seen }: Source, now: number): boolean => now - seen < ALIVE;

/** A size that is unknown may be any. */
const sizeOf = ({ pixels }: Source): number => pixels ?? Number.POSITIVE_INFINITY;

/** The largest first; of those whose sizes are unknown, by what their frames weigh. */
const bySize = (a: Source, b: Source): number =>
  sizeOf(a) === sizeOf(b) ? b.weight - a.weight : sizeOf(b) - sizeOf(a);
