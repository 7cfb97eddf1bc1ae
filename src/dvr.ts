/** The ring of a stream, on the page's side: keeps it going, and opens recordings that are made of it. In the page, from `clip.js`. */
import type { RingRequest, RingState } from './clip/protocol.ts';
import type { DvrPage } from './dvr-load.ts';
import type { SteadyreelError } from './errors.ts';
import type { WarningCode } from './events.ts';
import type { Recording } from './manifest.ts';
import type { ResolvedOptions } from './options.ts';
import type { OverlayControl } from './overlay-control.ts';
import type { Openable, Opened, RecorderSource } from './recorder-source.ts';
import type { FromWorker, RingSetup, ToWorker } from './worker/protocol.ts';

/** What its recorder gives it, and hears from it. */
export interface DvrHost {
  readonly options: ResolvedOptions;
  readonly workerUrl: string | URL | undefined;
  readonly overlays: OverlayControl;
  /** Address of this code. */
  readonly url: string;
  readonly aacEncoderUrl: string;
  readonly extrasUrl: string;
  warn(warning: { code: WarningCode; message: string; count: number }): void;
  fail(error: SteadyreelError): void;
}

/** How a recording is made of it. */
export interface DvrRead {
  request: RingRequest;
  exact: boolean;
  /** Default: `original`. */
  kind?: Recording['kind'];
}

interface Waiting {
  resolve(startedAt: string): void;
  reject(error: unknown): void;
}

/** One ring, for as long as its stream lives. */
class RunningRing {
  readonly #worker: Worker;
  readonly #located = new Map<number, Waiting>();
  readonly #replacing: (() => void)[] = [];
  readonly #started: Promise<void>;
  #settle: (error?: SteadyreelError) => void = () => undefined;
  #lastId = 0;
  #ended = false;
  #failed = false;
  /** Why nobody answers any more. */
  #gone: SteadyreelError | undefined;
  #state: RingState = { start: 0, end: 0, memoryBytes: 0, storedBytes: 0 };
  #unwatch = (): void => undefined;

