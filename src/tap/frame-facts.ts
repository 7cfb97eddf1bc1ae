/** What a browser tells of an encoded frame, in the form that recordings take. Pure. */
import type { EncodedFrame } from '../encoded.ts';
import type { RtcFrame, RtcFrameMetadata } from './encoded-transform.ts';

/** The thread's clock: milliseconds since 1970, and since then. */
export interface ThreadTime {
  timeOrigin: number;
  now: number;
}

export type FrameFacts = Omit<EncodedFrame, 'data'>;

/** Microseconds since 1970, of milliseconds by the thread's clock. */
export const sinceEpoch = (timeOrigin: number, time: number): number =>
  Math.round((timeOrigin + time) * 1_000);

/** Without `frameId`, dependencies mean nothing: Firefox ESR 153 gives an empty list for each received frame. */
const dependencyFacts = ({
  frameId,
  dependencies,
}: RtcFrameMetadata): Pick<FrameFacts, 'frameId' | 'dependencies'> =>
  frameId === undefined ? {} : { frameId, dependencies };

/** All that is known of a frame, but for its bytes. */
export const factsOf = (frame: RtcFrame, { timeOrigin, now }: ThreadTime): FrameFacts => {
  const metadata = frame.getMetadata();
  const { receiveTime, captureTime } = metadata;
  return {
    type: frame.type === 'key' || frame.type === 'delta' ? frame.type : undefined,
    rtpTimestamp: metadata.rtpTimestamp ?? frame.timestamp ?? 0,
    arrival: sinceEpoch(timeOrigin, receiveTime ?? now),
    captured: captureTime === undefined ? undefined : sinceEpoch(timeOrigin, captureTime),
    ssrc: metadata.synchronizationSource,
    mimeType: metadata.mimeType,
    sequenceNumber: metadata.sequenceNumber,
    ...dependencyFacts(metadata),
    spatialIndex: metadata.spatialIndex,
    temporalIndex: metadata.temporalIndex,
  };
};
