/** For calls whose frames pass a transform of the page's own, such as end-to-end encryption. In the page. */
import type { EncodedInput } from '../encoded.ts';
import { Control } from './control.ts';
import type { Seen } from './protocol.ts';

/** What a `FrameFeed` is told. */
export interface FrameFeedOptions {
  kind: 'video' | 'audio';
  /** Where the page's transform is. */
  side: 'receiver' | 'sender';
  /** Whose encoded frames are fed; when it ends, so does the feed. */
  track?: MediaStreamTrack | undefined;
}

/**
 * Takes the place of a tap where the page has a transform of its own. Its worker hands over the frames, decrypted:
 *
 * ```ts
 * // page
 * const feed = new FrameFeed({ kind: 'video', side: 'receiver' });
 * worker.postMessage({ feed: feed.port }, [feed.port]);
 * // worker
 * const hand = feedFrames(port, { onKeyFrameRequest: () => transformer.sendKeyFrameRequest() });
 * // for each frame, before it is enqueued
 * hand(frame);
 * ```
 */
export class FrameFeed {
  readonly kind: 'video' | 'audio';
  readonly side: 'receiver' | 'sender';
  readonly track: MediaStreamTrack | undefined;
  /** For `feedFrames()`: to be transferred once to the worker that has the frames. */
  readonly port: MessagePort;
  readonly #control: Control;

  constructor({ kind, side, track }: FrameFeedOptions) {
    this.kind = kind;
    this.side = side;
    this.track = track;
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.#control = new Control(port1);
    track?.addEventListener('ended', () => this.end(), { once: true });
    if (track?.readyState === 'ended') this.end();
  }

  /**
   * For one recording: from now on it gets copies of all frames.
   *
   * @internal
   */
  open(): EncodedInput {
    return { port: this.#control.open(), side: this.side };
  }

  /**
   * What was handed over; does not settle while the worker does not answer.
   *
   * @internal
   */
  seen(): Promise<Seen> {
    return this.#control.seen();
  }

  /** True once nothing more will come. */
  get ended(): boolean {
    return this.#control.ended;
  }

  /** The call is over: recordings hear that nothing more will come. */
  end(): void {
    this.#control.end();
  }
}
