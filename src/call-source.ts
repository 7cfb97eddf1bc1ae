/** A WebRTC call as the source of a recorder: its encoded frames, taken off by taps. In the page, from `passthrough.js`. */
import type { Call, CallPage, CallPart, CallPlaces, GivenCall } from './call.ts';
import type { EncodedInput } from './encoded.ts';
import type { Command, Openable, Opened, RecorderSource, Successor, Wanted } from './recorder-source.ts';
import type { StreamSource } from './stream-source.ts';
import { openTap, probeTap } from './tap/asks.ts';
import type { FrameFeed } from './tap/frame-feed.ts';
import type { Tap } from './tap/taps.ts';
import type { CallReplacement } from './worker/protocol.ts';

/** How long frames are waited for at the start, which show whether they pass and what they are; milliseconds. */
const PROBE = 1_500;
/** Senders fire no event when their track is replaced or their transceiver stopped; milliseconds. */
const LOOK = 500;

/** The parts that are recorded, by kind. */
interface Parts {
  video: CallPart | undefined;
  audio: CallPart | undefined;
}

const kindOf = (part: CallPart): 'video' | 'audio' =>
  'port' in part ? part.kind : part.track?.kind === 'audio' ? 'audio' : 'video';

/** What can be begun with. A sender's track is the page's own, and outlives the connection. */
const isLive = (part: CallPart): boolean => {
  if ('port' in part) return !part.ended;
  const isOver = 'transport' in part && part.transport?.state === 'closed';
  return !isOver && part.track?.readyState === 'live';
};

/** What is recorded may go on: a sender can be without a track for a while, as when a camera is changed. */
const stays = (part: CallPart): boolean => (part instanceof RTCRtpSender ? true : isLive(part));

/** Which end of a connection is recorded: what it receives; of one that only sends, what it sends. */
const endOf = (connection: RTCPeerConnection): 'receiver' | 'sender' =>
  connection.getTransceivers().some(({ currentDirection }) => /recv/.test(currentDirection ?? ''))
    ? 'receiver'
    : 'sender';

