/** A WebRTC call as the source of a recorder: its encoded frames, taken off by taps. In the page. */
import type { EncodedInput } from './encoded.ts';
import {
  BrowserUnsupportedError,
  PassthroughUnavailableError,
  SourceEndedError,
  SourceInvalidError,
  SourceNoTracksError,
  TransformTakenError,
} from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import type { Command, Opened, RecorderSource, Wanted } from './recorder-source.ts';
import { StreamSource } from './stream-source.ts';
import { FrameFeed } from './tap/frame-feed.ts';
import { type Tap, tapOf } from './tap/taps.ts';
import type { CallReplacement } from './worker/protocol.ts';
import { passthroughUrl } from './worker/spawn.ts';

/** What a recorder takes from a call: one of its ends, or all of it. */
export type CallPart = RTCRtpReceiver | RTCRtpSender | FrameFeed;

/** How long frames are waited for at the start, which show whether they pass and what they are; milliseconds. */
const PROBE = 1_500;
/** Senders fire no event when their track is replaced or their transceiver stopped; milliseconds. */
const LOOK = 500;

/** The parts that are recorded, by kind. */
interface Parts {
  video: CallPart | undefined;
  audio: CallPart | undefined;
}

/** Where the worker finds what it needs, and how it is to be told. */
export interface CallPlaces {
  tapUrl: string | undefined;
  passthroughUrl: string | undefined;
  options: Pick<ResolvedOptions, 'passthrough' | 'fallback'>;
}

/** `Array.isArray` tells nothing of lists that can only be read. */
const isList = (source: RTCPeerConnection | readonly CallPart[]): source is readonly CallPart[] =>
  Array.isArray(source);

const isPart = (value: unknown): value is CallPart =>
  value instanceof FrameFeed ||
  ('RTCRtpReceiver' in globalThis && value instanceof RTCRtpReceiver) ||
  ('RTCRtpSender' in globalThis && value instanceof RTCRtpSender);

/** True for what can be recorded as a call. */
export const isCall = (value: unknown): value is RTCPeerConnection | readonly CallPart[] =>
  ('RTCPeerConnection' in globalThis && value instanceof RTCPeerConnection) ||
  (Array.isArray(value) && value.length > 0 && value.every(isPart));

const kindOf = (part: CallPart): 'video' | 'audio' =>
  part instanceof FrameFeed ? part.kind : part.track?.kind === 'audio' ? 'audio' : 'video';

/** A sender may be without a track for a while; it ends with its connection, which `partsOf` sees. */
const isLive = (part: CallPart): boolean =>
  part instanceof FrameFeed ? !part.ended : part.track?.readyState === 'live';

/** What a connection receives; of one that only sends, what it sends. */
const partsOf = (connection: RTCPeerConnection): CallPart[] => {
  if (connection.connectionState === 'closed') return [];
  const transceivers = connection.getTransceivers();
  const receivers = transceivers.filter(({ currentDirection }) => /recv/.test(currentDirection ?? ''));
  if (receivers.length > 0) return receivers.map(({ receiver }) => receiver);
  const senders = transceivers.filter(({ currentDirection }) => /^send/.test(currentDirection ?? ''));
  return senders.map(({ sender }) => sender);
};

const AUDIO_TYPES = ['audio/opus', 'audio/red'];
const VIDEO_TYPES = ['video/h264', 'video/vp9', 'video/av1', 'video/av1x'];

/** Why MP4 can't hold a call's frames; `undefined` when it can. Nothing is known of what has not come. */
export const codecTrouble = (mimeType: string, vp8: 'refuse' | 'record'): string | undefined => {
  const type = mimeType.toLowerCase().split(';')[0]?.trim() ?? '';
  if (type === '') return undefined;
  if (type === 'video/vp8' && vp8 === 'refuse')
    return `the call is in VP8, which few players take in MP4 (passthrough: { vp8: 'record' } records it all the same)`;
  const known = [...AUDIO_TYPES, ...VIDEO_TYPES, 'video/vp8'];
  return known.includes(type) ? undefined : `the call is in ${mimeType}, which can't be recorded as it is`;
};

export class CallSource implements RecorderSource {
  #parts: Parts = { video: undefined, audio: undefined };

  constructor(
    private readonly source: RTCPeerConnection | readonly CallPart[],
    private readonly want: Wanted,
    private readonly places: CallPlaces,
  ) {}

  /** Taps what is there already: in Chromium it is too late for that a moment later. */
  prepare(): void {
    for (const part of this.#all())
      try {
        this.#tapOf(part);
      } catch {
        // open() says so.
      }
  }

  #all(): readonly CallPart[] {
    return isList(this.source) ? this.source : partsOf(this.source);
  }

