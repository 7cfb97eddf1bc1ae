/** What passes between the page and where frames are taken off (a tap's worker, or one of the page's own that feeds frames). */
import type { DecoderLook } from '../encoded.ts';

export type Kind = 'video' | 'audio';
export type Side = 'receiver' | 'sender';

/** What a tap's transform is made with. */
export interface TapOptions {
  steadyreel: 'tap';
  kind: Kind;
  side: Side;
  control: MessagePort;
}

/** What has come by since the beginning, whether a recording listened or not. */
export interface Seen {
  frames: number;
  /** Of a frame of the last second or so. */
  mimeType?: string | undefined;
  /** Of the newest frame; microseconds since 1970, as `EncodedFrame.arrival`. */
  lastArrival?: number | undefined;
}

export type ToOutlet =
  /** A recording listens from now on; its messages are `FromTap[]` and `ToTap`. */
  | { type: 'listen'; port: MessagePort }
  /** Answered by a `seen`. */
  | { type: 'seen' }
  /** The answer to `look`. */
  | { type: 'look'; look: DecoderLook }
  /** Nothing more will come, as the page knows and the worker can't: browsers leave the streams of a closed connection open. */
  | { type: 'ended' };

export type FromOutlet =
  | { type: 'seen'; seen: Seen }
  /** A recording needs a key frame, which only the page can ask for. */
  | { type: 'key-frame' }
  /** A recording wants to know how far the decoder has come and what was lost, which only the page can see. */
  | { type: 'look' };

/** First message of a tap's worker: it runs. */
export const READY = 'steadyreel-tap-ready';
