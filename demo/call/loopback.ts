/** A call with both ends in this page: what is sent has been encoded, and what is received could have come from afar. */
import { tap } from 'steadyreel';
import { prefer } from './codecs.ts';

/** What the encoder is asked for. */
export interface Encoding {
  /** Bits a second at the most. */
  maxBitrate: number;
  /** The picture's sides are divided by it. */
  scaleResolutionDownBy: number;
}

const exchange = (from: RTCPeerConnection, to: RTCPeerConnection): void =>
  from.addEventListener('icecandidate', ({ candidate }) => {
    // A connection that was closed meanwhile takes none.
    if (candidate) void to.addIceCandidate(candidate).catch(() => undefined);
  });

export class Loopback {
  /** Tapped when they are made, so that either can be recorded at any time. */
  readonly sender = tap(new RTCPeerConnection());
  readonly receiver = tap(new RTCPeerConnection());
  /** What the receiver gets. */
  readonly received = new MediaStream();
  readonly #video: RTCRtpTransceiver | undefined;
  #negotiation: Promise<void> = Promise.resolve();

  constructor(stream: MediaStream, encoding: Encoding) {
    exchange(this.sender, this.receiver);
    exchange(this.receiver, this.sender);
    this.receiver.addEventListener('track', ({ track }) => this.received.addTrack(track));
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams: [stream] };
    if (video) this.#video = this.sender.addTransceiver(video, { ...init, sendEncodings: [{ ...encoding }] });
    if (audio) this.sender.addTransceiver(audio, init);
  }

  /** Agrees on a codec, at the beginning or later on; one negotiation after the other. */
  use(codec: string): Promise<void> {
    const next = async (): Promise<void> => {
      if (this.sender.connectionState === 'closed') return;
      if (this.#video) prefer(this.#video, codec);
      await this.#negotiate();
    };
    this.#negotiation = this.#negotiation.catch(() => undefined).then(next);
    return this.#negotiation;
  }

  async #negotiate(): Promise<void> {
    const { sender, receiver } = this;
    await sender.setLocalDescription();
    if (sender.localDescription) await receiver.setRemoteDescription(sender.localDescription);
    await receiver.setLocalDescription();
    if (receiver.localDescription) await sender.setRemoteDescription(receiver.localDescription);
  }

  /** Asks the encoder for something else, while it works. */
  async encode(encoding: Encoding): Promise<void> {
    const sender = this.#video?.sender;
    const parameters = sender?.getParameters();
    const [first] = parameters?.encodings ?? [];
    if (!sender || !parameters || !first) return;
    Object.assign(first, encoding);
    await sender.setParameters(parameters);
  }

  close(): void {
    this.sender.close();
    this.receiver.close();
  }
}
