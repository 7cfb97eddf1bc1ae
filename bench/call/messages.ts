/** What the page of `npm run bench:call` is asked and answers. */

/** How what is received, or sent, is recorded. */
export type Method =
  | 'none'
  | 'passthrough'
  | 'passthrough-sender'
  | 'encode'
  | 'encode-sent'
  | 'media-recorder'
  | 'media-recorder-default'
  | 'media-recorder-vp9'
  | 'media-recorder-vp8'
  | 'mediabunny';

export interface Connect {
  /** `VP9`, `H264`, … */
  codec: string;
  /** Bits per second of the video. */
  bitrate: number;
  tapped: 'receiver' | 'sender' | undefined;
}

/** What was recorded. */
export interface Recorded {
  bytes: number;
  /** Of video; 0 where nobody tells. */
  frames: number;
  files?: number;
  /** `passthrough` or `encode`; of steadyreel alone. */
  method?: string | undefined;
  codec?: string | undefined;
  troubles: string[];
}

/** Times are seconds. */
export interface CallStats {
  at: number;
  width: number;
  height: number;
  encoder: string;
  decoder: string;
  framesSent: number;
  bytesSent: number;
  encodeTime: number;
  sendDelay: number;
  packetsSent: number;
  framesDecoded: number;
  framesDropped: number;
  keyFrames: number;
  bytesReceived: number;
  jitterDelay: number;
  jitterEmitted: number;
  processingDelay: number;
  decodeTime: number;
  freezes: number;
  packetsLost: number;
  roundTrips: number;
  roundTripsMeasured: number;
}
