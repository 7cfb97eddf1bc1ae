/** How much of a file is sent at once. Pure. */
import type { TusConfig } from '../storage.ts';

/** A request that is answered within this is answered in a moment; milliseconds. */
const MOMENT = 500;

/** What was to be sent at once, what was, and how long that took in milliseconds. */
export interface SentChunk {
  bytes: number;
  sent: number;
  took: number;
}

/**
 * Bytes of the next request: twice as many where all of them went in a moment, and as few as at first where they did not, since
 * only what is answered counts as stored.
 */
export const nextChunk = (
  { bytes, sent, took }: SentChunk,
  { chunkBytes, largestChunk }: Pick<TusConfig, 'chunkBytes' | 'largestChunk'>,
): number => {
  if (took > MOMENT) return chunkBytes;
  return sent < bytes ? bytes : Math.min(2 * bytes, largestChunk);
};