const partsOf = (connection: RTCPeerConnection, end: 'receiver' | 'sender'): CallPart[] => {
  if (connection.connectionState === 'closed') return [];
  const direction = end === 'receiver' ? /recv/ : /send/;
  const used = connection.getTransceivers().filter(one => direction.test(one.currentDirection ?? ''));
  return used.map(transceiver => transceiver[end]);
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

const TOO_LATE =
  'this browser lets no frame be seen of a receiver or sender that was not tapped before it was connected. Call tap(connection) right after new RTCPeerConnection()';

export class CallSource implements RecorderSource {
  #parts: Parts = { video: undefined, audio: undefined };
  /** Of a connection; the same for all of a recording, whichever way media go meanwhile. */
  #end: 'receiver' | 'sender' = 'receiver';
  /** What takes the place of this one, or is being tried for it. */
  #successor: Promise<CallSource> | undefined;

  constructor(
    private readonly given: GivenCall,
    private readonly want: Wanted,
    private readonly places: CallPlaces,
    private readonly page: CallPage,
  ) {}

  #all(): readonly CallPart[] {
    return 'getTransceivers' in this.given ? partsOf(this.given, this.#end) : this.given;
  }

  #find(): Parts {
    const live = this.#all().filter(isLive);
    return {
      video: this.want.video ? live.find(part => kindOf(part) === 'video') : undefined,
      audio: this.want.audio ? live.find(part => kindOf(part) === 'audio') : undefined,
    };
  }

  check(): void {
    if ('getTransceivers' in this.given) this.#end = endOf(this.given);
    const all = this.#all();
    const { SourceEndedError, SourceNoTracksError } = this.page;
    if (all.length === 0) throw new SourceNoTracksError();
    this.#parts = this.#find();
    if (!this.#parts.video && !this.#parts.audio) throw new SourceEndedError(all.length);
  }

  #tapOf(part: CallPart): Tap | FrameFeed {
    if ('port' in part) return part;
    const { isTapped, tapOf, PassthroughUnavailableError } = this.page;
    // Chromium: a tap would see nothing, and where the page encrypts by that way, it would send in the clear.
    if (!isTapped(part) && !part.transform && 'createEncodedStreams' in part)
      throw new PassthroughUnavailableError('too-late', TOO_LATE);
    return tapOf(part, this.places.tapUrl);
  }

  async open(signal: AbortSignal): Promise<Opened> {
    const parts = this.#parts;
    // What was encoded can't be drawn into.
    if (['composited', 'both'].includes(this.places.options.record)) return this.#openDecoded();
    try {
      const { video, audio } = await this.#taps(parts, signal);
      const inputs = { video: video && openTap(video), audio: audio && openTap(audio) };
      const call = { ...inputs, url: this.places.passthroughUrl };
      return { source: this, setup: { video: undefined, audio: undefined, call }, transfer: portsOf(inputs) };
    } catch (error) {
      if (this.places.options.fallback === 'none' || !isUnavailable(error)) throw error;
      return this.#openDecoded(error.message);
    }
  }

  #openDecoded(why?: string): Opened {
    const decoded = this.decoded(why);
    decoded.check();
    return decoded.open();
  }

  /** Sees to it that frames come, and that they can be recorded. */
  async #taps(
    parts: Parts,
    signal?: AbortSignal,
  ): Promise<{ video: Tap | FrameFeed | undefined; audio: Tap | FrameFeed | undefined }> {
    const video = parts.video && this.#tapOf(parts.video);
    const audio = parts.audio && this.#tapOf(parts.audio);
    await Promise.all([video, audio].map(one => this.#tryOut(one, signal)));
    return { video, audio };
  }

  async #tryOut(tap: Tap | FrameFeed | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (tap === undefined) return;
    const { PassthroughUnavailableError } = this.page;
    const found = await probeTap(tap, PROBE, signal);
    if (found.state === 'blocked') throw new PassthroughUnavailableError('too-late', TOO_LATE);
    if (found.state === 'silent') return;
    const trouble = codecTrouble(found.mimeType, this.places.options.passthrough.vp8);
    if (trouble !== undefined) throw new PassthroughUnavailableError('codec', trouble);
  }

  watch(look: () => void): () => void {
    const connection = 'getTransceivers' in this.given ? this.given : undefined;
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
    const all = this.#all();
    // What is recorded goes on for as long as it lives.
    const next = (kind: keyof Parts): CallPart | undefined => {
      const part = before[kind];
      return part && all.includes(part) && stays(part) ? part : found[kind];
    };
    const parts: Parts = { video: next('video'), audio: next('audio') };
    if (parts.video === before.video && parts.audio === before.audio) return undefined;
    this.#parts = parts;
    return this.#replacement(before, parts);
  }

  #replacement(before: Parts, next: Parts): Command {
    // Both, before anything is opened: one that can't be tapped must not leave the other one open.
    const tapOf = (kind: keyof Parts): Tap | FrameFeed | 'same' | undefined => {
      const part = next[kind];
      if (part === undefined) return undefined;
      return part === before[kind] ? 'same' : this.#tapOf(part);
    };
    const taps = { video: tapOf('video'), audio: tapOf('audio') };
    const inputOf = (tap: Tap | FrameFeed | 'same' | undefined): CallReplacement['video'] =>
      tap === undefined || tap === 'same' ? tap : openTap(tap);
    const replacement = { video: inputOf(taps.video), audio: inputOf(taps.audio) };
    return { message: { type: 'replace-call', replacement }, transfer: portsOf(replacement) };
  }

  replacedBy(next: Openable): Promise<Successor> {
    // While one is being tried, the next one is to take the place of that, not of this one.
    const before = this.#successor ?? Promise.resolve(this);
    const found = this.#tryNext(next, before);
    this.#successor = found.then(
      ({ source }) => source,
      () => before,
    );
    return found;
  }

  /** What is recorded goes on while it is found out whether frames of the next one can be had. */
  async #tryNext(next: Openable, before: Promise<CallSource>): Promise<{ source: CallSource } & Successor> {
    // A recording is of one method: a stream would have to be encoded.
    if (!('given' in next)) throw new this.page.SourceInvalidError(next, 'call');
    const source = new CallSource((next as Call).given, this.want, this.places, this.page);
    source.check();
    const { video, audio } = source.#parts;
    const known = Object.values(this.#parts);
    await source.#taps({
      video: known.includes(video) ? undefined : video,
      audio: known.includes(audio) ? undefined : audio,
    });
    return { source, command: source.#replacement((await before).#parts, source.#parts) };
  }

  /** @param why it takes the place of the call's own frames. */
  decoded(why?: string): StreamSource {
    const tracks = Object.values(this.#find()).flatMap(part => (part?.track ? [part.track] : []));
    return new this.page.StreamSource(new MediaStream(tracks), this.want, why);
  }
}

/** For these there is `fallback`. */
const UNAVAILABLE = ['passthrough-unavailable', 'transform-taken', 'browser-unsupported'];

const isUnavailable = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && UNAVAILABLE.includes(String(error.code));

const portsOf = (inputs: Record<'video' | 'audio', EncodedInput | 'same' | undefined>): Transferable[] =>
  Object.values(inputs).flatMap(input => (input === undefined || input === 'same' ? [] : [input.port]));

/** What `passthrough.js` gives the page. */
export const openCall = (...given: ConstructorParameters<typeof CallSource>): CallSource =>
  new CallSource(...given);
