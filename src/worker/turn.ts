/**
 * A recording that begins with the frame before which another one ends. They agree over a port: the next one holds its tracks
 * and says which frame it has first; the one before goes on up to that, or has gone further already, and says which was its last. So
 * no frame is lost, and none is in both.
 */
import { deferred } from '../deferred.ts';
import type { SessionSetup } from './protocol.ts';

/** A source that gives nothing for so long is not waited for; milliseconds. */
const STILL = 1_000;
/** The other one would have answered by then, if it lived; milliseconds. */
const PATIENCE = 5_000;

interface Timed {
  readonly timestamp: number;
  close(): void;
}

/** What the last frame of the other one is when this one is not to begin: all of them are left to that. */
const GIVEN_UP = Number.POSITIVE_INFINITY;

/** As much of a stream's reader as a `TrackReader` uses. */
type Reader<Item> = Pick<ReadableStreamDefaultReader<Item>, 'read' | 'cancel'>;

/** Gives nothing until it is its turn, and then only what lies behind what the other one has taken. */
const held = <Item extends Timed>(
  stream: ReadableStream<Item>,
  lastOfOther: (first: number) => Promise<number | undefined>,
): ReadableStream<Item> => {
  const reader = stream.getReader();
  let read = async (): ReturnType<Reader<Item>['read']> => {
    let item = await reader.read();
    const last =
      (item.done ? undefined : await lastOfOther(item.value.timestamp)) ?? Number.NEGATIVE_INFINITY;
    read = () => reader.read();
    let before = Number.NEGATIVE_INFINITY;
    // Timestamps that stand still or run back tell nothing.
    while (
      !item.done &&
      item.value.timestamp <= last &&
      (item.value.timestamp > before || last === GIVEN_UP)
    ) {
      before = item.value.timestamp;
      item.value.close();
      item = await reader.read();
    }
    return item;
  };
  const given: Reader<Item> = { read: () => read(), cancel: reason => reader.cancel(reason) };
  return { getReader: () => given } as unknown as ReadableStream<Item>;
};

/** What the one that ends does when it is asked. */
interface Ending {
  endBefore?(timestamp: number | undefined): Promise<number | undefined>;
}

/** In the worker of the one that ends. */
export const handOver = (port: MessagePort, session: Promise<object | undefined> | undefined): void => {
  port.onmessage = async ({ data }: MessageEvent<number | undefined>) =>
    port.postMessage(await ((await session) as Ending | undefined)?.endBefore?.(data));
};

/** In the worker of the one that begins. */
export class Turn {
  readonly #mayBegin = deferred<void>();
  /** Timestamp of the last frame that the other one has. */
  readonly #last = deferred<number | undefined>();
  #asked = false;
  /** When the other one is asked although no frame has come; milliseconds. */
  #latest: number | undefined;

  /** @param port where `handOver` listens. */
  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<number | undefined>) => this.#last.resolve(data);
  }

  /** The session's tracks, held until it is its turn. */
  hold(setup: SessionSetup): SessionSetup {
    const { video, audio, call, ring } = setup;
    // What has been encoded is not held.
    if (!call && !ring) this.#latest = video ? STILL : 0;
    // Each worker has a time of its own for sound: what is a part of the recording is told by where it lies against the picture.
    const follow = async (): Promise<number | undefined> =>
      (await this.#last.promise) === GIVEN_UP ? GIVEN_UP : undefined;
    return {
      ...setup,
      video: video && { ...video, readable: held(video.readable, first => this.ask(first)) },
      audio: audio && { ...audio, readable: held(audio.readable, follow) },
    };
  }

  /** Nothing else is in the way of its beginning. */
  begin(): void {
    this.#mayBegin.resolve();
    if (this.#latest !== undefined) setTimeout(() => void this.ask(), this.#latest);
  }

  /** It is not to begin any more: what is held is recorded there. False when the other one has been asked already. */
  giveUp(): boolean {
    const inTime = !this.#asked;
    if (inTime) this.#last.resolve(GIVEN_UP);
    this.#asked = true;
    this.#mayBegin.resolve();
    return inTime;
  }

  /** Lets the other one end. @param first timestamp of the first frame; absent: it is there, or nothing comes. */
  async ask(first?: number): Promise<number | undefined> {
    await this.#mayBegin.promise;
    if (!this.#asked) {
      this.#asked = true;
      this.port.postMessage(first);
      setTimeout(() => this.#last.resolve(undefined), PATIENCE);
    }
    return this.#last.promise;
  }
}
