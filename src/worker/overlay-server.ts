/** Shows the scenes that a page sends, one after another, and answers. In the worker, from `overlays.js`. */
import { Compositor, type Look } from '../compose/overlays/compositor.ts';
import type { OverlaysEvent } from '../manifest.ts';
import type { FromOverlays, OverlayScene } from '../overlay.ts';
import type { OverlayServer } from './overlaid.ts';

/** How long the first frame waits for a scene that is unfinished; milliseconds. */
const FINISHES = 1_000;

class Server implements OverlayServer {
  readonly #compositor: Compositor;
  #showing: Promise<void> = Promise.resolve();
  /** Another scene has come. */
  #finish: () => void = () => undefined;

  constructor(
    private readonly port: MessagePort,
    onShown: (event: OverlaysEvent) => void,
  ) {
    this.#compositor = new Compositor({
      onShown,
      onFailed: (overlay, error) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#tell({ type: 'failed', overlay, message });
      },
    });
  }

  #tell(message: FromOverlays): void {
    this.port.postMessage(message);
  }

  show({ id, unfinished, ...scene }: OverlayScene & { id?: number }): Promise<void> {
    const finish = this.#finish;
    this.#showing = this.#showing.then(async () => {
      await this.#compositor.set(scene);
      if (id !== undefined) this.#tell({ type: 'shown', id });
      finish();
    });
    return unfinished ? this.#finished() : this.#showing;
  }

  /** Resolves when the next scene is shown; one that never comes holds nothing up for long. */
  #finished(): Promise<void> {
    return new Promise(resolve => {
      this.#finish = resolve;
      setTimeout(resolve, FINISHES);
    });
  }

  look(): Look {
    return this.#compositor.look();
  }

  close(): void {
    this.#compositor.close();
  }
}

/**
 * @param port where is said what can't be drawn.
 * @param onShown hears which are shown from when on. Must not throw.
 */
export const openServer = (port: MessagePort, onShown: (event: OverlaysEvent) => void): OverlayServer =>
  new Server(port, onShown);
