/** For tests of calls with peers that are no browsers: what they have sent is known, and so is what must be recorded of it. */
import { expect } from '@playwright/test';
import type { Recording } from '../../src/manifest.ts';
import type { CallBrowserName } from '../support/browsers.ts';
import type { EncodedFrame, VideoStream } from '../support/encoded-streams.ts';
import { type PeerOptions, RtcPeer } from '../support/rtc-peer.ts';
import { CallStation, checkFrames, type Stored, samplesOf, type Witnessed } from './call-kit.ts';
import type { JourneyPage, Told } from './pages/journey.ts';
import type { SharedBrowsers } from './shared-browsers.ts';

/** Noise, so that no packet is like another. */
export const NOISE = 'anoisesrc=sample_rate=48000:amplitude=0.3:seed=7';

const VIDEO_CLOCK = 90_000;
const AUDIO_CLOCK = 48_000;

/** A page and the peers that it may call. */
export class Journey {
  readonly #peers = new Map<string, RtcPeer>();

  private constructor(readonly station: CallStation<JourneyPage>) {}

  /** @param browsers takes a tab of one of these; without, a browser of its own. */
  static async start(name: CallBrowserName, browsers?: SharedBrowsers): Promise<Journey> {
    // The handler is needed before what it belongs to is there.
    const peers: { of: Map<string, RtcPeer> | undefined } = { of: undefined };
    const answer = async (request: Request): Promise<Response | undefined> => {
      const url = new URL(request.url);
      const [, peer = '', ...rest] = url.pathname.split('/');
      if (rest[0] !== 'peer') return undefined;
      url.pathname = rest.join('/');
      const body = request.method === 'POST' ? await request.text() : undefined;
      return peers.of
        ?.get(peer)
        ?.handle(new Request(url, { method: request.method, ...(body === undefined ? {} : { body }) }));
    };
    const page = 'test/e2e/pages/journey.ts';
    const options = { page, answer, ...(browsers ? { browsers } : {}) };
    const journey = new Journey(await CallStation.start<JourneyPage>(name, options));
    peers.of = journey.#peers;
    return journey;
  }

  /** A peer that can be joined under its name. */
  peer(name: string, options: PeerOptions): RtcPeer {
    const peer = RtcPeer.open({ skipsToKeyFrames: false, ...options });
    this.#peers.set(name, peer);
    return peer;
  }

  peerOf(name: string): RtcPeer {
    const peer = this.#peers.get(name);
    if (!peer) throw new Error(`there is no peer ${name}`);
    return peer;
  }

  get call(): CallStation<JourneyPage>['call'] {
    return this.station.call.bind(this.station) as CallStation<JourneyPage>['call'];
  }

  /** Waits until a recorder has told so. */
  async until(id: string, what: string, holds: (told: Told) => boolean): Promise<Told> {
    let last: Told | undefined;
    await waitFor(
      async () => holds((last = await this.call('told', id))),
      () => `${id}: ${what}; last ${JSON.stringify(last)}`,
    );
    return last as Told;
  }

  /** Waits until so many more frames are recorded. */
  async moreFrames(id: string, frames: number): Promise<void> {
    const { framesEncoded } = await this.call('told', id);
    await this.until(id, `${frames} more frames`, told => told.framesEncoded >= framesEncoded + frames);
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.values()) await peer.close();
    await this.station.close();
  }
}

