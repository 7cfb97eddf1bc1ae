/** A page with both ends of a call, one of them tapped, the other with a transform of the page's own as a witness. */
import { type ClipOptions, device, FrameFeed, Recorder, type Recording, tap, tus } from 'steadyreel';

export type End = 'sender' | 'receiver';

export interface CallOptions {
  /** `H264`, `VP9`, … */
  codec: string;
  /** Which end is tapped; the other one's frames pass the witness, which feeds a recording too. */
  tapped: End;
  width: number;
  height: number;
  /** False: Chromium's receivers then tell nothing of what frames are predicted from. */
  dependencies?: boolean;
  /** What Chromium's sender begins with; bits a second. Default about 300000, with which a picture is sent smaller than it is. */
  startBitrate?: number;
}

interface Noted {
  rtpTimestamp: number;
  mimeType: string;
  data: ArrayBuffer;
}

const canvas = document.createElement('canvas');
let frames = 0;

/** Bars that move, a number, and noise that costs bits. */
const draw = (context: CanvasRenderingContext2D): void => {
  const { width, height } = canvas;
  frames++;
  for (let bar = 0; bar < 16; bar++) {
    context.fillStyle = `hsl(${(bar * 23 + frames * 2) % 360} 80% 50%)`;
    context.fillRect(((bar * width) / 16 + frames * 3) % width, 0, width / 16, height);
  }
  context.fillStyle = '#fff';
  context.font = `${height / 4}px sans-serif`;
  context.fillText(String(frames), 20, height / 2);
};

/** Sound that changes, so that no packet is like another. */
const sound = (): MediaStreamTrack => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const wobble = context.createOscillator();
  const depth = context.createGain();
  const out = context.createMediaStreamDestination();
  wobble.frequency.value = 3;
  depth.gain.value = 200;
  wobble.connect(depth).connect(tone.frequency);
  tone.connect(out);
  tone.start();
  wobble.start();
  return out.stream.getAudioTracks()[0] as MediaStreamTrack;
};

const picture = (width: number, height: number): MediaStreamTrack => {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  draw(context);
  setInterval(() => draw(context), 33);
  return canvas.captureStream(30).getVideoTracks()[0] as MediaStreamTrack;
};

/** Where candidates go on their way to the other end: a relay may stand in between. */
const rewrite = async (candidate: RTCIceCandidate): Promise<RTCIceCandidateInit | undefined> => {
  const init = candidate.toJSON();
  if (!new URLSearchParams(location.search).has('relay')) return init;
  const answer = await fetch('/relay', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ candidate: candidate.candidate }),
  });
  if (answer.status !== 200) return undefined;
  return { ...init, candidate: ((await answer.json()) as { candidate: string }).candidate };
};

const exchange = (from: RTCPeerConnection, to: RTCPeerConnection): void => {
  from.onicecandidate = async ({ candidate }) => {
    const passed = candidate && (await rewrite(candidate));
    if (passed) await to.addIceCandidate(passed);
  };
};

const startingWith = (
  answer: RTCSessionDescription,
  bitrate: number | undefined,
): RTCSessionDescriptionInit => {
  const { type, sdp } = answer;
  if (bitrate === undefined) return { type, sdp };
  const guess = `;x-google-start-bitrate=${bitrate / 1_000}`;
  return { type, sdp: sdp.replace(/^a=fmtp:.*$/gm, line => line + guess) };
};

