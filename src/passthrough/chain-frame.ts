/** What a chain looks at of a frame, and the order of frames. Pure. */

/** What is looked at of an encoded frame (WebRTC Encoded Transform, 4.3). */
export interface ChainFrame {
  /** By its bytes (`isKeyFrame`): browsers differ in what they call a key frame. */
  key: boolean;
  /** RTP time that does not start over (`RtpTime`); microseconds. Spatial layers of one picture have the same. */
  time: number;
  /** As it came, by which the page names what it has seen. */
  rtpTimestamp?: number | undefined;
  /** By which a frame that comes twice is known. */
  data?: Uint8Array | undefined;
  /** Each layer of a simulcast has numbers of its own. */
  ssrc?: number | undefined;
  /** Absent in Firefox's receivers, and where the sender gives no dependency descriptor. */
  frameId?: number | undefined;
  dependencies?: readonly number[] | undefined;
  spatialIndex?: number | undefined;
  temporalIndex?: number | undefined;
  /** Delivered only when nothing is missing before it since the last key frame: H.264 in libwebrtc, and what a page sends. */
  gapless?: boolean | undefined;
}

/** Upper spatial layers are predicted from the lowest. */
export const isBeginning = ({ key, spatialIndex = 0 }: ChainFrame): boolean => key && spatialIndex === 0;

/** Where a frame lies, without its bytes. */
export type Position = Pick<ChainFrame, 'time' | 'spatialIndex' | 'ssrc'>;

export const positionOf = ({ time, spatialIndex, ssrc }: ChainFrame): Position => ({
  time,
  spatialIndex,
  ssrc,
});

/**
 * Whether a frame comes after another one. Firefox does not tell layers: there, a second frame of the same time that
 * is no key frame is the next layer.
 */
export const isAfter = (frame: ChainFrame, other: Position): boolean => {
  if (frame.time !== other.time) return frame.time > other.time;
  if (frame.spatialIndex === undefined && other.spatialIndex === undefined) return !frame.key;
  return (frame.spatialIndex ?? 0) > (other.spatialIndex ?? 0);
};

/** Whether a frame lies before another one, by time and layer. */
export const isBefore = (frame: Position, other: Position): boolean =>
  frame.time < other.time ||
  (frame.time === other.time && (frame.spatialIndex ?? 0) < (other.spatialIndex ?? 0));

/** Whether two frames of one source are the same, which has come twice. */
export const isSame = (one: ChainFrame, other: ChainFrame): boolean => {
  const [a, b] = [one.data, other.data];
  if (one.time !== other.time || one.ssrc !== other.ssrc || a === undefined || b === undefined) return false;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
};
