/** How much may be on its way to a recording that is slow to take it. Pure. */

/** Bytes of frames that a recording has not taken yet. At 8 Mbit/s it may be held up for a minute. */
export const MOST_UNTAKEN = 64 * 2 ** 20;

export class Credit {
  #untaken = 0;
  #missed = 0;

  constructor(private readonly most: number = MOST_UNTAKEN) {}

  /** Whether a frame of so many bytes may go out. */
  hasRoom(bytes: number): boolean {
    return this.#untaken + bytes <= this.most;
  }

  /** A frame of so many bytes has gone out. */
  spend(bytes: number): void {
    this.#untaken += bytes;
  }

  /** A frame has not. */
  miss(): void {
    this.#missed++;
  }

  /** So many bytes were taken. */
  restore(bytes: number): void {
    this.#untaken = Math.max(0, this.#untaken - bytes);
  }

  /** True as long as nothing more may go out. */
  get exhausted(): boolean {
    return !this.hasRoom(1);
  }

  /** Number of frames that were missed since the last time. */
  takeMissed(): number {
    const missed = this.#missed;
    this.#missed = 0;
    return missed;
  }
}
