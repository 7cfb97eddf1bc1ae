/** The overlays of a recorder, as a page holds them. What there is to do with them is loaded when there are some. In the page. */

import { type Deferred, deferred } from './deferred.ts';
import { OptionInvalidError, OptionUnknownError, OverlayFailedError } from './errors.ts';
import type { Told } from './events.ts';
import { addressOf } from './hand-over.ts';
import { load } from './load.ts';
import type { ResolvedOptions } from './options.ts';
import type { Overlay, OverlayChange, OverlaySetup } from './overlay.ts';
import type { OverlayDesk } from './overlays/desk.ts';

/** What is drawn into every frame that is recorded. */
export interface Overlays {
  /** Those that are set, as they were given, from back to front. */
  readonly list: readonly Overlay[];
  /**
   * Sets all overlays, from back to front, in the place of those before; an empty list takes them away. Before a recording, after
   * it, or while it runs: resolves when frames that come from now on show it. What is as it was in the list before goes on.
   *
   * One that can't be shown (a picture that is not there, a stream without video) is left out and told by an `overlay-failed` warning;
   * the others stay.
   *
   * @throws OptionInvalidError (`option-invalid`), OptionUnknownError (`option-unknown`): nothing is changed then. WorkerFailedError
   * (`worker-failed`) when `overlays.js` is not beside the worker.
   */
  set(overlays: readonly Overlay[]): Promise<void>;
  /**
   * Changes some of one overlay: where it lies, or what it shows.
   *
   * @throws as `set()` does; OptionInvalidError (`option-invalid`) when there is none by that id.
   */
  update(id: string, change: OverlayChange): Promise<void>;
  /** Shows an overlay. @throws as `update()` does. */
  show(id: string): Promise<void>;
  /** Hides an overlay. @throws as `update()` does. */
  hide(id: string): Promise<void>;
}

/** A recording, or the ring of a stream, that overlays are for. */
export interface Audience {
  /** Absent where none are drawn: a call is recorded as it was encoded, or `record: 'original'`. */
  port: MessagePort | undefined;
  /** Resolves when nobody listens any more. */
  left: Deferred<void>;
}

/** What a recording is told of overlays when it begins. */
export interface Joined {
  overlays: OverlaySetup | undefined;
  transfer: Transferable[];
  /** It has ended: nothing is drawn for it any more. */
  leave(): void;
}

/** The page, as the code for overlays sees it, which is a bundle of its own: there must be one only of each of these classes. */
export interface OverlayPage {
  audience: Set<Audience>;
  warn(warning: Told<'warning'>): void;
  OptionInvalidError: typeof OptionInvalidError;
  OptionUnknownError: typeof OptionUnknownError;
  OverlayFailedError: typeof OverlayFailedError;
}

/** What `overlays.js`, loaded on demand, exports for the page. */
interface OverlaysModule {
  openDesk(page: OverlayPage): OverlayDesk;
}

export class OverlayControl implements Overlays {
  readonly #audience = new Set<Audience>();
  #desk: OverlayDesk | undefined;
  #loading: Promise<OverlayDesk> | undefined;

  constructor(
    private readonly options: Pick<ResolvedOptions, 'record'>,
    private readonly workerUrl: string | URL | undefined,
    private readonly warn: OverlayPage['warn'],
  ) {}

  get list(): readonly Overlay[] {
    return this.#desk?.list ?? [];
  }

  async set(overlays: readonly Overlay[]): Promise<void> {
    await (await this.#open()).set(overlays);
  }

  async update(id: string, change: OverlayChange): Promise<void> {
    await (await this.#open()).update(id, change);
  }

  show(id: string): Promise<void> {
    return this.update(id, { visible: true });
  }

  hide(id: string): Promise<void> {
    return this.update(id, { visible: false });
  }

  /** Address of the code for them. */
  get #url(): string {
    return addressOf('overlays.js', this.workerUrl);
  }

  async #open(): Promise<OverlayDesk> {
    this.#loading ??= load<OverlaysModule>(this.#url).then(({ openDesk }) =>
      openDesk({
        audience: this.#audience,
        warn: this.warn,
        OptionInvalidError,
        OptionUnknownError,
        OverlayFailedError,
      }),
    );
    try {
      return (this.#desk = await this.#loading);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  /**
   * A recording, or a ring, begins.
   *
   * @param encodes false when it is of a call, as that was encoded: nothing can be drawn then.
   */
  join(encodes: boolean): Joined {
    const { port1, port2 } = new MessageChannel();
    const draws = encodes && this.options.record !== 'original';
    const audience = { port: draws ? port1 : undefined, left: deferred<void>() };
    this.#audience.add(audience);
    const first = this.#desk?.open(audience);
    const leave = (): void => {
      this.#audience.delete(audience);
      audience.left.resolve();
    };
    if (!draws) return { overlays: undefined, transfer: [], leave };
    const overlays = { url: this.#url, port: port2, first: first?.scene };
    return { overlays, transfer: [port2, ...(first?.transfer ?? [])], leave };
  }
}
