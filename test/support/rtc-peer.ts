/**
 * The other end of a call that is not a browser: it sends what an encoder has made beforehand, packet by packet as it
 * is told to, and knows of each frame what was sent; and it takes note of what a browser sends.
 *
 *     const peer = RtcPeer.open({ video: await h264Stream(), audio: await opusStream() });
 *     // The test's server: GET /peer/offer, POST /peer/answer.
 *     const fallback = async (request: Request) => (await peer.handle(request)) ?? page;
 *     // In the page:
 *     const connection = new RTCPeerConnection();
 *     await connection.setRemoteDescription(await (await fetch('/peer/offer')).json());
 *     // Tracks that are added here go to the peer, where it is open to receive.
 *     await connection.setLocalDescription();
 *     // Once its iceGatheringState is complete:
 *     await fetch('/peer/answer', { method: 'POST', body: JSON.stringify(connection.localDescription) });
 *
 * Chromium needs `LOOPBACK_FLAGS` where the machine has no network. With a `path`, all goes through that one.
 */
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  type RTCRtpHeaderExtensionParameters,
  type RTCRtpTransceiver,
  useAbsSendTime,
  useH264,
  useNACK,
  useOPUS,
  usePLI,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
  useVideoOrientation,
  useVP8,
  useVP9,
} from 'werift';
import type { AudioStream, EncodedFrame, VideoStream } from './encoded-streams.ts';
import type { LossyPath } from './lossy-path.ts';
import { Outlet, type Sent } from './rtp-outlet.ts';
import { h264Payloads, PAYLOAD_BYTES, vp8Payloads, vp9Payloads } from './rtp-payloads.ts';

const VIDEO_CLOCK = 90_000;
const AUDIO_CLOCK = 48_000;
const SPS = 7;

export interface SentVideo extends Sent {
  frame: EncodedFrame;
}

export interface SentAudio extends Sent {
  /** The Opus packet. */
  packet: Uint8Array;
}

/** An RTP packet that came. */
export interface ReceivedPacket {
  sequenceNumber: number;
  timestamp: number;
  marker: boolean;
  payload: Uint8Array;
}

export interface PeerOptions {
  video?: VideoStream;
  audio?: AudioStream;
  /** Takes what the browser adds, too. Default false. What is not sent can be received all the same. */
  receives?: boolean;
  /** Begins each stream anew when it has ended, until `close()`. Default false. */
  repeats?: boolean;
  /** Goes to the next key frame of the stream when one is asked for; else every frame is sent. Default true. */
  skipsToKeyFrames?: boolean;
  /** Sends again what the browser says it has lost. Without, a loss makes it ask for a key frame. Default true. */
  retransmits?: boolean;
  /** Does so in a stream of its own (RFC 4588), else in the same. Default true. */
  rtx?: boolean;
  /** Of the first packet of each stream; those around 65535 and 2^32 - 1 show what wraps. Default 1000 and 0. */
  firstSequenceNumber?: number;
  firstTimestamp?: number;
  /** Bytes of a payload at the most. */
  payloadBytes?: number;
  /** What all packets are to go through. */
  path?: LossyPath;
}

/** `profile-level-id` (RFC 6184, 8.1) of a stream: the profile of its first parameter set, the highest of the levels. */
const h264Profile = ({ frames }: VideoStream): string => {
  const sets = frames.flatMap(({ units }) => units.filter(nal => ((nal[0] ?? 0) & 0x1f) === SPS));
  const [, profile = 0x42, constraints = 0xe0] = sets[0] ?? [];
  const level = Math.max(31, ...sets.map(([, , , each = 0]) => each));
  return Buffer.from([profile, constraints, level]).toString('hex');
};

const videoCodec = (video: VideoStream | undefined, retransmits: boolean): RTCRtpCodecParameters => {
  const rtcpFeedback = [usePLI(), useTWCC(), ...(retransmits ? [useNACK()] : [])];
  if (video?.codec === 'vp9') return useVP9({ rtcpFeedback, parameters: 'profile-id=0' });
  if (video?.codec !== 'h264') return useVP8({ rtcpFeedback });
  const profile = `profile-level-id=${h264Profile(video)}`;
  const parameters = `${profile};packetization-mode=1;level-asymmetry-allowed=1`;
  // As it is registered: browsers repeat the name as they were told it.
  return useH264({ mimeType: 'video/H264', rtcpFeedback, parameters });
};

