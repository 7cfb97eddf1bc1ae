/** The ring of a stream: reads its tracks, encodes them, keeps the last of them, and gives it to the recordings that are made of it. */
import type { RingRequest } from '../clip/protocol.ts';
import { Ring } from '../clip/ring.ts';
import { errorToMessage } from '../errors.ts';
import { toMicroseconds, toSeconds } from '../media.ts';
import { wallClock } from '../source/wall-clock.ts';
import type { TracksContext } from './media-tracks.ts';
import type { CallReplacement, FromWorker, Replacement, Reporter, RingSetup } from './protocol.ts';
import { RingFiles } from './ring-files.ts';
import { placeOf, type RingSource, serveReader } from './ring-reader.ts';
import { RingStore, type StoredBlock } from './ring-store.ts';
import type { SessionTracks } from './session-tracks.ts';
import { emptyStats } from './stats.ts';
import { Warnings } from './warnings.ts';

/** Bytes of packets that lie in memory; older ones lie on the disk. */
const MEMORY = 64 * 2 ** 20;
/** How often the page hears what there is; milliseconds. */
const TELL = 500;
/** How often it is looked whether a time has come; milliseconds. */
const LOOK = 20;

interface Reader {
  port: MessagePort;
  cancel: AbortController;
}

export class RingHost {
  readonly #ring: Ring<StoredBlock>;
  readonly #tracks: SessionTracks;
  readonly #warnings: Warnings;
  readonly #readers = new Map<number, Reader>();
  readonly #timer: ReturnType<typeof setInterval>;
  #over = false;

  constructor(
    setup: RingSetup,
    private readonly store: RingStore | undefined,
    private readonly send: (message: FromWorker) => void,
    openTracks: (context: TracksContext) => SessionTracks,
  ) {
    this.#ring = new Ring({ duration: toMicroseconds(setup.seconds), memory: MEMORY }, store);
    this.#warnings = new Warnings(warning => send({ type: 'warning', ...warning }));
    const report: Reporter = {
      warn: (code, message, count) => this.#warnings.warn(code, message, count),
      fail: error => this.#fail(error),
    };
    const tell = (type: 'waiting' | 'resumed') => (): void => {
      for (const { port } of this.#readers.values()) port.postMessage({ type });
      send({ type });
    };
    this.#tracks = openTracks({
      setup: { ...setup, recordingId: setup.id, startedAt: '', storage: { kind: 'device' } },
      files: new RingFiles(entry => this.#ring.append(entry)),
      keeper: { note: event => this.#ring.append({ kind: 'note', event }) },
      stats: emptyStats(),
      report,
      wall: wallClock,
      onWaiting: tell('waiting'),
      onResumed: tell('resumed'),
      onEnded: () => void this.stop(),
    });
    this.#timer = setInterval(() => this.#tell(), TELL);
    send({ type: 'started' });
  }

  #tell(): void {
    const { start, end, bytes } = this.#ring;
    if (start === undefined) return;
    const state = {
      start: toSeconds(start),
      end: toSeconds(end),
      memoryBytes: bytes.memory,
      storedBytes: bytes.stored,
    };
    this.send({ type: 'ring', state });
    if (this.#ring.shortened)
      this.#warnings.warn(
        'device-storage-low',
        'This device has no room for all that the ring is to hold: it holds less.',
      );
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.send({ type: 'error', error: errorToMessage(error) });
    void this.stop();
  }

  get #source(): RingSource {
    return {
      ring: this.#ring,
      now: () => this.#tracks.endTime,
      keyFrameAt: time => this.#tracks.keyFrameAt(time),
      reached: (time, signal) => this.#reached(time, signal),
    };
  }

  #reached(time: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const there = this.#tracks.endTime >= time;
        if (!there && !this.#over && !signal.aborted) return;
        clearInterval(timer);
        if (there) resolve();
        else reject(new DOMException('The stream has ended.', 'AbortError'));
      }, LOOK);
    });
  }

  /** A recording is made of it. Never rejects. */
  async read(id: number, request: RingRequest, port: MessagePort): Promise<void> {
    const cancel = new AbortController();
    this.#readers.set(id, { port, cancel });
    const source = this.#source;
    // The key frame that something in the future begins with is asked for now, so that it is the very frame.
    const place = placeOf(request, source);
    try {
      // It begins when its time has come: nobody sees a recording before.
      if (place.key > source.now()) await source.reached(place.key, cancel.signal);
      const ago = Math.max(0, source.now() - place.key) / 1_000;
      this.send({ type: 'located', id, startedAt: new Date(Date.now() - ago).toISOString() });
      await serveReader(port, place, source);
    } catch {
      port.postMessage({ type: 'over' });
    }
    this.#readers.delete(id);
  }

  /** One that waits for its time is not made after all. */
  forget(id: number): void {
    this.#readers.get(id)?.cancel.abort();
  }

  async replace(replacement: Replacement | CallReplacement): Promise<void> {
    if (!this.#over) await this.#tracks.replace(replacement).catch(error => this.#fail(error));
    this.send({ type: 'replaced' });
  }

  /** A ring has no pause: its recordings have. */
  pause(): void {}
  resume(): void {}

  onUncaught(error: unknown): void {
    this.#fail(error);
  }

  /** The stream has ended: recordings get what there is. */
  async stop(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    await this.#tracks.stop().catch(() => this.#tracks.cancel());
    this.#ring.finish();
    this.#tell();
    this.send({ type: 'ended' });
  }

  /** Lets go of everything. */
  async abort(): Promise<void> {
    if (!this.#over) this.#tracks.cancel();
    this.#over = true;
    clearInterval(this.#timer);
    this.#ring.finish();
    await this.store?.remove();
    this.send({ type: 'aborted' });
  }
}

/** @throws what makes it impossible to read the tracks. */
export const openRing = async (
  setup: RingSetup,
  send: (message: FromWorker) => void,
  openTracks: (context: TracksContext) => SessionTracks,
): Promise<RingHost> => new RingHost(setup, await RingStore.open(setup.id), send, openTracks);
