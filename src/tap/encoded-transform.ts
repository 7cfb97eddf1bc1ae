/** What is used of WebRTC Encoded Transform (W3C), of which TypeScript's library for pages knows a part. Types alone. */

/** Of video or sound; times are milliseconds since the thread's `performance.timeOrigin`. */
export interface RtcFrameMetadata {
  rtpTimestamp?: number;
  synchronizationSource?: number;
  mimeType?: string;
  /** Of received sound alone. */
  sequenceNumber?: number;
  /** Of received frames. */
  receiveTime?: number;
  /** Of sent sound, in Chromium. */
  captureTime?: number;
  frameId?: number;
  dependencies?: number[];
  spatialIndex?: number;
  temporalIndex?: number;
}

/** `RTCEncodedVideoFrame` or `RTCEncodedAudioFrame`. */
export interface RtcFrame {
  readonly data: ArrayBuffer;
  /** Of video alone: `key`, `delta`, or `empty` for one without data. */
  readonly type?: string;
  /** What browsers had before `rtpTimestamp` came into the metadata. */
  readonly timestamp?: number;
  getMetadata(): RtcFrameMetadata;
}

/** `RTCRtpScriptTransformer`, in the worker. */
export interface Transformer<Options> {
  readonly options: Options;
  readonly readable: ReadableStream<RtcFrame>;
  readonly writable: WritableStream<RtcFrame>;
  /** Of a receiver's; rejects on a sender's. */
  sendKeyFrameRequest(): Promise<unknown>;
  /** Of a sender's; Chromium 156 has none. */
  generateKeyFrame?(): Promise<unknown>;
}
