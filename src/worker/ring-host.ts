/** The ring of a stream: reads its tracks, encodes them, keeps the last of them, and gives it to the recordings that are made of it. */
import type { RingRequest } from '../clip/protocol.ts';
import { Ring } from '../clip/ring.ts';
import { asSteadyreelError, errorToMessage } from '../errors.ts';
import { toMicroseconds, toSeconds } from '../media.ts';
import { wallClock } from '../source/wall-clock.ts';
import { checkCodecs } from './check-codecs.ts';
import type { TracksContext } from './media-tracks.ts';
import type { CallReplacement, FromWorker, Replacement, Reporter, RingSetup } from './protocol.ts';
import { RingFiles } from './ring-files.ts';
import { type Place, placeOf, type RingSource, serveReader } from './ring-reader.ts';
import { RingStore, type StoredBlock } from './ring-store.ts';
import { leave, type SessionTracks } from './session-tracks.ts';
import { emptyStats } from './stats.ts';
import { Warnings } from './warnings.ts';

/** Bytes of packets that lie in memory; older ones lie on the disk. */
const MEMORY = 64 * 2 ** 20;
/** How often the page hears what there is; milliseconds. */
const TELL = 500;
/** How often it is looked whether a time has come; milliseconds. */
const LOOK = 20;

/**
 * When the ring is let go, recordings read what there is. One that has asked for nothing for so long is no more: to encode a group
 * of pictures again takes it less. Milliseconds.
 */
const LAST_READ = 35_000;
/** A stream that gives no key frame by itself is asked for one after so long, a call less often, as it costs all who watch; microseconds. */
const KEY_EVERY = 5_000_000;
const KEY_EVERY_OF_CALL = 10_000_000;

/** What tracks are told of a recording, of which there is none. */
const NO_RECORDING = {
  ...{ recordingId: '', startedAt: '' },
  storage: { kind: 'device' },
} as const;

interface Reader {
  port: MessagePort;
  cancel: AbortController;
  /** So many looks ago it asked for more, once the ring is let go. */
  idle: number;
  /** Why it does not get all that there is. */
  failure: string | undefined;
}

export class RingHost {
  readonly #ring: Ring<StoredBlock>;
  readonly #tracks: SessionTracks;
  readonly #warnings: Warnings;
  readonly #readers = new Map<number, Reader>();
  readonly #timer: ReturnType<typeof setInterval>;
  #stopping: Promise<void> | undefined;
  #failure: string | undefined;
  #gone = false;
  #warned = false;

  constructor(
    private readonly setup: RingSetup,
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
      setup: { ...setup, ...NO_RECORDING },
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
    this.#askForKeyFrame(end);
    if (!this.#ring.shortened || this.#warned) return;
    this.#warned = true;
    this.#warnings.warn(
      'device-storage-low',
      'This device has no room for all that the ring is to hold: it holds less.',
    );
  }

