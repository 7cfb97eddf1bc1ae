/** The page of `npm run bench:call`: both ends of a call, and the ways to record what is received of it. */
import {
  MediaStreamAudioTrackSource,
  MediaStreamVideoTrackSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
} from 'mediabunny';
import { Recorder, tap, tus } from 'steadyreel';
import type { CallStats, Connect, Method, Recorded } from './messages.ts';

const [WIDTH, HEIGHT, RATE] = [1280, 720, 30];
const AUDIO_BITRATE = 128_000;

/** Of one and the same noise in every run. */
const noise = (width: number, height: number): HTMLCanvasElement => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const image = context.createImageData(width, height);
  let state = 1;
  for (let i = 0; i < image.data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    image.data[i] = i % 4 === 3 ? 255 : state >>> 24;
  }
  context.putImageData(image, 0, 0);
  return canvas;
};

/** Bars that move, and a patch of noise that costs bits. Drawn by the processor: there is none for graphics here. */
const picture = (): MediaStreamTrack => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext('2d', {
    alpha: false,
    willReadFrequently: true,
  }) as CanvasRenderingContext2D;
  const patch = noise(512, 256);
  const began = performance.now();
  let frame = 0;
  const draw = (): void => {
    for (let bar = 0; bar < 8; bar++) {
      context.fillStyle = `hsl(${bar * 45} 70% 50%)`;
      context.fillRect((bar * 160 + frame * 4) % WIDTH, 0, 160, HEIGHT);
    }
    const [x, y] = [(frame * 37) % 384, (frame * 23) % 128];
    context.drawImage(patch, x, y, 128, 128, 576, 296, 128, 128);
    frame++;
    setTimeout(draw, Math.max(0, began + (frame * 1_000) / RATE - performance.now()));
  };
  draw();
  const [track] = canvas.captureStream().getVideoTracks();
  if (track === undefined) throw new Error('The canvas gives no track.');
  track.contentHint = 'motion';
  return track;
};

const sound = (): MediaStreamTrack => {
  const context = new AudioContext();
  const [tone, out] = [context.createOscillator(), context.createMediaStreamDestination()];
  tone.connect(out);
  tone.start();
  return out.stream.getAudioTracks()[0] as MediaStreamTrack;
};

const from = new RTCPeerConnection();
const to = new RTCPeerConnection();
const received = new MediaStream();
const published = new MediaStream();

