/** What a browser tells of an encoded frame, in the form that recordings take. Pure. */
import type { EncodedFrame } from '../encoded.ts';
import type { RtcFrame } from './encoded-transform.ts';

/** The thread's clock: milliseconds since 1970, and since then. */
export interface ThreadTime {
  timeOrigin: number;
  now: number;
}

export type FrameFacts = Omit<EncodedFrame, 'data'>;

/** Microseconds since 1970, of milliseconds by the thread's clock. */
export const sinceEpoch = (timeOrigin: number, time: number): number =>
  Math.round((timeOrigin + time) * 1_000);

/** All that is known of a frame, but for its bytes. */
export const factsOf = (frame: RtcFrame, { timeOrigin, now }: ThreadTime): FrameFacts => {
  const metadata = frame.getMetadata();
  const { receiveTime, captureTime, sequenceNumber, frameId, spatialIndex, temporalIndex } = metadata;
  const facts: FrameFacts = {
    rtpTimestamp: metadata.rtpTimestamp ?? frame.timestamp ?? 0,
    arrival: sinceEpoch(timeOrigin, receiveTime ?? now),
    ssrc: metadata.synchronizationSource,
    mimeType: metadata.mimeType,
  };
  // Names that stand for nothing would be carried from thread to thread with each frame.
  if (frame.type === 'key' || frame.type === 'delta') facts.type = frame.type;
  if (captureTime !== undefined) facts.captured = sinceEpoch(timeOrigin, captureTime);
  if (sequenceNumber !== undefined) facts.sequenceNumber = sequenceNumber;
  if (spatialIndex !== undefined) facts.spatialIndex = spatialIndex;
  if (temporalIndex !== undefined) facts.temporalIndex = temporalIndex;
  // Without `frameId`, dependencies mean nothing: Firefox ESR 153 gives an empty list for each received frame.
  if (frameId !== undefined) Object.assign(facts, { frameId, dependencies: metadata.dependencies });
  return facts;
};
