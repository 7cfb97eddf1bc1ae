/** A page that joins calls, of peers that are no browsers and of its own, and records them as a test says. */
import {
  device,
  Recorder,
  type RecorderOptions,
  type RecorderState,
  type Recording,
  recover,
  tap,
  tus,
} from 'steadyreel';

export type Kind = 'video' | 'audio';

/** What is recorded: a whole connection, or its receivers of some kinds. */
export interface SourceOf {
  call: string;
  kinds?: Kind[];
}

export interface Failure {
  code: string;
  /** Of `passthrough-unavailable`. */
  reason?: string;
  message: string;
}

/** What a recorder has told. */
export interface Told {
  state: RecorderState;
  states: RecorderState[];
  files: number;
  framesEncoded: number;
  framesDropped: number;
  samplesIn: number;
  samplesFilled: number;
  samplesDropped: number;
  warnings: string[];
  errors: string[];
}

interface Running {
  recorder: Recorder;
  states: RecorderState[];
  warnings: string[];
  errors: string[];
}

/** Lets everything through, as a transform of the page's own may. */
const FOREIGN = 'onrtctransform = ({ transformer: t }) => t.readable.pipeTo(t.writable).catch(() => {})';

/** Each with its scale and its bits a second. */
const LAYERS: readonly [rid: string, scale: number, maxBitrate: number][] = [
  ['low', 4, 60_000],
  ['middle', 2, 120_000],
  ['high', 1, 300_000],
];

const canvas = document.createElement('canvas');
let drawn = 0;

const draw = (context: CanvasRenderingContext2D): void => {
  const { width, height } = canvas;
  drawn++;
  for (let bar = 0; bar < 8; bar++) {
    context.fillStyle = `hsl(${(bar * 45 + drawn) % 360} 60% 50%)`;
    context.fillRect(((bar * width) / 8 + drawn * 2) % width, 0, width / 8, height);
  }
};

const picture = (width: number, height: number): MediaStreamTrack => {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  draw(context);
  setInterval(() => draw(context), 66);
  return canvas.captureStream(15).getVideoTracks()[0] as MediaStreamTrack;
};

const calls: Record<string, RTCPeerConnection> = {};
const recorders: Record<string, Running> = {};

const callOf = (name: string): RTCPeerConnection => {
  const connection = calls[name];
  if (!connection) throw new Error(`there is no call ${name}`);
  return connection;
};

const running = (id: string): Running => {
  const one = recorders[id];
  if (!one) throw new Error(`there is no recorder ${id}`);
  return one;
};

const show = (track: MediaStreamTrack): void => {
  const element = document.createElement(track.kind === 'video' ? 'video' : 'audio');
  element.autoplay = true;
  element.muted = true;
  element.srcObject = new MediaStream([track]);
  document.body.append(element);
};

const foreign = (): RTCRtpScriptTransform => {
  const url = URL.createObjectURL(new Blob([FOREIGN], { type: 'text/javascript' }));
  return new RTCRtpScriptTransform(new Worker(url), {});
};

const sourceOf = ({ call, kinds }: SourceOf): RTCPeerConnection | RTCRtpReceiver[] => {
  const connection = callOf(call);
  if (!kinds) return connection;
  return connection.getReceivers().filter(({ track }) => kinds.some(kind => kind === track.kind));
};

const failureOf = (error: unknown): Failure => {
  const { code, reason, message } = error as Failure;
  return { code: code ?? String(error), message, ...(reason === undefined ? {} : { reason }) };
};

const make = (id: string, source: SourceOf, options: RecorderOptions, place: 'tus' | 'device'): Recorder => {
  const storage = place === 'device' ? device() : tus({ endpoint: '/storage' });
  const recorder = new Recorder(sourceOf(source), { storage, ...options });
  const one: Running = { recorder, states: [], warnings: [], errors: [] };
  recorder.on('state', ({ state }) => one.states.push(state));
  recorder.on('warning', ({ code }) => one.warnings.push(code));
  recorder.on('error', ({ error }) => one.errors.push(error.code));
  recorders[id] = one;
  return recorder;
};