const prefer = (transceiver: RTCRtpTransceiver, codec: string): void => {
  const { codecs = [] } = RTCRtpReceiver.getCapabilities('video') ?? {};
  const wanted = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec.toLowerCase()}`);
  if (wanted.length === 0) throw new Error(`This browser has no ${codec} in calls.`);
  // Retransmission goes with it, or a lost packet is lost for good.
  const rtx = codecs.filter(({ mimeType }) => /\/(rtx|red|ulpfec)$/i.test(mimeType));
  transceiver.setCodecPreferences([...wanted, ...rtx]);
};

let from: RTCPeerConnection;
let to: RTCPeerConnection;
let tappedEnd: End;
const witness = new Worker('/witness.js', { type: 'module' });
/** A witness in Chromium can't ask a sender's encoder. */
witness.addEventListener('message', ({ data }) => {
  if (data === 'key-frame') void page.keyFrame();
});
const feeds: Record<string, FrameFeed> = {};
const recorders: Partial<Record<End, Recorder>> = {};
const warnings: string[] = [];
const errors: string[] = [];

/** What the witness sees of a kind is fed to recordings. @param receiver where it is; else it is at the sender. */
const feedBy = (kind: 'video' | 'audio', receiver?: RTCRtpReceiver): void => {
  const feed = new FrameFeed({ kind, side: receiver ? 'receiver' : 'sender', receiver });
  feeds[kind] = feed;
  witness.postMessage({ kind, feed: feed.port }, [feed.port]);
};

const watch = (target: RTCRtpSender | RTCRtpReceiver, kind: string): void => {
  target.transform = new RTCRtpScriptTransform(witness, { kind });
};

const endOf = (end: End): RTCPeerConnection => (end === 'sender' ? from : to);

const page = {
  async connect(options: CallOptions): Promise<void> {
    const { codec, tapped, width, height, dependencies = true } = options;
    from = new RTCPeerConnection();
    to = new RTCPeerConnection();
    tappedEnd = tapped;
    tap(endOf(tapped));
    if (tapped === 'receiver') for (const kind of ['video', 'audio'] as const) feedBy(kind);
    exchange(from, to);
    exchange(to, from);
    const video = from.addTransceiver(picture(width, height), { direction: 'sendonly' });
    const audio = from.addTransceiver(sound(), { direction: 'sendonly' });
    prefer(video, codec);
    if (tapped === 'receiver') {
      watch(video.sender, 'video');
      watch(audio.sender, 'audio');
    }
    if (!dependencies && 'setHeaderExtensionsToNegotiate' in video) page.forgoDependencies(video);
    to.addEventListener('track', ({ receiver, track }) => {
      if (tapped === 'sender') {
        feedBy(track.kind === 'video' ? 'video' : 'audio', receiver);
        watch(receiver, track.kind);
      }
      const element = document.createElement(track.kind === 'video' ? 'video' : 'audio');
      element.autoplay = true;
      element.muted = true;
      element.srcObject = new MediaStream([track]);
      document.body.append(element);
    });
    await from.setLocalDescription();
    await to.setRemoteDescription(from.localDescription as RTCSessionDescription);
    await to.setLocalDescription();
    const answer = to.localDescription as RTCSessionDescription;
    await from.setRemoteDescription(startingWith(answer, options.startBitrate));
    while ((await page.received()).framesDecoded < 5) await new Promise(resolve => setTimeout(resolve, 50));
  },

  forgoDependencies(transceiver: object): void {
    const control = transceiver as {
      getHeaderExtensionsToNegotiate(): { uri: string; direction: string }[];
      setHeaderExtensionsToNegotiate(list: { uri: string; direction: string }[]): void;
    };
    const list = control.getHeaderExtensionsToNegotiate();
    for (const one of list) if (one.uri.includes('dependency-descriptor')) one.direction = 'stopped';
    control.setHeaderExtensionsToNegotiate(list);
  },

  /** Packets that did not come, or had to be asked for again, of either track, as the receiving end says. */
  async missed(): Promise<number> {
    let missed = 0;
    for (const entry of (await to.getStats()).values())
      if (entry.type === 'inbound-rtp') missed += (entry.packetsLost ?? 0) + (entry.nackCount ?? 0);
    return missed;
  },

  /** What the receiving end says of the video. */
  async received(): Promise<{
    framesDecoded: number;
    packetsLost: number;
    nackCount: number;
    frameWidth: number;
  }> {
    for (const entry of (await to.getStats()).values())
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
        const { framesDecoded = 0, packetsLost = 0, nackCount = 0, frameWidth = 0 } = entry;
        return { framesDecoded, packetsLost, nackCount, frameWidth };
      }
    return { framesDecoded: 0, packetsLost: 0, nackCount: 0, frameWidth: 0 };
  },

  /** Takes an end: by its tap, or by what the witness feeds. With `dvr`, it is kept from now on. */
  keep(end: End, options: object = {}, place: 'tus' | 'device' = 'tus'): void {
    const source = end === tappedEnd ? endOf(end) : [feeds.video, feeds.audio].flatMap(feed => feed ?? []);
    const storage = place === 'device' ? device() : tus({ endpoint: '/storage' });
    const recorder = new Recorder(source, { storage, metadata: { end }, ...options });
    recorder.on('warning', ({ code }) => warnings.push(code));
    recorder.on('error', ({ error }) => errors.push(`${error.code}: ${error.message}`));
    recorders[end] = recorder;
  },

  async record(end: End, options: object = {}, place: 'tus' | 'device' = 'tus'): Promise<void> {
    page.keep(end, options, place);
    await recorders[end]?.start();
  },

  /** Seconds of the call that are kept. */
  kept: (end: End): { start: number; end: number } => recorders[end]?.dvr ?? { start: 0, end: 0 },

  clip: (end: End, options: ClipOptions): Promise<Recording> => (recorders[end] as Recorder).clip(options),

  told(end: End): { state: string; files: number; framesEncoded: number; framesDropped: number } {
    const { state = '', recording, stats } = recorders[end] ?? {};
    const { framesEncoded = 0, framesDropped = 0 } = stats ?? {};
    return { state, files: recording?.files.length ?? 0, framesEncoded, framesDropped };
  },

  troubles: (): { warnings: string[]; errors: string[] } => ({ warnings, errors }),

  pause: (end: End): void => recorders[end]?.pause(),
  resume: (end: End): void => recorders[end]?.resume(),

  async encode(parameters: {
    scale?: number;
    bitrate?: number;
    /** What stays when there are too few bits for both. */
    prefer?: 'maintain-framerate' | 'balanced';
  }): Promise<void> {
    const sender = from.getSenders().find(({ track }) => track?.kind === 'video') as RTCRtpSender;
    const given = sender.getParameters();
    const [encoding] = given.encodings;
    if (encoding === undefined) throw new Error('nothing is negotiated');
    if (parameters.scale !== undefined) encoding.scaleResolutionDownBy = parameters.scale;
    if (parameters.bitrate !== undefined) encoding.maxBitrate = parameters.bitrate;
    const preference = parameters.prefer === undefined ? {} : { degradationPreference: parameters.prefer };
    await sender.setParameters({ ...given, ...preference });
  },

  async keyFrame(): Promise<void> {
    const sender = from.getSenders().find(({ track }) => track?.kind === 'video') as RTCRtpSender;
    const set = sender.setParameters.bind(sender) as (given: object, options: object) => Promise<void>;
    await set(sender.getParameters(), { encodingOptions: [{ keyFrame: true }] });
  },

  async stop(end: End): Promise<Recording> {
    return (recorders[end] as Recorder).stop();
  },

  close(): void {
    from.close();
    to.close();
  },

  /** Stores what the witness has noted, frame by frame: length, RTP timestamp, bytes. */
  async dump(kind: 'video' | 'audio', name: string): Promise<number> {
    const noted = await new Promise<Noted[]>(resolve => {
      witness.addEventListener('message', ({ data }) => Array.isArray(data) && resolve(data));
      witness.postMessage({ dump: kind });
    });
    const parts = noted.flatMap(({ data, rtpTimestamp }) => [
      Uint32Array.of(data.byteLength, rtpTimestamp),
      data,
    ]);
    await fetch(name, { method: 'PUT', body: new Blob(parts) });
    return noted.length;
  },
};

export type CallPage = typeof page;
Object.assign(globalThis, { page });
