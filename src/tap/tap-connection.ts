/** Makes whole connections ready to be recorded. In the page. */
import { tapOf } from './taps.ts';

/** How connections are tapped. */
export interface TapConnectionOptions {
  /** Address of `dist/tap.js` on the page's own origin; the first one of a page holds. Default: beside the module. */
  workerUrl?: string | URL | undefined;
}

/** WebRTC Extensions, "RTP header extension control"; Firefox has none of it. */
interface HeaderExtensionControl {
  getHeaderExtensionsToNegotiate(): { uri: string; direction: RTCRtpTransceiverDirection }[];
  setHeaderExtensionsToNegotiate(extensions: { uri: string; direction: RTCRtpTransceiverDirection }[]): void;
}

/**
 * Asks for the dependency descriptor (AV1 RTP payload, A), with which received frames of every codec tell their numbers
 * and what they are predicted from: then a loss is certain to be seen. The other side accepts it by itself. And for
 * upright pictures.
 */
const askForHeaders = (transceiver: RTCRtpTransceiver): void => {
  if (transceiver.receiver.track.kind !== 'video' || !('setHeaderExtensionsToNegotiate' in transceiver))
    return;
  const control = transceiver as RTCRtpTransceiver & HeaderExtensionControl;
  const extensions = control.getHeaderExtensionsToNegotiate();
  for (const extension of extensions) {
    if (extension.uri.includes('dependency-descriptor')) extension.direction = 'sendrecv';
    // A phone that is turned says so beside its frames, and browsers don't tell that on: asked for upright pictures, it
    // turns them itself (3GPP TS 26.114, 7.4.5).
    if (extension.uri === 'urn:3gpp:video-orientation') extension.direction = 'stopped';
  }
  control.setHeaderExtensionsToNegotiate(extensions);
};

/**
 * Whether the page takes the frames by Chromium's older way (`createEncodedStreams`), as for end-to-end encryption. Nothing
 * shows later on that it has, and a tap would take the frames away from it, so that they went out in the clear.
 */
const hasStreams = (connection: RTCPeerConnection): boolean =>
  Boolean((connection.getConfiguration() as { encodedInsertableStreams?: boolean }).encodedInsertableStreams);

/** The call of the page must go on, whatever goes wrong here; a recording hears of it when it starts. */
const quietly = (action: () => void): void => {
  try {
    action();
  } catch {
    // Another transform is there, or the browser has none, or the worker can't be had: tapOf() says so when it matters.
  }
};

/** One connection, with what is done at each of its events. */
class TappedConnection {
  readonly #known = new WeakSet<RTCRtpTransceiver>();

  constructor(
    private readonly connection: RTCPeerConnection,
    private readonly options: TapConnectionOptions,
  ) {}

  start(): void {
    const { connection } = this;
    const tapAll = (): void => this.#tapAll();
    // The first listeners, when they are added right after the connection was made: pages put on their transforms in theirs.
    connection.addEventListener('track', tapAll);
    // A transceiver that the other side made without sending on it has no `track` event, and may send all the same.
    connection.addEventListener('signalingstatechange', tapAll);
    // Chromium 156 wants senders and receivers tapped in the very task in which they are made: for those that the page made,
    // a `track` event, which is at the answer, is too late. An offer "to receive" makes some too (`offerToReceiveVideo`).
    for (const name of ['addTrack', 'addTransceiver', 'createOffer'] as const)
      after(connection, name, tapAll);
    // No event has to tell of a connection that the page itself has closed (WebRTC, 4.4.2, "close").
    after(connection, 'close', () => {
      for (const transceiver of connection.getTransceivers()) this.#end(transceiver);
    });
    tapAll();
  }

  #tapAll(): void {
    for (const transceiver of this.connection.getTransceivers()) {
      // Once: the page may want something else later on.
      if (this.#known.has(transceiver)) continue;
      this.#known.add(transceiver);
      const { sender, receiver } = transceiver;
      for (const target of [sender, receiver]) quietly(() => tapOf(target, this.options.workerUrl));
      // A transceiver that was stopped, here or on the other side, is told by its receiver's track, also to its sender.
      receiver.track.addEventListener('ended', () => this.#end(transceiver), { once: true });
      quietly(() => askForHeaders(transceiver));
    }
  }

  #end({ sender, receiver }: RTCRtpTransceiver): void {
    for (const target of [sender, receiver]) quietly(() => tapOf(target).end());
  }
}

type Wrapped = 'addTrack' | 'addTransceiver' | 'createOffer' | 'close';

/** Has something done whenever a method of this one connection was called. */
const after = (connection: RTCPeerConnection, name: Wrapped, then: () => void): void => {
  const calls = connection as unknown as Record<Wrapped, (...given: unknown[]) => unknown>;
  const call = calls[name];
  calls[name] = (...given) => {
    const result = call.apply(connection, given);
    then();
    return result;
  };
};

const tapped = new WeakSet<RTCPeerConnection>();

/**
 * Makes a connection ready to be recorded at any later time: every receiver and sender gets a tap when it is made, which
 * lets all frames through and costs next to nothing until a recording listens. Call it right after
 * `new RTCPeerConnection()`: Chromium lets no tap see anything that is put on later.
 *
 * Receivers and senders with a transform of the page's own are left alone, and so are connections made with
 * `encodedInsertableStreams`, whose frames the page takes itself: that is what `FrameFeed` is for. Never throws, so that a
 * call does not depend on it: where it can't be recorded, the recording says why. A second time it does nothing.
 *
 * @returns the connection.
 */
export const tap = (connection: RTCPeerConnection, options: TapConnectionOptions = {}): RTCPeerConnection => {
  if (tapped.has(connection)) return connection;
  tapped.add(connection);
  quietly(() => {
    if (!hasStreams(connection)) new TappedConnection(connection, options).start();
  });
  return connection;
};

/**
 * Taps each connection that is made from now on, also those that a library makes. Call it before the library is loaded,
 * or at least before it connects.
 *
 * @returns a function that ends it; connections that are tapped stay so.
 */
export const tapEvery = (options: TapConnectionOptions = {}): (() => void) => {
  const Original = globalThis.RTCPeerConnection;
  if (Original === undefined) return () => undefined;
  let over = false;
  const Tapping: typeof RTCPeerConnection = new Proxy(Original, {
    construct(target, given, newTarget) {
      // A class that extends this one stays what it is.
      const connection = Reflect.construct(target, given, newTarget === Tapping ? target : newTarget);
      return over ? connection : tap(connection, options);
    },
  });
  globalThis.RTCPeerConnection = Tapping;
  return () => {
    over = true;
    // Whoever has wrapped it since keeps it.
    if (globalThis.RTCPeerConnection === Tapping) globalThis.RTCPeerConnection = Original;
  };
};
