/** Reads the frames of one track of a call, as its tap hands them over. */
import {
  type DecoderLook,
  type EncodedFrame,
  type EncodedInput,
  type FromTap,
  HAND_OVER_EVERY,
  type ToTap,
} from '../encoded.ts';
import type { WallClock } from '../source/wall-clock.ts';

/** What was taken is told in pieces of so many bytes: few to what a tap lets be on its way, many to a message for each packet. */
const TELL_TAKEN = 2 ** 18;

export interface TapEvents {
  /** Something has come: before any of it is taken, and when all of it is. */
  onWake(): void;
  onTaken(): void;
  /** @param arrival by the recording's own clock; microseconds. */
  onFrame(frame: EncodedFrame, arrival: number): void;
  /** So many frames could not be handed over in time. */
  onOverflow(frames: number): void;
  /** The answer to `askToLook`; its time is by the recording's own clock. */
  onLook(look: DecoderLook): void;
  onEnd(): void;
}

export class TapReader {
  readonly side: EncodedInput['side'];
  readonly #port: MessagePort;
  #closed = false;
  /** Nothing more comes from the tap. */
  #ended = false;
  /** What came before it was told to close has come. */
  #drained: (() => void) | undefined;
  /** Bytes that were taken, and not told yet. */
  #taken = 0;
  #every = HAND_OVER_EVERY;

  constructor({ port, side }: EncodedInput, events: TapEvents, wall: WallClock) {
    this.side = side;
    this.#port = port;
    // A tap stamps its frames by a clock that all threads share; ours began when this worker did.
    const origin = (performance.timeOrigin + performance.now()) * 1000 - wall.now();
    port.onmessage = ({ data }: MessageEvent<FromTap[]>) => {
      events.onWake();
      for (const message of data) if (!this.#closed) this.#take(message, events, origin);
      events.onTaken();
    };
  }

  #take(message: FromTap, events: TapEvents, origin: number): void {
    switch (message.type) {
      case 'frame': {
        const { frame } = message;
        this.#tellTaken(frame.data.byteLength);
        return events.onFrame(frame, frame.arrival - origin);
      }
      case 'overflow':
        return events.onOverflow(message.frames);
      case 'look':
        return events.onLook({ ...message.look, at: message.look.at - origin });
      case 'ended':
        this.#ended = true;
        return this.#drained ? this.#drained() : events.onEnd();
    }
  }

  #tellTaken(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < TELL_TAKEN) return;
    this.#tell({ type: 'taken', bytes: this.#taken });
    this.#taken = 0;
  }

  /** Has frames handed over so often from now on; milliseconds. Each time costs this thread the same, however many come. */
  keepTo(every: number): void {
    if (this.#closed || every === this.#every) return;
    this.#every = every;
    this.#tell({ type: 'pace', every });
  }

  /** Asks the other side, or the encoder, for a key frame. */
  askForKeyFrame(): void {
    if (!this.#closed) this.#tell({ type: 'key-frame' });
  }

  /** Asks how far the page's decoder has come, and what was lost. There may be no answer. */
  askToLook(): void {
    if (!this.#closed) this.#tell({ type: 'look' });
  }

  /** Has what is on its way handed over, and nothing after it: resolves when it has come. `close` follows. */
  drain(): Promise<void> {
    if (this.#ended || this.#closed) return Promise.resolve();
    const drained = new Promise<void>(resolve => (this.#drained = resolve));
    this.#tell({ type: 'close' });
    return drained;
  }

  /** Nothing more is read. */
  close(): void {
    if (this.#closed) return;
    this.#tell({ type: 'close' });
    this.#closed = true;
    this.#port.onmessage = null;
    this.#port.close();
  }

  #tell(message: ToTap): void {
    this.#port.postMessage(message);
  }
}

/** For one that nobody reads after all. */
export const decline = ({ port }: EncodedInput): void => {
  port.postMessage({ type: 'close' } satisfies ToTap);
  port.close();
};