const prefer = (transceiver: RTCRtpTransceiver, codec: string): void => {
  const { codecs = [] } = RTCRtpReceiver.getCapabilities('video') ?? {};
  const wanted = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec.toLowerCase()}`);
  if (wanted.length === 0) throw new Error(`This browser has no ${codec} in calls.`);
  transceiver.setCodecPreferences([...wanted, ...codecs.filter(({ mimeType }) => /\/rtx$/i.test(mimeType))]);
};

/** The estimate of what the network takes begins where it would come to, so that no run is spent on its way there. */
const beginAt = (sdp: string, kilobits: number): string => {
  const given = `x-google-start-bitrate=${kilobits};x-google-min-bitrate=${kilobits}`;
  return sdp.replace(/(m=video[\s\S]*)/, video =>
    video.replace(/^a=fmtp:(\d+) (?!apt=)(.*?)\r$/gm, `a=fmtp:$1 $2;${given}\r`),
  );
};

const limit = async (sender: RTCRtpSender, bitrate: number): Promise<void> => {
  const parameters = sender.getParameters() as RTCRtpSendParameters & { degradationPreference?: string };
  for (const encoding of parameters.encodings)
    Object.assign(encoding, { maxBitrate: bitrate, maxFramerate: RATE });
  parameters.degradationPreference = 'maintain-resolution';
  await sender.setParameters(parameters);
};

const sum = (values: readonly (number | undefined)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** @returns what stops it. */
const starters: Record<Method, (bitrate: number) => Promise<() => Promise<Recorded>>> = {
  none: async () => async () => ({ bytes: 0, frames: 0, troubles: [] }),
  passthrough: bitrate => recordBy(to, bitrate),
  'passthrough-sender': bitrate => recordBy(from, bitrate),
  encode: bitrate => recordBy(received, bitrate),
  'encode-sent': bitrate => recordBy(published, bitrate),
  'media-recorder': bitrate => recordByBrowser('video/mp4;codecs=avc1.42E01F,opus', bitrate),
  'media-recorder-default': bitrate => recordByBrowser(undefined, bitrate),
  'media-recorder-vp9': bitrate => recordByBrowser('video/webm;codecs=vp9,opus', bitrate),
  'media-recorder-vp8': bitrate => recordByBrowser('video/webm;codecs=vp8,opus', bitrate),
  mediabunny: async bitrate => {
    const target = new NullTarget();
    const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'fragmented' }), target });
    const [video] = received.getVideoTracks();
    const [audio] = received.getAudioTracks();
    const troubles: string[] = [];
    let bytes = 0;
    target.onwrite = (start, end) => {
      bytes += end - start;
    };
    let frames = 0;
    const onEncodedPacket = (): void => void frames++;
    const pictures = new MediaStreamVideoTrackSource(video as MediaStreamVideoTrack, {
      ...{ codec: 'avc', bitrate, latencyMode: 'realtime', onEncodedPacket },
    });
    const sounds = new MediaStreamAudioTrackSource(audio as MediaStreamAudioTrack, {
      ...{ codec: 'opus', bitrate: AUDIO_BITRATE },
    });
    for (const { errorPromise } of [pictures, sounds])
      void errorPromise.catch(error => troubles.push(String(error)));
    output.addVideoTrack(pictures);
    output.addAudioTrack(sounds);
    await output.start();
    return async () => {
      await output.finalize();
      return { bytes, frames, troubles };
    };
  },
};

const recordBy = async (source: MediaStream | RTCPeerConnection, bitrate: number) => {
  const troubles: string[] = [];
  const recorder = new Recorder(source, {
    storage: tus({ endpoint: '/storage' }),
    video: { bitrate },
    audio: { codec: 'opus', bitrate: AUDIO_BITRATE },
  });
  recorder.on('warning', ({ code }) => troubles.push(code));
  recorder.on('error', ({ error }) => troubles.push(`${error.code}: ${error.message}`));
  // Errors of a class of their own come out of the browser without what they say.
  await recorder.start().catch(error => {
    throw new Error(`${error.code}: ${error.message}`);
  });
  return async () => {
    const { files, method } = await recorder.stop();
    const bytes = sum(files.map(file => file.bytes));
    const codec = files[0]?.video?.codec;
    return {
      bytes,
      frames: sum(files.map(({ video }) => video?.frames)),
      files: files.length,
      method,
      codec,
      troubles,
    };
  };
};

/** What it gives is counted and forgotten: neither kept nor sent. */
const recordByBrowser = async (mimeType: string | undefined, bitrate: number) => {
  const recorder = new MediaRecorder(received, {
    ...(mimeType === undefined ? {} : { mimeType }),
    ...{ videoBitsPerSecond: bitrate, audioBitsPerSecond: AUDIO_BITRATE },
  });
  const troubles: string[] = [];
  let bytes = 0;
  recorder.ondataavailable = ({ data }) => {
    bytes += data.size;
  };
  recorder.onerror = event => troubles.push(String((event as ErrorEvent).error));
  recorder.start(1_000);
  return async () => {
    const stopped = new Promise(resolve => recorder.addEventListener('stop', resolve));
    const codec = recorder.mimeType;
    recorder.stop();
    await stopped;
    return { bytes, frames: 0, codec, troubles };
  };
};

let stop: (() => Promise<Recorded>) | undefined;

const page = {
  async connect({ codec, bitrate, tapped }: Connect): Promise<void> {
    if (tapped === 'receiver') tap(to);
    if (tapped === 'sender') tap(from);
    from.onicecandidate = ({ candidate }) => candidate && void to.addIceCandidate(candidate);
    to.onicecandidate = ({ candidate }) => candidate && void from.addIceCandidate(candidate);
    for (const track of [picture(), sound()]) published.addTrack(track);
    const [video] = [...published.getVideoTracks(), ...published.getAudioTracks()].map(track =>
      from.addTransceiver(track, { direction: 'sendonly' }),
    );
    if (!video) throw new Error('The call has no video.');
    prefer(video, codec);
    to.addEventListener('track', ({ track }) => received.addTrack(track));
    const element = document.createElement('video');
    Object.assign(element, { autoplay: true, muted: true, width: 640, srcObject: received });
    document.body.append(element);
    await from.setLocalDescription();
    await to.setRemoteDescription(from.localDescription as RTCSessionDescription);
    await to.setLocalDescription();
    const { type, sdp } = to.localDescription as RTCSessionDescription;
    await from.setRemoteDescription({ type, sdp: beginAt(sdp, bitrate / 1_000) });
    await limit(video.sender, bitrate);
  },

  async record(method: Method, bitrate: number): Promise<void> {
    stop = await starters[method](bitrate);
  },

  async stop(): Promise<Recorded | undefined> {
    return stop?.();
  },

  /** What both ends say of the video, in numbers that only grow but for those that say how it is now. */
  async stats(): Promise<CallStats> {
    const sent = [...(await from.getStats()).values()];
    const inbound = [...(await to.getStats()).values()].find(
      ({ type, kind }) => type === 'inbound-rtp' && kind === 'video',
    );
    const outbound = sent.find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
    const remote = sent.find(({ type, kind }) => type === 'remote-inbound-rtp' && kind === 'video');
    return {
      at: performance.now() / 1_000,
      width: inbound?.frameWidth ?? 0,
      height: inbound?.frameHeight ?? 0,
      encoder: outbound?.encoderImplementation ?? '',
      decoder: inbound?.decoderImplementation ?? '',
      framesSent: outbound?.framesSent ?? 0,
      bytesSent: outbound?.bytesSent ?? 0,
      encodeTime: outbound?.totalEncodeTime ?? 0,
      sendDelay: outbound?.totalPacketSendDelay ?? 0,
      packetsSent: outbound?.packetsSent ?? 0,
      framesDecoded: inbound?.framesDecoded ?? 0,
      framesDropped: inbound?.framesDropped ?? 0,
      keyFrames: inbound?.keyFramesDecoded ?? 0,
      bytesReceived: inbound?.bytesReceived ?? 0,
      jitterDelay: inbound?.jitterBufferDelay ?? 0,
      jitterEmitted: inbound?.jitterBufferEmittedCount ?? 0,
      processingDelay: inbound?.totalProcessingDelay ?? 0,
      decodeTime: inbound?.totalDecodeTime ?? 0,
      freezes: inbound?.freezeCount ?? 0,
      packetsLost: inbound?.packetsLost ?? 0,
      roundTrips: remote?.totalRoundTripTime ?? 0,
      roundTripsMeasured: remote?.roundTripTimeMeasurements ?? 0,
    };
  },
};

export type BenchPage = typeof page;
Object.assign(globalThis, { page });
