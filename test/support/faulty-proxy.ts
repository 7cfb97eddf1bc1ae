/** Stands between a page and its storage, and does what networks and servers do at their worst. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What becomes of a request. */
export type Fate =
  | 'passes'
  /** It is answered with a 500, and goes nowhere. */
  | 'fails'
  /** The connection breaks half way through it. */
  | 'cut'
  /** It gets there, and its answer does not get back. */
  | 'answer-lost';

export class FaultyProxy {
  /** Decides on each request. */
  fate: (incoming: IncomingMessage) => Fate = () => 'passes';
  /** How many requests met with what. */
  readonly met: Record<Fate, number> = { passes: 0, fails: 0, cut: 0, 'answer-lost': 0 };
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  private constructor(
    /** Where requests go. */
    private readonly target: URL,
    readonly port: number,
  ) {}

  static async start(target: string): Promise<FaultyProxy> {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise(resolve => probe.close(resolve));
    const proxy = new FaultyProxy(new URL(target), port);
    await proxy.up();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Takes connections, as it does from its start on. */
  async up(): Promise<void> {
    const server = createServer((incoming, outgoing) => this.#handle(incoming, outgoing));
    server.on('connection', socket => {
      // One for each request that comes over it.
      socket.setMaxListeners(0);
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    await new Promise<void>(resolve => server.listen(this.port, '127.0.0.1', resolve));
  }

  /** Breaks all connections and takes none, as when the network is gone. */
  async down(): Promise<void> {
    const closed = new Promise(resolve => this.#server?.close(resolve) ?? resolve(undefined));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#server = undefined;
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const fate = this.fate(incoming);
    this.met[fate]++;
    if (fate === 'fails') {
      incoming.resume();
      // Without a word about origins: the page hears of a failure only.
      incoming.once('end', () => outgoing.writeHead(500).end());
      return;
    }
    const { method, url, headers } = incoming;
    const { hostname, port } = this.target;
    const forward = request({ hostname, port, method, path: url, headers, agent: false }, answer => {
      if (fate === 'answer-lost') {
        answer.resume();
        answer.once('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    forward.on('error', () => incoming.socket.destroy());
    incoming.on('error', () => forward.destroy());
    incoming.socket.once('close', () => forward.destroy());
    if (fate === 'cut') return this.#cut(incoming, forward);
    incoming.pipe(forward);
  }

  /** Lets the first half of the body through. */
  #cut(incoming: IncomingMessage, forward: ReturnType<typeof request>): void {
    let left = Number(incoming.headers['content-length'] ?? 0) / 2;
    const end = (): void => {
      incoming.socket.destroy();
      forward.destroy();
    };
    incoming.on('data', (bytes: Buffer) => {
      forward.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left <= 0) end();
    });
    incoming.once('end', end);
  }
}
