/** The overlays of a recording in the worker: what draws them is loaded when there are some. */
import type { Look } from '../compose/overlays/compositor.ts';
import { load } from '../load.ts';
import type { OverlaysEvent } from '../manifest.ts';
import type { FromOverlays, OverlayScene, OverlaySetup, ToOverlays } from '../overlay.ts';
import type { FromWorker, SessionSetup } from './protocol.ts';
import type { Session } from './session.ts';
import type { OpenTracks } from './session-tracks.ts';

/** What draws, and says what can't be drawn. */
export interface OverlayServer {
  /** Frames that come once this has resolved show it. Never rejects. */
  show(scene: OverlayScene & { id?: number }): Promise<void>;
  look(): Look | undefined;
  close(): void;
}

/** What a worker does with a recording, or with two that are made of the same tracks. */
export type RunningSession = Pick<
  Session,
  'pause' | 'resume' | 'replace' | 'endBefore' | 'stop' | 'abort' | 'onUncaught'
>;

/** Begins the original and the composited recording. Never rejects: what goes wrong is sent. */
export type OpenBoth = (
  setup: SessionSetup,
  openTracks: OpenTracks,
  openSession: (
    setup: SessionSetup,
    send: (message: FromWorker) => void,
    openTracks: OpenTracks,
  ) => Promise<Session | undefined>,
  send: (message: FromWorker) => void,
) => Promise<RunningSession | undefined>;

/** What `overlays.js`, loaded on demand, exports for the worker. */
export interface OverlaysModule {
  openBoth: OpenBoth;
  openServer(port: MessagePort, note: (event: OverlaysEvent) => void): OverlayServer;
}

export class Overlaid {
  #server: OverlayServer | undefined;
  #opening: Promise<OverlayServer> | undefined;
  /** Hears which are shown. Must not throw. */
  note: (event: OverlaysEvent) => void = () => undefined;

  private constructor(private readonly setup: OverlaySetup | undefined) {
    if (setup) setup.port.onmessage = ({ data }: MessageEvent<ToOverlays>) => void this.#show(data);
  }

  /**
   * Resolves when what is to be seen from the first frame on can be drawn.
   *
   * @throws WorkerFailedError (`worker-failed`) when the code for it is not where the page says.
   */
  static async open(setup: OverlaySetup | undefined): Promise<Overlaid> {
    const overlaid = new Overlaid(setup);
    if (setup?.first) await (await overlaid.#open(setup)).show(setup.first);
    return overlaid;
  }

  #open({ url, port }: OverlaySetup): Promise<OverlayServer> {
    this.#opening ??= load<OverlaysModule>(url).then(
      module => (this.#server = module.openServer(port, event => this.note(event))),
    );
    return this.#opening;
  }

  async #show(scene: ToOverlays): Promise<void> {
    const setup = this.setup as OverlaySetup;
    try {
      await (await this.#open(setup)).show(scene);
    } catch (error) {
      const failed: FromOverlays = { type: 'failed', id: scene.id, message: String(error) };
      setup.port.postMessage(failed);
    }
  }

  /** What a frame that comes now is to show besides itself; `undefined` before there ever were any. */
  look(): Look | undefined {
    return this.#server?.look();
  }

  /** No more frames come. */
  close(): void {
    this.#server?.close();
    this.setup?.port.close();
  }
}
