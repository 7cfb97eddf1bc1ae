/** Encoded frames of a call on their way from its tap to a recording, as they pass between threads. */

/** One encoded frame, or one packet of sound, with what the browser tells of it (WebRTC Encoded Transform, 4.3 and 4.5). */
export interface EncodedFrame {
  /** A copy: the frame itself has gone on to the decoder or the network. */
  data: ArrayBuffer;
  /** What the browser calls it; absent for sound. */
  type?: 'key' | 'delta' | undefined;
  /** 32 bits; 90,000 ticks a second for video, 48,000 for Opus. */
  rtpTimestamp: number;
  /**
   * When it came from the network, or out of the encoder: microseconds since 1970, by the clock that all threads of a page
   * share and that never runs back (`performance.timeOrigin + performance.now()`).
   */
  arrival: number;
  /** When it was captured, by the same clock. Chromium tells it of the sender's sound. */
  captured?: number | undefined;
  /** The RTP synchronization source: each layer of a simulcast has its own. */
  ssrc?: number | undefined;
  /** `video/VP9`, `audio/red`, …; letters large or small. */
  mimeType?: string | undefined;
  /** Of the RTP packet; of received sound alone. */
  sequenceNumber?: number | undefined;
  /** By the dependency descriptor (AV1 RTP payload, A.8): of a sender's frames, and of received ones where it was negotiated. */
  frameId?: number | undefined;
  /** Frames that this one is predicted from. Means nothing without `frameId`: Firefox then gives an empty list. */
  dependencies?: number[] | undefined;
  spatialIndex?: number | undefined;
  temporalIndex?: number | undefined;
}

/**
 * What the page has seen of how a received video is decoded. A decoder of libwebrtc knows by the packets what a frame is
 * predicted from, and stops where something is missing: what it shows was all there.
 */
export interface DecoderLook {
  /** When; by the clock of `EncodedFrame.arrival`. */
  at: number;
  /** RTP timestamps of the pictures that came out of the decoder last: one for each source of the last ten seconds. */
  shown: number[];
  /** Packets that were found missing so far, whether they came later or not. */
  losses: number;
  /** Frames that came and were passed over so far. */
  dropped: number;
}

/**
 * Frames are handed over together, so often where the recording asks for nothing else; milliseconds. A message for each would
 * wake the recording's thread 80 times a second, which costs more than what it does with them. All listeners keep to the same
 * beat, so that it wakes once.
 */
export const HAND_OVER_EVERY = 50;

/** From a tap to a recording, over a port of its own: several at once, in order. */
export type FromTap =
  | { type: 'frame'; frame: EncodedFrame }
  /** So many frames could not be handed over, as the recording did not take them: what comes next may miss them. */
  | { type: 'overflow'; frames: number }
  /** The answer to `look`, of this recording or another one. */
  | { type: 'look'; look: DecoderLook }
  /** Nothing more will come. */
  | { type: 'ended' };

/** From a recording to the tap that it hears. */
export type ToTap =
  /** The recording has done with so many bytes of frames: so many more may be on their way. */
  | { type: 'taken'; bytes: number }
  /** Hand frames over so often from now on; milliseconds. What waits comes at once where that is more often than before. */
  | { type: 'pace'; every: number }
  /** Ask the other side, or the encoder, for a key frame. */
  | { type: 'key-frame' }
  /** See how far the page's decoder has come, and in the call's statistics how many packets were lost. */
  | { type: 'look' }
  /** The recording wants nothing more: what has come is handed over, and `ended` is the last that it hears. */
  | { type: 'close' };

/** One track of a call, ready to be handed to a worker. */
export interface EncodedInput {
  port: MessagePort;
  /** Of a sender, nothing is lost on the way. */
  side: 'receiver' | 'sender';
  /** The page answers `look`. */
  looks?: boolean | undefined;
  /** A transform of the page's own hands frames over: not those that it could not decrypt, say. */
  fed?: boolean | undefined;
}
