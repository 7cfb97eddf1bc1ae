/** Whether something comes from a source, and what tells when that changes. In the page. */
import type { CallPart } from '../call.ts';
import type { Source } from '../make-source.ts';
import type { Wanted } from '../recorder-source.ts';

/** Of streams, connections and tracks: whatever may change what is looked at. */
const EVENTS = ['addtrack', 'removetrack', 'track', 'connectionstatechange', 'mute', 'unmute', 'ended'];

/** As much of a track as is looked at; a `FrameFeed` without a track has one that can't be muted. */
type Track = Pick<MediaStreamTrack, 'kind' | 'readyState' | 'muted'> & Partial<EventTarget>;

const trackOf = (part: CallPart): Track[] => {
  if (part.track) return [part.track];
  if (!('port' in part)) return [];
  return [{ kind: part.kind, readyState: part.ended ? 'ended' : 'live', muted: false }];
};

/** What a connection receives; of one that only sends, what it sends. */
const tracksOfConnection = (connection: RTCPeerConnection): Track[] => {
  if (connection.connectionState !== 'connected') return [];
  const all = connection.getTransceivers();
  const used = (direction: RegExp): RTCRtpTransceiver[] =>
    all.filter(({ currentDirection }) => direction.test(currentDirection ?? ''));
  const received = used(/recv/).map(({ receiver }) => receiver);
  return (received.length > 0 ? received : used(/send/).map(({ sender }) => sender)).flatMap(trackOf);
};

const isConnection = (source: Source): source is RTCPeerConnection => 'getTransceivers' in source;

const tracksOf = (source: Source): Track[] => {
  if (isConnection(source)) return tracksOfConnection(source);
  return 'getTracks' in source ? source.getTracks() : source.flatMap(trackOf);
};

/** Looks at one source. */
export class SourceState {
  readonly #end = new AbortController();
  readonly #heard = new Set<object>();

  constructor(
    private readonly source: Source | null,
    private readonly want: Wanted,
    /** Called when it may be another than before. */
    private readonly look: () => void,
  ) {}

  /** Tracks that are there and not muted: frames come, or will as soon as something moves. */
  get live(): boolean {
    if (!this.source) return false;
    const tracks = tracksOf(this.source);
    for (const target of [this.source, ...tracks]) this.#hear(target);
    return tracks.some(
      ({ kind, readyState, muted }) =>
        (kind === 'video' ? this.want.video : this.want.audio) && readyState === 'live' && !muted,
    );
  }

  #hear(target: object & Partial<EventTarget>): void {
    if (this.#heard.has(target)) return;
    this.#heard.add(target);
    const { signal } = this.#end;
    for (const name of EVENTS) target.addEventListener?.(name, this.look, { signal });
  }

  close(): void {
    this.#end.abort();
  }
}
