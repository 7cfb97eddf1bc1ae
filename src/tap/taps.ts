/** Taps: where encoded frames of a call are taken off, one to a receiver or sender. In the page. */
import type { EncodedInput } from '../encoded.ts';
import { BrowserUnsupportedError, TransformTakenError } from '../errors.ts';
import { Control, type ControlAsks } from './control.ts';
import type { Kind, Seen, Side, TapOptions } from './protocol.ts';
import { relyOnWorker, type Target, tapWorker } from './tap-host.ts';

const sideOf = (target: Target): Side => (target instanceof RTCRtpSender ? 'sender' : 'receiver');

/** A sender without a track tells its kind by `dtmf`, which only sound has (WebRTC, 7.2). */
const kindOf = (target: Target): Kind => {
  const kind = target.track?.kind ?? ('dtmf' in target && target.dtmf ? 'audio' : 'video');
  return kind === 'audio' ? 'audio' : 'video';
};

/**
 * Chromium's older way to the frames (`createEncodedStreams`) goes on as if nothing were when there is a transform, and gets
 * no frames (measured on 156): a page that encrypts in this way would send in the clear. It has to fail for all to see.
 */
const refuseStreams = (target: Target, side: Side): void => {
  if (!('createEncodedStreams' in target)) return;
  (target as { createEncodedStreams?: unknown }).createEncodedStreams = (): never => {
    throw new TransformTakenError(side);
  };
};

/** Made by `tapOf()`. Stays for the life of the connection: Chromium 156 freezes media whose transform is taken away. */
export class Tap {
  readonly kind: Kind;
  readonly side: Side;
  readonly target: Target;
  readonly #transform: RTCRtpScriptTransform;
  readonly #control: Control;

  /** @throws WorkerFailedError (`worker-failed`). */
  constructor(target: Target, tapWorkerUrl: string | URL | undefined) {
    this.kind = kindOf(target);
    this.side = sideOf(target);
    this.target = target;
    const { port1, port2 } = new MessageChannel();
    const { kind, side } = this;
    const options: TapOptions = { steadyreel: 'tap', kind, side, control: port2 };
    this.#transform = new RTCRtpScriptTransform(tapWorker(tapWorkerUrl), options, [port2]);
    this.#control = new Control(port1);
    this.#attach();
  }

  #attach(): void {
    const target = this.target;
    const transform = this.#transform;
    target.transform = transform;
    relyOnWorker({ target, transform });
    refuseStreams(target, this.side);
    // Nothing else tells that the connection or the transceiver has ended: the streams of a transform stay open.
    if (target instanceof RTCRtpReceiver) {
      target.track.addEventListener('ended', () => this.end(), { once: true });
      if (target.track.readyState === 'ended') this.end();
    }
  }

  /** False when the page has put another transform in its place, or none. */
  get inPlace(): boolean {
    return this.target.transform === this.#transform;
  }

  /**
   * For one recording: from now on it gets copies of all frames.
   *
   * @param asks what the page does for it.
   */
  open(asks: ControlAsks = {}): EncodedInput {
    this.#control.asks = asks;
    return { port: this.#control.open(), side: this.side, looks: asks.look !== undefined };
  }

  /** What has passed; does not settle while the worker does not answer. */
  seen(): Promise<Seen> {
    return this.#control.seen();
  }

  /** The connection is over: recordings hear that nothing more will come. Known by itself of receivers, not of senders. */
  end(): void {
    this.#control.end();
  }
}

const taps = new WeakMap<Target, Tap>();

/** Whether a tap was put on. */
export const isTapped = (target: Target): boolean => taps.has(target);

/**
 * Puts a tap on a receiver or sender, or gives back the one that is there. In Chromium it has to be put on in time, else
 * no frame ever passes it, which `probe()` finds out: on senders, and on receivers of transceivers that the page makes, before
 * they are negotiated; on receivers that come with the other side's offer, in the very `track` event. `tap()` sees to that for a whole connection. Not for frames that the page takes by `createEncodedStreams()`,
 * which can't be seen here: they would pass the tap instead.
 *
 * @param tapWorkerUrl address of `tap.js`, on the page's own origin; heeded at the first call in a page. Default: beside
 * the module.
 * @throws TransformTakenError (`transform-taken`): the page has a transform of its own there. WorkerFailedError
 * (`worker-failed`). BrowserUnsupportedError (`browser-unsupported`): no `RTCRtpScriptTransform`.
 */
export const tapOf = (target: Target, tapWorkerUrl?: string | URL): Tap => {
  if (!('RTCRtpScriptTransform' in globalThis)) throw new BrowserUnsupportedError(['RTCRtpScriptTransform']);
  // Also of a tap that is there: without the worker, it hears nothing.
  tapWorker(tapWorkerUrl);
  const existing = taps.get(target);
  if (existing?.inPlace) return existing;
  if (target.transform) throw new TransformTakenError(sideOf(target));
  const tap = new Tap(target, tapWorkerUrl);
  taps.set(target, tap);
  return tap;
};
