/** When what was recorded is written to the journal. */
import type { LogRecord } from './checkpoint.ts';

/** By then it is written; microseconds after it was captured. A crash may take a tenth of a second, some of which the disk needs. */
const DUE = 75_000;
/** Nothing waits for less: of an encoder that is late, packets would be written one by one. Microseconds. */
const LEAST = 20_000;

/** How long what was captured so long ago may wait; microseconds. Pure. */
export const patienceOf = (age: number): number => Math.min(DUE, Math.max(LEAST, DUE - age));

/** Where what a record has ends on the timeline, but for a frame, of which nobody knows how long it lasts; microseconds. Pure. */
const endOf = (record: LogRecord): number | undefined => {
  if (record.kind === 'audio') return record.time + record.duration;
  return record.kind === 'video' ? record.time : undefined;
};

/**
 * Each write costs the same, however short it is, and not only here: Chromium tells its browser process of every one (32 a second
 * were a fifth of all that recording takes beyond the encoders). So what is captured within some hundredths of a second is
 * written together.
 *
 * @param now where on the timeline lies what is captured now, as far as that is known; microseconds.
 * @returns what has it written as soon as a record has to be.
 */
export const writeAlarm = (
  now: () => number | undefined,
): ((write: () => void, record: LogRecord) => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Where the oldest of what waits ends on the timeline; microseconds. */
  let oldest = 0;
  return (write, record) => {
    const end = endOf(record) ?? Number.POSITIVE_INFINITY;
    if (timer !== undefined && end >= oldest) return;
    const age = (now() ?? Number.NaN) - end;
    clearTimeout(timer);
    oldest = end;
    timer = setTimeout(
      () => {
        timer = undefined;
        write();
      },
      patienceOf(Number.isFinite(age) ? age : LEAST) / 1000,
    );
  };
};