/** Waits until something holds, and says what did not. */
export const waitFor = async (
  holds: () => boolean | Promise<boolean>,
  what: () => string,
  milliseconds = 30_000,
): Promise<void> => {
  const until = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`did not come: ${what()}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
};

const START_CODE = Uint8Array.of(0, 0, 0, 1);

const bytesOf = (codec: VideoStream['codec'], { units }: EncodedFrame): Uint8Array =>
  codec === 'h264'
    ? Buffer.concat(units.flatMap(unit => [START_CODE, unit]))
    : (units[0] ?? new Uint8Array());

/** What a peer has sent, as a witness would have seen it. */
export const sentVideo = (peer: RtcPeer, codec: VideoStream['codec'] = 'h264'): Witnessed[] =>
  peer.sentVideo.map(({ frame, rtpTimestamp }) => ({ rtpTimestamp, data: bytesOf(codec, frame) }));

/** A recorded packet. */
export interface Placed {
  /** Seconds on the recording's timeline. */
  time: number;
  duration: number;
  /** Which of the sent ones it is; `undefined` for silence that was put in. */
  index: number | undefined;
}

/** Video packets, which must be those that were sent, one after another. */
export const placedVideo = async (
  station: Stored,
  recording: Recording,
  codec: VideoStream['codec'],
  wire: readonly Witnessed[],
  allowed: 'nowhere' | 'before-key' | 'anywhere' = 'nowhere',
): Promise<Placed[]> => {
  const indices = await checkFrames(station, recording, codec, wire, allowed);
  const placed: Placed[] = [];
  for (const { key, startTime } of recording.files) {
    const { video } = await samplesOf(station.pathOf(key));
    for (const { timestamp, duration } of video?.packets ?? [])
      placed.push({ time: startTime + timestamp, duration, index: indices[placed.length] });
  }
  return placed;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const SILENCE = base64(Uint8Array.of(0xff, 0xfe));

/** Sound packets, which must be those that were sent, one after another but for silence between them. */
export const placedAudio = async (
  station: Stored,
  recording: Recording,
  packets: readonly Uint8Array[],
  allowed: 'nowhere' | 'anywhere' = 'nowhere',
): Promise<Placed[]> => {
  const sent = packets.map(base64);
  const placed: Placed[] = [];
  let next: number | undefined;
  for (const { key, startTime } of recording.files) {
    const { audio } = await samplesOf(station.pathOf(key));
    for (const { timestamp, duration, data } of audio?.packets ?? []) {
      const one = { time: startTime + timestamp, duration };
      if (base64(data.subarray(1)) === SILENCE) {
        placed.push({ ...one, index: undefined });
        continue;
      }
      const index = sent.indexOf(base64(data), next ?? 0);
      expect(index, `${key}: packet ${placed.length} was sent`).toBeGreaterThanOrEqual(0);
      if (next !== undefined && allowed === 'nowhere') expect(index, `${key}: none is left out`).toBe(next);
      next = index + 1;
      placed.push({ ...one, index });
    }
  }
  return placed;
};

/** Seconds from one timestamp of RTP to another, whatever wraps in between. */
const elapsed = (from: number, to: number, clock: number): number => (((to - from) | 0) >>> 0) / clock;

/** The times of what is recorded are those of the sender, from its first packet on. @returns the largest difference, seconds. */
export const largestShift = (
  placed: readonly Placed[],
  timestamps: readonly number[],
  kind: 'video' | 'audio',
): number => {
  const [first] = placed;
  if (first?.index === undefined) throw new Error('nothing is recorded');
  const base = timestamps[first.index] ?? 0;
  const shifts = placed.flatMap(({ time, index }) => {
    if (index === undefined) return [];
    const due = elapsed(base, timestamps[index] ?? 0, kind === 'video' ? VIDEO_CLOCK : AUDIO_CLOCK);
    return [Math.abs(time - first.time - due)];
  });
  return Math.max(...shifts);
};

/** By how much the sound lies behind the picture in the files, more than it did at the sender; seconds. */
export const lipSync = (
  video: readonly Placed[],
  audio: readonly Placed[],
  peer: RtcPeer,
  firstTimestamp = 0,
): number => {
  const [picture] = video;
  const sound = audio.find(({ index }) => index !== undefined);
  if (picture?.index === undefined || sound?.index === undefined) throw new Error('nothing is recorded');
  const pictureSent = elapsed(firstTimestamp, peer.sentVideo[picture.index]?.rtpTimestamp ?? 0, VIDEO_CLOCK);
  const soundSent = elapsed(firstTimestamp, peer.sentAudio[sound.index]?.rtpTimestamp ?? 0, AUDIO_CLOCK);
  return sound.time - picture.time - (soundSent - pictureSent);
};
