/**
 * A network that loses packets, between two peer connections on one machine, without privileges: a relay in UDP. Each
 * side is given the other's candidates with a port of the relay in place of the real one, and no others; so all that they
 * say to each other goes through here, as through two address translators.
 *
 *     const path = LossyPath.open({ loss: 0.05, seed: 1 });
 *     await page.exposeFunction('relay', (candidate: string) => path.rewrite(candidate));
 *     // In the page, in both directions:
 *     a.onicecandidate = async ({ candidate }) => {
 *       const relayed = candidate && (await relay(candidate.candidate));
 *       if (relayed) await b.addIceCandidate({ ...candidate.toJSON(), candidate: relayed });
 *     };
 *
 * The candidates must be real addresses: Chromium needs `LOOPBACK_FLAGS`, Firefox what `RawFirefox` sets anyway. What
 * is in a session description goes by `rewriteDescription()` for those who do not trickle.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** With these Chromium calls itself on this machine, and says its addresses instead of hiding them behind names. */
export const LOOPBACK_FLAGS: readonly string[] = [
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** By its first byte (RFC 7983, 7), and RTCP by its second (RFC 5761, 4). */
export type PacketKind = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'other';

export const packetKind = (packet: Uint8Array): PacketKind => {
  const [first = 0, second = 0] = packet;
  if (first <= 3) return 'stun';
  if (first >= 20 && first <= 63) return 'dtls';
  if (first < 128 || first > 191) return 'other';
  return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
};

/** A packet on its way. What SRTP leaves readable of it can be read. */
export interface PassingPacket {
  kind: PacketKind;
  bytes: Buffer;
  /** Which of the rewritten candidates it goes to: counted from 0 in the order in which they were rewritten. */
  to: number;
}

/** May be changed at any time. */
export interface PathSettings {
  /** Share of RTP and RTCP packets that are lost, from 0 to 1. STUN and DTLS never are. */
  loss: number;
  /** For how long each packet is held; milliseconds. */
  delay: number;
  /** Share of RTP and RTCP packets that are held for `lateness` longer, and so come after those behind them. */
  reorder: number;
  /** Milliseconds. */
  lateness: number;
  /** Decides in place of chance: true loses the packet, false does not, undefined leaves it to chance. */
  drop: ((packet: PassingPacket) => boolean | undefined) | undefined;
}

export interface PathOptions extends Partial<PathSettings> {
  /** Of the chances: the same packets in the same order meet with the same. Default 1. */
  seed?: number;
}

/** One side's candidate, and the port of the relay that stands for it. */
interface Stop {
  index: number;
  /** The real one. */
  address: string;
  port: number;
  socket: Socket;
  relayPort: number;
}

/** What is thrown for a candidate that can't be relayed, and why. */
export class CandidateError extends Error {
  override readonly name = 'CandidateError';
}

export class LossyPath {
  readonly settings: PathSettings;
  /** How many packets of each kind got through, and how many did not. */
  readonly passed: Record<PacketKind, number> = { stun: 0, dtls: 0, rtp: 0, rtcp: 0, other: 0 };
  readonly lost: Record<PacketKind, number> = { stun: 0, dtls: 0, rtp: 0, rtcp: 0, other: 0 };
  readonly #random: () => number;
  readonly #stops: Stop[] = [];
  readonly #late = new Set<NodeJS.Timeout>();
  #isClosed = false;

  private constructor({ seed = 1, ...settings }: PathOptions) {
    this.settings = { loss: 0, delay: 0, reorder: 0, lateness: 30, drop: undefined, ...settings };
    this.#random = seeded(seed);
  }

  static open(options: PathOptions = {}): LossyPath {
    return new LossyPath(options);
  }

  /** Ports of the relay: a selected pair whose remote port is one of them goes through it. */
  get ports(): number[] {
    return this.#stops.map(({ relayPort }) => relayPort);
  }

  /**
   * The candidate (RFC 8839, 5.1) that the other side is to be given in place of this one, or undefined for one that
   * is not to be passed on: what is not UDP or not IPv4, and the empty one that ends them.
   *
   * @throws CandidateError for one whose address is hidden behind a name.
   */
  async rewrite(candidate: string): Promise<string | undefined> {
    const fields = candidate.trim().split(' ');
    const [, , protocol = '', , address = '', port = ''] = fields;
    if (protocol.toLowerCase() !== 'udp' || address.includes(':')) return undefined;
    if (address.endsWith('.local'))
      throw new CandidateError(
        `An address was expected, a name came: ${candidate}. Start Chromium with LOOPBACK_FLAGS, and Firefox with media.peerconnection.ice.obfuscate_host_addresses off.`,
      );
    const { relayPort } = await this.#stop(address, Number(port));
    fields[5] = String(relayPort);
    return fields.join(' ');
  }

  /** A session description in which the candidates are as `rewrite()` gives them. */
  async rewriteDescription(sdp: string): Promise<string> {
    const lines: string[] = [];
    for (const line of sdp.split('\r\n')) {
      if (!line.startsWith('a=candidate:')) lines.push(line);
      else {
        const rewritten = await this.rewrite(line.slice(2));
        if (rewritten !== undefined) lines.push(`a=${rewritten}`);
      }
    }
    return lines.join('\r\n');
  }

  /** Answers `POST /relay` with `{ candidate }`, and with `{ sdp }`, by the same rewritten; undefined for other requests. */
  async handle(request: Request): Promise<Response | undefined> {
    if (request.method !== 'POST' || new URL(request.url).pathname !== '/relay') return undefined;
    const { candidate, sdp } = (await request.json()) as { candidate?: string; sdp?: string };
    if (sdp !== undefined) return Response.json({ sdp: await this.rewriteDescription(sdp) });
    return Response.json({ candidate: await this.rewrite(candidate ?? '') });
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#late) clearTimeout(timer);
    for (const { socket } of this.#stops) socket.close();
  }

  async #stop(address: string, port: number): Promise<Stop> {
    const known = this.#stops.find(stop => stop.address === address && stop.port === port);
    if (known) return known;
    // As much as the system allows: what comes while this process does something else must not be lost by accident.
    const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 20 });
    const stop: Stop = { index: this.#stops.length, address, port, socket, relayPort: 0 };
    this.#stops.push(stop);
    socket.on('message', (bytes, from) => this.#take(bytes, from, stop));
    // A side that has closed its port is told of by ICMP: nobody has to know.
    socket.on('error', () => undefined);
    // At the candidate's own address: Firefox pairs no address of a network with one of the loopback.
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, address, resolve);
    });
    stop.relayPort = socket.address().port;
    return stop;
  }

  /** A packet that was sent to a port of the relay. */
  #take(bytes: Buffer, from: RemoteInfo, to: Stop): void {
    // A candidate of a port on all addresses sends from any of them.
    const source =
      this.#stops.find(({ address, port }) => port === from.port && address === from.address) ??
      this.#stops.find(({ port }) => port === from.port);
    // Its candidate is not known yet: checks of connectivity are repeated.
    if (!source) return;
    const kind = packetKind(bytes);
    const isMedia = kind === 'rtp' || kind === 'rtcp';
    const { loss, delay, reorder, lateness, drop } = this.settings;
    // Always asked, and in the same order, so that the same seed leads to the same.
    const [losing, holding] = isMedia ? [this.#random() < loss, this.#random() < reorder] : [false, false];
    if (drop?.({ kind, bytes, to: to.index }) ?? losing) {
      this.lost[kind]++;
      return;
    }
    this.passed[kind]++;
    const held = delay + (holding ? lateness : 0);
    if (held === 0) return this.#pass(bytes, source, to);
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      this.#pass(bytes, source, to);
    }, held);
    this.#late.add(timer);
  }

  /** From the port that stands for who sent it: that is who the other side knows. */
  #pass(bytes: Buffer, source: Stop, to: Stop): void {
    if (!this.#isClosed) source.socket.send(bytes, to.port, to.address);
  }
}
