/** The page's end of a tap or a feed. */
import type { DecoderLook, FromTap } from '../encoded.ts';
import type { FromOutlet, Seen, ToOutlet } from './protocol.ts';

/** What only the page can do for a recording. */
export interface ControlAsks {
  /** A recording needs a key frame, and the worker can't ask for it. */
  keyFrame?(): void;
  /** How far the decoder has come and what was lost; absent where nothing tells. */
  look?(): Promise<DecoderLook>;
}

export class Control {
  readonly #port: MessagePort;
  /** Answers come in the order in which they were asked for. */
  readonly #waiting: ((seen: Seen) => void)[] = [];
  #ended = false;

  constructor(
    port: MessagePort,
    /** Of the recording that was opened last: all of a tap have the same. */
    public asks: ControlAsks = {},
  ) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<FromOutlet>) => this.#on(data);
  }

  #on(message: FromOutlet): void {
    const { asks } = this;
    switch (message.type) {
      case 'key-frame':
        return asks.keyFrame?.();
      case 'look':
        // Without an answer, the recording makes up its mind by itself.
        return void asks.look?.().then(
          look => this.#ended || this.#send({ type: 'look', look }),
          () => undefined,
        );
      case 'seen':
        this.#waiting.shift()?.(message.seen);
    }
  }

  /** True once nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A port for one recording, over which `FromTap[]` comes and `ToTap` goes. */
  open(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    if (this.#ended) port1.postMessage([{ type: 'ended' }] satisfies FromTap[]);
    else this.#send({ type: 'listen', port: port1 }, [port1]);
    return port2;
  }

  /** What has come by. Does not settle while the worker does not answer. */
  seen(): Promise<Seen> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
      this.#send({ type: 'seen' });
    });
  }

  /** Nothing more will come. Lets go of the worker's end too, which would else be kept for as long as the page lives. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#send({ type: 'ended' });
    this.#port.close();
  }

  #send(message: ToOutlet, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
