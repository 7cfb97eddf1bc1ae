/** Sequence numbers of RTP packets that start over. Pure. */

/**
 * They are compared by their lowest 15 bits: RTP has 16 (RFC 3550, 5.1), but browsers are described as starting over
 * after 32,767, and this holds for both.
 */
const CYCLE = 0x8000;

/** By how many packets `to` comes after `from`; negative before it. */
export const sequenceStep = (from: number, to: number): number => {
  const step = (((to - from) % CYCLE) + CYCLE) % CYCLE;
  return step < CYCLE / 2 ? step : step - CYCLE;
};