  constructor(
    private readonly host: DvrHost,
    private readonly page: DvrPage,
    private source: RecorderSource,
    readonly setup: RingSetup,
    transfer: Transferable[],
    /** No more overlays are drawn into it. */
    private readonly leave: () => void,
  ) {
    this.#started = new Promise((resolve, reject) => {
      this.#settle = error => (error ? reject(error) : resolve());
    });
    this.#started.catch(() => undefined);
    this.#worker = page.startWorker(host.workerUrl);
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#on(data);
    this.#worker.onerror = event => {
      event.preventDefault();
      this.#fail(new page.WorkerFailedError(event.message || 'its script could not be loaded'));
    };
    this.#send({ type: 'ring', setup }, transfer);
    this.#watch(source);
  }

  /** Nothing more comes into it; what there is can still be read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** It ended as something failed. */
  get failed(): boolean {
    return this.#failed;
  }

  get state(): RingState {
    return this.#state;
  }

  #send(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #watch(source: RecorderSource): void {
    this.#unwatch();
    this.source = source;
    this.#unwatch = source.watch(() => this.#look());
  }

  #look(): void {
    if (this.#ended) return;
    try {
      const command = this.source.look();
      if (!command) return;
      this.#replacing.push(() => undefined);
      this.#send(command.message, command.transfer);
    } catch (error) {
      this.host.fail(this.page.asSteadyreelError(error));
    }
  }

  #on(message: FromWorker): void {
    switch (message.type) {
      case 'started':
        return this.#settle();
      case 'located':
        this.#located.get(message.id)?.resolve(message.startedAt);
        this.#located.delete(message.id);
        return;
      case 'ring':
        this.#state = message.state;
        return this.#look();
      case 'replaced':
        return this.#replacing.shift()?.();
      case 'warning':
        return this.host.warn(message);
      case 'error':
        this.#failed = true;
        return this.host.fail(this.page.errorFromMessage(message.error));
      case 'failed':
        return this.#fail(this.page.errorFromMessage(message.error));
      case 'ended':
        return this.#end();
      case 'aborted':
        return this.#over(new this.page.SourceEndedError(1));
    }
  }

  #fail(error: SteadyreelError): void {
    this.#failed = true;
    this.#settle(error);
    this.host.fail(error);
    this.#over(error);
  }

  /** Nothing more comes into it. */
  #end(): void {
    this.#ended = true;
    this.#unwatch();
    this.leave();
  }

  /** Nobody answers any more. */
  #over(error: SteadyreelError): void {
    this.#gone = error;
    this.#end();
    for (const { reject } of this.#located.values()) reject(error);
    this.#located.clear();
    for (const replaced of this.#replacing.splice(0)) replaced();
    this.#worker.terminate();
  }

  /** Opens a port to it. Resolves when what was asked for begins. */
  async read(
    request: RingRequest,
    exact: boolean,
    signal: AbortSignal,
  ): Promise<{ port: MessagePort; startedAt: string }> {
    await this.#started;
    if (this.#gone) throw this.#gone;
    const id = ++this.#lastId;
    const { port1, port2 } = new MessageChannel();
    const located = new Promise<string>((resolve, reject) => this.#located.set(id, { resolve, reject }));
    signal.addEventListener('abort', () => this.#send({ type: 'forget', id }));
    this.#send({ type: 'read', id, request, exact, port: port1 }, [port1]);
    return { port: port2, startedAt: await located };
  }

  async replace(next: Openable): Promise<void> {
    const { source, command } = await this.source.replacedBy(next);
    // It took a while to find out what can be had of it.
    if (this.#ended) return this.page.letGo(command.transfer);
    this.#watch(source);
    const replaced = new Promise<void>(resolve => this.#replacing.push(resolve));
    this.#send(command.message, command.transfer);
    await replaced;
  }

  /** Lets go of all that it holds, once what is made of it has read what there is. */
  close(): void {
    this.#end();
    this.#send({ type: 'abort' });
  }
}

/** How often it is looked whether a source has something that there is no ring of; milliseconds. */
const LOOK = 1_000;

export class Dvr {
  #opening: Promise<RunningRing> | undefined;
  /** The newest; one that has ended can still be read. */
  #ring: RunningRing | undefined;
  /** Ends the watch for a stream that comes late, or comes back. */
  #unwatch = (): void => undefined;
  /** How often it was closed: what is being opened meanwhile is not wanted any more. */
  #closed = 0;
  /** There is to be one whenever the source has live tracks. */
  #keeps = false;

  constructor(
    private source: Openable,
    private readonly host: DvrHost,
    private readonly page: DvrPage,
  ) {}

  /** What it holds, as of the last half second; `undefined` while there is none. */
  get state(): RingState | undefined {
    return this.#ring?.state;
  }

  /** Keeps the stream from now on, or as soon as it has live tracks. */
  keep(): void {
    this.#keeps = true;
    const { source } = this;
    const tryIt = (): void => {
      // Whoever asks for something of it hears what is wrong; what has failed would fail again.
      const needed = !this.#ring || (this.#ring.ended && !this.#ring.failed);
      if (source === this.source && needed && !this.#opening) void this.#openNew().catch(() => undefined);
    };
    tryIt();
    this.#unwatch();
    const unwatch = 'watch' in source ? (source as RecorderSource).watch(tryIt) : () => undefined;
    // A ring that has ended tells of nothing any more that would have somebody look.
    const timer = setInterval(tryIt, LOOK);
    this.#unwatch = () => {
      unwatch();
      clearInterval(timer);
    };
  }

  /** The ring that runs, or a new one; where there can be none, the one that has ended. */
  async #open(): Promise<RunningRing> {
    const ring = this.#ring;
    if (ring && !ring.ended) return ring;
    try {
      return await this.#openNew();
    } catch (error) {
      if (ring && !ring.failed) return ring;
      throw error;
    }
  }

  #openNew(): Promise<RunningRing> {
    this.#opening ??= this.#openRing().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openRing(): Promise<RunningRing> {
    const { host, page, source: given } = this;
    const closed = this.#closed;
    given.check();
    const { source, setup: tracks, transfer } = await given.open(new AbortController().signal);
    if (given !== this.source || closed !== this.#closed) {
      page.letGo(transfer);
      throw new page.SourceEndedError(1);
    }
    const { options, url, aacEncoderUrl, extrasUrl } = host;
    const seconds = options.dvr === false ? 0 : options.dvr.seconds;
    const id = crypto.randomUUID();
    const { leave, overlays, transfer: theirs } = host.overlays.join(!tracks.call);
    const setup: RingSetup = { id, seconds, url, options, aacEncoderUrl, extrasUrl, ...tracks, overlays };
    this.#ring?.close();
    this.#ring = new RunningRing(host, page, source, setup, [...transfer, ...theirs], leave);
    return this.#ring;
  }

  /** A recording that is made of it. */
  read({ request, exact, kind }: DvrRead): Openable {
    const source: RecorderSource = {
      check: () => undefined,
      open: async (signal): Promise<Opened> => {
        const ring = await this.#open();
        const { port, startedAt } = await ring.read(request, exact, signal);
        const { setup } = ring;
        const method = setup.call ? 'passthrough' : 'encoding';
        const frameRate = setup.video?.frameRate;
        const input = { port, url: this.host.url, exact, method, frameRate } as const;
        return {
          source,
          setup: {
            ...{ video: undefined, audio: undefined, ring: input, kind, startedAt },
            fallback: setup.fallback,
          },
          transfer: [port],
        };
      },
      // The ring sees to its tracks.
      watch: () => () => undefined,
      look: () => undefined,
      replacedBy: () => {
        throw new Error('The ring is replaced, not what is made of it.');
      },
      decoded: () => this.source.decoded(),
    };
    return source;
  }

  /** Goes on with another source. */
  async replaceSource(next: Openable): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const ring = this.#ring;
    if (ring && !ring.ended) await ring.replace(next);
    this.source = next;
    // It may have been closed meanwhile.
    if (this.#keeps) this.keep();
  }

  close(): void {
    this.#keeps = false;
    this.#unwatch();
    this.#closed++;
    this.#ring?.close();
    this.#ring = undefined;
  }
}

/** What `clip.js` gives the page. */
export const openDvr = (...given: ConstructorParameters<typeof Dvr>): Dvr => new Dvr(...given);
