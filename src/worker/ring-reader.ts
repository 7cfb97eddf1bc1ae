/** One recording's way to the ring, on the ring's side: where it begins, and its entries when it asks for them. */
import type { Bounds, FromRing, RingRequest, ToRing } from '../clip/protocol.ts';
import type { Position, Ring } from '../clip/ring.ts';
import { toMicroseconds } from '../media.ts';

/** Bytes that are given at a time. */
const BATCH = 2 ** 20;

/** Milliseconds since 1970, by the clock that all threads of a page share. */
const sharedNow = (): number => performance.timeOrigin + performance.now();

/** What a reader needs of the ring's host. Times are microseconds on the stream's timeline. */
export interface RingSource {
  ring: Ring<unknown>;
  /** Where the stream is. */
  now(): number;
  /** How far all that came of it has been put into the ring, but for what is in encoders. */
  decided(): number;
  keyFrameAt(time: number): void;
  /** Resolves when the stream has come to this time. Rejects when the signal aborts, or the stream ends before. */
  reached(time: number, signal: AbortSignal): Promise<void>;
  /** A recording asks for more: it is there. */
  onMore(): void;
  /** Why the stream could not be kept any more; `undefined` when nothing failed. */
  failure(): string | undefined;
}

/** What a recording of the ring begins and ends with. */
export interface Place extends Bounds {
  position: Position;
}

/** Where what was asked for lies; where nothing of it is there, nor will come, it ends where it begins. Pure but for the key frame that it may ask for. */
export const placeOf = (request: RingRequest, { ring, now, keyFrameAt }: RingSource): Place => {
  const end = now();
  const anew = (from: number, until?: number): Place => {
    // What begins now begins with a key frame of its own.
    keyFrameAt(from);
    return { from, key: from, ...(until === undefined ? {} : { until }), position: ring.newest };
  };
  const back = (from: number, until?: number): Place => {
    const found = ring.blockAt(from);
    if (!found) return anew(Math.max(from, end), until);
    const { from: key, position } = found;
    return { from: Math.max(from, key), key, ...(until === undefined ? {} : { until }), position };
  };
  switch (request.kind) {
    case 'live':
      return request.preRoll > 0 ? back(end - toMicroseconds(request.preRoll)) : anew(end);
    case 'last':
      return back(end - toMicroseconds(request.seconds), end);
    case 'piece': {
      const from = toMicroseconds(request.start);
      const until = from + toMicroseconds(request.duration);
      return from >= end ? anew(from, until) : back(from, until);
    }
  }
};

/** Gives a recording what it asks for. Resolves when it has all, or has closed; never rejects. */
export const serveReader = async (
  port: MessagePort,
  { position, ...bounds }: Place,
  { ring, now, decided, keyFrameAt, onMore, failure }: RingSource,
  closed: AbortController,
): Promise<void> => {
  const send = (message: FromRing): void => port.postMessage(message);
  /** How far the stream was decided when the ring held nothing more; of what was given, and of what waits to be. */
  let given = Number.NEGATIVE_INFINITY;
  let waiting: number | undefined;
  let more: () => void = () => undefined;
  let wanted = new Promise<void>(resolve => (more = resolve));
  port.onmessage = ({ data }: MessageEvent<ToRing>) => {
    switch (data.type) {
      case 'more':
        onMore();
        return more();
      case 'now':
        if (waiting === undefined && ring.isAtEnd(position)) given = decided();
        return send({ type: 'now', time: now() - 1_000 * Math.max(0, sharedNow() - data.at), given });
      case 'key-frame':
        return keyFrameAt(now());
      case 'close':
        return closed.abort();
    }
  };
  closed.signal.addEventListener('abort', () => more());
  send({ type: 'begin', known: ring.known, ...bounds });
  const over = (): void => {
    const error = failure();
    send({ type: 'over', ...(error === undefined ? {} : { error }) });
  };
  try {
    if ((bounds.until ?? Number.POSITIVE_INFINITY) <= bounds.key) closed.abort();
    for await (const entries of ring.read(position, BATCH, closed.signal)) {
      waiting = ring.isAtEnd(position) ? decided() : given;
      await wanted;
      if (closed.signal.aborted) break;
      wanted = new Promise<void>(resolve => (more = resolve));
      send({ type: 'entries', entries });
      given = waiting;
      waiting = undefined;
    }
  } catch {
    // What lay on the disk can't be read any more: the recording ends with what it has.
  }
  over();
  port.close();
};
