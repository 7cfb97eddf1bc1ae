/** What the tests of uploading share: files that grow, the sink with its events, and a network that fails. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { GrowingFile } from '../../src/journal/growing-file.ts';
import { MemoryBudget, MemoryStore } from '../../src/journal/memory-store.ts';
import { fileKey } from '../../src/manifest.ts';
import type { UploadHandle } from '../../src/media.ts';
import { type ServeOptions, serve } from '../../src/server/index.ts';
import type { SinkEvents } from '../../src/storage/sink.ts';
import type { TusConfig } from '../../src/storage/storage.ts';
import { TusSink } from '../../src/storage/tus/sink.ts';
import { Client, ID, temporaryFolder } from './server-kit.ts';

export const CHUNK = 64 * 1024;

/** A file in memory; what goes wrong with it fails the test. */
export const growingFile = (index = 1): GrowingFile =>
  new GrowingFile(fileKey(ID, index), new MemoryStore(), error => {
    throw error;
  });

/** A file that keeps what was stored, as one on the disk does. */
export const keptFile = (index = 1): GrowingFile => {
  // What a page may keep in memory, a file of some minutes reaches when its store is slow.
  const store = new MemoryStore(new MemoryBudget(1024 ** 3));
  store.release = () => undefined;
  return new GrowingFile(fileKey(ID, index), store, error => {
    throw error;
  });
};

/** Appends in pieces, each on a turn of its own, and seals the file. */
export const grow = async (file: GrowingFile, bytes: Uint8Array, piece: number): Promise<void> => {
  for (let at = 0; at < bytes.byteLength; at += piece) {
    file.append(bytes.slice(at, at + piece));
    await new Promise(resolve => setImmediate(resolve));
  }
  await file.seal();
};

/** The sink, and what it told. */
export const newSink = (
  endpoint: string,
  options: Partial<TusConfig> = {},
  events: Partial<SinkEvents> = {},
) => {
  const config: TusConfig = {
    kind: 'tus',
    endpoint,
    headers: {},
    chunkBytes: CHUNK,
    largestChunk: options.chunkBytes ?? CHUNK,
    flushInterval: 0.05,
    giveUpAfter: 30,
    ...options,
  };
  const stored = new Map<string, number[]>();
  const uploads = new Map<string, UploadHandle>();
  const troubles: string[] = [];
  let stoppedAt: number | undefined;
  const sink = new TusSink(config, {
    onStored: (key, bytes) => stored.set(key, [...(stored.get(key) ?? []), bytes]),
    onTrouble: detail => troubles.push(detail),
    onUpload: (key, upload) => uploads.set(key, upload),
    stoppedAt: () => stoppedAt,
    ask: async () => ({}),
    ...events,
  });
  const controller = new AbortController();
  return {
    sink,
    uploads,
    troubles,
    controller,
    signal: controller.signal,
    /** What was told of a file as stored, in order. */
    storedOf: (file: GrowingFile): number[] => stored.get(file.key) ?? [],
    /** As `stop()` does it. */
    stop: (): number => {
      stoppedAt = performance.now();
      return stoppedAt;
    },
  };
};

/** The real server on a new folder, and a client that looks at what it has. */
export const newServer = async (options: Partial<ServeOptions> = {}) => {
  const dir = options.dir ?? (await temporaryFolder());
  const server = await serve({ port: 0, ...options, dir });
  onTestFinished(() => server.close(0));
  return { server, dir, endpoint: server.endpoint, client: new Client(fetch, server.endpoint) };
};

/** One request that was sent, as far as tests look at it. */
export interface Sent {
  method: string;
  headers: Headers;
  bytes: number;
}

/** Lets `fetch` through and notes what is sent. */
export const watchFetch = (): Sent[] => {
  const sent: Sent[] = [];
  const original = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
    const bytes = init.body instanceof Uint8Array ? init.body.byteLength : 0;
    sent.push({ method: init.method ?? 'GET', headers: new Headers(init.headers), bytes });
    return original(url, init);
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return sent;
};

/** What may happen to a request on its way. */
export type Fate =
  | 'pass'
  /** 500, and the server never saw it. */
  | 'refuse'
  /** The connection breaks while half of the body is through. */
  | 'cut'
  /** The server did what was asked, but its answer is lost. */
  | 'drop-answer'
  /** The server did what was asked, and the answer is a 500 of somebody in between. */
  | 'spoil-answer';

const readBody = async (incoming: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
};

/** A proxy in front of a server, which decides on each request what becomes of it. */
export class FlakyProxy {
  readonly fates: Fate[] = [];
  readonly #server: Server;
  private constructor(
    private readonly target: { host: string; port: number },
    private readonly decide: (request: IncomingMessage) => Fate,
  ) {
    this.#server = createServer((incoming, outgoing) => {
      this.#handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async open(
    endpoint: string,
    decide: (request: IncomingMessage) => Fate,
  ): Promise<{ proxy: FlakyProxy; endpoint: string }> {
    const url = new URL(endpoint);
    const proxy = new FlakyProxy({ host: url.hostname, port: Number(url.port) }, decide);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    onTestFinished(async () => {
      proxy.#server.close();
      proxy.#server.closeAllConnections();
    });
    const { port } = proxy.#server.address() as AddressInfo;
    return { proxy, endpoint: `http://127.0.0.1:${port}${url.pathname}` };
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const fate = this.decide(incoming);
    this.fates.push(fate);
    const body = await readBody(incoming);
    if (fate === 'refuse') return void outgoing.writeHead(500).end('out of order');
    const forwarded = request({
      ...this.target,
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
    });
    if (fate === 'cut') {
      forwarded.on('error', () => undefined);
      forwarded.write(body.subarray(0, body.length / 2), () => forwarded.destroy());
      return void outgoing.destroy();
    }
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const content = await readBody(answer);
    if (fate === 'drop-answer') return void outgoing.destroy();
    if (fate === 'spoil-answer') return void outgoing.writeHead(500).end('out of order');
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
  }
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
