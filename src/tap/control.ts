/** The page's end of a tap or a feed. */
import type { FromTap } from '../encoded.ts';
import type { FromOutlet, Seen, ToOutlet } from './protocol.ts';

export class Control {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (seen: Seen) => void>();
  #lastId = 0;
  #ended = false;

  /** @param onKeyFrame a recording needs one, and the worker can't ask for it. */
  constructor(port: MessagePort, onKeyFrame: () => void = () => undefined) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<FromOutlet>) => {
      if (data.type === 'key-frame') return onKeyFrame();
      this.#waiting.get(data.id)?.(data.seen);
      this.#waiting.delete(data.id);
    };
  }

  /** A port for one recording, over which `FromTap` comes and `ToTap` goes. */
  open(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    if (this.#ended) port1.postMessage({ type: 'ended' } satisfies FromTap);
    else this.#send({ type: 'listen', port: port1 }, [port1]);
    return port2;
  }

  /** What has come by. Does not settle while the worker does not answer. */
  seen(): Promise<Seen> {
    return new Promise(resolve => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.#send({ type: 'seen', id });
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
