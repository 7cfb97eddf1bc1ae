/** Which overlays the manifest of a recording of a ring tells of. Pure. Times are microseconds on the ring's timeline. */
import type { OverlaysEvent } from '../manifest.ts';
import { toMicroseconds } from '../media.ts';

export class RingOverlays {
  /** In order of time: what holds now, and what comes later. It is drawn before the pictures before it have come out of the encoder. */
  readonly #known: OverlaysEvent[];
  #told: readonly string[] = [];

  /**
   * @param known what the ring knows when the recording begins; of what comes after `begins` it gives a note in its place.
   * @param tell tells the manifest. Must not throw.
   */
  constructor(
    known: readonly OverlaysEvent[],
    begins: number,
    private readonly tell: (time: number, ids: string[]) => void,
  ) {
    this.#known = known.filter(({ time }) => toMicroseconds(time) <= begins).slice(-1);
  }

  /**
   * The ring gives a note.
   *
   * @param recorded false when its time is not of the recording, or it is not known yet whether it is.
   */
  take(event: OverlaysEvent, recorded: boolean): void {
    if (event.time <= (this.#known.at(-1)?.time ?? Number.NEGATIVE_INFINITY)) return;
    this.#known.push(event);
    if (recorded) this.#tell(toMicroseconds(event.time), event.ids);
  }

  /** What is recorded begins at this time, or goes on here after a pause. @param end what is later is not recorded. */
  beginAt(begins: number, end: number): void {
    const holds = this.#known.findLastIndex(({ time }) => toMicroseconds(time) <= begins);
    this.#known.splice(0, holds);
    for (const { time, ids } of this.#known) {
      const at = Math.max(begins, toMicroseconds(time));
      if (at < end) this.#tell(at, ids);
    }
  }

  #tell(time: number, ids: readonly string[]): void {
    if (ids.join() === this.#told.join()) return;
    this.#told = ids;
    this.tell(time, [...ids]);
  }
}
