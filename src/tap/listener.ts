/** One recording that listens to a tap or a feed: what is sent to it, and what it asks for. */
import {
  type DecoderLook,
  type EncodedFrame,
  type FromTap,
  HAND_OVER_EVERY,
  type ToTap,
} from '../encoded.ts';
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
  #waiting: FromTap[] = [];
  #every = HAND_OVER_EVERY;
  #timer: ReturnType<typeof setTimeout> | undefined;

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
      case 'pace':
        return this.#keepTo(message.every);
      case 'key-frame':
        return this.#asks.keyFrame();
      case 'look':
        return this.#asks.look();
      case 'close':
        // What has come before it is the recording's.
        this.end();
        return this.#asks.close(this);
    }
  }

  #keepTo(every: number): void {
    const sooner = every < this.#every;
    this.#every = every;
    if (sooner) this.#handOver();
  }

  /** Whether it may be given a frame of so many bytes. */
  hasRoom(bytes: number): boolean {
    return this.#credit.hasRoom(bytes);
  }

  /** A frame is not given to it; it hears how many they were once there is room. */
  miss(): void {
    this.#credit.miss();
  }

  /** @param frame its data is transferred soon, and belongs to the recording from now on. */
  give(frame: EncodedFrame): void {
    this.#addMissed();
    this.#waiting.push({ type: 'frame', frame });
    this.#credit.spend(frame.data.byteLength);
    this.#timer ??= setTimeout(() => this.#handOver(), this.#every - (performance.now() % this.#every));
  }

  /** How far the decoder has come; what it has shown is handed over before. */
  tellLook(look: DecoderLook): void {
    this.#waiting.push({ type: 'look', look });
    this.#handOver();
  }

  /** Nothing more will come. */
  end(): void {
    this.#addMissed();
    this.#waiting.push({ type: 'ended' });
    this.#handOver();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#port.close();
  }

  #tellMissed(): void {
    this.#addMissed();
    this.#handOver();
  }

  #addMissed(): void {
    const frames = this.#credit.takeMissed();
    if (frames > 0) this.#waiting.push({ type: 'overflow', frames });
  }

  /** Never throws. */
  #handOver(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const messages = this.#waiting;
    this.#waiting = [];
    if (messages.length === 0) return;
    const data = messages.flatMap(message => (message.type === 'frame' ? [message.frame.data] : []));
    try {
      this.#port.postMessage(messages, data);
    } catch {
      // For want of memory, say. The call is none of its business, and the recording hears of it.
      const others: FromTap[] = messages.filter(({ type }) => type !== 'frame');
      this.#port.postMessage([{ type: 'overflow', frames: data.length }, ...others] satisfies FromTap[]);
    }
  }
}