const opusCodec = (audio: AudioStream | undefined): RTCRtpCodecParameters => {
  const stereo = audio?.channels === 2 ? 'stereo=1;sprop-stereo=1;' : '';
  const parameters = `${stereo}minptime=10;useinbandfec=1`;
  return useOPUS({ mimeType: 'audio/opus', rtcpFeedback: [useTWCC()], parameters });
};

/** What is offered, the most wanted first. */
const videoCodecs = ({ video, retransmits = true, rtx = true }: PeerOptions): RTCRtpCodecParameters[] => {
  const codec = videoCodec(video, retransmits);
  if (!retransmits || !rtx) return [codec];
  // It is for the codec before it.
  return [codec, new RTCRtpCodecParameters({ mimeType: 'video/rtx', clockRate: VIDEO_CLOCK })];
};

const payloadsOf = (
  codec: VideoStream['codec'],
  { units, key }: EncodedFrame,
  number: number,
  most: number,
): Uint8Array[] => {
  if (codec === 'h264') return h264Payloads(units, most);
  const [frame = new Uint8Array()] = units;
  const pictureId = number % 2 ** 15;
  return codec === 'vp8' ? vp8Payloads(frame, pictureId, most) : vp9Payloads(frame, key, pictureId, most);
};

export class RtcPeer {
  /** Every frame of video that was sent, in order. Retransmissions are not counted. */
  readonly sentVideo: SentVideo[] = [];
  readonly sentAudio: SentAudio[] = [];
  /** What came, in the order in which it came. */
  readonly received: Record<'video' | 'audio', ReceivedPacket[]> = { video: [], audio: [] };
  /** How often a key frame was asked for (picture loss indication). */
  keyFrameRequests = 0;
  /** How pictures are to be turned clockwise to be upright, as phones say it (3GPP TS 26.114, 7.4.5). */
  rotation: 0 | 90 | 180 | 270 | undefined;
  readonly #connection: RTCPeerConnection;
  readonly #orientation = useVideoOrientation();
  readonly #outlets: Partial<Record<'video' | 'audio', Outlet>> = {};
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;