  #find(): Parts {
    const live = this.#all().filter(isLive);
    return {
      video: this.want.video ? live.find(part => kindOf(part) === 'video') : undefined,
      audio: this.want.audio ? live.find(part => kindOf(part) === 'audio') : undefined,
    };
  }

  check(): void {
    const all = this.#all();
    if (all.length === 0) throw new SourceNoTracksError();
    this.#parts = this.#find();
    if (!this.#parts.video && !this.#parts.audio) throw new SourceEndedError(all.length);
  }

  #tapOf(part: CallPart): Tap | FrameFeed {
    return part instanceof FrameFeed ? part : tapOf(part, this.places.tapUrl);
  }

  async open(signal: AbortSignal): Promise<Opened> {
    const parts = this.#parts;
    try {
      const { video, audio } = await this.#taps(parts, signal);
      const inputs = { video: video?.open(), audio: audio?.open() };
      const call = { ...inputs, url: this.places.passthroughUrl ?? passthroughUrl() };
      return { source: this, setup: { video: undefined, audio: undefined, call }, transfer: portsOf(inputs) };
    } catch (error) {
      if (this.places.options.fallback === 'none' || !isUnavailable(error)) throw error;
      const decoded = this.decoded(error.message);
      decoded.check();
      return decoded.open();
    }
  }

  /** Sees to it that frames come, and that they can be recorded. */
  async #taps(
    parts: Parts,
    signal: AbortSignal,
  ): Promise<{ video: Tap | FrameFeed | undefined; audio: Tap | FrameFeed | undefined }> {
    const video = parts.video && this.#tapOf(parts.video);
    const audio = parts.audio && this.#tapOf(parts.audio);
    await Promise.all([video, audio].map(one => this.#tryOut(one, signal)));
    return { video, audio };
  }

  async #tryOut(tap: Tap | FrameFeed | undefined, signal: AbortSignal): Promise<void> {
    if (tap === undefined || tap instanceof FrameFeed) return;
    const found = await tap.probe(PROBE, signal);
    if (found.state === 'blocked')
      throw new PassthroughUnavailableError(
        'too-late',
        'this browser lets no frame be seen of a receiver or sender that was not tapped before it was connected. Call tap(connection) right after new RTCPeerConnection()',
      );
    const trouble =
      found.state === 'flowing'
        ? codecTrouble(found.mimeType, this.places.options.passthrough.vp8)
        : undefined;
    if (trouble !== undefined) throw new PassthroughUnavailableError('codec', trouble);
  }

  watch(look: () => void): () => void {
    const connection = isList(this.source) ? undefined : this.source;
    connection?.addEventListener('track', look);
    const timer = setInterval(look, LOOK);
    return () => {
      connection?.removeEventListener('track', look);
      clearInterval(timer);
    };
  }

  look(): Command | undefined {
    const before = this.#parts;
    const found = this.#find();
    // What is recorded goes on for as long as it lives.
    const next: Parts = {
      video:
        before.video && this.#all().includes(before.video) && isLive(before.video)
          ? before.video
          : found.video,
      audio:
        before.audio && this.#all().includes(before.audio) && isLive(before.audio)
          ? before.audio
          : found.audio,
    };
    if (next.video === before.video && next.audio === before.audio) return undefined;
    this.#parts = next;
    return this.#replacement(before, next);
  }

  #replacement(before: Parts, next: Parts): Command {
    const inputOf = (old: CallPart | undefined, part: CallPart | undefined): CallReplacement['video'] => {
      if (part === undefined) return undefined;
      return part === old ? 'same' : this.#tapOf(part).open();
    };
    const replacement = {
      video: inputOf(before.video, next.video),
      audio: inputOf(before.audio, next.audio),
    };
    return { message: { type: 'replace-call', replacement }, transfer: portsOf(replacement) };
  }

  replacedBy(next: RecorderSource): { source: RecorderSource; command: Command } {
    // A recording is of one method: a stream would have to be encoded.
    if (!(next instanceof CallSource)) throw new SourceInvalidError(next, 'call');
    next.check();
    return { source: next, command: next.#replacement(this.#parts, next.#parts) };
  }

  /** @param why it takes the place of the call's own frames. */
  decoded(why?: string): StreamSource {
    const { video, audio } = this.#find();
    const tracks = [video, audio].flatMap(part => (part?.track ? [part.track] : []));
    return new StreamSource(new MediaStream(tracks), this.want, why);
  }
}

const isUnavailable = (error: unknown): error is Error =>
  error instanceof PassthroughUnavailableError ||
  error instanceof TransformTakenError ||
  error instanceof BrowserUnsupportedError;

const portsOf = (inputs: Record<'video' | 'audio', EncodedInput | 'same' | undefined>): Transferable[] =>
  Object.values(inputs).flatMap(input => (input === undefined || input === 'same' ? [] : [input.port]));
