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
 */
export class WriteAlarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Where the oldest of what waits ends on the timeline; microseconds. */
  #oldest = Number.POSITIVE_INFINITY;

  /** @param now where on the timeline lies what is captured now, as far as that is known; microseconds. */
  constructor(private readonly now: () => number | undefined) {}

  /** Has it written as soon as this record has to be. */
  readonly soon = (write: () => void, record: LogRecord): void => {
    const end = endOf(record);
    if (this.#timer !== undefined && (end === undefined || end >= this.#oldest)) return;
    const now = this.now();
    const age = now === undefined || end === undefined ? LEAST : now - end;
    clearTimeout(this.#timer);
    this.#oldest = end ?? Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      write();
    }, patienceOf(age) / 1000);
  };
}
