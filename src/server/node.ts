/** The way between node:http and `Request` and `Response`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { errorResponse, HttpError, internal, requestInvalid } from './errors.ts';

/** How long an answered request may go on sending, in milliseconds, until its connection is closed. */
const DRAIN_MS = 5000;

/** Answers one request of node:http, Connect or Express. */
export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const baseOf = (incoming: IncomingMessage): string => {
  const scheme = (incoming.socket as Socket & { encrypted?: boolean }).encrypted ? 'https' : 'http';
  // Of HTTP/2, `:authority` has the place of `Host` (RFC 9113, section 8.3.1).
  const host = incoming.headers.host ?? incoming.headers[':authority'] ?? 'localhost';
  // All that could end the authority and begin another part of the address.
  if (!/^[^\s/?#@\\]+$/.test(String(host)) || !URL.canParse(`${scheme}://${host}`)) {
    throw requestInvalid('The Host header is not valid.');
  }
  return `${scheme}://${host}`;
};

const urlOf = (incoming: IncomingMessage): string => {
  // Connect and Express cut the path that a handler is mounted at off `url`.
  const target = (incoming as IncomingMessage & { originalUrl?: string }).originalUrl ?? incoming.url ?? '/';
  const base = baseOf(incoming);
  if (target.startsWith('/')) return base + target;
  // The absolute form (RFC 9112, section 3.2.2), or `*` of OPTIONS.
  const url = URL.canParse(target) ? new URL(target) : new URL('/', base);
  return base + url.pathname + url.search;
};

const headersOf = (incoming: IncomingMessage): Headers => {
  const headers = new Headers();
  const raw = incoming.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    // HTTP/2 passes `:method` and the like as headers.
    if (!name.startsWith(':')) headers.append(name, raw[i + 1] ?? '');
  }
  return headers;
};

/** Requests whose body nobody wants any more. */
const drained = new WeakSet<IncomingMessage>();

/** Reads what is left of a request and drops it, so that the client gets to read the answer. */
const drain = (incoming: IncomingMessage): void => {
  if (drained.has(incoming) || incoming.readableEnded || incoming.destroyed) return;
  drained.add(incoming);
  const timer = setTimeout(() => incoming.destroy(), DRAIN_MS);
  timer.unref();
  incoming.once('end', () => clearTimeout(timer));
  incoming.once('close', () => clearTimeout(timer));
  incoming.resume();
};

/**
 * The body as it is asked for; the client is held back meanwhile. `Readable.toWeb` would close the connection
 * when the body is cancelled, and an early answer such as 413 would never arrive.
 */
const bodyOf = (incoming: IncomingMessage): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      start: controller => {
        const unlessDrained = (act: () => void): void => {
          if (!drained.has(incoming)) act();
        };
        const take = (piece: Uint8Array): void => {
          controller.enqueue(piece);
          if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
        };
        incoming.on('data', (piece: Uint8Array) => unlessDrained(() => take(piece)));
        incoming.once('end', () => unlessDrained(() => controller.close()));
        incoming.once('error', error => unlessDrained(() => controller.error(error)));
        incoming.pause();
      },
      pull: () => {
        incoming.resume();
      },
      cancel: () => drain(incoming),
    },
    { highWaterMark: 0 },
  );

/**
 * The `Request` of a node:http request. Its signal is aborted when the client goes away.
 *
 * @throws HttpError (400) when it has no valid address.
 */
export const toRequest = (incoming: IncomingMessage, outgoing: ServerResponse): Request => {
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort();
  });
  const method = incoming.method ?? 'GET';
  const init = { method, headers: headersOf(incoming), signal: controller.signal };
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? { body: bodyOf(incoming), duplex: 'half' } : {};
  try {
    return new Request(urlOf(incoming), { ...init, ...body } as RequestInit);
  } catch (thrown) {
    if (thrown instanceof HttpError) throw thrown;
    throw requestInvalid('The request can not be understood.');
  }
};

/** Sends a response; when the client goes away, its body is cancelled. */
export const sendResponse = async (outgoing: ServerResponse, response: Response): Promise<void> => {
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader('Set-Cookie', cookies);
  outgoing.statusCode = response.status;
  if (response.body === null) {
    outgoing.end();
    return;
  }
  // A client that leaves a video half way is no error.
  await pipeline(Readable.fromWeb(response.body as NodeReadableStream), outgoing).catch(() =>
    outgoing.destroy(),
  );
};

/**
 * A listener for `http.createServer`, Connect and Express that answers with a handler.
 *
 * Body parsers must not run before it: they would read the uploads into memory.
 */
export const toNodeListener =
  (handler: (request: Request) => Promise<Response>): NodeListener =>
  (incoming, outgoing) => {
    const answer = async (): Promise<Response> => {
      try {
        return await handler(toRequest(incoming, outgoing));
      } catch (thrown) {
        if (thrown instanceof HttpError) return errorResponse(thrown);
        console.error('steadyreel:', thrown);
        return errorResponse(internal());
      }
    };
    outgoing.once('finish', () => drain(incoming));
    void answer().then(response => sendResponse(outgoing, response));
  };
