/**
 * A media server as small as can be: what is published by WHIP at `/whip/<name>` is sent on, packet by packet, to whoever
 * watches `/whep/<name>`. Both want the token, if there is one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  MediaStreamTrack,
  RTCPeerConnection,
  type RTCRtpHeaderExtensionParameters,
  type RTCRtpTransceiver,
  RtpPacket,
  useAbsSendTime,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
  useVP9,
} from 'werift';

type Kind = 'video' | 'audio';
type Codec = 'H264' | 'VP9';

/** What is published. */
interface Published {
  connection: RTCPeerConnection;
  codec: Codec;
  /** By kind: whoever gets each packet. */
  listeners: Record<Kind, Set<(packet: RtpPacket) => void>>;
}

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Allow-Methods': 'POST, DELETE, OPTIONS',
  'Access-Control-Expose-Headers': 'Location',
};

/** The one that is wanted most, of those that are known here. */
const codecOf = (sdp: string): Codec =>
  /a=rtpmap:\d+ (H264|VP9)\//.exec(sdp)?.[1] === 'VP9' ? 'VP9' : 'H264';

/** @param codec the only one: the library would send in the first one that the other side offers. */
const connect = (codec: Codec): RTCPeerConnection => {
  const common = [useSdesMid(), useAbsSendTime(), useTransportWideCC()] as RTCRtpHeaderExtensionParameters[];
  const rtcpFeedback = [usePLI(), useTWCC(), useNACK()];
  const parameters = 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';
  return new RTCPeerConnection({
    iceServers: [],
    iceUseIpv6: false,
    // The library leaves this one out, which is all that a machine without a network has.
    iceAdditionalHostAddresses: ['127.0.0.1'],
    codecs: {
      audio: [useOPUS({ mimeType: 'audio/opus', parameters: 'minptime=10;useinbandfec=1' })],
      video: [
        codec === 'VP9'
          ? useVP9({ rtcpFeedback, parameters: 'profile-id=0' })
          : useH264({ mimeType: 'video/H264', rtcpFeedback, parameters }),
      ],
    },
    headerExtensions: { audio: common, video: common },
  });
};

const answer = async (connection: RTCPeerConnection, sdp: string): Promise<string> => {
  await connection.setRemoteDescription({ type: 'offer', sdp });
  // With all candidates, once it is set.
  await connection.setLocalDescription(await connection.createAnswer());
  return connection.localDescription?.sdp ?? '';
};

/** A copy without header extensions, which have other numbers there. */
const copyOf = (packet: RtpPacket): RtpPacket => {
  const copy = RtpPacket.deSerialize(packet.serialize());
  copy.header.extensions = [];
  copy.header.extension = false;
  return copy;
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};

const isKind = (kind: string): kind is Kind => kind === 'video' || kind === 'audio';

export class WhipServer {
  /** What was asked, such as `DELETE /session/1`. */
  readonly requests: string[] = [];
  readonly #published = new Map<string, Published>();
  readonly #sessions = new Map<string, { connection: RTCPeerConnection; end: () => void }>();
  #lastId = 0;

  private constructor(
    private readonly server: Server,
    private readonly token: string,
  ) {
    server.on('request', (request, response) => void this.#handle(request, response));
  }

  static async start({ token = '' } = {}): Promise<WhipServer> {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new WhipServer(server, token);
  }

  /** `http://localhost:1234` */
  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** Number of sessions that have not ended. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Ends all sessions without a word, as a server does that is restarted. */
  async drop(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#published.clear();
    await Promise.all(sessions.map(({ connection }) => connection.close()));
  }

  async close(): Promise<void> {
    await this.drop();
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const say = (status: number, headers: Record<string, string> = {}, body = ''): void =>
      void response.writeHead(status, { ...CORS, ...headers }).end(body);
    if (method === 'OPTIONS') return say(204);
    this.requests.push(`${method} ${url}`);
    if (this.token !== '' && request.headers.authorization !== `Bearer ${this.token}`) return say(401);
    const [, what = '', name = ''] = url.split('/');
    if (method === 'DELETE' && what === 'session') return say(this.#end(name) ? 200 : 404);
    if (method !== 'POST' || request.headers['content-type'] !== 'application/sdp') return say(405);
    const offer = await bodyOf(request);
    const sdp = await this.#offered(what, name, offer);
    if (sdp === undefined) return say(404, {}, `no stream is called ${name}`);
    say(201, { 'Content-Type': 'application/sdp', Location: `/session/${this.#lastId}` }, sdp);
  }

  async #offered(what: string, name: string, offer: string): Promise<string | undefined> {
    if (what === 'whip') return this.#publish(name, offer);
    const published = what === 'whep' ? this.#published.get(name) : undefined;
    return published && this.#watch(published, offer);
  }

  #begin(connection: RTCPeerConnection, end: () => void): void {
    this.#sessions.set(String(++this.#lastId), { connection, end });
  }

  #end(id: string): boolean {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    session?.end();
    void session?.connection.close();
    return session !== undefined;
  }

  #publish(name: string, offer: string): Promise<string> {
    const codec = codecOf(offer);
    const connection = connect(codec);
    const published: Published = { connection, codec, listeners: { video: new Set(), audio: new Set() } };
    connection.onTrack.subscribe(track => {
      const { kind } = track;
      if (!isKind(kind)) return;
      track.onReceiveRtp.subscribe(packet => {
        for (const listener of published.listeners[kind]) listener(copyOf(packet));
      });
    });
    this.#published.set(name, published);
    this.#begin(connection, () => this.#published.delete(name));
    return answer(connection, offer);
  }

  #watch(published: Published, offer: string): Promise<string> {
    const connection = connect(published.codec);
    const ends: (() => void)[] = [];
    for (const kind of ['video', 'audio'] as const) {
      const track = new MediaStreamTrack({ kind });
      const transceiver = connection.addTransceiver(track, { direction: 'sendonly' });
      const listener = (packet: RtpPacket): void => void transceiver.sender.sendRtp(packet);
      published.listeners[kind].add(listener);
      ends.push(() => published.listeners[kind].delete(listener));
      if (kind === 'video') this.#passOnRequests(transceiver, published.connection);
    }
    this.#begin(connection, () => {
      for (const end of ends) end();
    });
    return answer(connection, offer);
  }

  /** Whoever watches asks for key frames; only the publisher can make them. */
  #passOnRequests(watching: RTCRtpTransceiver, publishing: RTCPeerConnection): void {
    watching.sender.onPictureLossIndication.subscribe(() => {
      for (const { kind, receiver } of publishing.getTransceivers()) {
        const { ssrc } = receiver.track;
        if (kind === 'video' && ssrc !== undefined) void receiver.sendRtcpPLI(ssrc);
      }
    });
  }
}