  private constructor(private readonly options: PeerOptions) {
    // One and the same for both, as the library numbers them by where they were mentioned last.
    const common = [
      useSdesMid(),
      useAbsSendTime(),
      useTransportWideCC(),
    ] as RTCRtpHeaderExtensionParameters[];
    this.#connection = new RTCPeerConnection({
      iceServers: [],
      iceUseIpv6: false,
      // It leaves this one out, which is all that a machine without a network has.
      iceAdditionalHostAddresses: ['127.0.0.1'],
      codecs: {
        audio: [opusCodec(options.audio)],
        video: videoCodecs(options),
      },
      headerExtensions: { audio: common, video: [...common, this.#orientation] },
    });
    this.#ended = new Promise(resolve => {
      this.#end = resolve;
    });
    const { video, audio } = options;
    if (audio) this.#add('audio', audio.packets.length, audio.frameDuration, AUDIO_CLOCK);
    else if (options.receives) this.#take('audio');
    if (video) this.#add('video', video.frames.length, 1000 / video.frameRate, VIDEO_CLOCK);
    else if (options.receives) this.#take('video');
    this.#connection.connectionStateChange.subscribe(state => {
      if (state !== 'connected' || this.#timer) return;
      for (const outlet of Object.values(this.#outlets)) outlet.start(performance.now());
      this.#go();
    });
  }

  static open(options: PeerOptions = {}): RtcPeer {
    return new RtcPeer(options);
  }

  /** Resolves when all of both streams has been sent, or it was closed; never, when they repeat. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get connectionState(): string {
    return this.#connection.connectionState;
  }

  /** With all candidates. */
  async offer(): Promise<{ type: 'offer'; sdp: string }> {
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    return { type: 'offer', sdp: await this.#relayed(this.#connection.localDescription?.sdp ?? '') };
  }

  /** @param answer with all candidates. */
  async accept(answer: { type: 'answer'; sdp: string }): Promise<void> {
    await this.#connection.setRemoteDescription({ ...answer, sdp: await this.#relayed(answer.sdp) });
  }

  /** Answers `GET /peer/offer` and `POST /peer/answer`; undefined for other requests. */
  async handle(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    if (pathname === '/peer/offer') return Response.json(await this.offer());
    if (pathname !== '/peer/answer' || request.method !== 'POST') return undefined;
    await this.accept((await request.json()) as { type: 'answer'; sdp: string });
    return new Response(null, { status: 204 });
  }

  /** Stops sending one of them, as a sender does whose track is taken away. The time goes on, and its timestamps with it. */
  pause(kind: 'video' | 'audio'): void {
    this.#outlets[kind]?.hold();
  }

  /** Goes on where it has stopped. */
  resume(kind: 'video' | 'audio'): void {
    this.#outlets[kind]?.release();
  }

  /** Asks the browser for a key frame. */
  async askForKeyFrame(): Promise<void> {
    for (const { kind, receiver } of this.#connection.getTransceivers()) {
      const { ssrc } = receiver.track;
      if (kind === 'video' && ssrc !== undefined) await receiver.sendRtcpPLI(ssrc);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#end();
    await this.#connection.close();
  }

  async #relayed(sdp: string): Promise<string> {
    return (await this.options.path?.rewriteDescription(sdp)) ?? sdp;
  }

  #add(kind: 'audio' | 'video', length: number, interval: number, clock: number): void {
    const { repeats = false, firstSequenceNumber = 1_000, firstTimestamp = 0, receives } = this.options;
    const times = { length, repeats, interval, clock };
    const outlet = new Outlet({ kind, ...times, firstSequenceNumber, firstTimestamp });
    this.#outlets[kind] = outlet;
    const direction = receives ? 'sendrecv' : 'sendonly';
    const transceiver = this.#connection.addTransceiver(outlet.track, { direction });
    if (kind === 'video')
      transceiver.sender.onPictureLossIndication.subscribe(() => this.#skipToKeyFrame(outlet));
    this.#listen(transceiver);
  }

  #take(kind: 'audio' | 'video'): void {
    this.#listen(this.#connection.addTransceiver(kind, { direction: 'recvonly' }));
  }

  #listen(transceiver: RTCRtpTransceiver): void {
    transceiver.onTrack.subscribe(track => {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        const { sequenceNumber, timestamp, marker } = header;
        const packet = { sequenceNumber, timestamp, marker, payload: new Uint8Array(payload) };
        this.received[transceiver.kind as 'audio' | 'video'].push(packet);
      });
    });
  }

  /** Whoever has lost a picture gets the next one that stands on its own, if there is one. */
  #skipToKeyFrame(outlet: Outlet): void {
    this.keyFrameRequests++;
    const { video, repeats, skipsToKeyFrames = true } = this.options;
    if (!skipsToKeyFrames) return;
    const next = video?.frames.findIndex(({ key }, i) => key && i >= outlet.cursor) ?? -1;
    if (next >= 0) outlet.cursor = next;
    else if (repeats) outlet.cursor = 0;
  }

  /** Sends what is due, and waits for what will be. */
  #go(): void {
    if (this.#isClosed) return;
    const { video, audio } = this.#outlets;
    while (video?.isDue(performance.now())) this.#sendVideo(video);
    while (audio?.isDue(performance.now())) this.#sendAudio(audio);
    if ((video?.isAtEnd ?? true) && (audio?.isAtEnd ?? true)) this.#end();
    else this.#timer = setTimeout(() => this.#go(), 2);
  }

  #sendVideo(outlet: Outlet): void {
    const { video, payloadBytes = PAYLOAD_BYTES } = this.options;
    const frame = video?.frames[outlet.cursor];
    if (!video || !frame) return;
    const payloads = payloadsOf(video.codec, frame, outlet.count, payloadBytes);
    const turned = this.rotation;
    const orientation =
      turned === undefined ? undefined : { id: this.#orientation.id, payload: Buffer.from([turned / 90]) };
    this.sentVideo.push({ ...outlet.send(payloads, orientation), frame });
  }

  #sendAudio(outlet: Outlet): void {
    const packet = this.options.audio?.packets[outlet.cursor];
    if (packet) this.sentAudio.push({ ...outlet.send([packet]), packet });
  }
}
