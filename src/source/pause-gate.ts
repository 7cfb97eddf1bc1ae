/**
 * Pauses, of one track: what was captured while paused is no part of the recording, and its time not on the timeline. Pure.
 */

/** What was captured during a pause has come by so long after its end at the latest; microseconds. */
const STALE = 10_000_000;

/** All times are microseconds on the timeline. */
export class PauseGate {
  #since: number | undefined;
  #resumedAt = Number.NEGATIVE_INFINITY;

  /**
   * From this time on nothing is let in; minus infinity when nothing has been captured yet. Does nothing when already
   * paused.
   */
  pause(time: number): void {
    this.#since ??= time;
  }

  /**
   * Ends the pause.
   *
   * @param time when, as if the timeline had run on.
   * @returns by how much the timeline has to be moved back, so that it goes on where the pause began.
   */
  resume(time: number): number {
    if (this.#since === undefined) return 0;
    const gap = this.#since === Number.NEGATIVE_INFINITY ? 0 : Math.max(0, time - this.#since);
    this.#resumedAt = this.#since;
    this.#since = undefined;
    return gap;
  }

  /** Where the pause began, while it lasts. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Part of a piece that is let in, as fractions of it; `from` is not less than `to` when nothing is. */
  part(time: number, duration: number): { from: number; to: number } {
    const end = this.#since ?? Number.POSITIVE_INFINITY;
    this.#forget(time);
    const from = Math.max(0, (this.#resumedAt - time) / duration);
    const to = Math.min(1, (end - time) / duration);
    return { from, to };
  }

  /** True when something at this time is part of the recording; `undefined`: at a time that is not known yet. */
  open(time: number | undefined): boolean {
    // The first of another source: nothing of that was captured before it was opened.
    if (time === undefined && this.#since === undefined) this.#resumedAt = Number.NEGATIVE_INFINITY;
    if (time === undefined) return this.#since === undefined;
    this.#forget(time);
    return time >= this.#resumedAt && (this.#since === undefined || time < this.#since);
  }

  /** What was captured during the pause has all come by; a clock that runs back later on is another matter. */
  #forget(time: number): void {
    const jumped = time < this.#resumedAt - STALE;
    if (this.#since === undefined && (jumped || time >= this.#resumedAt))
      this.#resumedAt = Number.NEGATIVE_INFINITY;
  }
}
