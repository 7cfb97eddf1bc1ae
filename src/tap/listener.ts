/** One recording that listens to a tap or a feed: what is sent to it, and what it asks for. */
import type { DecoderLook, EncodedFrame, FromTap, ToTap } from '../encoded.ts';
import { Credit } from './credit.ts';

export interface ListenerAsks {
  keyFrame(): void;
  look(): void;
  /** The recording is over, or its worker is gone. */
  close(listener: Listener): void;
}

export class Listener {
  readonly #port: MessagePort;
  readonly #credit: Credit;
  readonly #asks: ListenerAsks;

  constructor(port: MessagePort, asks: ListenerAsks, credit: Credit = new Credit()) {
    this.#port = port;
    this.#asks = asks;
    this.#credit = credit;
    port.onmessage = ({ data }: MessageEvent<ToTap>) => this.#on(data);
    // A worker that was terminated says no goodbye, but for this event (HTML, 9.4.5), which Chromium 156 does not have: there
    // such a listener costs nothing any more once it has not taken what it may be sent.
    port.addEventListener('close', () => asks.close(this));
  }

  #on(message: ToTap): void {
    switch (message.type) {
      case 'taken':
        this.#credit.restore(message.bytes);
        if (!this.#credit.exhausted) this.#tellMissed();
        return;
      case 'key-frame':
        return this.#asks.keyFrame();
      case 'look':
        return this.#asks.look();
      case 'close':
        return this.#asks.close(this);
    }
  }

  /** Whether it may be given a frame of so many bytes. */
  hasRoom(bytes: number): boolean {
    return this.#credit.hasRoom(bytes);
  }

  /** A frame is not given to it; it hears how many they were once there is room. */
  miss(): void {
    this.#credit.miss();
  }

  /** @param frame its data is transferred, and gone here. */
  give(frame: EncodedFrame): void {
    const { byteLength } = frame.data;
    this.#tellMissed();
    this.#post({ type: 'frame', frame }, [frame.data]);
    this.#credit.spend(byteLength);
  }

  /** How far the decoder has come. */
  tellLook(look: DecoderLook): void {
    this.#post({ type: 'look', look });
  }

  /** Nothing more will come. */
  end(): void {
    this.#tellMissed();
    this.#post({ type: 'ended' });
  }

  close(): void {
    this.#port.close();
  }

  #tellMissed(): void {
    const frames = this.#credit.takeMissed();
    if (frames > 0) this.#post({ type: 'overflow', frames });
  }

  #post(message: FromTap, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
