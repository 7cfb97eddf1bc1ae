/** Calls of a page with itself, and recordings that listen to them. */
import { expect, onTestFinished } from 'vitest';
import type { EncodedFrame, EncodedInput, FromTap, ToTap } from '../../../src/encoded.ts';

/** Pictures that differ from each other, 30 a second, until the test ends. */
export const movingPicture = (): MediaStreamTrack => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  let count = 0;
  const timer = setInterval(() => {
    context.fillStyle = `hsl(${(count * 7) % 360} 80% 50%)`;
    context.fillRect(0, 0, 320, 240);
    context.fillStyle = '#fff';
    context.fillRect((count++ * 5) % 320, 60, 60, 60);
  }, 33);
  const [track] = canvas.captureStream(30).getVideoTracks() as [MediaStreamTrack];
  onTestFinished(() => {
    clearInterval(timer);
    track.stop();
  });
  return track;
};

/** 440 Hz, until the test ends. */
export const tone = (): MediaStreamTrack => {
  const context = new AudioContext();
  const oscillator = context.createOscillator();
  const destination = context.createMediaStreamDestination();
  oscillator.connect(destination);
  oscillator.start();
  onTestFinished(() => context.close());
  return destination.stream.getAudioTracks()[0] as MediaStreamTrack;
};

/** A connection that is closed when the test ends. */
export const connection = (configuration: RTCConfiguration = {}): RTCPeerConnection => {
  const made = new RTCPeerConnection(configuration);
  onTestFinished(() => made.close());
  return made;
};

/** Lets the first one call the second. @param offer for what older libraries do. */
export const connect = async (
  from: RTCPeerConnection,
  to: RTCPeerConnection,
  offer?: RTCOfferOptions,
): Promise<void> => {
  // One that comes after the call has ended is refused.
  const pass = (candidate: RTCIceCandidate | null, other: RTCPeerConnection): void =>
    void (candidate && other.addIceCandidate(candidate).catch(() => undefined));
  from.onicecandidate = ({ candidate }) => pass(candidate, to);
  to.onicecandidate = ({ candidate }) => pass(candidate, from);
  await from.setLocalDescription(await from.createOffer(offer));
  await to.setRemoteDescription(from.localDescription as RTCSessionDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription as RTCSessionDescription);
};

/** The receiver of a kind. */
export const receiverOf = (connection: RTCPeerConnection, kind: 'video' | 'audio'): RTCRtpReceiver =>
  connection.getReceivers().find(({ track }) => track.kind === kind) as RTCRtpReceiver;

/** Video frames that came out of the decoder so far. */
export const framesDecoded = async (connection: RTCPeerConnection): Promise<number> => {
  for (const entry of (await connection.getStats()).values())
    if (entry.type === 'inbound-rtp' && entry.kind === 'video') return entry.framesDecoded ?? 0;
  return 0;
};

/** Waits until more frames have been decoded than have been now. */
export const expectDecoding = async (connection: RTCPeerConnection, more = 10): Promise<void> => {
  const before = await framesDecoded(connection);
  await expect.poll(() => framesDecoded(connection), { timeout: 20_000 }).toBeGreaterThan(before + more);
};

/** What a recording has heard; takes all at once. */
export class Recording {
  readonly frames: EncodedFrame[] = [];
  readonly others: FromTap[] = [];
  readonly #port: MessagePort;

  constructor({ port }: EncodedInput) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<FromTap[]>) => {
      for (const message of data) this.#take(message);
    };
  }

  #take(message: FromTap): void {
    if (message.type !== 'frame') return void this.others.push(message);
    this.frames.push(message.frame);
    this.send({ type: 'taken', bytes: message.frame.data.byteLength });
  }

  send(message: ToTap): void {
    this.#port.postMessage(message);
  }

  /** Waits for so many more frames. */
  async hear(more: number): Promise<void> {
    const before = this.frames.length;
    await expect.poll(() => this.frames.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(before + more);
  }

  get keyFrames(): number {
    return this.frames.filter(({ type }) => type === 'key').length;
  }
}

const textOf = ({ data }: EncodedFrame): string => new Uint8Array(data).join();

/** Every frame that was received while both listened is byte for byte one that was sent, in the same order. */
export const expectSame = (sent: Recording, received: Recording): void => {
  const all = sent.frames.map(textOf);
  const heard = received.frames.map(textOf);
  const start = all.indexOf(heard[0] ?? '');
  expect(start).toBeGreaterThanOrEqual(0);
  const both = Math.min(all.length - start, heard.length);
  expect(both).toBeGreaterThan(20);
  expect(heard.slice(0, both)).toEqual(all.slice(start, start + both));
};
