/** For calls whose frames pass a transform of the page's own, such as end-to-end encryption. In the page. */
import type { EncodedInput } from '../encoded.ts';
import { Control, type ControlAsks } from './control.ts';
import type { Seen } from './protocol.ts';

/** What a `FrameFeed` is told. */
export interface FrameFeedOptions {
  kind: 'video' | 'audio';
  /** Where the page's transform is. */
  side: 'receiver' | 'sender';
  /** Whose encoded frames are fed; when it ends, so does the feed. Default: the receiver's. */
  track?: MediaStreamTrack | undefined;
  /**
   * Where the page's transform is, so that its decoder and statistics can be looked at: without it, only the timing of frames
   * tells of a loss where they have no numbers (see docs/calls.md).
   */
  receiver?: RTCRtpReceiver | undefined;
}

/**
 * Takes the place of a tap where the page has a transform of its own. Its worker hands over the frames, decrypted:
 *
 * ```ts
 * // page
 * const feed = new FrameFeed({ kind: 'video', side: 'receiver', receiver });
 * receiver.transform = new RTCRtpScriptTransform(worker, { feed: feed.port }, [feed.port]);
 * // worker, in onrtctransform
 * const { feed } = transformer.options;
 * const hand = feedFrames(feed, { onKeyFrameRequest: () => transformer.sendKeyFrameRequest() });
 * // for each frame, before it is enqueued
 * hand(frame);
 * ```
 */
export class FrameFeed {
  readonly kind: 'video' | 'audio';
  readonly side: 'receiver' | 'sender';
  readonly track: MediaStreamTrack | undefined;
  readonly receiver: RTCRtpReceiver | undefined;
  /** For `feedFrames()`: to be transferred once to the worker that has the frames. */
  readonly port: MessagePort;
  readonly #control: Control;

  constructor({ kind, side, receiver, track = receiver?.track }: FrameFeedOptions) {
    this.kind = kind;
    this.side = side;
    this.receiver = receiver;
    this.track = track;
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.#control = new Control(port1);
    track?.addEventListener('ended', () => this.end(), { once: true });
  }

  /**
   * For one recording: from now on it gets copies of all frames.
   *
   * @param asks what the page does for it.
   * @internal
   */
  open(asks: ControlAsks = {}): EncodedInput {
    this.#control.asks = asks;
    return { port: this.#control.open(), side: this.side, looks: 'look' in asks, fed: true };
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
    // A track that the page itself has stopped fires no event (Media Capture and Streams, 4.3.3.1).
    if (this.track?.readyState === 'ended') this.end();
    return this.#control.ended;
  }

  /** The call is over: recordings hear that nothing more will come. */
  end(): void {
    this.#control.end();
  }
}
