/** Where frames are taken off on their way: counts them, and hands copies to the recordings that listen. In a worker. */
import type { EncodedFrame } from '../encoded.ts';
import type { RtcFrame } from './encoded-transform.ts';
import { type FrameFacts, factsOf, sinceEpoch } from './frame-facts.ts';
import { Listener } from './listener.ts';
import { Paced } from './paced.ts';
import type { FromOutlet, Seen, ToOutlet } from './protocol.ts';

/** Senders answer each request with a whole picture, which costs all who watch; milliseconds. */
export const KEY_FRAME_SPACING = 300;

/** The codec changes with a negotiation at most, so it is looked at in each so many frames: about once a second. */
const LOOK_EVERY = 50;

/** Each gets data of its own: the last one what is there, the others copies of it. Never throws. */
const share = (listeners: readonly Listener[], data: ArrayBuffer, facts: FrameFacts): void => {
  listeners.forEach((listener, i) => {
    try {
      const frame: EncodedFrame = { ...facts, data: i < listeners.length - 1 ? data.slice(0) : data };
      listener.give(frame);
    } catch {
      // For want of memory, say. The others, and the call, are none of its business.
      listener.miss();
    }
  });
};

export class Outlet {
  readonly #control: MessagePort;
  readonly #listeners = new Set<Listener>();
  readonly #keyFrames: Paced;
  readonly #seen: Seen = { frames: 0 };
  #ended = false;

  /** @param askForKeyFrame is called no more than once in 300 ms, however many recordings ask. It must not throw. */
  constructor(control: MessagePort, askForKeyFrame: () => void) {
    this.#control = control;
    this.#keyFrames = new Paced(askForKeyFrame, KEY_FRAME_SPACING);
    control.onmessage = ({ data }: MessageEvent<ToOutlet>) => this.#on(data);
  }

  #on(message: ToOutlet): void {
    switch (message.type) {
      case 'listen':
        return this.#listen(message.port);
      case 'seen': {
        const answer: FromOutlet = { type: 'seen', seen: this.#seen };
        return this.#control.postMessage(answer);
      }
      case 'look':
        for (const listener of this.#listeners) listener.tellLook(message.look);
        return;
      case 'ended':
        this.end();
        return this.#control.close();
    }
  }

  #listen(port: MessagePort): void {
    const listener = new Listener(port, {
      keyFrame: () => this.#keyFrames.ask(),
      look: () => this.#control.postMessage({ type: 'look' } satisfies FromOutlet),
      close: closed => {
        this.#listeners.delete(closed);
        closed.close();
      },
    });
    if (this.#ended) listener.end();
    else this.#listeners.add(listener);
  }

  /**
   * Looks at a frame, and copies it where somebody wants it, which has to be done before it goes on: then its data is
   * detached at once.
   *
   * @returns what hands it over, to be called once the frame has gone on; undefined when nobody wants it. Never throws,
   * and neither does that.
   */
  take(frame: RtcFrame): (() => void) | undefined {
    try {
      const now = performance.now();
      this.#look(frame, now);
      const listeners = this.#listeners.size === 0 ? [] : this.#ableToTake(frame);
      if (listeners.length === 0) return undefined;
      const facts = factsOf(frame, { timeOrigin: performance.timeOrigin, now });
      const data = frame.data.slice(0);
      return () => share(listeners, data, facts);
    } catch {
      // Of a frame that can't be read, as one that has gone on already, nothing can be recorded; the call goes on.
      return undefined;
    }
  }

  /** Listeners that have room for a frame; the others miss it. */
  #ableToTake({ data: { byteLength: bytes }, type }: RtcFrame): Listener[] {
    // Nobody can record a picture without data. Received sound has such frames in Chromium 156, whose numbers would seem lost.
    if (bytes === 0 && type !== undefined) return [];
    const listeners = [...this.#listeners];
    for (const listener of listeners) if (!listener.hasRoom(bytes)) listener.miss();
    return listeners.filter(listener => listener.hasRoom(bytes));
  }

  #look(frame: RtcFrame, now: number): void {
    const seen = this.#seen;
    if (seen.frames++ % LOOK_EVERY === 0) seen.mimeType = frame.getMetadata().mimeType;
    seen.lastArrival = sinceEpoch(performance.timeOrigin, now);
  }

  /** Nothing more will come; whoever listens later hears so at once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keyFrames.stop();
    for (const listener of this.#listeners) listener.end();
    this.#listeners.clear();
  }
}
