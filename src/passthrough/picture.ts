/**
 * The spatial layers of one picture as one sample: WebRTC delivers them one by one (Encoded Transform, 4.3), MP4 wants
 * them together (VP Codec and AV1 Codec ISO Media File Format Bindings: a sample is a superframe, a temporal unit). Pure.
 */
import { av1Sample } from './obu.ts';
import { joinSuperframe } from './superframe.ts';
import type { StreamFamily } from './video-stream.ts';

/** A frame in the order of decoding, as a chain keeps it. */
export interface LayerFrame {
  data: Uint8Array;
  /** By its bytes (`isKeyFrame`). */
  key: boolean;
  rtpTimestamp: number;
  ssrc?: number | undefined;
  /** Absent in Firefox: layers are then taken to come from the lowest to the highest. */
  spatialIndex?: number | undefined;
}

/** Each frame that was given comes out exactly once. */
export type Picture<T extends LayerFrame> =
  /** @property frames what it was made of, the lowest layer first. */
  | { kind: 'picture'; frames: readonly T[]; data: Uint8Array }
  | {
      kind: 'unusable';
      frames: readonly T[];
      /**
       * `late-layer`: the layers below are out already, as there was no other one before it. `not-joined`: damaged, or
       * more frames than a superframe holds. What follows can't be decoded without it.
       */
      reason: 'late-layer' | 'not-joined';
    };

/** So long the next picture is waited for before this one is taken to be whole; microseconds. */
const PATIENCE = 200_000;

/** Families whose pictures can have several layers in WebRTC. */
const LAYERED: ReadonlySet<StreamFamily> = new Set(['vp9', 'av1']);

const join = (family: StreamFamily, frames: readonly LayerFrame[]): Uint8Array | undefined => {
  const layers = frames.map(({ data }) => data);
  if (layers.length === 1) return layers[0];
  return family === 'av1' ? av1Sample(layers) : joinSuperframe(layers);
};

interface Open<T> {
  frames: T[];
  since: number;
}

export class PictureJoiner<T extends LayerFrame> {
  #open: Open<T> | undefined;
  /** The last that is out. */
  #done: T | undefined;
  /** Whether pictures have upper layers. Key frames are held all the same: a sender may begin with them there. */
  #layered = false;

  constructor(private readonly family: StreamFamily) {}

  /** @param now when it came, on any steady clock; microseconds. */
  take(frame: T, now: number): Picture<T>[] {
    if (!LAYERED.has(this.family)) return [{ kind: 'picture', frames: [frame], data: frame.data }];
    const open = this.#open;
    if (open?.frames[0] && isSamePicture(open.frames[0], frame)) {
      open.frames.push(frame);
      this.#layered = true;
      return [];
    }
    const before = this.#close();
    if (this.#done && isSamePicture(this.#done, frame)) {
      this.#layered = true;
      return [...before, { kind: 'unusable', frames: [frame], reason: 'late-layer' }];
    }
    // A picture that begins with an upper layer has no lower one, or is of a sender that has begun with more.
    this.#layered ||= (frame.spatialIndex ?? 0) > 0;
    this.#open = { frames: [frame], since: now };
    return this.#layered || frame.key ? before : [...before, ...this.#close()];
  }

  /** Time has passed without a frame. */
  tick(now: number): Picture<T>[] {
    return this.#open && now - this.#open.since >= PATIENCE ? this.#close() : [];
  }

  /** Nothing more will come: what is there is whole. */
  end(): Picture<T>[] {
    return this.#close();
  }

  #close(): Picture<T>[] {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return [];
    const frames = open.frames.toSorted((a, b) => (a.spatialIndex ?? 0) - (b.spatialIndex ?? 0));
    this.#done = frames[0];
    if (frames.length === 1 && frames[0]?.key) this.#layered = false;
    const data = join(this.family, frames);
    return data ? [{ kind: 'picture', frames, data }] : [{ kind: 'unusable', frames, reason: 'not-joined' }];
  }
}

const isSamePicture = (a: LayerFrame, b: LayerFrame): boolean =>
  a.rtpTimestamp === b.rtpTimestamp && a.ssrc === b.ssrc;