const wait = (milliseconds: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, milliseconds));

const page = {
  /** Joins the call of a peer, which is served under its name. */
  async join(
    name: string,
    { tapped = true, transform = false }: { tapped?: boolean; transform?: boolean } = {},
  ): Promise<void> {
    const connection = new RTCPeerConnection();
    calls[name] = connection;
    if (tapped) tap(connection);
    connection.ontrack = ({ receiver, track }) => {
      if (transform) receiver.transform = foreign();
      show(track);
    };
    await connection.setRemoteDescription(await (await fetch(`/${name}/peer/offer`)).json());
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete')
      await new Promise(resolve =>
        connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
      );
    await fetch(`/${name}/peer/answer`, {
      method: 'POST',
      body: JSON.stringify(connection.localDescription),
    });
  },

  /** Calls itself with three layers, of which the other end takes all; `name` is the sending end. */
  async simulcast(name: string, width: number, height: number): Promise<void> {
    const from = new RTCPeerConnection();
    const to = new RTCPeerConnection();
    calls[name] = tap(from);
    from.onicecandidate = ({ candidate }) => void (candidate && to.addIceCandidate(candidate));
    to.onicecandidate = ({ candidate }) => void (candidate && from.addIceCandidate(candidate));
    to.ontrack = ({ track }) => show(track);
    const video = from.addTransceiver(picture(width, height), {
      direction: 'sendonly',
      sendEncodings: LAYERS.map(([rid, scale, maxBitrate]) => ({
        ...{ rid, scaleResolutionDownBy: scale, maxBitrate },
      })),
    });
    const { codecs = [] } = RTCRtpSender.getCapabilities('video') ?? {};
    video.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === 'video/H264'));
    await from.setLocalDescription();
    await to.setRemoteDescription(from.localDescription as RTCSessionDescription);
    await to.setLocalDescription();
    // Browsers send layers, and take none; a server would say this.
    const rids = LAYERS.map(([rid]) => `a=rid:${rid} recv\r\n`).join('');
    const taken = `${rids}a=simulcast:recv ${LAYERS.map(([rid]) => rid).join(';')}\r\n`;
    await from.setRemoteDescription({ type: 'answer', sdp: `${to.localDescription?.sdp}${taken}` });
  },

  /** Switches a layer on or off. */
  async layer(name: string, rid: string, active: boolean): Promise<void> {
    const [sender] = callOf(name).getSenders();
    const parameters = sender?.getParameters();
    if (!sender || !parameters) throw new Error('nothing is sent');
    for (const encoding of parameters.encodings) if (encoding.rid === rid) encoding.active = active;
    await sender.setParameters(parameters);
  },

  /** Heights of the layers that are sent, and how many frames. */
  async layers(name: string): Promise<Record<string, { height: number; frames: number }>> {
    const found: Record<string, { height: number; frames: number }> = {};
    for (const { type, rid, frameHeight = 0, framesEncoded = 0 } of (await callOf(name).getStats()).values())
      if (type === 'outbound-rtp') found[rid] = { height: frameHeight, frames: framesEncoded };
    return found;
  },

  /** The other side stops the transceiver of a kind. */
  async loseTrack(name: string, kind: Kind): Promise<void> {
    const connection = callOf(name);
    const { sdp } = connection.remoteDescription as RTCSessionDescription;
    const sections = sdp.split(/^(?=m=)/m);
    const lost = sections.find(section => section.startsWith(`m=${kind}`)) ?? '';
    const mid = /^a=mid:(\S+)/m.exec(lost)?.[1] ?? '';
    const kept = sections.map(section => {
      if (section === lost) return section.replace(/^m=\w+ \d+/, `m=${kind} 0`);
      return section.replace(/^a=group:BUNDLE .*$/m, group =>
        group
          .split(' ')
          .filter(part => part !== mid)
          .join(' '),
      );
    });
    await connection.setRemoteDescription({ type: 'offer', sdp: kept.join('') });
    await connection.setLocalDescription();
  },

  close(name: string): void {
    callOf(name).close();
  },

  /** What the connection has decoded of the video. */
  async decoded(name: string): Promise<number> {
    for (const entry of (await callOf(name).getStats()).values())
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') return entry.framesDecoded ?? 0;
    return 0;
  },

  connected: (name: string): boolean => callOf(name).connectionState === 'connected',

  /** Makes a recorder and starts it. @returns why it did not start. */
  async record(
    id: string,
    source: SourceOf,
    options: RecorderOptions = {},
    place: 'tus' | 'device' = 'tus',
  ): Promise<Failure | 'started'> {
    return make(id, source, options, place)
      .start()
      .then(() => 'started' as const, failureOf);
  },

  /** Starts a recorder once more. */
  async again(id: string): Promise<Failure | 'started'> {
    return running(id)
      .recorder.start()
      .then(() => 'started' as const, failureOf);
  },

  told(id: string): Told {
    const { recorder, ...rest } = running(id);
    const { state, recording, stats } = recorder;
    return {
      ...{ state, files: recording?.files.length ?? 0, ...rest },
      ...{ framesEncoded: stats.framesEncoded, framesDropped: stats.framesDropped },
      ...{ samplesIn: stats.audioSamplesIn, samplesFilled: stats.audioSamplesFilled },
      samplesDropped: stats.audioSamplesDropped,
    };
  },

  pause: (id: string): void => running(id).recorder.pause(),
  resume: (id: string): void => running(id).recorder.resume(),

  async replace(id: string, source: SourceOf): Promise<void> {
    await running(id).recorder.replaceSource(sourceOf(source));
  },

  /** @returns why another source is refused. */
  async refusal(id: string, source: SourceOf): Promise<Failure | 'none'> {
    const replaced = running(id).recorder.replaceSource(sourceOf(source));
    return replaced.then(() => 'none' as const, failureOf);
  },

  /** Starts a recorder, and gives it another source while it still looks at the first one. */
  async replaceAtOnce(
    id: string,
    first: SourceOf,
    second: SourceOf,
    options: RecorderOptions,
  ): Promise<void> {
    const recorder = make(id, first, options, 'tus');
    const started = recorder.start();
    await recorder.replaceSource(sourceOf(second));
    await started;
  },

  async stop(id: string): Promise<Recording> {
    return running(id).recorder.stop();
  },

  /** Stops it so long after `start()` was called; or, after `start()` has resolved. */
  async stopSoon(
    id: string,
    source: SourceOf,
    milliseconds: number,
    after: 'call' | 'started',
  ): Promise<Recording | Failure> {
    const recorder = make(id, source, {}, 'tus');
    const started = recorder.start();
    started.catch(() => undefined);
    if (after === 'started') await started;
    await wait(milliseconds);
    return recorder.stop().catch(failureOf);
  },

  /** Throws it away so long after `start()` was called. @returns what became of `start()` and `stop()`. */
  async abortSoon(
    id: string,
    source: SourceOf,
    milliseconds: number,
  ): Promise<{ started: string; stopped: string; state: string }> {
    const recorder = make(id, source, {}, 'tus');
    const started = recorder.start().then(
      () => 'started',
      error => failureOf(error).code,
    );
    if (milliseconds > 0) await wait(milliseconds);
    await recorder.abort();
    const stopped = await recorder.stop().then(
      () => 'stopped',
      error => failureOf(error).code,
    );
    return { started: await started, stopped, state: recorder.state };
  },

  async recover(place: 'tus' | 'device'): Promise<Recording[]> {
    return recover({ storage: place === 'device' ? device() : tus({ endpoint: '/storage' }) });
  },
};

export type JourneyPage = typeof page;
Object.assign(globalThis, { page });
