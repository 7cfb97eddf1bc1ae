/** A WebRTC call, as a recorder is given it. What there is to do with one is loaded when it is recorded. In the page. */
import type { CallSource } from './call-source.ts';
import {
  PassthroughUnavailableError,
  SourceEndedError,
  SourceInvalidError,
  SourceNoTracksError,
} from './errors.ts';
import { load } from './load.ts';
import type { ResolvedOptions } from './options.ts';
import type { Openable, Opened, Wanted } from './recorder-source.ts';
import { StreamSource } from './stream-source.ts';
import { FrameFeed } from './tap/frame-feed.ts';
import { tap } from './tap/tap-connection.ts';
import { isTapped, tapOf } from './tap/taps.ts';

/** What a recorder takes from a call: one of its ends. */
export type CallPart = RTCRtpReceiver | RTCRtpSender | FrameFeed;

/** All of a call, or some of its ends. */
export type GivenCall = RTCPeerConnection | readonly CallPart[];

/** Where the code for calls lies, and how they are to be recorded. */
export interface CallPlaces {
  /** Address of `tap.js`; absent: beside the module. */
  tapUrl: string | undefined;
  /** Address of `passthrough.js`; absent: beside the module. */
  passthroughUrl: string;
  options: Pick<ResolvedOptions, 'passthrough' | 'fallback' | 'record'>;
}

/** `Array.isArray` tells nothing of lists that can only be read. */
const isList = (source: RTCPeerConnection | readonly CallPart[]): source is readonly CallPart[] =>
  Array.isArray(source);

const has = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && name in value;

const isPart = (value: unknown): value is CallPart =>
  value instanceof FrameFeed || (has(value, 'getStats') && has(value, 'track'));

/** True for what can be recorded as a call. */
export const isCall = (value: unknown): value is RTCPeerConnection | readonly CallPart[] =>
  has(value, 'getTransceivers') || (Array.isArray(value) && value.length > 0 && value.every(isPart));

/** What the code for calls is handed, which is a bundle of its own: there must be one only of each of these. */
const PAGE = {
  isTapped,
  tapOf,
  StreamSource,
  PassthroughUnavailableError,
  SourceEndedError,
  SourceInvalidError,
  SourceNoTracksError,
};

/** The page, as the code for calls sees it. */
export type CallPage = typeof PAGE;

/** What `passthrough.js`, loaded on demand, exports for the page. */
interface PassthroughModule {
  openCall(...given: ConstructorParameters<typeof CallSource>): CallSource;
}

export class Call implements Openable {
  constructor(
    readonly given: GivenCall,
    private readonly want: Wanted,
    private readonly places: CallPlaces,
  ) {
    // What has not been tapped, at once: in Chromium it is too late for that a moment later.
    if (!isList(given)) tap(given, { workerUrl: places.tapUrl });
    else
      for (const part of given)
        try {
          // Where frames can be taken in another way, it is too late, or the page does just that: see `CallSource`.
          if (!(part instanceof FrameFeed || 'createEncodedStreams' in part)) tapOf(part, places.tapUrl);
        } catch {
          // Opening it says so.
        }
  }

  /** What is there is found when it is opened. */
  check(): void {}

  async open(signal: AbortSignal): Promise<Opened> {
    const source = await this.#load();
    source.check();
    return source.open(signal);
  }

  async #load(): Promise<CallSource> {
    const { openCall } = await load<PassthroughModule>(this.places.passthroughUrl);
    return openCall(this.given, this.want, this.places, PAGE);
  }

  async decoded(): Promise<StreamSource> {
    return (await this.#load()).decoded();
  }
}