  /** Clips begin with key frames, and only what lies before one can be let go. */
  #askForKeyFrame(end: number): void {
    const { call, options } = this.setup;
    const interval = call
      ? KEY_EVERY_OF_CALL
      : Math.max(KEY_EVERY, 2 * toMicroseconds(options.video.keyFrameInterval));
    const { endTime } = this.#tracks;
    if (Math.max(end, endTime) - (this.#ring.newestKey ?? end) > interval) this.#tracks.keyFrameAt(endTime);
  }

  #fail(error: unknown): void {
    if (this.#stopping) return;
    this.#failure = asSteadyreelError(error).message;
    this.send({ type: 'error', error: errorToMessage(error) });
    void this.stop();
  }

  get #source(): RingSource {
    return {
      ring: this.#ring,
      now: () => this.#tracks.endTime,
      decided: () => Math.min(this.#tracks.endTime, this.#tracks.decided ?? Number.POSITIVE_INFINITY),
      keyFrameAt: time => this.#tracks.keyFrameAt(time),
      reached: (time, signal) => this.#reached(time, signal),
      onMore: () => undefined,
      failure: () => this.#failure,
    };
  }

  #reached(time: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const there = this.#tracks.endTime >= time;
        if (!there && !this.#stopping && !signal.aborted) return;
        clearInterval(timer);
        if (there) resolve();
        else reject(new DOMException('The stream has ended.', 'AbortError'));
      }, LOOK);
    });
  }

  /** A recording is made of it. Never rejects. */
  async read(id: number, request: RingRequest, port: MessagePort, exact: boolean): Promise<void> {
    // The page hears that there is nothing any more.
    if (this.#gone) return port.close();
    const reader: Reader = { port, cancel: new AbortController(), idle: 0, failure: undefined };
    this.#readers.set(id, reader);
    await this.#serve(id, placeOf(request, this.#source), reader, exact);
    this.#readers.delete(id);
  }

  async #serve(id: number, place: Place, reader: Reader, exact: boolean): Promise<void> {
    const { port, cancel } = reader;
    const source: RingSource = {
      ...this.#source,
      onMore: () => {
        reader.idle = 0;
      },
      failure: () => reader.failure ?? this.#failure,
    };
    // The key frame that something in the future begins with was asked for, so that it is the very frame; nobody sees a
    // recording before its time has come. Of a stream that ends before, there will be none.
    let { position } = place;
    if (place.key > source.now()) {
      await source.reached(place.key, cancel.signal).catch(() => undefined);
      // What was the newest when it was asked for has been let go, where that was long ago.
      position = this.#ring.blockAt(place.key)?.position ?? this.#ring.newest;
    }
    // The one that was asked for may have been another track's.
    if (!this.#stopping && (this.#ring.newestKey ?? 0) < place.key) source.keyFrameAt(place.key);
    const ago = Math.max(0, source.now() - (exact ? place.from : place.key)) / 1_000;
    this.send({ type: 'located', id, startedAt: new Date(Date.now() - ago).toISOString() });
    await serveReader(port, { ...place, position }, source, cancel);
  }

  /** One that waits for its time is not made after all. */
  forget(id: number): void {
    this.#readers.get(id)?.cancel.abort();
  }

  async replace(replacement: Replacement | CallReplacement): Promise<void> {
    if (this.#stopping) leave(replacement);
    else await this.#tracks.replace(replacement).catch(error => this.#fail(error));
    this.send({ type: 'replaced' });
  }

  /** A ring has no pause: its recordings have. */
  pause(): void {}
  resume(): void {}

  onUncaught(error: unknown): void {
    this.#fail(error);
  }

  /** The stream has ended: what there is can still be read. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#tracks.stop().catch(() => this.#tracks.cancel());
    this.#ring.finish();
    this.#tell();
    this.send({ type: 'ended' });
  }

  /** Lets go of everything, once the recordings that are made of it have read what there is. */
  async abort(): Promise<void> {
    await this.stop();
    await this.#lastRead();
    this.#gone = true;
    await this.store?.remove();
    this.send({ type: 'aborted' });
  }

  /** Resolves when nobody reads any more. Looks are counted, so that a machine that was asleep cuts nobody short. */
  #lastRead(): Promise<void> {
    return new Promise(resolve => {
      const timer = setInterval(() => {
        for (const reader of this.#readers.values()) if (++reader.idle > LAST_READ / LOOK) cutShort(reader);
        if (this.#readers.size > 0) return;
        clearInterval(timer);
        resolve();
      }, LOOK);
    });
  }
}

const cutShort = (reader: Reader): void => {
  reader.failure = 'The ring was let go before all that was asked for had been read.';
  reader.cancel.abort();
};

/** @throws what makes it impossible to read the tracks. */
export const openRing = async (
  setup: RingSetup,
  send: (message: FromWorker) => void,
  openTracks: (context: TracksContext) => SessionTracks,
): Promise<RingHost> => {
  await checkCodecs({ ...setup, ...NO_RECORDING });
  return new RingHost(setup, await RingStore.open(setup.id), send, openTracks);
};
